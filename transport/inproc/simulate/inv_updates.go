package simulate

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// updates: what an agent holds of a task's states goes to the task's scheduler in order, one at a time, until it is
// acknowledged, and never again after that; what it acknowledged to an executor it holds; and no uuid is used twice
// (docs/protocol.md §9). When everything came to rest nothing is pending.
//
// It keeps an account of its own of every agent's streams, from what the agent tells, sends and gets.
type updates struct {
	nothing
	w       *world
	streams map[msg.Node]map[taskKey]*stream // by agent
	acked   lately[ackedAt]                  // by their schedulers, and the agent took it
	used    lately[update]                   // uuids with what they stand for
	uuids   lately[msg.UUID]
	came    map[msg.Node][]msg.TaskStatus // from executors, by agent, which has not told yet that it holds them
}

// stream is what an agent holds of a task: the first of queue is on its way or waits to be sent again.
type stream struct {
	queue  []held
	closed bool // the last of it is terminal, or nobody wants it
	over   bool // its framework ended
}

// held is an update that is not acknowledged. Its uuid is known from when an executor sent it, or else the agent.
type held struct {
	uuid      msg.UUID
	state     msg.TaskState
	delivered bool
}

// ackedAt is an update whose acknowledgement an agent took.
type ackedAt struct {
	agent msg.Node
	uuid  msg.UUID
}

// update is what a uuid stands for.
type update struct {
	uuid  msg.UUID
	task  msg.TaskID
	state msg.TaskState
}

// remembered is how long uuids are: longer than an agent waits before it sends an update again (docs/protocol.md §18).
const remembered = offer.Time(20 * time.Minute)

func newUpdates(w *world) *updates {
	return &updates{w: w, streams: map[msg.Node]map[taskKey]*stream{}, acked: newLately[ackedAt](remembered),
		used: newLately[update](remembered), uuids: newLately[msg.UUID](remembered),
		came: map[msg.Node][]msg.TaskStatus{}}
}

func (*updates) name() string { return "status updates" }

func (u *updates) observe(o host.Observation) error {
	switch x := o.What.(type) {
	case host.Delivered:
		return u.delivered(o.Node, x)
	case host.Sent:
		return u.sent(o.Node, x)
	case host.AgentEvent:
		return u.event(o.Node, x.Event)
	case host.Callback:
		return u.callback(o.Node, x)
	}
	return nil
}

func (u *updates) delivered(n msg.Node, d host.Delivered) error {
	switch b := d.Body.(type) {
	case msg.ExecutorUpdate:
		return u.report(n, b.Status)
	case msg.SubscribeExecutor:
		for _, s := range b.Updates {
			if err := u.report(n, s); err != nil {
				return err
			}
		}
	case msg.StatusAck:
		u.ack(n, b)
	case msg.AgentRegistered: // under a new id: what it held under another is not its own
		delete(u.streams, n)
	case msg.ShutdownFramework: // what its executors still say is heard, and dropped
		for k, s := range u.streams[n] {
			if k.framework == b.Framework {
				s.closed, s.over = true, true
			}
		}
	}
	return nil
}

// report notes an update that comes from an executor.
func (u *updates) report(n msg.Node, s msg.TaskStatus) error {
	if !slices.ContainsFunc(u.came[n], func(c msg.TaskStatus) bool { return c.UUID == s.UUID }) {
		u.came[n] = append(u.came[n], s)
	}
	return u.named(s)
}

// named sees that a uuid stands for one thing.
func (u *updates) named(s msg.TaskStatus) error {
	x := update{s.UUID, s.Task, undrained(s.State)}
	if u.uuids.has(s.UUID) && !u.used.has(x) {
		return fmt.Errorf("uuid %v, now %s of %s, stood for something else before", s.UUID, s.State, s.Task)
	}
	u.uuids.add(s.UUID, u.w.c.Now())
	u.used.add(x, u.w.c.Now())
	return nil
}

// undrained is what an executor calls the state: an agent that drains to be gone words it in its own way (docs/protocol.md §16).
func undrained(s msg.TaskState) msg.TaskState {
	if s == msg.TaskGoneByOperator {
		return msg.TaskKilled
	}
	return s
}

// ack takes an acknowledged update off its stream. The agent takes acknowledgements from its master only while it is
// registered, of the first of a stream.
func (u *updates) ack(n msg.Node, a msg.StatusAck) {
	k := taskKey{a.Framework, a.Task}
	s, m := u.streams[n][k], u.w.c.Agent(n)
	if s == nil || m == nil || m.State() != agent.Running && m.State() != agent.Terminating || len(s.queue) == 0 || s.queue[0].uuid != a.UUID {
		return
	}
	u.acked.add(ackedAt{n, a.UUID}, u.w.c.Now())
	if s.queue = s.queue[1:]; len(s.queue) == 0 && s.closed {
		delete(u.streams[n], k)
	}
}

// event follows what an agent tells of its streams.
func (u *updates) event(n msg.Node, e agent.Event) error {
	k := taskKey{e.Framework, e.Task}
	switch e.Kind {
	case agent.EventTaskReceived:
		if u.streams[n] == nil {
			u.streams[n] = map[taskKey]*stream{}
		}
		u.streams[n][k] = &stream{}
	case agent.EventTaskUpdated:
		if s := u.streams[n][k]; s != nil {
			s.queue = append(s.queue, held{uuid: u.uuidOf(n, s, e), state: e.State})
			s.closed = s.closed || e.State.Terminal()
		}
	case agent.EventTaskForgotten:
		s := u.streams[n][k]
		delete(u.streams[n], k)
		if s != nil && !s.over && !u.w.isShaky(n) && len(s.queue) > 0 {
			return fmt.Errorf("%s forgets %s with %s pending, which nobody acknowledged", n, e.Task, s.queue[0].state)
		}
	case agent.EventExecutorExited:
		u.came[n] = slices.DeleteFunc(u.came[n], func(c msg.TaskStatus) bool { return c.Container == e.Container })
	case agent.EventFrameworkRemoved:
		maps.DeleteFunc(u.streams[n], func(k taskKey, _ *stream) bool { return k.framework == e.Framework })
	}
	return nil
}

// uuidOf finds the update of an executor that an event is about; zero: the agent made it, or it is not known who did.
func (u *updates) uuidOf(n msg.Node, to *stream, e agent.Event) (id msg.UUID) {
	for _, s := range u.came[n] {
		if s.Task == e.Task && undrained(s.State) == undrained(e.State) && !to.has(s.UUID) && !u.acked.has(ackedAt{n, s.UUID}) {
			return s.UUID
		}
	}
	return id
}

func (s *stream) has(id msg.UUID) bool {
	return slices.ContainsFunc(s.queue, func(h held) bool { return h.uuid == id })
}

func (u *updates) sent(n msg.Node, x host.Sent) error {
	switch b := x.Body.(type) {
	case msg.StatusUpdate:
		if !b.Status.UUID.IsZero() {
			return u.forwarded(n, b)
		}
	case msg.UpdateAcked:
		return u.took(n, x.To, b)
	}
	return nil
}

// forwarded judges an update that an agent sends to its master.
func (u *updates) forwarded(n msg.Node, b msg.StatusUpdate) error {
	id := b.Status.UUID
	if u.acked.has(ackedAt{n, id}) && !u.w.isShaky(n) {
		return fmt.Errorf("%s sends %s of %s again, which was acknowledged (%v)", n, b.Status.State, b.Status.Task, id)
	}
	if err := u.named(b.Status); err != nil {
		return err
	}
	s := u.streams[n][taskKey{b.Framework, b.Status.Task}]
	if s == nil {
		return nil // said once of a task that it never held, or held when its disk was not sure
	}
	if len(s.queue) > 0 && s.queue[0].state == b.Status.State && !s.has(id) {
		s.queue[0].uuid = id // of the agent, or one of two that look alike
	}
	switch {
	case u.w.isShaky(n): // it was on its way, and waited for a record
		return nil
	case len(s.queue) == 0:
		return fmt.Errorf("%s sends %s of %s, and nothing of it is pending", n, b.Status.State, b.Status.Task)
	}
	first := s.queue[0]
	if first.uuid != id {
		return fmt.Errorf("%s sends %s of %s (%v) before the %s that is first (%v)", n, b.Status.State, b.Status.Task, id, first.state, first.uuid)
	}
	return nil
}

// took judges that an agent tells an executor that it holds an update.
func (u *updates) took(n, to msg.Node, b msg.UpdateAcked) error {
	u.came[n] = slices.DeleteFunc(u.came[n], func(c msg.TaskStatus) bool { return c.UUID == b.UUID })
	p := u.w.players[to]
	if p == nil || u.acked.has(ackedAt{n, b.UUID}) {
		return nil
	}
	s := u.streams[n][p.key(b.Task)]
	if s == nil || s.closed {
		return nil // forgotten, or after its end
	}
	if !s.has(b.UUID) {
		return fmt.Errorf("%s tells %s that it holds %v of %s, and does not", n, to, b.UUID, b.Task)
	}
	return nil
}

// callback judges what a scheduler is told.
func (u *updates) callback(n msg.Node, c host.Callback) error {
	on, ok := statusOf(c)
	t := u.w.tenant(string(n))
	if !ok || on.UUID.IsZero() || t == nil {
		return nil
	}
	at := u.w.nodeOf(on.Agent)
	s := u.streams[at][taskKey{t.id, on.Task}]
	if s == nil {
		return nil // from an agent that is there no longer, or on its way when it was acknowledged
	}
	i := slices.IndexFunc(s.queue, func(h held) bool { return h.uuid == on.UUID })
	switch {
	case i < 0 && !u.acked.has(ackedAt{at, on.UUID}):
		return fmt.Errorf("%s is told %s of %s (%v), which its agent does not hold", n, on.State, on.Task, on.UUID)
	case i > 0:
		return fmt.Errorf("%s is told %s of %s before the %s that is first", n, on.State, on.Task, s.queue[0].state)
	case i == 0:
		s.queue[0].delivered = true
	}
	return nil // or once more, on its way when it was acknowledged
}

// died: what an agent held is gone with it, unless its checkpoint has it. Of one whose disk was not sure nothing is known, and
// what it was told last it may not remember.
func (u *updates) died(n msg.Node) {
	delete(u.came, n)
	if u.w.isShaky(n) {
		delete(u.streams, n)
		u.acked.forget(func(a ackedAt) bool { return a.agent == n })
		return
	}
	maps.DeleteFunc(u.streams[n], func(k taskKey, _ *stream) bool { return !u.w.keepsFor(k.framework) })
}

func (u *updates) wiped(n msg.Node) { delete(u.streams, n) }

func (u *updates) quiet() error {
	for _, a := range u.w.plan.Agents {
		for _, c := range u.came[a.Node] {
			if slices.Contains(u.w.c.Nodes(), executorNode(a.Node, c.Container)) {
				return fmt.Errorf("%s was told %s of %s (%v), and its executor does not know that it holds it", a.Node, c.State, c.Task, c.UUID)
			}
		}
		if u.w.agentID(a.Node) == "" {
			continue // it was told to end for good, and is not admitted again
		}
		of := u.streams[a.Node]
		for _, k := range slices.SortedFunc(maps.Keys(of), taskKey.compare) {
			t := u.w.tenant(string(k.framework))
			if t == nil || t.ended || len(of[k].queue) == 0 {
				continue
			}
			h := of[k].queue[0]
			return fmt.Errorf("%s of %s is pending at %s after everything came to rest; its scheduler was told: %t", h.state, k.task, a.Node, h.delivered)
		}
	}
	return nil
}
