package offertest

import (
	"fmt"
	"strings"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// leaderSnapshot is Snapshot; it fails the test where no master leads.
func (c *Cluster) leaderSnapshot() Snapshot {
	c.t.Helper()
	s := c.Snapshot()
	if !s.Leading {
		c.t.Fatalf("offertest: no master leads")
	}
	return s
}

// framework finds a framework of the master by its id or else by its name; it fails the test if there is none, or several.
func (c *Cluster) framework(s Snapshot, name string) (found master.FrameworkReport, ok bool) {
	c.t.Helper()
	var all []string
	n := 0
	for _, f := range s.Master.Frameworks {
		if string(f.Info.ID) == name {
			return f, true
		}
		all = append(all, fmt.Sprint(f))
		if f.Info.Name == name {
			found, n = f, n+1
		}
	}
	if n == 1 {
		return found, true
	}
	c.t.Fatalf("offertest: the master has %d frameworks %q; it has: %s", n, name, orNone(c.events.brief(strings.Join(all, ", "))))
	return found, false
}

// CheckAllocated settles and checks what a framework uses for a role: the sum of its tasks and executors by the master's
// books. want "" is nothing.
func (c *Cluster) CheckAllocated(framework string, r role.Name, want string) {
	c.t.Helper()
	expected, err := resource.Parse(want)
	if err != nil {
		c.t.Fatalf("offertest: CheckAllocated: %v", err)
		return
	}
	s := c.leaderSnapshot()
	f, ok := c.framework(s, framework)
	if !ok {
		return
	}
	if got := s.Allocated(f, r); !got.Equal(expected) {
		c.t.Errorf("offertest: %s has %s allocated for %s, not %s", framework, got, r, expected)
	}
}

// Allocated sums what a framework's live tasks and its executors use for a role.
func (s Snapshot) Allocated(f master.FrameworkReport, r role.Name) (sum resource.Resources) {
	for _, t := range s.Master.Tasks {
		if t.Framework == f.Info.ID && t.Role == r && holds(t) {
			sum = sum.Add(t.Resources.Unallocate())
		}
	}
	for _, e := range s.Master.Executors {
		if e.Info.Framework == f.Info.ID && e.Role == r {
			sum = sum.Add(e.Info.Resources.Unallocate())
		}
	}
	return sum
}

// holds reports whether a task in the books uses its resources.
func holds(t master.TaskReport) bool { return !t.State.Terminal() && t.Unreachable == 0 }

// CheckOffers settles and checks how many offers a framework has in its hands. If it has fewer, the failure says for every
// agent and role what stands in the way.
func (c *Cluster) CheckOffers(framework string, want int) {
	c.t.Helper()
	s := c.leaderSnapshot()
	f, ok := c.framework(s, framework)
	if !ok {
		return
	}
	got := offersOf(s.Master.Offers, f.Info.ID)
	if got == want {
		return
	}
	text := ""
	if got < want {
		text = c.whyNot(s, f)
	}
	c.t.Errorf("offertest: %s has %d offers, not %d%s", framework, got, want, text)
}

// whyNot explains what a framework is not offered, a line for each agent and role.
func (c *Cluster) whyNot(s Snapshot, f master.FrameworkReport) string {
	var b strings.Builder
	c.engine.master(func(m *master.Machine) {
		for _, a := range s.Master.Agents {
			for _, r := range f.Info.Roles {
				fmt.Fprintf(&b, "\n%s for %s: %s", a.Node, r, m.Explain(f.Info.ID, r, a.Info.ID))
			}
		}
	})
	return c.events.brief(b.String())
}

// CheckTask settles and checks the newest state of a task that the master knows: one that it holds, or one of the latest
// that ended.
func (c *Cluster) CheckTask(id msg.TaskID, want msg.TaskState) {
	c.t.Helper()
	s := c.leaderSnapshot()
	found := tasks(s.Master.Tasks, id)
	if len(found) == 0 {
		found = tasks(s.Done, id)
	}
	switch {
	case len(found) == 0:
		c.t.Errorf("offertest: the master knows no task %s", id)
	case found[len(found)-1].State != want:
		c.t.Errorf("offertest: task %s is %s, not %s", id, found[len(found)-1].State, want)
	}
}

// CheckOperation settles and checks the newest state of an operation with an id that the master knows: one that it holds, or
// one of the latest that left its books or never got there: those of lost agents are OPERATION_UNREACHABLE, refused ones
// OPERATION_ERROR.
func (c *Cluster) CheckOperation(id msg.OperationID, want msg.OperationState) {
	c.t.Helper()
	s := c.leaderSnapshot()
	found := operations(s.Master.Operations, id)
	if len(found) == 0 {
		found = operations(s.DoneOperations, id)
	}
	if len(found) == 0 {
		c.t.Errorf("offertest: the master knows no operation %s", id)
		return
	}
	if o := found[len(found)-1]; o.State != want {
		c.t.Errorf("offertest: operation %s is %s, not %s%s", id, o.State, want, c.events.brief(reason(o.Message)))
	}
}

func operations(list []master.OperationReport, id msg.OperationID) (found []master.OperationReport) {
	for _, o := range list {
		if o.ID == id {
			found = append(found, o)
		}
	}
	return found
}

// reason is why, as the end of a sentence.
func reason(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

func tasks(list []master.TaskReport, id msg.TaskID) (found []master.TaskReport) {
	for _, t := range list {
		if t.ID == id {
			found = append(found, t)
		}
	}
	return found
}
