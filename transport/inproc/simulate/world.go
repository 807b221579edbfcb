package simulate

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// world is one run under way: the cluster, those who play their parts in it, and those who watch.
type world struct {
	plan        Plan
	masters     []msg.Node // that stand for election: one leads
	election    *inproc.Election
	c           *inproc.Cluster
	store       *memory
	faults      *inproc.Player
	tenants     []*tenant
	players     map[msg.Node]*player    // executors, by their nodes
	away        map[msg.Node]offer.Time // until when an agent that ended stays so
	shaky       map[msg.Node]offer.Time // until when what an agent has on disk is not sure
	hands       map[msg.Node]resource.Resources
	watchers    []invariant
	observers   []observer                 // of them
	steppers    []stepper                  // of them
	checkpoints map[offer.FrameworkID]bool // frameworks that do
	out         func(string)               // the trace; nil for none
	check       int                        // every so many steps
	lasting     map[string]bool            // hosts and agents whose maintenance or drain nobody ends
	orders      *orders
	asks        int // operators' calls
	report      Report
	resting     bool // faults are healed, no work is begun
	still       bool // no task ends of itself
	calm        bool // no task is launched
	closing     bool // nothing new is begun any more
	violation   *Violation
}

func newWorld(p Plan, o Options) *world {
	w := &world{plan: p, masters: p.masters(), lasting: map[string]bool{}, out: o.Trace, check: max(o.CheckEvery, 1), players: map[msg.Node]*player{}, hands: map[msg.Node]resource.Resources{},
		checkpoints: map[offer.FrameworkID]bool{}, away: map[msg.Node]offer.Time{}, shaky: map[msg.Node]offer.Time{}}
	w.report.Seed, w.report.Faults = p.Seed, map[inproc.Kind]int{}
	w.store = newMemory()
	w.c = inproc.NewClusterOn(inproc.Config{Seed: p.Seed, Latency: time.Millisecond, Jitter: 3 * time.Millisecond})
	w.c.SetStore(w.store)
	w.election = w.c.HoldElections()
	w.c.Record(o.Record)
	for _, x := range invariants(w) {
		w.watch(x)
	}
	w.c.Observe(w.observe)
	w.c.AfterStep(w.stepped)
	w.c.WhenEnded(w.gone)
	return w
}

// begin starts everybody.
func (w *world) begin() {
	for _, n := range w.masters {
		w.c.AddMaster(master.Config{Node: n})
	}
	for _, a := range w.plan.Agents {
		r, err := resource.Parse(a.Resources)
		if err != nil {
			w.c.Fail(fmt.Errorf("simulate: %s: %w", a.Node, err))
			return
		}
		w.hands[a.Node] = r
		w.newAgent(a.Node)
	}
	for _, f := range w.plan.Frameworks {
		h := fnv.New64a()
		h.Write([]byte(f.Name))
		t := newTenant(w, f, rand.New(rand.NewPCG(w.plan.Seed, h.Sum64())))
		w.tenants = append(w.tenants, t)
		t.subscribe()
	}
	w.faults = w.c.Play(w.plan.Faults, w.restart, w.fault)
}

// newAgent starts an agent on a machine that has nothing on its disk.
func (w *world) newAgent(n msg.Node) {
	for _, x := range w.watchers {
		x.wiped(n)
	}
	executors := host.Executors{"": func(i host.StartInfo) framework.Executor { return newPlayer(w, i) }}
	w.c.AddAgent(n, msg.AgentInfo{Resources: w.hands[n]}, executors)
}

// restart starts the node that a fault has killed.
func (w *world) restart(f inproc.Fault) {
	switch t := w.tenant(string(f.A)); {
	case slices.Contains(w.masters, f.A):
		w.c.AddMaster(master.Config{Node: f.A})
	case f.Kind == inproc.Destroy:
		w.newAgent(f.A)
	case w.isAgent(f.A):
		w.c.RestartAgent(f.A)
	case t != nil && !w.closing:
		t.subscribe()
	}
}

func (w *world) isAgent(n msg.Node) bool { _, ok := w.hands[n]; return ok }

// tenant finds a framework by its name, or its latest id.
func (w *world) tenant(name string) *tenant {
	i := slices.IndexFunc(w.tenants, func(t *tenant) bool { return t.spec.Name == name || t.id != "" && string(t.id) == name })
	if i < 0 {
		return nil
	}
	return w.tenants[i]
}

// agentID is the id under which an agent is known at its node, "" none.
func (w *world) agentID(n msg.Node) offer.AgentID {
	if m := w.c.Agent(n); m != nil {
		return m.ID()
	}
	return ""
}

// fault is told of faults.
func (w *world) fault(f inproc.Fault, begins bool) {
	if strings.HasPrefix(string(f.Kind), "record-") {
		w.shaky[f.A] = w.c.Now().Add(f.For + f.By + time.Minute)
	}
	if begins {
		w.say("fault: %v", f)
		return
	}
	w.say("fault ends: %v", f)
}

// gone tells the watchers that a node's process is there no longer. A master that resigned and an agent that ended by itself
// are started again after a while, as whatever looks after them would.
func (w *world) gone(n msg.Node) {
	w.say("%s is gone", n)
	for _, x := range w.watchers {
		x.died(n)
	}
	delete(w.players, n)
	switch {
	case w.faults == nil:
	case slices.Contains(w.masters, n):
		w.c.After(askAgain, w.awaken)
	case w.isAgent(n):
		w.c.After(max(w.comeback(n), w.away[n].Sub(w.c.Now())), w.awaken)
	}
}

// comeback is how soon an agent starts again that ended by itself: later where it will be turned away.
func (w *world) comeback(n msg.Node) time.Duration {
	if w.isDown(n) {
		return 2 * time.Minute
	}
	return askAgain
}

// runs reports whether a node is there.
func (w *world) runs(n msg.Node) bool { return slices.Contains(w.c.Nodes(), n) }

// leads reports whether a node is the master that was elected last.
func (w *world) leads(n msg.Node) bool { return w.election.Leader() == n }

// awaken starts the masters and the agents that nobody else will.
func (w *world) awaken() {
	for _, n := range w.masters {
		if !w.runs(n) && !w.faults.Down(n) {
			w.c.AddMaster(master.Config{Node: n})
		}
	}
	for _, a := range w.plan.Agents {
		if n := a.Node; w.c.Agent(n) == nil && !w.faults.Down(n) && w.away[n] <= w.c.Now() {
			w.c.RestartAgent(n)
		}
	}
}

// say adds a line to the trace.
func (w *world) say(format string, args ...any) {
	if w.out != nil {
		w.out(fmt.Sprintf("%9.3fs %s", float64(w.c.Now())/1e9, fmt.Sprintf(format, args...)))
	}
}

// observe shows everything that happens to the watchers.
func (w *world) observe(o host.Observation) {
	if w.out != nil {
		w.out(o.String())
	}
	for _, x := range w.observers {
		w.judge(x, x.observe(o))
	}
}

// stepped counts a step and lets the watchers look at the machine that made it.
func (w *world) stepped() {
	w.report.Steps++
	for _, x := range w.steppers {
		w.judge(x, x.stepped())
	}
}

// judge notes what an invariant says; the first violation stops everything.
func (w *world) judge(x invariant, err error) {
	w.report.Checks++
	if err == nil || w.violation != nil {
		return
	}
	w.violation = &Violation{Invariant: x.name(), At: w.c.Now().Sub(inproc.Begin), Step: w.report.Steps, Text: err.Error()}
	w.say("VIOLATION of %s", w.violation)
	w.c.Fail(w.violation)
}

func executorNode(a msg.Node, c msg.ContainerID) msg.Node { return a + "/" + msg.Node(c) }
