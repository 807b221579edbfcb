package simulate

import (
	"fmt"
	"strings"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// bounded: nothing piles up (docs/protocol.md §18.1). A node has few links to each of its peers at any time; when everything came
// to rest no map, list or queue of any machine, host, network or store holds more than the cluster, as it is then, has reason
// for; and when all frameworks have ended, nothing of them is left anywhere.
type bounded struct {
	nothing
	w     *world
	links map[msg.Node]map[msg.Node]int // that a node believes to have, by peer
	count func() census                 // of everything
}

func newBounded(w *world) *bounded {
	return &bounded{w: w, links: map[msg.Node]map[msg.Node]int{}, count: func() census { return countAll(w.c, w.store.Memory) }}
}

func (*bounded) name() string { return "something piles up" }

// maxLinks bounds the links that a node has with one peer: one in use, and those whose end is not yet known.
const maxLinks = 40

func (b *bounded) observe(o host.Observation) error {
	switch x := o.What.(type) {
	case host.LinkUp:
		if b.links[o.Node] == nil {
			b.links[o.Node] = map[msg.Node]int{}
		}
		if b.links[o.Node][x.Peer]++; b.links[o.Node][x.Peer] > maxLinks {
			return fmt.Errorf("%s has %d links with %s", o.Node, b.links[o.Node][x.Peer], x.Peer)
		}
	case host.LinkDown:
		if x.Link != 0 {
			if b.links[o.Node][x.Peer]--; b.links[o.Node][x.Peer] <= 0 {
				delete(b.links[o.Node], x.Peer)
			}
		}
	}
	return nil
}

func (b *bounded) died(n msg.Node) { delete(b.links, n) }

// quiet: a node has one link at most with each of its peers now.
func (b *bounded) quiet() error {
	for _, n := range b.w.c.Nodes() {
		for _, peer := range b.w.c.Nodes() {
			if k := b.links[n][peer]; k > 1 {
				return fmt.Errorf("%s has %d links with %s after everything came to rest", n, k, peer)
			}
		}
	}
	return b.census()
}

// census counts everything.
func (b *bounded) census() error {
	tasks, executors := 0, 0
	for _, n := range b.w.c.Nodes() {
		if p := b.w.players[n]; p != nil {
			executors++
			tasks += len(p.running)
		}
	}
	parts := len(b.w.masters) + len(b.w.plan.Agents) + len(b.w.plan.Frameworks) + executors + tasks
	c := b.count()
	for _, name := range c.largest() {
		if most := b.most(name, parts); c.counts[name] > most {
			return fmt.Errorf("%s holds %d after everything came to rest, and %d at most are accounted for: %d nodes, %d executors, %d tasks",
				name, c.counts[name], most, parts-executors-tasks, executors, tasks)
		}
	}
	return nil
}

// most is how much all fields of a name may hold in a cluster of so many nodes, executors and tasks. Where it is more than a few
// for each, it is what a machine is to remember, within a bound of its own.
func (b *bounded) most(name string, parts int) int {
	few := 20 + 4*parts
	completed := 50 * 1000 // frameworks, and tasks of each
	ever := len(b.w.plan.Work) + len(b.w.plan.Faults)
	switch name {
	case "master.completedFramework.tasks":
		return completed
	case "master.fifo.byKey", "master.fifo.order": // completed and unreachable tasks, completed frameworks, agents that are out of contact or gone
		return len(b.w.plan.Frameworks)*2000 + 50 + 2*ever
	case "registry.Memory.data", "agent.stream.recent":
		return few + ever
	case "offer.Allocator.spare", "drf.Pool.by":
		return few + 64
	case "agent.executor.finished": // the last 200 of each
		return few + 200*parts
	case "inproc.Cluster.timers": // the simulation's own
		return completed + ever
	}
	if strings.HasPrefix(name, "resource.") {
		return 20*few + completed // what is in rows of all the others
	}
	return few
}

// over: masters, agents and their registry hold nothing of frameworks that have ended.
func (b *bounded) over() error {
	for _, n := range b.w.c.Nodes() {
		if strings.Contains(string(n), "/") {
			return fmt.Errorf("executor %s runs on after all frameworks ended", n)
		}
	}
	if err := b.census(); err != nil {
		return err
	}
	m := b.w.c.Master()
	if m == nil {
		return fmt.Errorf("there is no master")
	}
	s := m.Snapshot()
	switch {
	case len(s.Tasks) > 0:
		return fmt.Errorf("the master still has %s", s.Tasks[0])
	case len(s.Executors) > 0:
		return fmt.Errorf("the master still has executor %s", s.Executors[0])
	case len(s.Offers) > 0:
		return fmt.Errorf("offer %s is still out", s.Offers[0].ID)
	case len(s.Frameworks) > 0:
		return fmt.Errorf("the master still has framework %s", s.Frameworks[0])
	}
	for _, a := range b.w.plan.Agents {
		g := b.w.c.Agent(a.Node)
		if g == nil && b.w.isDown(a.Node) {
			continue
		}
		if g == nil {
			return fmt.Errorf("agent %s does not run", a.Node)
		}
		if t := g.Tasks(); len(t) > 0 {
			return fmt.Errorf("%s still has task %s of %s", a.Node, t[0].Info.ID, t[0].Framework)
		}
		if e := g.Executors(); len(e) > 0 {
			return fmt.Errorf("%s still has executor %s of %s", a.Node, e[0].Info.ID, e[0].Info.Framework)
		}
	}
	return nil
}
