package replay

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
)

// Machine is a machine that is played: one of master, agent, scheduler and executor.
type Machine struct {
	// One of them is there, to be read.
	Master    *master.Machine
	Agent     *agent.Machine
	Scheduler *framework.SchedulerSession
	Executor  *framework.ExecutorSession

	m    stepper
	take func(d *digest) bool // adds what Ready gives
	dump func(*dump)
	d    digest
}

// stepper is what all machines share.
type stepper interface {
	Step(now offer.Time, in msg.Input) error
	NextDeadline() (offer.Time, bool)
	Check() error
}

// New makes the machine that h describes, not stepped yet. Errors: ErrUnnamed, ErrTape, or those of the machine's own New.
func New(h Header, known Known) (*Machine, error) {
	var m *Machine
	var err error
	switch {
	case h.Master != nil:
		m, err = newMaster(h, known)
	case h.Agent != nil:
		m, err = newAgent(*h.Agent)
	case h.Scheduler != nil:
		m, err = newScheduler(*h.Scheduler)
	case h.Executor != nil:
		m, err = newExecutor(*h.Executor)
	default:
		err = fmt.Errorf("%w: its header has no configuration", ErrTape)
	}
	if err != nil {
		return nil, fmt.Errorf("replay: %s %s: %w", h.Machine(), h.Node, err)
	}
	return m, nil
}

func newMaster(h Header, known Known) (*Machine, error) {
	cfg := *h.Master
	if h.Policy != "" {
		if cfg.Allocator.Policy = known.Policies[h.Policy]; cfg.Allocator.Policy == nil {
			return nil, fmt.Errorf("%w: policy %q; pass it in Known", ErrUnnamed, h.Policy)
		}
	}
	if h.Orderer != "" {
		if cfg.Allocator.NewOrderer = known.Orderers[h.Orderer]; cfg.Allocator.NewOrderer == nil {
			return nil, fmt.Errorf("%w: order %q; pass it in Known", ErrUnnamed, h.Orderer)
		}
	}
	if h.Authorizer != "" {
		if cfg.Authorize = known.Authorizers[h.Authorizer]; cfg.Authorize == nil {
			return nil, fmt.Errorf("%w: authorizer %q; pass it in Known", ErrUnnamed, h.Authorizer)
		}
	}
	x, err := master.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Machine{Master: x, m: x, dump: func(d *dump) { d.master(x) }, take: taking(x.Ready)}, nil
}

func newAgent(cfg agent.Config) (*Machine, error) {
	x, err := agent.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Machine{Agent: x, m: x, dump: func(d *dump) { x.Dump(d.line) }, take: taking(x.Ready)}, nil
}

func newScheduler(cfg framework.SchedulerConfig) (*Machine, error) {
	x, err := framework.NewScheduler(cfg)
	if err != nil {
		return nil, err
	}
	return &Machine{Scheduler: x, m: x, dump: func(d *dump) { x.Dump(d.line) }, take: taking(x.Ready)}, nil
}

func newExecutor(cfg framework.ExecutorConfig) (*Machine, error) {
	x, err := framework.NewExecutor(cfg)
	if err != nil {
		return nil, err
	}
	return &Machine{Executor: x, m: x, dump: func(d *dump) { x.Dump(d.line) }, take: taking(x.Ready)}, nil
}

// taking takes what ready moves out, if there is anything, and sums it up.
func taking[R any](ready func(*R) bool) func(*digest) bool {
	var rd R
	return func(d *digest) bool {
		if !ready(&rd) {
			return false
		}
		d.effects(&rd)
		return true
	}
}

// Check recomputes what the machine counts, and returns what does not agree.
func (m *Machine) Check() error { return m.m.Check() }

// step does a step of a tape and returns its digest. Effects are taken where they were taken when it was recorded.
func (m *Machine) step(s Step) (sum uint64, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: step %d (%s): %v", ErrPanic, s.N, Kind(s.Input), p)
		}
	}()
	refused := m.m.Step(s.Now, s.Input)
	at, any := m.m.NextDeadline()
	m.d.reset()
	m.d.outcome(refused, at, any)
	if s.Taken || !s.Known {
		for m.take(&m.d) {
		}
	}
	return m.d.sum, nil
}
