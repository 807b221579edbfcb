package host

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/replay"
	"github.com/proffer-go/proffer/transport"
)

// ExecutorNode serves an executor's session.
type ExecutorNode struct {
	*node
	calls    driverQueue
	session  *framework.ExecutorSession
	rd       framework.ExecutorReady
	executor framework.Executor
	driver   framework.ExecutorDriver
	shutdown bool // Shutdown was called
	exit     atomic.Int32
}

// OpenExecutor makes a session for e and opens its node: what As says, or the agent's name and the container.
// cfg.Entropy may be left zero; the rest of cfg is what the agent's start said.
func OpenExecutor(ctx context.Context, tr transport.Transport, cfg framework.ExecutorConfig, e framework.Executor, opts ...Option) (*ExecutorNode, error) {
	o := collect(opts)
	if cfg.Entropy == [16]byte{} {
		cfg.Entropy = o.entropy
	}
	o.self = orNode(o.self, cfg.Agent+"/"+msg.Node(cfg.Container))
	session, err := framework.NewExecutor(cfg)
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	n := &ExecutorNode{node: newNode(o, session), session: session, executor: e}
	n.calls.node = n.node
	n.driver = framework.NewExecutorDriver(n.calls.put)
	n.drain = n.carryOut
	n.exit.Store(exitStopped)
	if err := n.record(replay.Header{Node: n.self, Executor: &cfg}); err != nil {
		return nil, err
	}
	n.push(item{in: msg.Tick{}}) // starts the session
	if err := n.open(ctx, tr); err != nil {
		n.tape.close()
		return nil, err
	}
	return n, nil
}

// RunExecutor serves an executor until it stops or aborts its driver, its agent ends it, or ctx ends: then it stops. The
// result is nil after a stop or a shutdown, else it wraps ErrAborted.
func RunExecutor(ctx context.Context, tr transport.Transport, cfg framework.ExecutorConfig, e framework.Executor, opts ...Option) error {
	n, err := OpenExecutor(ctx, tr, cfg, e, opts...)
	if err != nil {
		return err
	}
	return n.Run(ctx)
}

// Run serves the node live; see RunExecutor. It is called once.
func (n *ExecutorNode) Run(ctx context.Context) error {
	return n.run(ctx, func() { n.driver.Stop() })
}

// Driver is the one that callbacks are given.
func (n *ExecutorNode) Driver() framework.ExecutorDriver { return n.driver }

// Session gives the session of a node that is run by hand, to read between two Polls.
func (n *ExecutorNode) Session() *framework.ExecutorSession { return n.session }

// kill ends the node at once.
func (n *ExecutorNode) kill() { n.end(fmt.Errorf("%w: stopped by the agent", ErrAborted)) }

// status is the raw exit status.
func (n *ExecutorNode) status() int { return int(n.exit.Load()) }

func (n *ExecutorNode) carryOut() bool {
	rd := &n.rd
	if !n.taken(n.session.Ready(rd), rd) {
		return false
	}
	n.transmit(rd.Dials, rd.Sends, rd.Closes)
	if rd.Done {
		n.calls.close(n.session.Status())
	}
	for _, c := range rd.Callbacks {
		if n.calls.silenced() || n.isEnded() {
			break
		}
		if _, ok := c.(framework.OnShutdown); ok {
			n.shutdown = true
		}
		tell(n.node, ExecutorCallback{c})
		c.Invoke(n.executor, n.driver)
	}
	if rd.Done {
		n.conclude()
	}
	return true
}

// conclude takes leave with what the exit status is to be.
func (n *ExecutorNode) conclude() {
	if n.session.Status() == msg.DriverStopped || n.shutdown {
		n.exit.Store(exitClean)
		n.leave(nil)
		return
	}
	n.exit.Store(exitAborted)
	n.leave(fmt.Errorf("%w: executor %s", ErrAborted, n.self))
}
