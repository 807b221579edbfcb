package agent

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// Config says what an agent is.
type Config struct {
	// Entropy is drawn anew for every run of an agent; zero is refused. Container ids, update uuids and random back-off
	// are counted from it.
	Entropy [16]byte
	// Node is the agent's own address: executors dial it.
	Node msg.Node
	// Info describes the agent: host name, resources with static reservations, attributes. Its ID must be empty.
	Info msg.AgentInfo
	// WorkDir is the prefix of sandbox and volume paths. It is only joined as text, with "/".
	WorkDir string
	// Checkpoint: what must outlive the agent's process is kept by the host (Ready.Records), and msg.Restored with what it
	// kept is the first input, empty for a new agent. Else nothing outlives it.
	Checkpoint bool
	// Timeouts and Bounds: every zero field takes its default.
	Timeouts Timeouts
	Bounds   Bounds
}

// Timeouts are the times of docs/protocol.md §18. A zero field means its default.
type Timeouts struct {
	RegistrationBackoff    time.Duration // bound of the first random wait between attempts: 1 s, doubled up to the cap
	RegistrationBackoffCap time.Duration // 1 min
	ExecutorRegistration   time.Duration // an executor subscribes within this: 1 min
	ExecutorReregistration time.Duration // an executor is back within this after a restart of the agent: 2 s, at most 15 s
	ExecutorShutdownGrace  time.Duration // between SHUTDOWN and the stop, where the executor names none: 5 s
	ExecutorRecovery       time.Duration // an executor of a checkpointing framework whose link broke is back within this: 15 min
	ExecutorHeartbeat      time.Duration // 30 min
	UpdateRetry            time.Duration // an update is sent again after this: 10 s, doubled up to the cap
	UpdateRetryCap         time.Duration // 10 min
	Record                 time.Duration // a record of the checkpoint is durable within this, or the agent ends: 20 s
}

// maxReregistration bounds ExecutorReregistration.
const maxReregistration = 15 * time.Second

// DefaultTimeouts are the defaults of docs/protocol.md §18.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		RegistrationBackoff:    1 * time.Second,
		RegistrationBackoffCap: 1 * time.Minute,
		ExecutorRegistration:   1 * time.Minute,
		ExecutorReregistration: 2 * time.Second,
		ExecutorShutdownGrace:  5 * time.Second,
		ExecutorRecovery:       15 * time.Minute,
		ExecutorHeartbeat:      30 * time.Minute,
		UpdateRetry:            10 * time.Second,
		UpdateRetryCap:         10 * time.Minute,
		Record:                 20 * time.Second,
	}
}

// Bounds limit what others can grow (docs/protocol.md §18.1). A zero field means its default.
type Bounds struct {
	Links          int // links from executors and strangers: 100,000; the next one is closed
	Frameworks     int // 10,000; tasks of another one are dropped
	Tasks          int // tasks not yet forgotten: 1,000,000; those beyond are dropped
	Operations     int // operations waiting for their volumes: 10,000; the next one fails
	UpdatesPerTask int // not acknowledged: 1,000; then the executor is disconnected and keeps its updates
	Updates        int // not acknowledged, of all tasks: 1,000,000; the same
	DataBytes      int // of one message or status: 1 MiB
	Text           int // bytes of a status's message: 64 KiB
	Labels         int // of a status: 256
	LabelBytes     int // of a label's key or value: 4 KiB
	Held           int // messages and other effects that wait for the checkpoint: 1,000,000; beyond it the agent ends
}

// DefaultBounds are the defaults of docs/protocol.md §18.1.
func DefaultBounds() Bounds {
	status := msg.DefaultStatusBounds()
	return Bounds{
		Links:          100_000,
		Frameworks:     10_000,
		Tasks:          1_000_000,
		Operations:     10_000,
		UpdatesPerTask: 1_000,
		Updates:        1_000_000,
		DataBytes:      status.Data,
		Text:           status.Text,
		Labels:         status.Labels,
		LabelBytes:     status.LabelBytes,
		Held:           1_000_000,
	}
}

// Times of executors made for a command task (docs/protocol.md §11, §18).
const (
	commandKillGrace  = 3 * time.Second
	commandExtraGrace = 2 * time.Second
)

// commandExtra is what an executor made for a command task may use beside its task (docs/protocol.md §11): of the machine,
// not of the books.
var commandExtra = resource.MustParse("cpus:0.1;mem:32")

// Errors of New and Step; each is wrapped with what and where.
var (
	// ErrConfig: a configuration cannot be used.
	ErrConfig = errors.New("agent: bad configuration")
	// ErrInput: an input is not for this agent, or not from whom it should be.
	ErrInput = errors.New("agent: unexpected input")
	// ErrMalformed: a message lacks what it must have.
	ErrMalformed = errors.New("agent: malformed message")
	// ErrBound: a bound of the configuration would be passed.
	ErrBound = errors.New("agent: over a bound")
	// ErrTaskExists: the framework has a task of that id here that is not forgotten yet.
	ErrTaskExists = errors.New("agent: task exists")
	// ErrNoTask: the executor has no such task.
	ErrNoTask = errors.New("agent: no such task")
	// ErrStopped: the agent has ended.
	ErrStopped = errors.New("agent: stopped")
	// ErrAgentID: the master gave another id than the agent has; it must not go on with either.
	ErrAgentID = errors.New("agent: master gave another agent id")
	// ErrShutdown: the master told the agent to end for good.
	ErrShutdown = errors.New("agent: told to shut down")
)

func (c Config) check() error {
	switch {
	case c.Entropy == [16]byte{}:
		return fmt.Errorf("%w: Entropy is zero; draw 16 bytes from a random source", ErrConfig)
	case c.Node == "":
		return fmt.Errorf("%w: Node is empty; name the address that executors dial", ErrConfig)
	case c.Timeouts.ExecutorReregistration > maxReregistration:
		return fmt.Errorf("%w: executors have %v to come back after a restart; at most %v", ErrConfig, c.Timeouts.ExecutorReregistration, maxReregistration)
	case c.Info.ID != "":
		return fmt.Errorf("%w: Info.ID is %q; a master gives it", ErrConfig, c.Info.ID)
	}
	for _, d := range []time.Duration{
		c.Timeouts.RegistrationBackoff, c.Timeouts.RegistrationBackoffCap, c.Timeouts.ExecutorRegistration,
		c.Timeouts.ExecutorShutdownGrace, c.Timeouts.ExecutorRecovery, c.Timeouts.ExecutorHeartbeat,
		c.Timeouts.UpdateRetry, c.Timeouts.UpdateRetryCap, c.Timeouts.Record,
		c.Timeouts.ExecutorReregistration,
	} {
		if d < 0 {
			return fmt.Errorf("%w: a timeout of %v is negative", ErrConfig, d)
		}
	}
	for _, n := range []int{
		c.Bounds.Links, c.Bounds.Frameworks, c.Bounds.Tasks, c.Bounds.Operations,
		c.Bounds.UpdatesPerTask, c.Bounds.Updates, c.Bounds.DataBytes, c.Bounds.Text, c.Bounds.Labels, c.Bounds.LabelBytes,
		c.Bounds.Held,
	} {
		if n < 0 {
			return fmt.Errorf("%w: a bound of %d is negative", ErrConfig, n)
		}
	}
	if c.Checkpoint {
		if _, err := written(msg.KeptAgent{Info: c.Info}); err != nil {
			return fmt.Errorf("%w: Info: %w", ErrConfig, err)
		}
	}
	return nil
}

func (t Timeouts) withDefaults() Timeouts {
	d := DefaultTimeouts()
	t.RegistrationBackoff = cmp.Or(t.RegistrationBackoff, d.RegistrationBackoff)
	t.RegistrationBackoffCap = cmp.Or(t.RegistrationBackoffCap, d.RegistrationBackoffCap)
	t.ExecutorRegistration = cmp.Or(t.ExecutorRegistration, d.ExecutorRegistration)
	t.ExecutorReregistration = cmp.Or(t.ExecutorReregistration, d.ExecutorReregistration)
	t.ExecutorShutdownGrace = cmp.Or(t.ExecutorShutdownGrace, d.ExecutorShutdownGrace)
	t.ExecutorRecovery = cmp.Or(t.ExecutorRecovery, d.ExecutorRecovery)
	t.ExecutorHeartbeat = cmp.Or(t.ExecutorHeartbeat, d.ExecutorHeartbeat)
	t.UpdateRetry = cmp.Or(t.UpdateRetry, d.UpdateRetry)
	t.UpdateRetryCap = cmp.Or(t.UpdateRetryCap, d.UpdateRetryCap)
	t.Record = cmp.Or(t.Record, d.Record)
	return t
}

func (b Bounds) withDefaults() Bounds {
	d := DefaultBounds()
	b.Links = cmp.Or(b.Links, d.Links)
	b.Frameworks = cmp.Or(b.Frameworks, d.Frameworks)
	b.Tasks = cmp.Or(b.Tasks, d.Tasks)
	b.Operations = cmp.Or(b.Operations, d.Operations)
	b.UpdatesPerTask = cmp.Or(b.UpdatesPerTask, d.UpdatesPerTask)
	b.Updates = cmp.Or(b.Updates, d.Updates)
	b.DataBytes = cmp.Or(b.DataBytes, d.DataBytes)
	b.Text = cmp.Or(b.Text, d.Text)
	b.Labels = cmp.Or(b.Labels, d.Labels)
	b.LabelBytes = cmp.Or(b.LabelBytes, d.LabelBytes)
	b.Held = cmp.Or(b.Held, d.Held)
	return b
}

func (b Bounds) status() msg.StatusBounds {
	return msg.StatusBounds{Text: b.Text, Labels: b.Labels, LabelBytes: b.LabelBytes, Data: b.DataBytes}
}
