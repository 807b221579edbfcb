package master

import (
	"github.com/proffer-go/proffer/offer"
)

// Each function here is one change that a registry has to hold before memory changes and anybody hears of it
// (docs/protocol.md §5: durable write, then memory, then messages). There is no registry yet: then runs at once.

// admit makes an agent one of the cluster.
func (m *Machine) admit(_ offer.AgentID, then func()) { then() }

// markReachable takes an agent back that was unreachable or unknown.
func (m *Machine) markReachable(id offer.AgentID, then func()) {
	m.unreachable.remove(id)
	then()
}

// markUnreachable takes an agent out of the registered ones until it returns.
func (m *Machine) markUnreachable(a *agent, then func()) {
	lost := lostAgent{since: m.now, deactivated: a.deactivated}
	for _, t := range a.sortedTasks() {
		lost.tasks = append(lost.tasks, t.agentKey())
	}
	m.unreachable.add(a.info.ID, lost, m.cfg.Bounds.UnreachableAgents)
	then()
}

// forget takes an agent out of the cluster.
func (m *Machine) forget(_ *agent, then func()) { then() }

// setDeactivated remembers whether an operator wants an agent offered.
func (m *Machine) setDeactivated(a *agent, on bool, then func()) {
	a.deactivated = on
	then()
}

// lostAgent is what is remembered of an unreachable agent.
type lostAgent struct {
	since       offer.Time
	deactivated bool
	tasks       []taskKey // parked at their frameworks, as long as those remember them
}

// whereabouts is where a master keeps an agent id (docs/protocol.md §4.2).
type whereabouts uint8

const (
	agentUnknown whereabouts = iota
	agentRegistered
	agentUnreachable
)

func (m *Machine) whereIs(id offer.AgentID) whereabouts {
	switch {
	case m.agents[id] != nil:
		return agentRegistered
	case m.unreachable.has(id):
		return agentUnreachable
	}
	return agentUnknown
}
