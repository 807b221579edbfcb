package offertest

import (
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// engine is what runs the nodes: by hand, or live. All but after are called by the test's goroutine alone.
type engine interface {
	settle() error
	advance(d time.Duration) error
	now() offer.Time
	network() *inproc.Network

	// startMaster starts a master, which leads, or stands for election where they are held.
	startMaster(cfg master.Config) (msg.MasterID, error)
	// leader is the node of the master that leads; "" there is none.
	leader() msg.Node
	// elections are held; nil: they are not.
	elections() *inproc.Election
	// failCommits asks f what goes wrong with each commit of every master from now on; nil: nothing.
	failCommits(f func() host.StoreFault)
	startAgent(s agentSpec, executors host.Executors) error
	startScheduler(name msg.Node, cfg framework.SchedulerConfig, s framework.Scheduler) (framework.Driver, error)
	// restartAgent starts an agent that does not run with what it has on disk, and with its executors that still run.
	restartAgent(name msg.Node) error
	// kill ends a node at once, an agent's executors included.
	kill(name msg.Node)
	// crash ends a node at once; an agent's executors run on.
	crash(name msg.Node)
	// stopAgent asks an agent to end by itself.
	stopAgent(name msg.Node)
	// runs reports whether a node has not ended.
	runs(name msg.Node) bool

	operate(call msg.OperatorCall) error
	// master calls f with the machine of the master that leads, if there is one.
	master(f func(*master.Machine)) bool
	agent(name msg.Node, f func(*agent.Machine)) bool
	// check tells which machine found its own books wrong after a step.
	check() error
	// after calls f later, on a goroutine of the engine's choice.
	after(d time.Duration, f func())
	close()
}
