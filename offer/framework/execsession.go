package framework

import (
	"cmp"
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// ExecutorSession is the machine under an ExecutorDriver (docs/protocol.md §17). It is not safe for concurrent use.
//
// Inputs: msg.Tick first (it starts the session and makes it dial), links, envelopes, and what the driver queues:
// msg.Call, msg.StopDriver, msg.AbortDriver.
type ExecutorSession struct {
	cfg    ExecutorConfig
	now    offer.Time
	status msg.DriverStatus
	peering
	subscribed bool             // the agent answered on link
	registered bool             // Registered was called
	closing    bool             // Shutdown was called: only what the executor still says matters
	recovery   alarm            // no agent until then: shut down
	tasks      []msg.TaskInfo   // not acknowledged once, oldest first
	updates    []msg.TaskStatus // not acknowledged, oldest first
	sent       uint64           // statuses ever, for their uuids
	out        ExecutorReady
}

// NewExecutor returns a session that has not started. It refuses zero entropy, a missing address and illegal ids.
func NewExecutor(cfg ExecutorConfig) (*ExecutorSession, error) {
	switch {
	case cfg.Entropy == [16]byte{}:
		return nil, fmt.Errorf("%w: Entropy is zero; draw 16 bytes from a random source", ErrConfig)
	case cfg.Agent == "":
		return nil, fmt.Errorf("%w: Agent is empty; name the address that the agent's start effect gave", ErrConfig)
	case cfg.SubscribeBackoff < 0 || cfg.Recovery < 0 || cfg.MaxUpdates < 0:
		return nil, fmt.Errorf("%w: a time or bound is negative", ErrConfig)
	}
	for _, id := range []struct{ what, id string }{
		{"framework", string(cfg.Framework)}, {"executor", string(cfg.Executor)}, {"container", string(cfg.Container)},
	} {
		if err := msg.ValidateID(id.what, id.id); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	cfg.SubscribeBackoff = cmp.Or(cfg.SubscribeBackoff, defaultBackoff)
	cfg.Recovery = cmp.Or(cfg.Recovery, defaultRecovery)
	cfg.MaxUpdates = cmp.Or(cfg.MaxUpdates, defaultMaxUpdates)
	return &ExecutorSession{
		cfg:     cfg,
		status:  msg.DriverNotStarted,
		peering: peering{entropy: cfg.Entropy, peer: cfg.Agent},
	}, nil
}

// Status tells the driver's status.
func (s *ExecutorSession) Status() msg.DriverStatus { return s.status }

// Unacknowledged tells how many tasks and updates the agent has not confirmed.
func (s *ExecutorSession) Unacknowledged() (tasks, updates int) { return len(s.tasks), len(s.updates) }

// Step takes one input at the time now. An error leaves the state as it was: ErrInput, ErrCall, ErrFull, or
// *StatusError for a driver's call out of its time.
func (s *ExecutorSession) Step(now offer.Time, in msg.Input) error {
	s.now = max(s.now, now)
	if err := s.input(in); err != nil {
		return err
	}
	s.expire()
	return nil
}

func (s *ExecutorSession) input(in msg.Input) error {
	if takes, err := admit(s.status, in); !takes {
		return err
	}
	switch in := in.(type) {
	case msg.Call:
		return s.call(in.Body)
	case msg.StopDriver:
		s.end(msg.DriverStopped)
	case msg.AbortDriver:
		s.end(msg.DriverAborted)
	case msg.Tick:
		s.start()
	case msg.LinkUp:
		s.up(in)
	case msg.LinkDown:
		s.down(in)
	case msg.Envelope:
		if in.Link == 0 || in.Link != s.link {
			return nil // of an old stream
		}
		return s.receive(in.Body)
	default:
		return fmt.Errorf("executor session: %w: %T", ErrInput, in)
	}
	return nil
}

// NextDeadline tells when to step a Tick at the latest; before the start that is at once.
func (s *ExecutorSession) NextDeadline() (offer.Time, bool) {
	if s.status == msg.DriverNotStarted {
		return s.now, true
	}
	return earliest(s.retry, s.recovery)
}

// Ready moves pending effects into rd, whose slices it reuses, and reports whether there were any.
func (s *ExecutorSession) Ready(rd *ExecutorReady) bool {
	*rd, s.out = s.out, *rd
	s.out.reset()
	return rd.any()
}

func (s *ExecutorSession) emit(c ExecutorCallback) { s.out.Callbacks = append(s.out.Callbacks, c) }
func (s *ExecutorSession) send(m msg.Message) {
	s.out.Sends = append(s.out.Sends, msg.Envelope{Link: s.link, Body: m})
}
func (s *ExecutorSession) hang(l msg.Link) { s.out.Closes = append(s.out.Closes, l) }

// end lets go of the link and of all timers.
func (s *ExecutorSession) end(st msg.DriverStatus) {
	if s.link != 0 {
		s.hang(s.link)
	}
	s.link, s.dialing, s.subscribed = 0, false, false
	s.retry.stop()
	s.recovery.stop()
	s.status = st
	s.out.Done = true
}
