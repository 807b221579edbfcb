package agent

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// State is where an agent stands with its master (docs/protocol.md §4.1).
type State uint8

const (
	// Recovering: reads its checkpoint, and waits for executors of its former run to come back.
	Recovering State = iota
	// Disconnected: no master, or none that has admitted the agent; executors run on.
	Disconnected
	// Running: admitted.
	Running
	// Terminating: ending its executors, then itself.
	Terminating
	// Stopped: ended.
	Stopped
)

// String names the state.
func (s State) String() string {
	return [...]string{"recovering", "disconnected", "running", "terminating", "stopped"}[min(s, Stopped)]
}

// Machine is an agent. It is not safe for concurrent use.
type Machine struct {
	cfg        Config
	now        offer.Time
	id         offer.AgentID
	total      resource.Resources
	master     mastership
	recovering bool       // until the checkpoint is read, and its executors are back or given up
	awaited    int        // executors that may still come back
	ensuring   int        // directories of volumes that are made sure of
	drain      *msg.Drain // nil: takes tasks
	ending     bool       // told to end: no new work
	gone       bool       // ended
	halted     bool       // at once, by halt
	err        error      // why, nil for msg.StopAgent

	links      map[msg.Link]*peer // of executors and strangers
	frameworks map[offer.FrameworkID]*framework
	containers map[msg.ContainerID]*executor
	tasks      int // of all frameworks
	updates    int // not acknowledged, of all tasks

	work    map[uint64]*work // volume effects that are not answered
	ops     []*operation     // not finished, in order of arrival
	opsIn   uint64           // operations that ever arrived
	opsDone uint64           // operations that ever finished

	outcomes    map[msg.UUID]*outcome // of operations with an id, until acknowledged
	lastOutcome *outcome              // of the operation that made the total; nil: it has no id, or is acknowledged

	counters counters
	timers   timers
	journal  journal
	out      Ready    // of the step under way
	free     Ready    // for the host
	checks   *checker // the lists of the last Check; nil: there was none
}

// counters number what is derived from entropy; none is ever used twice.
type counters struct{ containers, updates, outcomes, waits, work uint64 }

// peer is the other end of a link.
type peer struct {
	node   msg.Node
	exec   *executor // nil: has not subscribed
	closed bool      // a close was asked for: what still comes is dropped
}

// New returns an agent that knows no master yet. Errors wrap ErrConfig.
func New(cfg Config) (*Machine, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg.Timeouts = cfg.Timeouts.withDefaults()
	cfg.Bounds = cfg.Bounds.withDefaults()
	m := &Machine{
		cfg:        cfg,
		total:      cfg.Info.Resources,
		links:      map[msg.Link]*peer{},
		frameworks: map[offer.FrameworkID]*framework{},
		containers: map[msg.ContainerID]*executor{},
		work:       map[uint64]*work{},
		outcomes:   map[msg.UUID]*outcome{},
	}
	m.recovering = cfg.Checkpoint
	m.journal.late = m.timers.timer(func() { m.unanswered() })
	m.master.dials = map[msg.Node]int{}
	m.master.retry = m.timers.timer(func() { m.seek() })
	m.master.silence = m.timers.timer(func() { m.forsaken() })
	return m, nil
}

// ID is the id that a master gave, "" none yet.
func (m *Machine) ID() offer.AgentID { return m.id }

// Total is what the agent has, with the reservations and volumes that operations made.
func (m *Machine) Total() resource.Resources { return m.total }

// RecordTimeout is how long the agent waits for a record to be durable: a host need not wait longer.
func (m *Machine) RecordTimeout() time.Duration { return m.cfg.Timeouts.Record }

// State tells where the agent stands with its master.
func (m *Machine) State() State {
	switch {
	case m.gone:
		return Stopped
	case m.ending:
		return Terminating
	case m.recovering:
		return Recovering
	case m.master.registered:
		return Running
	}
	return Disconnected
}

// Step takes one input at the time now. An error leaves the state as it was: it wraps ErrInput, ErrMalformed, ErrBound,
// ErrTaskExists, ErrNoTask or, when the agent has ended, ErrStopped.
func (m *Machine) Step(now offer.Time, in msg.Input) error {
	if m.gone && !m.recording(in) {
		return fmt.Errorf("%T: %w", in, ErrStopped)
	}
	m.now = max(m.now, now)
	if err := m.input(in); err != nil {
		return err
	}
	m.timers.fire(m.now)
	m.recoverIfBack()
	m.endIfEmpty()
	m.seal()
	return nil
}

func (m *Machine) input(in msg.Input) error {
	if _, first := in.(msg.Restored); m.recovering && !m.journal.restored && !first {
		return fault(ErrInput, "%T before the checkpoint was read; Restored is the first input", in)
	}
	switch in := in.(type) {
	case msg.Tick:
		return nil
	case msg.Restored:
		return m.restore(in)
	case msg.Leader:
		m.follow(in.Master)
		return nil
	case msg.LinkUp:
		return m.linkUp(in)
	case msg.LinkDown:
		m.linkDown(in)
		return nil
	case msg.Envelope:
		return m.envelope(in)
	case msg.VolumeDone:
		return m.volumeDone(in)
	case msg.Started:
		return m.started(in)
	case msg.StartFailed:
		return m.startFailed(in)
	case msg.Exited:
		return m.containerExited(in)
	case msg.Recorded:
		return m.recorded(in)
	case msg.StopAgent:
		m.end(nil)
		return nil
	}
	return fmt.Errorf("%w: %T is not for an agent", ErrInput, in)
}

// envelope hands a message to those who may say such things: the master on its link, executors on theirs.
func (m *Machine) envelope(e msg.Envelope) error {
	if e.Link != 0 && e.Link == m.master.link {
		return m.fromMaster(e.Body)
	}
	p := m.links[e.Link]
	switch {
	case p == nil:
		return fmt.Errorf("%w: %T on link %d, which does not stand", ErrInput, e.Body, e.Link)
	case p.closed:
		return nil
	}
	return m.fromExecutor(e.Link, p, e.Body)
}

// NextDeadline tells when to step a Tick at the latest.
func (m *Machine) NextDeadline() (offer.Time, bool) { return m.timers.next() }

// Ready moves pending effects into rd, whose slices it reuses, and reports whether there were any.
func (m *Machine) Ready(rd *Ready) bool {
	*rd, m.free = m.free, *rd
	m.free.reset()
	return rd.any()
}

func (m *Machine) send(l msg.Link, b msg.Message) {
	m.out.Sends = append(m.out.Sends, msg.Envelope{Link: l, Body: b})
}

func (m *Machine) event(e Event) {
	e.Time = m.now
	m.out.Events = append(m.out.Events, e)
}
