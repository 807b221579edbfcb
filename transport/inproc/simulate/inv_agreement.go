package simulate

import (
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
)

// agreement: when everything came to rest, schedulers, master, agents and executors have the same live tasks, in the same
// states and places (docs/protocol.md §12, §19).
type agreement struct {
	nothing
	w *world
}

func (*agreement) name() string { return "tasks disagree" }

// sighting is a live task as somebody sees it.
type sighting struct {
	at    msg.Node // of its agent
	state msg.TaskState
}

func (a *agreement) quiet() error {
	m := a.w.c.Master()
	if m == nil {
		return fmt.Errorf("there is no master")
	}
	for _, x := range a.w.plan.Agents {
		if a.w.isDown(x.Node) {
			continue
		}
		if id := a.w.agentID(x.Node); id == "" || !slices.ContainsFunc(m.Agents(), func(r master.AgentReport) bool { return r.Info.ID == id && r.Connected }) {
			return fmt.Errorf("agent %s is not back", x.Node)
		}
	}
	master, agents := a.byMaster(m), a.byAgents()
	if err := differ(master, "the master", agents, "the agents"); err != nil {
		return err
	}
	if err := differ(agents, "the agents", a.byExecutors(), "executors"); err != nil {
		return err
	}
	for _, t := range a.w.tenants {
		if t.ended || t.id == "" {
			continue
		}
		mine := map[taskKey]sighting{}
		for k, s := range master {
			if k.framework == t.id {
				mine[k] = s
			}
		}
		if err := differ(mine, "the master", a.byScheduler(t), t.spec.Name); err != nil {
			return err
		}
	}
	return nil
}

func (a *agreement) byMaster(m *master.Machine) map[taskKey]sighting {
	seen := map[taskKey]sighting{}
	for _, t := range m.Tasks() {
		if !t.State.Terminal() && t.Unreachable == 0 {
			seen[taskKey{t.Framework, t.ID}] = sighting{a.w.nodeOf(t.Agent), t.State}
		}
	}
	return seen
}

func (a *agreement) byAgents() map[taskKey]sighting {
	seen := map[taskKey]sighting{}
	for _, x := range a.w.plan.Agents {
		if m := a.w.c.Agent(x.Node); m != nil {
			for _, t := range m.Tasks() {
				if !t.State.Terminal() {
					seen[taskKey{t.Framework, t.Info.ID}] = sighting{x.Node, t.State}
				}
			}
		}
	}
	return seen
}

func (a *agreement) byExecutors() map[taskKey]sighting {
	seen := map[taskKey]sighting{}
	for _, n := range a.w.c.Nodes() {
		if p := a.w.players[n]; p != nil {
			for id := range p.running {
				seen[p.key(id)] = sighting{p.info.Agent, msg.TaskRunning}
			}
		}
	}
	return seen
}

func (a *agreement) byScheduler(t *tenant) map[taskKey]sighting {
	seen := map[taskKey]sighting{}
	for id, s := range t.tasks {
		if at := a.w.nodeOf(s.Agent); s.State != msg.TaskUnreachable || at != "" {
			seen[taskKey{t.id, id}] = sighting{at, s.State}
		}
	}
	return seen
}

// differ names the first task that two do not see alike.
func differ(one map[taskKey]sighting, who string, other map[taskKey]sighting, whom string) error {
	keys := slices.Collect(maps.Keys(one))
	for k := range other {
		if _, both := one[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, taskKey.compare)
	for _, k := range keys {
		a, hasA := one[k]
		b, hasB := other[k]
		if hasA != hasB || a != b {
			return fmt.Errorf("task %s of %s: %s see %s, %s see %s", k.task, k.framework, who, a.words(hasA), whom, b.words(hasB))
		}
	}
	return nil
}

func (s sighting) words(any bool) string {
	if !any {
		return "none"
	}
	return fmt.Sprintf("%s at %q", s.state, s.at)
}
