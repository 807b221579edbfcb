package master

import (
	"fmt"
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/role"
)

// maxRefuse is the longest filter (docs/protocol.md §6).
const maxRefuse = 365 * 24 * time.Hour

func filter(f msg.Filters) offer.Filter {
	o := f.Offer()
	o.Refuse = min(o.Refuse, maxRefuse)
	return o
}

// accept uses offers (docs/protocol.md §7): the list is checked, the operations are planned in order on what the offers
// hold, and then the plan is carried out as a whole.
func (m *Machine) accept(f *framework, b msg.Accept) error {
	own, first, err := m.readOffers(f, b.Offers)
	if err == nil {
		err = m.boundAccept(b)
	}
	if err != nil {
		m.voidAccept(f, own, b, err)
		return nil
	}
	a := m.agents[first.Agent]
	p := m.newPlan(f, a, first.Role, own)
	for _, op := range b.Operations {
		p.add(op)
	}
	if _, err := m.alloc.Accept(m.now, own, p.ops, p.pool.Used(), filter(b.Filters)); err != nil {
		m.voidAccept(f, own, b, err)
		return nil
	}
	for _, id := range own {
		m.endOffer(f, id, OfferAccepted, 0)
	}
	a.total = p.total
	for _, s := range p.steps {
		s.do(m, f, a)
	}
	if len(p.ops) > 0 {
		m.emit(AgentUpdated{a.report()})
	}
	return nil
}

// readOffers checks a list of offers. It returns those of f that are outstanding, also with an error, and the first of
// the list.
func (m *Machine) readOffers(f *framework, list []msg.OfferID) (own []offer.OfferID, first offer.Offer, err error) {
	note := func(e error) {
		if err == nil {
			err = e
		}
	}
	if len(list) == 0 {
		note(fmt.Errorf("%w: no offers named", ErrInvalid))
	}
	seen := map[msg.OfferID]bool{}
	for _, id := range list {
		if seen[id] {
			note(fmt.Errorf("%w: offer %s is named twice", ErrInvalid, id))
			continue
		}
		seen[id] = true
		n, ok := m.ownOffer(f, id)
		if !ok {
			note(fmt.Errorf("%w: offer %q is not out, or not with this framework", ErrInvalid, id))
			continue
		}
		o, _ := m.alloc.Outstanding(n)
		if len(own) == 0 {
			first = o
		}
		own = append(own, n)
		if o.Role != first.Role || o.Agent != first.Agent {
			note(fmt.Errorf("%w: offers %s and %s differ in role or agent", ErrInvalid, m.wireOffer(first.ID), id))
		}
	}
	return own, first, err
}

// ownOffer reads an offer id and reports whether that offer is out with f.
func (m *Machine) ownOffer(f *framework, id msg.OfferID) (offer.OfferID, bool) {
	n, ok := m.parseOffer(id)
	if !ok || !f.holds(n) {
		return 0, false
	}
	_, out := m.alloc.Outstanding(n)
	return n, out
}

func (m *Machine) boundAccept(b msg.Accept) error {
	if len(b.Operations) > m.cfg.Bounds.OperationsPerAccept {
		return fmt.Errorf("%w: %d operations in one accept, %d are allowed", ErrBound, len(b.Operations), m.cfg.Bounds.OperationsPerAccept)
	}
	tasks := 0
	for _, op := range b.Operations {
		tasks += len(tasksOf(op))
	}
	if tasks > m.cfg.Bounds.TasksPerAccept {
		return fmt.Errorf("%w: %d tasks in one accept, %d are allowed", ErrBound, tasks, m.cfg.Bounds.TasksPerAccept)
	}
	return nil
}

func tasksOf(op msg.Operation) []msg.TaskInfo {
	switch do := op.Do.(type) {
	case msg.LaunchTasks:
		return do.Tasks
	case msg.LaunchGroup:
		return do.Tasks
	}
	return nil
}

// voidAccept answers an accept whose list is invalid: the framework's own offers of the list go back without a filter,
// its tasks are dropped.
func (m *Machine) voidAccept(f *framework, own []offer.OfferID, b msg.Accept, why error) {
	if len(own) > 0 {
		m.must(m.alloc.Withdraw(m.now, own...))
	}
	for _, id := range own {
		m.endOffer(f, id, OfferDiscarded, 0)
	}
	for _, op := range b.Operations {
		for _, t := range tasksOf(op) {
			s := m.refusal(t, msg.TaskDropped.For(f.info.Capabilities), msg.ReasonInvalidOffers, why)
			m.toFramework(f, msg.Update{Status: s})
			m.emit(TaskRefused{Framework: f.info.ID, Status: s})
		}
		if c, ok := op.Do.(msg.Change); ok {
			m.emit(OperationRefused{Framework: f.info.ID, Op: c.Op, Why: why.Error()})
		}
	}
}

// refusal is the status of a task that does not get into the books.
func (m *Machine) refusal(t msg.TaskInfo, s msg.TaskState, reason msg.Reason, why error) msg.TaskStatus {
	return msg.TaskStatus{Task: t.ID, Agent: t.Agent, State: s, Source: msg.SourceMaster, Reason: reason, Message: why.Error(), Time: m.now}
}

// decline gives offers back; ids that are not out are ignored.
func (m *Machine) decline(f *framework, b msg.Decline) error {
	var own []offer.OfferID
	for _, id := range b.Offers {
		if n, ok := m.ownOffer(f, id); ok && !slices.Contains(own, n) {
			own = append(own, n)
		}
	}
	if len(own) == 0 {
		return nil
	}
	if err := m.alloc.Decline(m.now, filter(b.Filters), own...); err != nil {
		return err
	}
	for _, id := range own {
		m.endOffer(f, id, OfferDeclined, 0)
	}
	return nil
}

// revive clears filters and suppression (docs/protocol.md §6).
func (m *Machine) revive(f *framework, b msg.Revive) error {
	if err := heldRoles(f, b.Roles); err != nil {
		return err
	}
	return m.alloc.Revive(m.now, f.info.ID, b.Roles...)
}

// suppress asks for no offers.
func (m *Machine) suppress(f *framework, b msg.Suppress) error {
	if err := heldRoles(f, b.Roles); err != nil {
		return err
	}
	return m.alloc.Suppress(m.now, f.info.ID, b.Roles...)
}

// heldRoles voids a call that names a role which the framework does not hold.
func heldRoles(f *framework, named []role.Name) error {
	for _, r := range named {
		if !slices.Contains(f.info.Roles, r) {
			return fmt.Errorf("%w: framework %s is not subscribed to role %q", ErrInvalid, f.info.ID, r)
		}
	}
	return nil
}

// plan is an accept under way: nothing of it is in the books before it is whole.
type plan struct {
	m         *Machine
	f         *framework
	a         *agent
	role      role.Name
	pool      *reservation.Pool
	total     resources                    // the agent's, after the operations so far
	ops       []reservation.Op             // to be applied
	tasks     map[msg.TaskID]bool          // to be launched
	executors map[msg.ExecutorID]*executor // to be started
	steps     []step                       // what to do, in order
}

// A step is one thing to do once the allocator took the plan.
type step interface {
	do(m *Machine, f *framework, a *agent)
}

func (m *Machine) newPlan(f *framework, a *agent, r role.Name, ids []offer.OfferID) *plan {
	var pool resources
	for _, id := range ids {
		o, _ := m.alloc.Outstanding(id)
		pool = pool.Add(o.Resources)
	}
	c := reservation.Context{Role: r, SharedCapable: f.info.Capabilities.SharedResources, InUse: a.volumeInUse}
	if p := f.info.Principal; p != "" {
		c.Principal = &p
	}
	c.Volumes = a.total.PersistentVolumes().SubSaturating(pool.PersistentVolumes())
	return &plan{m: m, f: f, a: a, role: r, pool: reservation.NewPool(pool, c), total: a.total,
		tasks: map[msg.TaskID]bool{}, executors: map[msg.ExecutorID]*executor{}}
}

// volumeInUse reports whether a task or executor in the books uses a volume.
func (a *agent) volumeInUse(owner role.Name, id string) bool {
	for _, t := range a.sortedTasks() {
		if t.holds() && hasVolume(t.Resources, owner, id) {
			return true
		}
	}
	for _, e := range a.sortedExecutors() {
		if hasVolume(e.Info.Resources, owner, id) {
			return true
		}
	}
	return false
}

func hasVolume(r resources, owner role.Name, id string) bool {
	for v := range r.PersistentVolumes().All() {
		if v.Owner() == owner && v.Disk.Persistence.ID == id {
			return true
		}
	}
	return false
}

// add plans one operation on what those before it left; what is refused is dropped alone. Kinds that nobody knows are
// passed over in silence.
func (p *plan) add(op msg.Operation) {
	switch do := op.Do.(type) {
	case msg.Change:
		p.change(do.Op)
	case msg.LaunchTasks:
		for _, t := range do.Tasks {
			p.launchTask(t, op.ID)
		}
	case msg.LaunchGroup:
		p.launchGroup(do, op.ID)
	}
}

func (p *plan) change(op reservation.Op) {
	if op == nil {
		return
	}
	total, err := p.m.applyTo(p.total, op)
	if err == nil {
		err = p.pool.Apply(op)
	}
	if err != nil {
		p.steps = append(p.steps, refuseOp{op, err})
		return
	}
	op = unallocated(op)
	p.total = total
	p.ops = append(p.ops, op)
	p.steps = append(p.steps, applyOp{op})
}

// applyTo is what an agent's total becomes by an operation.
func (m *Machine) applyTo(total resources, op reservation.Op) (resources, error) {
	if err := m.boundOp(op); err != nil {
		return total, err
	}
	return reservation.Convert(total, unallocated(op))
}

// launchTask plans one task of a LAUNCH.
func (p *plan) launchTask(t msg.TaskInfo, id msg.OperationID) {
	err := p.validTask(t)
	if err == nil && id != "" {
		err = fmt.Errorf("%w: a launch cannot have an operation id, this one has %q", ErrInvalid, id)
	}
	if err == nil {
		err = p.claimTask(t)
	}
	if err != nil {
		p.steps = append(p.steps, refuseTask{p.m.refusal(t, msg.TaskError, msg.ReasonTaskInvalid, err)})
	}
}

// claimTask takes what a task needs out of the pool and plans its launch.
func (p *plan) claimTask(t msg.TaskInfo) error {
	claim := reservation.Claim{Tag: "task " + string(t.ID), Resources: t.Resources}
	l := launch{role: p.role, launchExecutor: true}
	if t.Executor == nil {
		if _, err := p.pool.Launch(claim, nil); err != nil {
			return err
		}
		l.info = msg.ExecutorInfo{ID: msg.ExecutorID(t.ID), Framework: p.f.info.ID, Command: t.Command}
	} else {
		e, running, err := p.executor(*t.Executor)
		if err != nil {
			return err
		}
		use := reservation.Executor{Claim: reservation.Claim{Tag: "executor " + string(e.Info.ID), Resources: e.Info.Resources}, Running: running}
		if _, err := p.pool.Launch(claim, &use); err != nil {
			return err
		}
		p.use(&l, e, running)
		t.Executor = &e.Info
	}
	p.launch(&l, t)
	return nil
}

// executor finds an executor that runs on the agent, or will by this plan, or makes a new one.
func (p *plan) executor(info msg.ExecutorInfo) (e *executor, running bool, err error) {
	info = p.own(info)
	e = p.a.executors[executorKey{p.f.info.ID, info.ID}]
	if e == nil {
		e = p.executors[info.ID]
	}
	if e == nil {
		return &executor{ExecutorReport{Agent: p.a.info.ID, Info: info, Role: p.role}}, false, nil
	}
	if !sameExecutor(e.Info, info) {
		return nil, true, fmt.Errorf("%w: executor %q runs on agent %s with another description", ErrInvalid, info.ID, p.a.info.ID)
	}
	return e, true, nil
}

// use makes l a launch under e.
func (p *plan) use(l *launch, e *executor, running bool) {
	l.info, l.launchExecutor = e.Info, !running
	if !running {
		l.started = e
		p.executors[e.Info.ID] = e
	}
}

// launch plans the launch of tasks whose resources were taken.
func (p *plan) launch(l *launch, tasks ...msg.TaskInfo) {
	for _, t := range tasks {
		t.Resources = t.Resources.Unallocate()
		p.tasks[t.ID] = true
		l.tasks = append(l.tasks, t)
	}
	p.steps = append(p.steps, l)
}

// launchGroup plans a LAUNCH_GROUP: all of it or nothing.
func (p *plan) launchGroup(g msg.LaunchGroup, id msg.OperationID) {
	err := p.claimGroup(g, id)
	if err == nil {
		return
	}
	for _, t := range g.Tasks {
		p.steps = append(p.steps, refuseTask{p.m.refusal(t, msg.TaskError, msg.ReasonTaskGroupInvalid, err)})
	}
}

func (p *plan) claimGroup(g msg.LaunchGroup, id msg.OperationID) error {
	if id != "" {
		return fmt.Errorf("%w: a launch cannot have an operation id, this one has %q", ErrInvalid, id)
	}
	if err := p.validGroup(g); err != nil {
		return err
	}
	e, running, err := p.executor(g.Executor)
	if err != nil {
		return err
	}
	var claims []reservation.Claim
	for _, t := range g.Tasks {
		claims = append(claims, reservation.Claim{Tag: "task " + string(t.ID), Resources: t.Resources})
	}
	use := reservation.Executor{Claim: reservation.Claim{Tag: "executor " + string(e.Info.ID), Resources: e.Info.Resources}, Running: running}
	if _, err := p.pool.LaunchGroup(claims, use, false); err != nil {
		return err
	}
	l := launch{role: p.role, group: true}
	p.use(&l, e, running)
	tasks := slices.Clone(g.Tasks)
	for i := range tasks {
		tasks[i].Executor = &e.Info
	}
	p.launch(&l, tasks...)
	return nil
}

type (
	refuseTask struct{ status msg.TaskStatus }
	refuseOp   struct {
		op  reservation.Op
		why error
	}
	applyOp struct{ op reservation.Op }
	launch  struct {
		role           role.Name
		info           msg.ExecutorInfo
		started        *executor // nil: it runs already, or is of a command task
		launchExecutor bool
		group          bool
		tasks          []msg.TaskInfo
	}
)

func (s refuseTask) do(m *Machine, f *framework, _ *agent) {
	m.toFramework(f, msg.Update{Status: s.status})
	m.emit(TaskRefused{Framework: f.info.ID, Status: s.status})
}

func (s refuseOp) do(m *Machine, f *framework, a *agent) {
	m.emit(OperationRefused{Agent: a.info.ID, Framework: f.info.ID, Op: s.op, Why: s.why.Error()})
}

func (s applyOp) do(m *Machine, f *framework, a *agent) { m.applyAt(a, f.info.ID, s.op) }

func (l *launch) do(m *Machine, f *framework, a *agent) {
	if l.started != nil {
		m.addExecutor(a, l.started)
	}
	for _, t := range l.tasks {
		row := TaskReport{Framework: f.info.ID, Agent: a.info.ID, ID: t.ID, Name: t.Name, Role: l.role, Resources: t.Resources,
			Labels: t.Labels, State: msg.TaskStaging, Launched: m.now}
		if t.Executor != nil {
			row.Executor = l.info.ID
		}
		m.addTask(f, a, &task{TaskReport: row})
	}
	m.toAgent(a, msg.RunTasks{Framework: f.info, Role: l.role, Executor: l.info, Tasks: l.tasks, Group: l.group, LaunchExecutor: l.launchExecutor})
}

// unallocated is op without allocation roles: they are the offers' and the books' matter, agents know none.
func unallocated(op reservation.Op) reservation.Op {
	switch o := op.(type) {
	case reservation.Reserve:
		return reservation.Reserve{Resources: o.Resources.Unallocate(), Source: o.Source.Unallocate()}
	case reservation.Unreserve:
		return reservation.Unreserve{Resources: o.Resources.Unallocate()}
	case reservation.Create:
		return reservation.Create{Volumes: o.Volumes.Unallocate()}
	case reservation.Destroy:
		return reservation.Destroy{Volumes: o.Volumes.Unallocate()}
	case reservation.Resize:
		o.Volume.AllocationRole = ""
		o.Grow = o.Grow.Unallocate()
		return o
	}
	return op
}

// sortedExecutorIDs lists the executors of f on a, as its offers show them.
func (a *agent) sortedExecutorIDs(f offer.FrameworkID) []msg.ExecutorID {
	var ids []msg.ExecutorID
	for _, e := range a.sortedExecutors() {
		if e.Info.Framework == f {
			ids = append(ids, e.Info.ID)
		}
	}
	return ids
}
