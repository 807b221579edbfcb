package simulate

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/transport/host"
)

// space: what runs on an agent fits into what the agent has, volumes and reservations included, so that nothing is used twice
// (docs/resource-model.md §6.6). An executor that was told to end counts no more: its framework is gone.
type space struct {
	nothing
	w    *world
	uses map[msg.Node][]spaceUse // by agent, in the order in which they began
	told map[msg.Node]bool       // executors that were told to end: what they still hear before that counts for nothing
}

// spaceUse is what a task uses, or an executor beside its tasks.
type spaceUse struct {
	by   msg.Node   // the executor's node
	task msg.TaskID // "" the executor itself
	r    resource.Resources
}

// String names the task, or the executor.
func (u spaceUse) String() string { return fmt.Sprintf("%s %s %s", u.by, u.task, u.r) }

func newSpace(w *world) *space {
	return &space{w: w, uses: map[msg.Node][]spaceUse{}, told: map[msg.Node]bool{}}
}

func (*space) name() string { return "resource used twice" }

func (s *space) began(p *player, t msg.TaskInfo) error {
	a := p.info.Agent
	if s.told[p.node] {
		return nil
	}
	if e := p.info.Executor.Resources; !e.IsEmpty() && !slices.ContainsFunc(s.uses[a], func(u spaceUse) bool { return u.by == p.node }) {
		s.uses[a] = append(s.uses[a], spaceUse{p.node, "", e})
	}
	s.uses[a] = append(s.uses[a], spaceUse{p.node, t.ID, t.Resources})
	m := s.w.c.Agent(a)
	if m == nil {
		return nil // its process is gone, and what it began there is nobody's
	}
	sum := s.used(a)
	if total := m.Total(); !total.Contains(sum) {
		return fmt.Errorf("with task %s, what runs on %s uses %s; the agent has %s: %v", t.ID, a, sum, total, s.uses[a])
	}
	return nil
}

// used adds up what is in use: a shared volume once, however many use it (docs/resource-model.md §3.6).
func (s *space) used(a msg.Node) (sum resource.Resources) {
	for _, u := range s.uses[a] {
		r := u.r.Unallocate()
		sum = sum.Add(r.NonShared())
		if shared := r.Shared(); !sum.Contains(shared) {
			sum = sum.Add(shared.SubSaturating(sum))
		}
	}
	return sum
}

func (s *space) ended(p *player, t msg.TaskInfo) {
	s.drop(p.info.Agent, func(u spaceUse) bool { return u.by == p.node && u.task == t.ID })
}

func (s *space) observe(o host.Observation) error {
	if e, ok := o.What.(host.AgentEvent); ok {
		switch e.Event.Kind {
		case agent.EventExecutorStopping, agent.EventExecutorExited:
			by := executorNode(o.Node, e.Event.Container)
			if delete(s.told, by); e.Event.Kind == agent.EventExecutorStopping {
				s.told[by] = true
			}
			s.drop(o.Node, func(u spaceUse) bool { return u.by == by })
		}
	}
	return nil
}

// died: an executor that ended uses nothing. An agent that begins anew knows nothing of what ran there before, unless its
// checkpoint tells.
func (s *space) died(n msg.Node) {
	if a := agentOf(n); a != n {
		delete(s.told, n)
		s.drop(a, func(u spaceUse) bool { return u.by == n })
		return
	}
	s.drop(n, func(u spaceUse) bool { return !s.w.keeps(u.by) })
}

func (s *space) wiped(n msg.Node) { delete(s.uses, n) }

func (s *space) drop(a msg.Node, which func(spaceUse) bool) {
	s.uses[a] = slices.DeleteFunc(s.uses[a], which)
}
