package offertest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// patience is how long a live node may take to answer the harness, in the time of the bubble: its goroutine may be in a
// callback of the test's that sleeps.
const patience = 24 * time.Hour

// errNoBubble: Live and all that waits need a bubble.
var errNoBubble = errors.New("offertest: not within a testing/synctest bubble; call offertest.Live, and the cluster's methods, inside of synctest.Test")

// live runs every node on a goroutine of its own, within the caller's bubble.
type live struct {
	net      *inproc.Network
	store    *registry.Memory
	observe  host.Observer
	touch    func() // takes and leaves a lock that observe takes
	rng      *rand.Rand
	nodes    map[msg.Node]*running
	masters  map[msg.Node]*host.MasterNode
	last     msg.Node // of masters
	election *inproc.Election
	agents   map[msg.Node]*host.AgentNode
	hosts    map[msg.Node]*liveHost

	mu     sync.Mutex
	wrong  error
	faults func() host.StoreFault
}

// liveHost is what outlives an agent's process.
type liveHost struct {
	info     msg.AgentInfo
	launcher *host.Local
	store    *agent.Memory
}

// running is a node with its goroutine.
type running struct {
	node interface {
		Run(context.Context) error
		Close() error
	}
	done chan struct{}
}

func newLive(cfg config, observe host.Observer, touch func()) *live {
	e := &live{net: inproc.NewLive(inproc.Config{Seed: cfg.seed, Latency: cfg.latency, Jitter: cfg.jitter}), store: registry.NewMemory(),
		observe: observe, touch: touch, rng: rand.New(rand.NewPCG(cfg.seed, 2)), nodes: map[msg.Node]*running{}, agents: map[msg.Node]*host.AgentNode{}, hosts: map[msg.Node]*liveHost{}, masters: map[msg.Node]*host.MasterNode{}}
	if cfg.standbys > 0 {
		e.election = inproc.NewElection()
	}
	return e
}

// settle waits until every goroutine of the bubble has nothing to do before time passes. What the test did before is seen by
// all callbacks from then on: each is observed first, and so comes after touch.
func (e *live) settle() (err error) {
	defer func() {
		if recover() != nil {
			err = errNoBubble
		}
	}()
	e.touch()
	synctest.Wait()
	return nil
}

func (e *live) advance(d time.Duration) error {
	if err := e.settle(); err != nil {
		return err // a real sleep would be a surprise
	}
	time.Sleep(d)
	return e.settle()
}

func (e *live) now() offer.Time          { return offer.Time(time.Now().UnixNano()) }
func (e *live) network() *inproc.Network { return e.net }

// options are those of every node; entropy comes from the seed.
func (e *live) options(more ...host.Option) []host.Option {
	var entropy [16]byte
	binary.LittleEndian.PutUint64(entropy[:8], e.rng.Uint64())
	binary.LittleEndian.PutUint64(entropy[8:], e.rng.Uint64()|1)
	if e.election != nil {
		more = append(more, host.WithDetector(e.election))
	}
	return append(more, host.Observe(e.observe), host.Entropy(entropy))
}

func (e *live) run(name msg.Node, r *running) {
	r.done = make(chan struct{})
	e.nodes[name] = r
	go func() {
		defer close(r.done)
		_ = r.node.Run(context.Background())
	}()
}

func (e *live) startMaster(cfg master.Config) (msg.MasterID, error) {
	var n *host.MasterNode
	checked := host.AfterStep(func() { e.note(n.Node(), n.Machine().Check()) })
	opts := e.options(host.WithStore(e.store), host.WithStoreFaults(e.storeFault), checked)
	if e.election != nil {
		opts = append(opts, host.WithContender(e.election))
	}
	n, err := host.OpenMaster(context.Background(), e.net, cfg, opts...)
	if err != nil {
		return "", err
	}
	id := n.Machine().Info().ID
	e.masters[n.Node()], e.last = n, n.Node()
	e.run(n.Node(), &running{node: n})
	return id, nil
}

func (e *live) elections() *inproc.Election { return e.election }

func (e *live) leader() msg.Node {
	name := e.last
	if e.election != nil {
		name = e.election.Leader()
	}
	if !e.runs(name) {
		return ""
	}
	return name
}

func (e *live) failCommits(f func() host.StoreFault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = f
}

func (e *live) storeFault(int) host.StoreFault {
	e.mu.Lock()
	f := e.faults
	e.mu.Unlock()
	if f == nil {
		return host.StoreFault{}
	}
	return f()
}

func (e *live) startAgent(s agentSpec, executors host.Executors) error {
	if s.info.Hostname == "" {
		s.info.Hostname = string(s.name)
	}
	e.hosts[s.name] = &liveHost{s.info, host.NewLocal(e.net, executors, host.Observe(e.observe)), agent.NewMemory()}
	return e.restartAgent(s.name)
}

func (e *live) restartAgent(name msg.Node) error {
	h := e.hosts[name]
	n, err := host.OpenAgent(context.Background(), e.net, agent.Config{Node: name, Info: h.info}, nil,
		e.options(host.WithLauncher(h.launcher), host.WithCheckpoint(h.store))...)
	if err != nil {
		return err
	}
	e.agents[name] = n
	e.run(name, &running{node: n})
	return nil
}

func (e *live) startScheduler(name msg.Node, cfg framework.SchedulerConfig, s framework.Scheduler) (framework.Driver, error) {
	n, err := host.OpenScheduler(context.Background(), e.net, cfg, s, e.options(host.As(name))...)
	if err != nil {
		return nil, err
	}
	e.run(name, &running{node: n})
	return n.Driver(), nil
}

func (e *live) kill(name msg.Node) {
	e.crash(name)
	if h := e.hosts[name]; h != nil {
		_ = h.launcher.Close()
	}
}

func (e *live) crash(name msg.Node) {
	if r := e.nodes[name]; r != nil {
		_ = r.node.Close()
		<-r.done
	}
}

func (e *live) stopAgent(name msg.Node) {
	if n := e.agents[name]; n != nil {
		n.Stop()
	}
}

func (e *live) runs(name msg.Node) bool {
	r := e.nodes[name]
	if r == nil {
		return false
	}
	select {
	case <-r.done:
		return false
	default:
		return true
	}
}

func (e *live) operate(call msg.OperatorCall) error {
	n := e.masters[e.leader()]
	if n == nil {
		return inproc.ErrNoMaster
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return n.Operate(ctx, "", call)
}

func (e *live) master(f func(*master.Machine)) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n := e.masters[e.leader()]
	return n != nil && n.Do(ctx, f) == nil
}

func (e *live) agent(name msg.Node, f func(*agent.Machine)) bool {
	n := e.agents[name]
	if n == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return n.Do(ctx, f) == nil
}

// note keeps the first thing that a machine found wrong.
func (e *live) note(at msg.Node, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil && e.wrong == nil {
		e.wrong = fmt.Errorf("%s: %w", at, err)
	}
}

func (e *live) check() error {
	for _, name := range slices.Sorted(maps.Keys(e.agents)) {
		e.agent(name, func(m *agent.Machine) { e.note(name, m.Check()) })
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.wrong
}

func (e *live) after(d time.Duration, f func()) { time.AfterFunc(d, func() { e.touch(); f() }) }

// close ends every goroutine, and returns when they are gone.
func (e *live) close() {
	for _, name := range slices.Sorted(maps.Keys(e.nodes)) {
		e.kill(name)
	}
	_ = e.net.Close()
}
