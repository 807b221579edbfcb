package offertest

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
)

// CheckBooks settles and checks that all books agree: those of each machine, as after every step; the allocator's with the
// master's; and the master's with what each connected agent says of itself: total, live tasks, executors. An agent that
// is not admitted, or for which a message is on the way, is not compared. It needs no master.
func (c *Cluster) CheckBooks() {
	c.t.Helper()
	c.report(c.Snapshot())
}

// report fails the test with what disagrees.
func (c *Cluster) report(s Snapshot) {
	c.t.Helper()
	for _, err := range c.disagreements(s) {
		c.t.Errorf("offertest: books disagree: %v", err)
	}
}

// disagreements compares a master with its agents.
func (c *Cluster) disagreements(s Snapshot) (list []error) {
	for i, row := range s.Master.Agents {
		if !row.Connected || c.engine.network().OnTheWay(c.Leader(), row.Node) > 0 {
			continue
		}
		for _, a := range s.Agents {
			if a.Runs && a.State == agent.Running && a.Name == row.Node && a.ID == row.Info.ID {
				list = append(list, s.compare(i, a)...)
			}
		}
	}
	return list
}

// compare holds row i of the master against an agent.
func (s Snapshot) compare(i int, a AgentState) (list []error) {
	wrong := func(format string, args ...any) {
		list = append(list, fmt.Errorf("%s: %s", a.Name, fmt.Sprintf(format, args...)))
	}
	row := s.Master.Agents[i]
	if !row.Total.Equal(a.Total) || !s.Books[i].Total.Equal(a.Total) {
		wrong("it has {%s}, its master's row {%s}, the allocator {%s}", a.Total, row.Total, s.Books[i].Total)
	}
	known := s.frameworks()
	held := map[taskKey]master.TaskReport{}
	for _, t := range s.Master.Tasks {
		if t.Agent == row.Info.ID && holds(t) {
			held[taskKey{t.Framework, t.ID, a.Name}] = t
		}
	}
	for _, t := range a.Tasks {
		k := taskKey{t.Framework, t.Info.ID, a.Name}
		h, ok := held[k]
		switch {
		case ok && !h.Resources.Unallocate().Equal(t.Info.Resources.Unallocate()):
			wrong("it runs task %s on {%s}, its master's books say {%s}", t.Info.ID, t.Info.Resources.Unallocate(), h.Resources.Unallocate())
		case !ok && known[t.Framework] && !t.State.Terminal():
			wrong("it runs task %s, which its master does not hold", t.Info.ID)
		}
		delete(held, k)
	}
	for _, t := range s.Master.Tasks { // in order
		if _, missing := held[taskKey{t.Framework, t.ID, a.Name}]; missing && t.Agent == row.Info.ID {
			wrong("its master holds task %s, which it does not run", t.ID)
		}
	}
	return append(list, s.compareExecutors(row, a)...)
}

// compareExecutors looks for executors that the master counts and that have ended.
func (s Snapshot) compareExecutors(row master.AgentReport, a AgentState) (list []error) {
	type key struct {
		framework offer.FrameworkID
		id        msg.ExecutorID
	}
	runs := map[key]bool{}
	for _, e := range a.Executors {
		runs[key{e.Info.Framework, e.Info.ID}] = true
	}
	for _, e := range s.Master.Executors {
		if e.Agent == row.Info.ID && !runs[key{e.Info.Framework, e.Info.ID}] {
			list = append(list, fmt.Errorf("%s: its master counts executor %s, which has ended", a.Name, e.Info.ID))
		}
	}
	return list
}

// frameworks are those that the master has not completed.
func (s Snapshot) frameworks() map[offer.FrameworkID]bool {
	known := map[offer.FrameworkID]bool{}
	for _, f := range s.Master.Frameworks {
		known[f.Info.ID] = true
	}
	return known
}
