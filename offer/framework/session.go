package framework

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// Defaults of docs/protocol.md §18.
const (
	defaultBackoff    = 2 * time.Second
	defaultBackoffCap = 1 * time.Minute
	defaultHeartbeat  = 15 * time.Second
	defaultMissed     = 5
	defaultRecovery   = 15 * time.Minute
	defaultMaxUpdates = 100_000
)

// SchedulerSession is the machine under a Driver (docs/protocol.md §17). It is not safe for concurrent use.
//
// Inputs: msg.Leader first (it starts the session), links, envelopes, msg.Tick, and what the driver queues: msg.Call,
// msg.StopDriver, msg.AbortDriver.
type SchedulerSession struct {
	cfg    SchedulerConfig
	now    offer.Time
	status msg.DriverStatus
	peering
	subscribed bool // Subscribed came on link
	registered bool // Registered was called
	heartbeat  time.Duration
	silence    alarm         // the connection is lost then
	suppressed []role.Name   // sorted
	hints      []msg.SetHint // by role, one each, none nil
	out        SchedulerReady
}

// NewScheduler returns a session that has not started. It refuses zero entropy and negative times with ErrConfig; the
// framework's description is the master's to judge.
func NewScheduler(cfg SchedulerConfig) (*SchedulerSession, error) {
	switch {
	case cfg.Entropy == [16]byte{}:
		return nil, fmt.Errorf("%w: Entropy is zero; draw 16 bytes from a random source", ErrConfig)
	case cfg.SubscribeBackoff < 0 || cfg.SubscribeBackoffCap < 0:
		return nil, fmt.Errorf("%w: back-off %v up to %v is negative", ErrConfig, cfg.SubscribeBackoff, cfg.SubscribeBackoffCap)
	case cfg.MissedHeartbeats < 0:
		return nil, fmt.Errorf("%w: %d missed heartbeats", ErrConfig, cfg.MissedHeartbeats)
	}
	cfg.SubscribeBackoff = cmp.Or(cfg.SubscribeBackoff, defaultBackoff)
	cfg.SubscribeBackoffCap = cmp.Or(cfg.SubscribeBackoffCap, defaultBackoffCap)
	cfg.MissedHeartbeats = cmp.Or(cfg.MissedHeartbeats, defaultMissed)
	return &SchedulerSession{
		cfg:        cfg,
		status:     msg.DriverNotStarted,
		peering:    peering{entropy: cfg.Entropy},
		suppressed: sorted(cfg.Suppressed),
	}, nil
}

// Status tells the driver's status.
func (s *SchedulerSession) Status() msg.DriverStatus { return s.status }

// Framework tells the framework as it subscribes, with its id once a master gave one.
func (s *SchedulerSession) Framework() msg.FrameworkInfo { return s.cfg.Framework }

// Connected reports whether a master has answered the subscription and is still there.
func (s *SchedulerSession) Connected() bool { return s.subscribed }

// Step takes one input at the time now. An error leaves the state as it was: ErrInput, ErrCall, ErrNoUUID, or
// *StatusError for a driver's call out of its time.
func (s *SchedulerSession) Step(now offer.Time, in msg.Input) error {
	s.now = max(s.now, now)
	if err := s.input(in); err != nil {
		return err
	}
	s.expire()
	return nil
}

func (s *SchedulerSession) input(in msg.Input) error {
	if takes, err := admit(s.status, in); !takes {
		return err
	}
	switch in := in.(type) {
	case msg.Call:
		return s.call(in.Body)
	case msg.StopDriver:
		s.stop(in.Failover)
	case msg.AbortDriver:
		s.end(msg.DriverAborted)
	case msg.Leader:
		s.status = msg.DriverRunning
		s.follow(in.Master)
	case msg.LinkUp:
		s.up(in)
	case msg.LinkDown:
		s.down(in)
	case msg.Envelope:
		if in.Link == 0 || in.Link != s.link {
			return nil // of an old stream
		}
		return s.receive(in.Body)
	case msg.Tick:
	default:
		return fmt.Errorf("scheduler session: %w: %T", ErrInput, in)
	}
	return nil
}

// admit reports whether a session of that status takes in: what its driver queues only while it runs, anything else until
// it has ended; what was on its way then is dropped without an error.
func admit(st msg.DriverStatus, in msg.Input) (takes bool, err error) {
	switch in.(type) {
	case msg.Call, msg.StopDriver, msg.AbortDriver:
		if st != msg.DriverRunning {
			return false, &StatusError{st}
		}
		return true, nil
	}
	return st != msg.DriverAborted && st != msg.DriverStopped, nil
}

// NextDeadline tells when to step a Tick at the latest.
func (s *SchedulerSession) NextDeadline() (offer.Time, bool) { return earliest(s.retry, s.silence) }

// Ready moves pending effects into rd, whose slices it reuses, and reports whether there were any.
func (s *SchedulerSession) Ready(rd *SchedulerReady) bool {
	*rd, s.out = s.out, *rd
	s.out.reset()
	return rd.any()
}

func (s *SchedulerSession) emit(c Callback) { s.out.Callbacks = append(s.out.Callbacks, c) }
func (s *SchedulerSession) send(m msg.Message) {
	s.out.Sends = append(s.out.Sends, msg.Envelope{Link: s.link, Body: m})
}
func (s *SchedulerSession) hang(l msg.Link) { s.out.Closes = append(s.out.Closes, l) }

func (s *SchedulerSession) stop(failover bool) {
	if s.link != 0 && !failover {
		s.send(msg.Teardown{})
	}
	s.end(msg.DriverStopped)
}

// end lets go of the link and of all timers.
func (s *SchedulerSession) end(st msg.DriverStatus) {
	if s.link != 0 {
		s.hang(s.link)
	}
	s.link, s.dialing, s.subscribed = 0, false, false
	s.retry.stop()
	s.silence.stop()
	s.status = st
	s.out.Done = true
}

// sorted returns roles in order, each once.
func sorted(roles []role.Name) []role.Name {
	return slices.Compact(slices.Sorted(slices.Values(roles)))
}
