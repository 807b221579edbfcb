package host

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/replay"
	"github.com/proffer-go/proffer/transport"
)

// MasterNode serves a master's machine.
type MasterNode struct {
	*node
	machine *master.Machine
	rd      master.Ready
	store   *keeper

	mu    sync.Mutex
	calls map[uint64]func(master.Answer)
	last  uint64

	streams  map[uint64]*EventStream // that are open
	released bool                    // the node has ended
}

// OpenMaster makes a master, reads its registry (WithStore) and opens its node: cfg.Node, or what As says. cfg.Entropy may
// be left zero. The master leads as soon as its first commit is durable; a node whose master resigns ends, with an error
// that wraps master.ErrResigned.
func OpenMaster(ctx context.Context, tr transport.Transport, cfg master.Config, opts ...Option) (*MasterNode, error) {
	o := collect(opts)
	if cfg.Node == "" {
		cfg.Node = orNode(o.self, DefaultMaster)
	}
	o.self = cfg.Node
	if cfg.Entropy == [16]byte{} {
		cfg.Entropy = o.entropy
	}
	m, err := master.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	n := &MasterNode{node: newNode(o, m), machine: m, calls: map[uint64]func(master.Answer){},
		streams: map[uint64]*EventStream{}}
	n.store = newKeeper(n, m.StoreTimeout())
	n.drain, n.alarm, n.ring = n.carryOut, n.store.alarm, n.store.ring
	n.onEnd = func() { n.store.cancel(); n.release() }
	if err := n.record(replay.Header{Node: n.self, Master: &cfg}); err != nil {
		return nil, err
	}
	if o.contender == nil {
		if err := n.store.load(ctx); err != nil {
			n.tape.close()
			return nil, err
		}
	}
	if err := n.open(ctx, tr); err != nil {
		n.tape.close()
		return nil, err
	}
	if o.contender != nil {
		withdraw, err := o.contender.Contend(ctx, n.self, candidate{n})
		if err := n.follow(withdraw, err); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// RunMaster serves a master until ctx ends, and returns nil then, or until it resigns.
func RunMaster(ctx context.Context, tr transport.Transport, cfg master.Config, opts ...Option) error {
	n, err := OpenMaster(ctx, tr, cfg, opts...)
	if err != nil {
		return err
	}
	return n.Run(ctx)
}

// Run serves the node live until ctx ends or Close is called. It is called once.
func (n *MasterNode) Run(ctx context.Context) error { return n.run(ctx, func() { n.end(nil) }) }

// Machine gives the machine of a node that is run by hand, to read between two Polls. Live, use Do.
func (n *MasterNode) Machine() *master.Machine { return n.machine }

// Do runs f with the machine on the node's goroutine, between two steps, and waits for it: the way to read a live
// master. It returns the context's error, or ErrEnded. Not from within an Observer.
func (n *MasterNode) Do(ctx context.Context, f func(*master.Machine)) error {
	return n.do(ctx, func() { f(n.machine) })
}

// Operate makes an operator's call that writes, and waits for its answer. principal is who calls, "" nobody. A context that
// ends gives up waiting, not the call.
func (n *MasterNode) Operate(ctx context.Context, principal string, call msg.OperatorCall) error {
	_, err := n.Ask(ctx, principal, call)
	return err
}

// Ask is Operate for a call that reads: the result's type is named after the call, as master.AgentsResult is after
// msg.GetAgents; of a write it is nil.
func (n *MasterNode) Ask(ctx context.Context, principal string, call msg.OperatorCall) (master.Result, error) {
	answer := make(chan master.Answer, 1)
	n.SubmitAsk(principal, call, func(a master.Answer) { answer <- a })
	select {
	case a := <-answer:
		return a.Result, a.Err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Submit queues an operator's call; answered is called with its answer, on the node's goroutine, or with ErrEnded.
func (n *MasterNode) Submit(principal string, call msg.OperatorCall, answered func(error)) {
	n.SubmitAsk(principal, call, func(a master.Answer) { answered(a.Err) })
}

// SubmitAsk is Submit for a call that reads: answered is called with the whole answer.
func (n *MasterNode) SubmitAsk(principal string, call msg.OperatorCall, answered func(master.Answer)) {
	n.mu.Lock()
	n.last++
	seq := n.last
	n.calls[seq] = answered
	n.mu.Unlock()
	if !n.push(item{in: msg.Operate{Seq: seq, Principal: principal, Call: call}}) {
		n.answer(master.Answer{Seq: seq, Err: ErrEnded})
	}
}

func (n *MasterNode) answer(a master.Answer) {
	n.mu.Lock()
	f := n.calls[a.Seq]
	delete(n.calls, a.Seq)
	n.mu.Unlock()
	if f != nil {
		f(a)
	}
}

// release answers the calls that will not be, in the order they were made, and ends the streams.
func (n *MasterNode) release() {
	n.mu.Lock()
	calls, streams := n.calls, n.streams
	n.calls = map[uint64]func(master.Answer){}
	n.streams, n.released = map[uint64]*EventStream{}, true
	n.mu.Unlock()
	why := n.streamsEnd()
	for _, k := range slices.Sorted(maps.Keys(streams)) {
		streams[k].end(why)
	}
	for _, seq := range slices.Sorted(maps.Keys(calls)) {
		calls[seq](master.Answer{Seq: seq, Err: ErrEnded})
	}
}

func (n *MasterNode) carryOut() bool {
	if !n.taken(n.machine.Ready(&n.rd), &n.rd) {
		return false
	}
	for _, e := range n.rd.Events {
		tell(n.node, MasterEvent{e})
	}
	n.transmit(nil, n.rd.Sends, n.rd.Closes)
	for _, a := range n.rd.Answers {
		n.answer(a)
	}
	n.stream()
	for _, c := range n.rd.Commits {
		n.store.commit(c)
	}
	if n.rd.Resign != nil {
		n.end(n.rd.Resign)
	}
	return true
}

// result steps a commit's answer in at once; what follows from it is carried out by the drain under way.
func (n *MasterNode) result(in msg.Committed) {
	n.put(n.now, in)
}

func orNode(n, otherwise msg.Node) msg.Node {
	if n == "" {
		return otherwise
	}
	return n
}
