package offertest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// Snapshot is what a cluster is like at one moment. Nothing in it changes afterwards.
type Snapshot struct {
	Elapsed time.Duration
	// HasMaster tells that a master runs; Leading that it leads. Master, Books and Done are its books.
	HasMaster, Leading bool
	Master             master.Snapshot
	// Books are the allocator's of each agent in Master.Agents, in that order.
	Books []offer.AgentReport
	// Done are the latest tasks that ended and were acknowledged.
	Done []master.TaskReport
	// DoneOperations are the latest 10,000 operations with an id that left the books of a master, or were refused.
	DoneOperations []master.OperationReport
	// Agents are the agents of the cluster, in the order in which they were added, as they see themselves.
	Agents []AgentState
	// Schedulers are the schedulers that run.
	Schedulers []msg.Node
	// Links are the pairs of master and agents, and of master and schedulers, that are linked.
	Links [][2]msg.Node
	// Faults are the partitions and stalls that last, in words.
	Faults []string
}

// AgentState is an agent as it sees itself.
type AgentState struct {
	Name  msg.Node
	Runs  bool // the rest is zero if it does not
	ID    offer.AgentID
	State agent.State
	Total resource.Resources
	Tasks []msg.TaskReport
	// Executors are those that have not ended, but for those of command tasks.
	Executors []msg.ExecutorReport
}

// Snapshot settles and tells what the cluster is like.
func (c *Cluster) Snapshot() Snapshot {
	c.t.Helper()
	c.Settle()
	s := Snapshot{Elapsed: c.Elapsed(), Faults: slices.Clone(c.cuts)}
	s.HasMaster = c.engine.master(func(m *master.Machine) {
		s.Leading, s.Master = m.Leading(), m.Snapshot()
		s.DoneOperations = c.events.operations()
		for _, a := range s.Master.Agents {
			b, _ := m.Books(a.Info.ID)
			s.Books = append(s.Books, b)
		}
		for _, f := range slices.Concat(s.Master.Frameworks, m.CompletedFrameworks()) {
			s.Done = append(s.Done, m.CompletedTasks(f.Info.ID)...)
		}
	})
	for _, a := range c.agents {
		x := AgentState{Name: a.name}
		x.Runs = c.engine.agent(a.name, func(m *agent.Machine) {
			x.ID, x.State, x.Total, x.Tasks, x.Executors = m.ID(), m.State(), m.Total(), m.Tasks(), m.Executors()
		})
		s.Agents = append(s.Agents, x)
		s.link(c, a.name)
	}
	for _, cl := range c.clients {
		if c.engine.runs(cl.node) {
			s.Schedulers = append(s.Schedulers, cl.node)
			s.link(c, cl.node)
		}
	}
	return s
}

// link adds the link of a node with the master, if there is one.
func (s *Snapshot) link(c *Cluster, with msg.Node) {
	if leader := c.Leader(); c.engine.network().Linked(leader, with) {
		s.Links = append(s.Links, [2]msg.Node{leader, with})
	}
}

// String draws it, a line for each thing, in the order of their ids.
func (s Snapshot) String() string {
	var b strings.Builder
	put := func(kind, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s %s\n", kind, fmt.Sprintf(format, args...))
	}
	put("time", "%.3fs", s.Elapsed.Seconds())
	switch {
	case !s.HasMaster:
		put("master", "none")
	case !s.Leading:
		put("master", "%s does not lead yet", s.Master.Master.ID)
	default:
		put("master", "%s leads", s.Master.Master.ID)
	}
	for i, a := range s.Master.Agents {
		k := s.Books[i]
		put("agent", "%s: total %s | used %s | offered %s | free %s", a, k.Total, k.Allocated.Unallocate(), k.Offered.Unallocate(), k.Free)
	}
	for _, a := range s.Master.Recovered {
		put("agent", "%s", a)
	}
	for _, a := range s.Master.Unreachable {
		put("agent", "%s", a)
	}
	for _, a := range s.Master.Gone {
		put("agent", "%s", a)
	}
	for _, f := range s.Master.Frameworks {
		put("framework", "%s at %s, roles %s, %d offers", f, cmp.Or(f.Node, "nowhere"), roles(f), offersOf(s.Master.Offers, f.Info.ID))
	}
	for _, o := range s.Master.Offers {
		put("offer", "%s of %s to %s for %s: %s", o.ID, o.Agent, o.Framework, o.Role, o.Resources)
	}
	for _, t := range s.Master.Tasks {
		put("task", "%s for %s: %s", t, t.Role, t.Resources.Unallocate())
	}
	for _, o := range s.Master.Operations {
		put("operation", "%s", o)
	}
	for _, t := range s.Done {
		put("done", "%s", t)
	}
	for _, o := range s.DoneOperations {
		put("done", "%s", o)
	}
	s.processes(put)
	return b.String()
}

// processes draws what does not come from the master.
func (s Snapshot) processes(put func(kind, format string, args ...any)) {
	for _, a := range s.Agents {
		if a.Runs {
			put("process", "%s: %s, %d tasks, %d executors", a.Name, a.State, len(a.Tasks), len(a.Executors))
		} else {
			put("process", "%s: does not run", a.Name)
		}
	}
	for _, n := range s.Schedulers {
		put("process", "%s: runs", n)
	}
	for _, l := range s.Links {
		put("link", "%s with %s", l[0], l[1])
	}
	for _, x := range s.Faults {
		put("fault", "%s", x)
	}
}

func roles(f master.FrameworkReport) string {
	names := make([]string, len(f.Info.Roles))
	for i, r := range f.Info.Roles {
		names[i] = string(r)
	}
	return orNone(strings.Join(names, ", "))
}

func offersOf(offers []msg.Offer, f offer.FrameworkID) (n int) {
	for _, o := range offers {
		if o.Framework == f {
			n++
		}
	}
	return n
}

func nodes(agents []master.AgentReport) string {
	names := make([]string, len(agents))
	for i, a := range agents {
		names[i] = string(a.Node)
	}
	return strings.Join(names, ", ")
}

func orNone(s string) string { return cmp.Or(s, "none") }

// Dump is what a failing test logs: the snapshot and the last events, a line each, in a fixed order. The ids that the n-th
// master gave begin with M<n>, the runs of executors are X<n>.
func (c *Cluster) Dump() string {
	c.t.Helper()
	lines, before := c.events.lines(c.cfg.shown)
	var b strings.Builder
	fmt.Fprintf(&b, "the cluster (seed %d):\n%s", c.cfg.seed, c.events.brief(c.Snapshot().String()))
	fmt.Fprintf(&b, "the last %d of %d events:\n", len(lines), before+len(lines))
	for _, l := range lines {
		b.WriteString(l + "\n")
	}
	return b.String()
}
