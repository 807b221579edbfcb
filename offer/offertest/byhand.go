package offertest

import (
	"slices"
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// byHand runs everything on the test's goroutine.
type byHand struct {
	c        *inproc.Cluster
	election *inproc.Election
	wrong    error
}

func newByHand(cfg config, observe host.Observer) *byHand {
	e := &byHand{c: inproc.NewClusterOn(inproc.Config{Seed: cfg.seed, Latency: cfg.latency, Jitter: cfg.jitter})}
	if cfg.standbys > 0 {
		e.election = e.c.HoldElections()
	}
	e.c.Observe(observe)
	e.c.AfterStep(func() {
		if e.wrong == nil {
			e.wrong = e.c.Check()
		}
	})
	return e
}

func (e *byHand) settle() error                 { e.c.Settle(); return e.c.Err() }
func (e *byHand) advance(d time.Duration) error { e.c.Advance(d); return e.c.Err() }
func (e *byHand) now() offer.Time               { return e.c.Now() }
func (e *byHand) network() *inproc.Network      { return e.c.Network() }

func (e *byHand) startMaster(cfg master.Config) (msg.MasterID, error) {
	n := e.c.AddMaster(cfg)
	if n == nil {
		return "", e.c.Err()
	}
	return n.Machine().Info().ID, nil
}

func (e *byHand) elections() *inproc.Election { return e.election }

func (e *byHand) leader() msg.Node {
	if m := e.c.Master(); m != nil {
		return m.Info().Node
	}
	return ""
}

func (e *byHand) failCommits(f func() host.StoreFault) {
	if f == nil {
		e.c.FailCommits(nil)
		return
	}
	e.c.FailCommits(func(int) host.StoreFault { return f() })
}

func (e *byHand) startAgent(s agentSpec, executors host.Executors) error {
	e.c.AddAgent(s.name, s.info, executors)
	return e.c.Err()
}

func (e *byHand) startScheduler(_ msg.Node, cfg framework.SchedulerConfig, s framework.Scheduler) (framework.Driver, error) {
	d := e.c.AddScheduler(cfg.Framework, s, func(c *framework.SchedulerConfig) { *c = cfg })
	return d, e.c.Err()
}

func (e *byHand) kill(name msg.Node) {
	for _, n := range e.c.Nodes() {
		if n == name || strings.HasPrefix(string(n), string(name)+"/") {
			e.c.Kill(n)
		}
	}
}

func (e *byHand) restartAgent(name msg.Node) error {
	e.c.RestartAgent(name)
	return e.c.Err()
}

func (e *byHand) crash(name msg.Node) { e.c.Kill(name) }

func (e *byHand) stopAgent(name msg.Node) { e.c.StopAgent(name) }

func (e *byHand) runs(name msg.Node) bool { return slices.Contains(e.c.Nodes(), name) }

func (e *byHand) operate(call msg.OperatorCall) error { return e.c.Operate(call) }

func (e *byHand) master(f func(*master.Machine)) bool {
	m := e.c.Master()
	if m != nil {
		f(m)
	}
	return m != nil
}

func (e *byHand) agent(name msg.Node, f func(*agent.Machine)) bool {
	m := e.c.Agent(name)
	if m != nil {
		f(m)
	}
	return m != nil
}

func (e *byHand) check() error { return e.wrong }

func (e *byHand) after(d time.Duration, f func()) { e.c.After(d, f) }

func (e *byHand) close() { e.c.Close() }
