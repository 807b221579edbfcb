package host

import (
	"context"
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/replay"
	"github.com/proffer-go/proffer/transport"
)

// AgentNode serves an agent's machine.
type AgentNode struct {
	*node
	machine  *agent.Machine
	rd       agent.Ready
	volumes  Volumes
	launcher Launcher
	exits    exits
	records  *recorder // nil without a checkpoint
	lasting  bool      // the launcher outlives the node
	workDir  string
}

// OpenAgent makes an agent, reads its checkpoint (WithCheckpoint) and opens its node: cfg.Node, or what As says, or its host
// name. cfg.Entropy may be left zero. executors says what runs here, unless WithLauncher is given. A node whose agent cannot
// go on from its checkpoint, or cannot write it any more, ends with an error that wraps agent.ErrCheckpoint or
// agent.ErrIncompatible.
func OpenAgent(ctx context.Context, tr transport.Transport, cfg agent.Config, executors Executors, opts ...Option) (*AgentNode, error) {
	o := collect(opts)
	if cfg.Node == "" {
		cfg.Node = orNode(o.self, msg.Node(cfg.Info.Hostname))
	}
	o.self = cfg.Node
	if cfg.Entropy == [16]byte{} {
		cfg.Entropy = o.entropy
	}
	cfg.Checkpoint = cfg.Checkpoint || o.checkpoint != nil
	m, err := agent.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	n := &AgentNode{node: newNode(o, m), machine: m, volumes: o.volumes, launcher: o.launcher, workDir: cfg.WorkDir}
	if n.volumes == nil {
		n.volumes = volumesFor(cfg.WorkDir)
	}
	if n.launcher == nil {
		n.launcher = newLocal(tr, executors, o)
	} else {
		_, n.lasting = n.launcher.(Adopter)
	}
	n.exits = exits{node: n.node, runs: map[msg.ContainerID]msg.Link{}, held: map[msg.ContainerID]heldExit{}}
	if err := n.record(replay.Header{Node: n.self, Agent: &cfg}); err != nil {
		return nil, err
	}
	n.drain, n.heard, n.alarm, n.ring = n.carryOut, n.exits.after, n.exits.next, n.exits.expire
	if cfg.Checkpoint {
		n.records = newRecorder(n, m.RecordTimeout())
		n.alarm, n.ring = n.nextOfBoth, n.ringBoth
		if err := n.records.load(ctx); err != nil {
			n.tape.close()
			return nil, err
		}
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

// RunAgent serves an agent until it ends or ctx does: then it ends its executors, says goodbye and returns nil.
func RunAgent(ctx context.Context, tr transport.Transport, cfg agent.Config, executors Executors, opts ...Option) error {
	n, err := OpenAgent(ctx, tr, cfg, executors, opts...)
	if err != nil {
		return err
	}
	return n.Run(ctx)
}

// Run serves the node live until it ends. When ctx ends it stops the agent, which ends its executors first. No executor
// that was started here is left when Run returns, unless its launcher is an Adopter of the caller's. It is called once.
func (n *AgentNode) Run(ctx context.Context) error {
	n.sweepSandboxes()
	err := n.run(ctx, n.Stop)
	if n.lasting {
		return err
	}
	if e := n.launcher.Close(); err == nil {
		err = e
	}
	return err
}

// Stop asks the agent to end its executors, say goodbye and end.
func (n *AgentNode) Stop() { n.push(item{in: msg.StopAgent{}}) }

// Machine gives the machine of a node that is run by hand, to read between two Polls. Live, use Do.
func (n *AgentNode) Machine() *agent.Machine { return n.machine }

// Do runs f with the machine on the node's goroutine, between two steps, and waits for it. It returns the context's
// error, or ErrEnded. Not from within an Observer.
func (n *AgentNode) Do(ctx context.Context, f func(*agent.Machine)) error {
	return n.do(ctx, func() { f(n.machine) })
}

func (n *AgentNode) carryOut() bool {
	rd := &n.rd
	if !n.taken(n.machine.Ready(rd), rd) {
		return false
	}
	for _, e := range rd.Events {
		tell(n.node, AgentEvent{e})
	}
	if len(rd.Records) > 0 {
		n.records.record(rd.Records)
	}
	n.transmit(rd.Dials, rd.Sends, rd.Closes)
	for _, e := range rd.Sends {
		n.exits.sent(e)
	}
	for _, v := range rd.Volumes {
		n.work(v)
	}
	if rd.Adopt != nil {
		n.adopt(rd.Adopt.Containers)
	}
	for _, s := range rd.Starts {
		n.start(s)
	}
	for _, s := range rd.Stops {
		n.launcher.Stop(s.Container)
	}
	if rd.Exit {
		n.leave(rd.Err)
	}
	return true
}

// work does volume work, live beside the node's goroutine: a disk may be slow.
func (n *AgentNode) work(v agent.Volume) {
	do := func() {
		done := msg.VolumeDone{Seq: v.Seq}
		if err := n.volumes.Do(v); err != nil {
			done.Err = recordable(err.Error())
		}
		n.push(item{in: done})
	}
	if n.opts.hand {
		do()
		return
	}
	n.beside(do)
}

// start starts an executor. Its Exited is stepped after its Started, however soon it ends.
func (n *AgentNode) start(s agent.Start) {
	r := n.watch(s.Container)
	n.exits.runs[s.Container] = 0
	err := n.volumes.Sandbox(s.Directory)
	if err == nil {
		err = n.launcher.Start(s, r.exited)
	}
	if err != nil {
		delete(n.exits.runs, s.Container)
		n.push(item{in: msg.StartFailed{Container: s.Container, Err: recordable(err.Error())}})
		return
	}
	n.push(item{in: msg.Started{Container: s.Container}})
	r.started()
}

// adopt takes over the executors of a former run.
func (n *AgentNode) adopt(keep []msg.ContainerID) {
	waiting := map[msg.ContainerID]*running{}
	for _, c := range keep {
		waiting[c] = n.watch(c)
	}
	var alive []msg.ContainerID
	if a, ok := n.launcher.(Adopter); ok {
		alive = a.Adopt(keep, func(c msg.ContainerID, e Exit) { waiting[c].exited(e) })
	}
	for _, c := range keep {
		if !slices.Contains(alive, c) {
			n.push(item{in: msg.Exited{Container: c, Status: -1}})
			continue
		}
		n.exits.runs[c] = 0
		n.push(item{in: msg.Started{Container: c}})
		waiting[c].started()
	}
}

// watch makes what a launcher reports the end of a container to.
func (n *AgentNode) watch(c msg.ContainerID) *running {
	return &running{report: func(e Exit) {
		n.push(item{do: func() { n.exits.exited(e.input(c)) }})
	}}
}

// drained carries out what a step beside the node's own has left.
func (n *AgentNode) drained() {
	for n.drain() {
	}
	if n.opts.stepped != nil {
		n.opts.stepped()
	}
}

// nextOfBoth tells when the host has something to do: an exit or a record that waits.
func (n *AgentNode) nextOfBoth() (offer.Time, bool) {
	at, any := n.exits.next()
	if t, ok := n.records.alarm(); ok && (!any || t < at) {
		return t, true
	}
	return at, any
}

func (n *AgentNode) ringBoth(now offer.Time) bool {
	any := n.exits.expire(now)
	return n.records.ring(now) || any
}
