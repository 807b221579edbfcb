package master

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
)

// giveUp marks an agent as gone (docs/protocol.md §4.5), wherever it is. Doing so again changes nothing.
func (m *Machine) giveUp(id offer.AgentID) (waits bool, err error) {
	if err := m.busy(id); err != nil {
		return false, err
	}
	switch m.whereIs(id) {
	case agentGone:
		return false, nil
	case agentUnknown:
		return false, fmt.Errorf("%w: %q", ErrNoAgent, id)
	}
	ops, then := m.goneChange(id)
	m.move(id, ops, m.inTurn(then))
	return true, nil
}

// goneChange is how an agent that is registered, recovered or unreachable is given up: what is written, and what happens then.
func (m *Machine) goneChange(id offer.AgentID) (ops []registry.Op, then func()) {
	end := func() { m.endLost(id); m.failAgent(id) }
	switch m.whereIs(id) {
	case agentRegistered:
		a := m.agents[id]
		m.alarms.stop(&a.ping)
		m.alarms.stop(&a.reregister)
		end = func() { m.endGone(a) }
	case agentRecovered: // its tasks are not known
		end = func() { delete(m.recovered, id); m.failAgent(id) }
	}
	since := m.now
	return m.goneOps(id, since), func() {
		end()
		m.rememberGone(id, since)
	}
}

const goneText = "an operator gave its agent up"

// goneReason is why tasks of an agent that an operator gave up end: frameworks without the state for it learn no more than that
// the agent was removed (docs/protocol.md §4.5).
func goneReason(f *framework) msg.Reason {
	if f.info.Capabilities.PartitionAware {
		return msg.ReasonAgentRemovedByOperator
	}
	return msg.ReasonAgentRemoved
}

// endGone ends a registered agent.
func (m *Machine) endGone(a *agent) {
	for _, t := range a.sortedTasks() {
		if f := m.frameworks[t.Framework]; !t.State.Terminal() {
			m.announce(f, t, msg.TaskGoneByOperator.For(f.info.Capabilities), goneReason(f), goneText)
		}
		m.endTask(t)
	}
	m.dropOperations(a, msg.OperationGoneByOperator, goneText)
	m.toAgent(a, msg.ShutdownAgent{Message: goneText})
	m.dropAgent(a, goneText)
}

// endLost ends the tasks that are parked for an unreachable agent.
func (m *Machine) endLost(id offer.AgentID) {
	parked := slices.Clone(m.remembersOf(id).tasks)
	m.unreachable.remove(id)
	slices.SortFunc(parked, taskKey.compare)
	for _, k := range parked {
		f := m.frameworks[k.framework]
		if f == nil {
			continue
		}
		t, ok := f.unreachable.get(k.task)
		if !ok || t.Agent != id {
			continue
		}
		f.unreachable.remove(k.task)
		if t.Unreachable != 0 { // what was over already stays as it was
			row := t.edit()
			row.State = msg.TaskGoneByOperator.For(f.info.Capabilities)
			row.Forwarded = m.masterStatus(t, t.State, goneReason(f), goneText)
			m.toFramework(f, msg.Update{Status: t.Forwarded})
		}
		m.remembered(f, t)
	}
}
