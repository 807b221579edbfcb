// Package host drives the machines of master, agent, scheduler and executor over a transport: link events, messages,
// calls and the clock go in as inputs, and what the machines want done is carried out: sends, dials, volumes, executor
// starts, callbacks.
//
// Every party is a node. A node runs in one of two ways:
//
//   - live: Run, or in one call RunMaster, RunAgent, RunScheduler, RunExecutor. One goroutine, the real clock, a timer for
//     the machine's next deadline; nothing polls. A context that ends shuts down cleanly and leaves no goroutine.
//   - by hand: whoever owns the time calls Poll with it, and NextDeadline to learn how far it may go; see
//     transport/inproc.Cluster. With the option ByHand nothing runs beside Poll.
//
// A node's machine, callbacks and effects run on the goroutine that runs or polls it, so a callback never meets another
// of the same node. Drivers, Operate and Do only queue, and may be called from anywhere, callbacks included.
//
// Nothing is logged: an Observer is told what a timeline needs.
package host

import (
	"crypto/rand"
	"errors"
	"io"
	"time"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/offer/replay"
	"github.com/proffer-go/proffer/transport"
)

// Errors of nodes.
var (
	// ErrEnded: the node has ended and takes nothing more.
	ErrEnded = errors.New("host: the node has ended")
	// ErrAborted: the session was aborted, by the program or by its peer.
	ErrAborted = errors.New("host: aborted")
	// ErrNoExecutor: no function is registered for an executor.
	ErrNoExecutor = errors.New("host: no such executor is registered")
	// ErrStuck: a machine asks for ticks without end; that is a fault of the machine.
	ErrStuck = errors.New("host: the machine asks for ticks without end")
)

// DefaultMaster is the node that a master opens and that all others take for the leader unless told.
const DefaultMaster msg.Node = "master"

// DefaultInbound is how many messages of one link may wait for a machine (docs/protocol.md §18.1).
const DefaultInbound = 10_000

// An Option changes how a node is opened.
type Option func(*options)

type options struct {
	self      msg.Node
	leader    msg.Node
	entropy   [16]byte
	observe   Observer
	hand      bool
	spawn     func(*ExecutorNode)
	draw      func() [16]byte
	volumes   Volumes
	launcher  Launcher
	observed  func() bool // nil: always
	stepped   func()
	woken     func(self msg.Node)
	inbound   int
	store     registry.Store
	faults    func(commit int) StoreFault
	tape      func(h *replay.Header) (io.WriteCloser, error)
	contender transport.Contender
	detector  transport.Detector

	sandboxAge   time.Duration // 0: by default
	checkpoint   agent.Store
	recordFaults func(save int) StoreFault
}

// As sets the node's address. Default: "master" for a master, its host name for an agent, else a name drawn from the
// node's entropy.
func As(self msg.Node) Option { return func(o *options) { o.self = self } }

// Leader names the leading master. Default: DefaultMaster.
func Leader(master msg.Node) Option { return func(o *options) { o.leader = master } }

// Entropy sets the node's entropy instead of 16 bytes of crypto/rand; a machine's own configuration comes first.
func Entropy(e [16]byte) Option { return func(o *options) { o.entropy = e } }

// Observe tells f everything that happens at the node. Live nodes call it from their goroutines, several at the same
// time; it must return soon.
func Observe(f Observer) Option { return func(o *options) { o.observe = f } }

// ObserveWhile is Observe for as long as listens says so: while nobody does, what happens costs nothing to tell.
func ObserveWhile(listens func() bool, f Observer) Option {
	return func(o *options) { o.observe, o.observed = f, listens }
}

// ByHand opens a node that is polled. An agent hands the nodes of its in-process executors to spawn, which polls them
// from then on, and takes their entropy from draw; both may be nil for other nodes.
func ByHand(spawn func(*ExecutorNode), draw func() [16]byte) Option {
	return func(o *options) { o.hand, o.spawn, o.draw = true, spawn, draw }
}

// Woken tells f of every node of these options that something waits for it, or that it has ended: who polls many nodes
// need not poll those that nothing happened to and whose NextDeadline has not come. f is called from whatever goroutine
// did it, and polls nothing.
func Woken(f func(self msg.Node)) Option { return func(o *options) { o.woken = f } }

// WithVolumes sets who makes, removes and links an agent's volumes and sandboxes. Default: Directories, or NoVolumes for
// an agent without a WorkDir.
func WithVolumes(v Volumes) Option { return func(o *options) { o.volumes = v } }

// WithSandboxAge sets for how long the directory of an executor's run is kept after its end; 7 days if not set, for ever if
// negative. It is for live agents with a WorkDir that keep Directories: they look every hour.
func WithSandboxAge(d time.Duration) Option { return func(o *options) { o.sandboxAge = d } }

// WithLauncher sets who starts an agent's executors instead of the registered functions. The node closes it when it has
// ended; but an Adopter outlives it, and is closed by whoever made it.
func WithLauncher(l Launcher) Option { return func(o *options) { o.launcher = l } }

// Inbound bounds the messages of one link that wait for the node's machine, those of an agent's in-process executors
// included: at one more the link is hung up. 0: DefaultInbound. A host counts messages and not bytes: they are values
// here, and how many bytes one takes is known to transports that encode it (docs/protocol.md §18.1).
func Inbound(messages int) Option { return func(o *options) { o.inbound = messages } }

// WithStore sets where a master keeps its registry. Default: a registry.Memory, which ends with the node. The node is the
// store's one caller from OpenMaster until it has ended; closing the store is left to whoever made it.
func WithStore(s registry.Store) Option { return func(o *options) { o.store = s } }

// WithStoreFaults asks f, for every commit of a master counted from 1, what goes wrong with it. It is for tests.
func WithStoreFaults(f func(commit int) StoreFault) Option {
	return func(o *options) { o.faults = f }
}

// WithCheckpoint sets where an agent keeps what must outlive its process, and switches that on (agent.Config.Checkpoint). The
// node is the store's one caller from OpenAgent until Close or Run has returned; closing the store is left to whoever made it.
//
// A node that is closed, or whose process died, leaves executors of checkpointing frameworks behind, where they are not
// functions of that process; the next OpenAgent with the same store goes on from there, with the same agent id, and takes
// over those that its Launcher can adopt (docs/protocol.md §4.1). Stop, and the end of Run's context, say goodbye for good:
// what is started afterwards is a new agent that has the old one's reservations and volumes.
func WithCheckpoint(s agent.Store) Option { return func(o *options) { o.checkpoint = s } }

// WithRecordFaults asks f, for every Save of an agent's checkpoint counted from 1, what goes wrong with it. It is for tests.
func WithRecordFaults(f func(save int) StoreFault) Option {
	return func(o *options) { o.recordFaults = f }
}

// Recording writes down every input of the node's machine, so that package replay can play it again to the same bytes
// (docs/protocol.md §21). open is asked for where to; it may name the policy, the order and the authorizer of h, functions that
// cannot be recorded, and return nil to record nothing. What it returns is closed when the node has ended; until then some of the
// tape is gathered in memory. An error of open, or a configuration that cannot be recorded, keeps the node from opening. What
// fails later ends the recording and not the node: the observer is told Unrecorded, and Recorded returns it.
//
// An agent passes the option on to its in-process executors. open may be called from several goroutines at a time.
func Recording(open func(h *replay.Header) (io.WriteCloser, error)) Option {
	return func(o *options) { o.tape = open }
}

// AfterStep calls f after every single step of the node's machine, effects carried out: for checks in tests.
func AfterStep(f func()) Option { return func(o *options) { o.stepped = f } }

func collect(opts []Option) options {
	o := options{leader: DefaultMaster, draw: drawEntropy}
	for _, f := range opts {
		f(&o)
	}
	if o.draw == nil {
		o.draw = drawEntropy
	}
	if o.entropy == [16]byte{} {
		o.entropy = o.draw()
	}
	return o
}

// drawEntropy draws from crypto/rand, which never fails.
func drawEntropy() (e [16]byte) {
	_, _ = rand.Read(e[:])
	return e
}
