package master

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/role"
)

// Machine is the state of a master that leads, or is about to. New makes one; the zero value is of no use.
type Machine struct {
	cfg   Config
	id    msg.MasterID
	now   offer.Time // the latest time seen: time never goes back in here
	alloc *offer.Allocator
	batch offer.Batch
	out   Ready // pending effects

	nextFramework, nextAgent, nextUUID uint64

	phase    phase
	resigned error // why; nil unless phaseResigned
	ledger   ledger
	calls    []msg.Operate // operators', the first one is under way

	links       map[msg.Link]*link
	agents      map[offer.AgentID]*agent         // registered ones
	nodes       map[msg.Node]*agent              // the same, by address
	recovered   map[offer.AgentID]registry.Agent // admitted, and not here yet
	unreachable fifo[offer.AgentID, lostAgent]
	gone        fifo[offer.AgentID, GoneRow] // given up
	machines    map[string]machine           // of the maintenance schedule, by name
	hosts       map[string]string            // host names of them, to one's name
	schedule    []msg.MaintenanceWindow      // as it was given
	draining    map[offer.AgentID]bool       // to be looked at when the step ends: they may be drained
	moving      map[offer.AgentID]bool       // a commit is under way that changes where it is
	arriving    map[msg.Node]bool            // of an agent at that address
	expected    int                          // agents that the registry knew when this master began to lead
	sweep       alarm                        // ends the wait for recovered agents
	removals    removals
	gc          alarm // looks after unreachable and gone ones
	frameworks  map[offer.FrameworkID]*framework
	completed   fifo[offer.FrameworkID, *completedFramework]
	orphans     map[offer.FrameworkID]int // operations at agents that wait for their framework
	roles       map[role.Name]int         // frameworks subscribed to it
	started     offer.Time                // the first input
	elected     offer.Time                // began to lead
	streams     map[uint64]*stream        // operators', by number
	newStreams  uint64                    // that were ever opened
	emitted     uint64                    // events so far
	alarms      alarms
	fault       error    // what the allocator refused against our books; nil in a sound machine
	checks      *checker // the lists of the last Check; nil: there was none
}

// New makes the machine of a master. It leads once it was stepped with msg.Loaded and its first commit was answered; an
// empty Loaded begins a cluster with nothing in it yet. The error wraps ErrConfig, or is the allocator's.
func New(cfg Config) (*Machine, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	alloc, err := offer.New(cfg.Allocator)
	if err != nil {
		return nil, err
	}
	m := &Machine{
		cfg:        cfg,
		id:         masterID(cfg.Entropy),
		alloc:      alloc,
		links:      map[msg.Link]*link{},
		agents:     map[offer.AgentID]*agent{},
		nodes:      map[msg.Node]*agent{},
		frameworks: map[offer.FrameworkID]*framework{},
		roles:      map[role.Name]int{},
		orphans:    map[offer.FrameworkID]int{},
		recovered:  map[offer.AgentID]registry.Agent{},
		machines:   map[string]machine{},
		hosts:      map[string]string{},
		draining:   map[offer.AgentID]bool{},
		streams:    map[uint64]*stream{},
		moving:     map[offer.AgentID]bool{},
		arriving:   map[msg.Node]bool{},
	}
	m.ledger.alarm.ring, m.sweep.ring, m.gc.ring = m.storeLate, m.sweepRecovered, m.collect
	m.removals.alarm.ring, m.removals.queued = m.rollRemovals, map[offer.AgentID]bool{}
	return m, nil
}

// Info tells who this master is.
func (m *Machine) Info() msg.MasterInfo {
	return msg.MasterInfo{ID: m.id, Node: m.cfg.Node, Version: m.cfg.Version}
}

// StoreTimeout is how long this machine waits for the answer to a commit before it resigns: a host need not wait longer.
func (m *Machine) StoreTimeout() time.Duration { return m.cfg.StoreTimeout }

// Step does all work that is due at now, then takes in. A now before one already seen counts as that one.
//
// An error means that in was refused and changed nothing; what it wraps says why (see the variables of this package). It
// is for the host's records: whoever sent the input was told what the protocol has to say.
func (m *Machine) Step(now offer.Time, in msg.Input) error {
	if m.started == 0 {
		m.started = now
	}
	m.now = max(m.now, now)
	m.runAlarms() // a master that resigned has none
	err := m.take(in)
	if m.phase == phaseLeading {
		m.pollAllocator()
		m.settleDrains()
	}
	m.pump()
	return err
}

// NextDeadline tells when Step is to be called next, at the latest, with a msg.Tick if nothing else; false means that
// there is nothing to wait for but inputs.
func (m *Machine) NextDeadline() (offer.Time, bool) {
	if m.phase == phaseResigned {
		return 0, false
	}
	at, ok := offer.Time(0), false
	if m.phase == phaseLeading {
		at, ok = m.alloc.NextDeadline()
	}
	if a, any := m.alarms.next(); any && (!ok || a < at) {
		at, ok = a, true
	}
	return at, ok
}

// take hands an input to what deals with it. Everything below checks first and changes afterwards.
func (m *Machine) take(in msg.Input) error {
	if m.phase == phaseResigned {
		if in, ok := in.(msg.Operate); ok {
			if r := m.readAnytime(in.Call); r != nil {
				m.out.Answers = append(m.out.Answers, Answer{Seq: in.Seq, Result: r})
				return nil
			}
			m.answer(in.Seq, m.resigned)
		}
		return m.resigned
	}
	switch in := in.(type) {
	case msg.Tick:
		return nil
	case msg.Loaded:
		return m.loaded(in)
	case msg.Committed:
		return m.committed(in)
	case msg.Deposed:
		m.resign(fmt.Errorf("%w: %s", ErrDeposed, in.Cause))
		return nil
	case msg.LinkUp:
		return m.linkUp(in)
	case msg.LinkDown:
		return m.linkDown(in)
	case msg.Envelope:
		return m.deliver(in)
	case msg.Operate:
		m.call(in)
		return nil
	}
	return fmt.Errorf("%w: a master takes no %T", ErrInput, in)
}

// deliver hands a message to what deals with it.
func (m *Machine) deliver(e msg.Envelope) error {
	l := m.links[e.Link]
	if l == nil {
		return fmt.Errorf("%w: %d carries a %T before its LinkUp or after its LinkDown", ErrLink, e.Link, e.Body)
	}
	switch {
	case l.closing:
		return nil // it crossed the hang-up on its way
	case m.phase != phaseLeading:
		return fmt.Errorf("%w: a %T of %q is dropped", ErrNotLeading, e.Body, l.peer)
	case l.waiting:
		return m.holdBack(l, e.Body)
	}
	return m.deliverOn(l, e.Body)
}

func (m *Machine) deliverOn(l *link, body msg.Message) error {
	if known, err := m.deliverFromAgent(l, body); known {
		return err
	}
	if known, err := m.deliverFromScheduler(l, body); known {
		return err
	}
	return fmt.Errorf("%w: a master takes no %T", ErrInput, body)
}

func (m *Machine) deliverFromAgent(l *link, body msg.Message) (known bool, err error) {
	switch b := body.(type) {
	case msg.RegisterAgent:
		return true, m.registerAgent(l, b)
	case msg.ReregisterAgent:
		return true, m.reregisterAgent(l, b)
	}
	if !fromAgent(body) {
		return false, nil
	}
	if l.agent == nil {
		return true, fmt.Errorf("%w: link %d of %q sent a %T; register first", ErrNotRegistered, l.id, l.peer, body)
	}
	return true, m.hearAgent(l.agent, body)
}

// fromAgent reports whether body is a message of registered agents.
func fromAgent(body msg.Message) bool {
	switch body.(type) {
	case msg.UpdateAgent, msg.UnregisterAgent, msg.Pong, msg.StatusUpdate, msg.OperationUpdate, msg.ExitedExecutor, msg.FromExecutor:
		return true
	}
	return false
}

// hearAgent does what a registered agent's message asks for.
func (m *Machine) hearAgent(a *agent, body msg.Message) error {
	switch b := body.(type) {
	case msg.UpdateAgent:
		return m.updateAgent(a, b)
	case msg.UnregisterAgent:
		return m.unregisterAgent(a, b)
	case msg.Pong:
		return m.pong(a)
	case msg.StatusUpdate:
		return m.statusUpdate(a, b)
	case msg.OperationUpdate:
		return m.operationUpdate(a, b)
	case msg.ExitedExecutor:
		return m.exitedExecutor(a, b)
	case msg.FromExecutor:
		return m.fromExecutor(a, b)
	}
	return fmt.Errorf("%w: an agent's %T is not listened to", ErrInput, body)
}

func (m *Machine) deliverFromScheduler(l *link, body msg.Message) (known bool, err error) {
	if b, ok := body.(msg.Subscribe); ok {
		return true, m.subscribe(l, b)
	}
	if !fromScheduler(body) {
		return false, nil
	}
	if l.framework == nil {
		return true, fmt.Errorf("%w: link %d of %q sent a %T; subscribe first", ErrNotSubscribed, l.id, l.peer, body)
	}
	return true, m.hearScheduler(l.framework, body)
}

// fromScheduler reports whether body is a call of subscribed schedulers.
func fromScheduler(body msg.Message) bool {
	switch body.(type) {
	case msg.Teardown, msg.Accept, msg.Decline, msg.AcceptInverse, msg.DeclineInverse, msg.Revive, msg.Suppress,
		msg.Kill, msg.ShutdownExecutor, msg.Acknowledge, msg.AcknowledgeOperation, msg.ReconcileOperations, msg.SetHint,
		msg.Reconcile, msg.ToExecutor, msg.UpdateFramework:
		return true
	}
	return false
}

// hearScheduler does what a subscribed scheduler's call asks for.
func (m *Machine) hearScheduler(f *framework, body msg.Message) error {
	switch b := body.(type) {
	case msg.Teardown:
		m.teardown(f, "torn down by its scheduler")
		return nil
	case msg.Accept:
		return m.accept(f, b)
	case msg.Decline:
		return m.decline(f, b)
	case msg.AcceptInverse:
		return m.answerInverse(f, b.Offers, true, b.Filters)
	case msg.DeclineInverse:
		return m.answerInverse(f, b.Offers, false, b.Filters)
	case msg.Revive:
		return m.revive(f, b)
	case msg.Suppress:
		return m.suppress(f, b)
	case msg.Kill:
		return m.kill(f, b)
	case msg.ShutdownExecutor:
		return m.shutdownExecutor(f, b)
	case msg.Acknowledge:
		return m.acknowledge(f, b)
	case msg.AcknowledgeOperation:
		return m.acknowledgeOperation(f, b)
	case msg.ReconcileOperations:
		return m.reconcileOperations(f, b)
	case msg.SetHint:
		return m.setHint(f, b)
	case msg.Reconcile:
		return m.reconcile(f, b)
	case msg.ToExecutor:
		return m.toExecutor(f, b)
	case msg.UpdateFramework:
		return m.updateFramework(f, b)
	}
	return fmt.Errorf("%w: a scheduler's %T is not listened to", ErrInput, body)
}
