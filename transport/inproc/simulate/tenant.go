package simulate

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// tenant is a framework's scheduler. What it knows outlives its process, as if it were on disk.
type tenant struct {
	framework.NopScheduler
	w      *world
	spec   Framework
	rng    *rand.Rand
	driver framework.Driver
	id     offer.FrameworkID // "" before the first subscription of a new life
	ended  bool              // torn down or told off: needs a new life
	tasks  map[msg.TaskID]msg.TaskStatus
	wants  []want
	holds  []*hold
	ops    map[msg.OperationID]operation // with an id, of which no end was heard
	tried  map[offer.AgentID]offer.Time  // when it last let go what it held there
	last   int                           // number of the last task, or operation
}

// operation is one with an id.
type operation struct {
	agent offer.AgentID
	state msg.OperationState
	hold  *hold // that it is to make; nil: none
}

var (
	_ framework.OperationHandler    = (*tenant)(nil)
	_ framework.InverseOfferHandler = (*tenant)(nil)
)

// want is a task to be launched at the next offer that has room.
type want struct {
	size   resource.Resources
	run    time.Duration
	volume bool // with a volume, where there is one
	waited int  // offers without one that were let pass, while it holds some
}

// patience is how many offers without a volume are let pass for a task that is to have one.
const patience = 5

// hold is a reservation to be made.
type hold struct {
	size   resource.Resources
	volume bool
	shared bool
	made   bool
}

func newTenant(w *world, f Framework, rng *rand.Rand) *tenant {
	return &tenant{w: w, spec: f, rng: rng, tasks: map[msg.TaskID]msg.TaskStatus{},
		ops: map[msg.OperationID]operation{}, tried: map[offer.AgentID]offer.Time{}}
}

// subscribe starts the scheduler's process.
func (t *tenant) subscribe() {
	if t.ended {
		t.id, t.ended = "", false
		clear(t.tasks)
		clear(t.ops)
		t.holds = nil
	}
	t.driver = t.w.c.AddSchedulerAs(msg.Node(t.spec.Name), t.info(t.spec.Failover), t, func(cfg *framework.SchedulerConfig) { cfg.ExplicitAck = t.spec.Explicit })
}

// info describes it.
func (t *tenant) info(failover time.Duration) msg.FrameworkInfo {
	return msg.FrameworkInfo{
		ID: t.id, Name: t.spec.Name, Roles: t.spec.Roles, FailoverTimeout: failover, Checkpoint: t.spec.Checkpoint,
		Capabilities: msg.Capabilities{PartitionAware: t.spec.PartitionAware, ReservationRefinement: true, SharedResources: t.spec.Shares},
	}
}

// again starts a new life after d.
func (t *tenant) again(d time.Duration) {
	t.ended = true
	t.w.c.After(d, func() {
		if t.ended && !t.w.closing && !slices.Contains(t.w.c.Nodes(), msg.Node(t.spec.Name)) {
			t.subscribe()
		}
	})
}

func (t *tenant) Registered(_ framework.Driver, id offer.FrameworkID, _ msg.MasterInfo) {
	t.id = id
	t.w.checkpoints[id] = t.spec.Checkpoint
	t.arrive()
}

func (t *tenant) Reregistered(framework.Driver, msg.MasterInfo) { t.arrive() }

// arrive asks for what it knows, and for offers if it wants any: it may have declined what it needs now.
func (t *tenant) arrive() {
	t.reconcile(true)
	t.reconcileOperations(true)
	if len(t.wants) > 0 {
		_ = t.driver.Revive()
	}
}

func (t *tenant) Error(framework.Driver, error) { t.again(t.within(10 * time.Second)) }

// reconcile asks for what it believes in; a scheduler has to (docs/protocol.md §12).
func (t *tenant) reconcile(explicit bool) {
	if !explicit {
		_ = t.driver.Reconcile()
		return
	}
	var refs []msg.TaskRef
	for _, id := range t.known() {
		refs = append(refs, msg.TaskRef{Task: id, Agent: t.tasks[id].Agent})
	}
	if len(refs) > 0 {
		_ = t.driver.Reconcile(refs...)
	}
}

// reconcileOperations asks for its operations.
func (t *tenant) reconcileOperations(explicit bool) {
	var refs []msg.OperationRef
	for _, id := range slices.Sorted(maps.Keys(t.ops)) {
		refs = append(refs, msg.OperationRef{Operation: id, Agent: t.ops[id].agent})
	}
	switch {
	case !explicit:
		_ = t.driver.ReconcileOperations()
	case len(refs) > 0:
		_ = t.driver.ReconcileOperations(refs...)
	}
}

// OperationUpdate notes how an operation stands, and acknowledges it where the driver does not; a forgetful one now and then not
// before it is told again.
func (t *tenant) OperationUpdate(d framework.Driver, s msg.OperationStatus) {
	if o, known := t.ops[s.Operation]; known {
		o.state = s.State
		t.ops[s.Operation] = o
		if s.State.Terminal() || s.State == msg.OperationUnknown {
			delete(t.ops, s.Operation)
			t.w.report.Operations.Ended++
			if o.hold != nil && s.State != msg.OperationFinished {
				o.hold.made = false // to be made elsewhere
			}
		}
	}
	if s.UUID.IsZero() || !t.spec.Explicit || t.spec.Forgetful && !t.w.resting && t.rng.IntN(3) == 0 {
		return
	}
	t.w.c.After(t.within(5*time.Second), func() { _ = d.AcknowledgeOperation(s) })
}

// InverseOffers leaves agents, or does not.
func (t *tenant) InverseOffers(d framework.Driver, offers []msg.InverseOffer) {
	for _, o := range offers {
		f := msg.Filters{Refuse: 30*time.Second + t.within(5*time.Minute)}
		switch t.spec.Leaves {
		case Accepts:
			_ = d.AcceptInverseOffers(f, o.ID)
			for _, id := range t.known() {
				if t.tasks[id].Agent == o.Agent {
					_ = d.Kill(id, o.Agent, msg.KillPolicy{})
				}
			}
		case Refuses:
			_ = d.DeclineInverseOffers(f, o.ID)
		}
	}
}

func (t *tenant) InverseOfferRescinded(framework.Driver, msg.OfferID) {}

func (t *tenant) known() []msg.TaskID { return slices.Sorted(maps.Keys(t.tasks)) }

func (t *tenant) StatusUpdate(d framework.Driver, s msg.TaskStatus) {
	switch {
	case s.State == msg.TaskUnknown || s.State.Terminal():
		if _, known := t.tasks[s.Task]; known && s.State == msg.TaskFinished {
			t.w.report.Finished++
		}
		delete(t.tasks, s.Task)
	default:
		t.tasks[s.Task] = s // one that was given up may come back
	}
	if !s.UUID.IsZero() && t.spec.Explicit {
		t.w.c.After(t.within(5*time.Second), func() { _ = d.Acknowledge(s) })
	}
}

func (t *tenant) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	var declined []msg.OfferID
	for _, o := range offers {
		if ops := t.answer(o); len(ops) > 0 {
			_ = d.Accept([]msg.OfferID{o.ID}, ops, msg.Filters{})
		} else {
			declined = append(declined, o.ID)
		}
	}
	if len(declined) == 0 {
		return
	}
	_ = d.Decline(msg.Filters{Refuse: t.refusal()}, declined...)
	if t.spec.Modest && len(t.wants)+len(t.holds) == 0 && len(declined) == len(offers) {
		_ = d.Suppress()
	}
}

// refusal draws for how long it does not want to hear of what it has just declined: not long while it waits for something,
// and most wait long otherwise, for they revive when they want something again.
func (t *tenant) refusal() time.Duration {
	switch {
	case len(t.wants) > 0:
		return time.Second
	case t.spec.Impatient:
		return time.Second + t.within(9*time.Second)
	}
	return 10*time.Second + t.within(110*time.Second)
}

// answer says what to do with an offer: nothing declines it.
func (t *tenant) answer(o msg.Offer) (ops []msg.Operation) {
	free := o.Resources
	for _, h := range t.holds {
		part, ok := free.Unreserved().Find(h.size)
		if h.made || !ok {
			continue
		}
		held, made := h.take(part, o.Role, fmt.Sprintf("%s-%d", t.spec.Name, t.last))
		if made == nil {
			continue
		}
		h.made, t.last = true, t.last+1
		ops = append(ops, t.named(o.Agent, h, made...)...)
		free = free.SubSaturating(part).Add(held)
	}
	if len(t.holds) == 0 {
		if back := letGo(free); len(back) > 0 && t.w.c.Now()-t.tried[o.Agent] > offer.Time(time.Minute) {
			t.tried[o.Agent] = t.w.c.Now() // what is in use cannot be
			return append(ops, t.named(o.Agent, nil, back...)...)
		}
	}
	if tasks := t.launch(o, free); len(tasks) > 0 {
		ops = append(ops, msg.Launch(tasks...))
	}
	return ops
}

// named gives operations ids, if it wants to hear of them.
func (t *tenant) named(a offer.AgentID, h *hold, ops ...msg.Operation) []msg.Operation {
	for i := range ops {
		if !t.spec.Feedback {
			break
		}
		t.last++
		ops[i].ID = msg.OperationID(fmt.Sprintf("%s-op-%d", t.spec.Name, t.last))
		t.ops[ops[i].ID] = operation{agent: a, state: msg.OperationPending, hold: h}
		t.w.report.Operations.Begun++
	}
	return ops
}

// take makes the operations that hold part; nil if it cannot be.
func (h *hold) take(part resource.Resources, r role.Name, id string) (held resource.Resources, ops []msg.Operation) {
	held, err := part.PushReservation(resource.Reservation{Type: resource.Dynamic, Role: r})
	if err != nil {
		return held, nil
	}
	ops = []msg.Operation{msg.Reserve(held)}
	if !h.volume {
		return held, ops
	}
	volume, err := asVolume(held, id, h.shared)
	if err != nil {
		return held, nil
	}
	return volume, append(ops, msg.Create(volume))
}

// asVolume makes a volume of reserved disk.
func asVolume(reserved resource.Resources, id string, shared bool) (resource.Resources, error) {
	var entries []resource.Resource
	for r := range reserved.All() {
		r.Shared = shared
		r.Disk = &resource.Disk{
			Persistence: &resource.Persistence{ID: id},
			Volume:      &resource.Volume{ContainerPath: "data-" + id, Mode: resource.ReadWrite},
		}
		entries = append(entries, r)
	}
	return resource.New(entries...)
}

// letGo makes the operations that give back what was held, volumes first.
func letGo(free resource.Resources) (ops []msg.Operation) {
	held := free.Filter(resource.Resource.IsDynamicallyReserved)
	if v := held.PersistentVolumes(); !v.IsEmpty() {
		return []msg.Operation{msg.Destroy(v)}
	}
	if !held.IsEmpty() {
		return []msg.Operation{msg.Unreserve(held)}
	}
	return nil
}

// executorSize is what an executor that serves one task alone uses beside it.
var executorSize = resource.MustParse("cpus:0.1;mem:32")

// launch makes the tasks that fit.
func (t *tenant) launch(o msg.Offer, free resource.Resources) (tasks []msg.TaskInfo) {
	for len(t.wants) > 0 && !t.w.calm {
		part, ok := free.Find(t.wants[0].size)
		if !ok {
			return tasks
		}
		free = free.SubSaturating(part)
		executor := &msg.ExecutorInfo{ID: "shared"}
		if t.spec.Alone {
			own, ok := free.Find(executorSize)
			if !ok {
				return tasks
			}
			free = free.SubSaturating(own)
			executor = &msg.ExecutorInfo{ID: msg.ExecutorID(fmt.Sprintf("for-%d", t.last+1)), Resources: own}
		}
		if next := &t.wants[0]; next.volume {
			if free.PersistentVolumes().IsEmpty() && t.holdsVolume() && next.waited < patience {
				next.waited++
				return tasks
			}
			part, free = withVolume(part, free)
		}
		t.last++
		task := msg.TaskInfo{ID: msg.TaskID(fmt.Sprintf("%s-%d", t.spec.Name, t.last)), Agent: o.Agent, Resources: part,
			Executor: executor, Data: []byte(t.wants[0].run.String())}
		t.tasks[task.ID] = msg.TaskStatus{Task: task.ID, State: msg.TaskStaging, Agent: o.Agent}
		t.w.report.Launched++
		t.wants = t.wants[1:]
		tasks = append(tasks, task)
	}
	return tasks
}

// holdsVolume reports whether it has made a volume and not let go of it.
func (t *tenant) holdsVolume() bool {
	return slices.ContainsFunc(t.holds, func(h *hold) bool { return h.volume && h.made })
}

// withVolume adds a volume of what is free to a task's part; others may use a shared one as well.
func withVolume(part, free resource.Resources) (resource.Resources, resource.Resources) {
	for v := range free.PersistentVolumes().All() {
		if one, err := resource.New(v); err == nil {
			if !v.Shared {
				free = free.SubSaturating(one)
			}
			return part.Add(one), free
		}
	}
	return part, free
}

// within draws up to most, in milliseconds.
func (t *tenant) within(most time.Duration) time.Duration {
	return time.Duration(t.rng.Int64N(int64(most/time.Millisecond)+1)) * time.Millisecond
}
