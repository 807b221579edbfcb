package host

import (
	"context"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/replay"
	"github.com/proffer-go/proffer/transport"
)

// SchedulerNode serves a scheduler's session.
type SchedulerNode struct {
	*node
	calls     driverQueue
	session   *framework.SchedulerSession
	rd        framework.SchedulerReady
	scheduler framework.Scheduler
	driver    framework.Driver
	fault     string // what Error was told
}

// OpenScheduler makes a session for s and opens its node. cfg.Entropy may be left zero. s keeps the driver that its
// callbacks are given, and may call it from anywhere.
func OpenScheduler(ctx context.Context, tr transport.Transport, cfg framework.SchedulerConfig, s framework.Scheduler, opts ...Option) (*SchedulerNode, error) {
	o := collect(opts)
	if cfg.Entropy == [16]byte{} {
		cfg.Entropy = o.entropy
	}
	if o.self == "" {
		o.self = msg.Node("scheduler-" + hex.EncodeToString(cfg.Entropy[:6]))
	}
	session, err := framework.NewScheduler(cfg)
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	n := &SchedulerNode{node: newNode(o, session), session: session, scheduler: s}
	n.calls.node = n.node
	n.driver = framework.NewDriver(n.calls.put)
	n.drain = n.carryOut
	if err := n.record(replay.Header{Node: n.self, Scheduler: &cfg}); err != nil {
		return nil, err
	}
	if o.detector == nil {
		n.SetLeader(o.leader)
	}
	if err := n.open(ctx, tr); err != nil {
		n.tape.close()
		return nil, err
	}
	if err := n.findLeader(ctx); err != nil {
		return nil, err
	}
	return n, nil
}

// RunScheduler serves a scheduler until it stops or aborts its driver, the master ends it, or ctx ends: then it stops
// with failover, so that the framework lives on for its failover timeout. The result is nil after a stop; else it wraps
// ErrAborted, with what Error was told.
func RunScheduler(ctx context.Context, tr transport.Transport, info msg.FrameworkInfo, s framework.Scheduler, opts ...Option) error {
	n, err := OpenScheduler(ctx, tr, framework.SchedulerConfig{Framework: info}, s, opts...)
	if err != nil {
		return err
	}
	return n.Run(ctx)
}

// Run serves the node live; see RunScheduler. It is called once.
func (n *SchedulerNode) Run(ctx context.Context) error {
	return n.run(ctx, func() { n.driver.Stop(true) })
}

// Driver is the one that callbacks are given.
func (n *SchedulerNode) Driver() framework.Driver { return n.driver }

// Session gives the session of a node that is run by hand, to read between two Polls. Live, use Do.
func (n *SchedulerNode) Session() *framework.SchedulerSession { return n.session }

// Do runs f with the session on the node's goroutine, between two steps, and waits for it. It returns the context's
// error, or ErrEnded. Not from within callbacks.
func (n *SchedulerNode) Do(ctx context.Context, f func(*framework.SchedulerSession)) error {
	return n.do(ctx, func() { f(n.session) })
}

func (n *SchedulerNode) carryOut() bool {
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
		if e, ok := c.(framework.OnError); ok {
			n.fault = e.Message
		}
		tell(n.node, Callback{c})
		c.Invoke(n.scheduler, n.driver)
	}
	if rd.Done {
		n.leave(n.verdict())
	}
	return true
}

// verdict is what Run returns.
func (n *SchedulerNode) verdict() error {
	switch {
	case n.session.Status() == msg.DriverStopped:
		return nil
	case n.fault != "":
		return fmt.Errorf("%w by the master: %s", ErrAborted, n.fault)
	}
	return fmt.Errorf("%w by the scheduler", ErrAborted)
}

// driverQueue is where a driver puts its calls. After Stop or Abort it refuses them, and no callback follows.
type driverQueue struct {
	node   *node
	mu     sync.Mutex
	status msg.DriverStatus // 0: running
	silent bool             // the program itself ended the session
}

// put queues in, or tells how the session ended.
func (q *driverQueue) put(in msg.Input) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.status != 0 {
		return &framework.StatusError{Status: q.status}
	}
	switch in.(type) {
	case msg.StopDriver:
		q.status, q.silent = msg.DriverStopped, true
	case msg.AbortDriver:
		q.status, q.silent = msg.DriverAborted, true
	}
	if !q.node.push(item{in: in}) {
		q.status = msg.DriverAborted
		return &framework.StatusError{Status: q.status}
	}
	return nil
}

// close notes that the session has ended.
func (q *driverQueue) close(s msg.DriverStatus) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.status = s
}

// silenced reports whether the program ended the session: it hears nothing more.
func (q *driverQueue) silenced() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.silent
}
