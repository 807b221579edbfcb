package master

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// loaded begins to lead (docs/protocol.md §5, 1): what the registry holds is kept until this master's name is in it, and
// then taken over.
func (m *Machine) loaded(in msg.Loaded) error {
	if m.phase != phaseLoading {
		return fmt.Errorf("%w: a registry was loaded while %s", ErrInput, m.phase)
	}
	m.phase = phaseClaiming
	found, err := m.readRegistry(in)
	if err != nil {
		m.resign(fmt.Errorf("registry: %w", err))
		return nil
	}
	m.ledger.at = registry.Revision(in.Revision)
	var first []registry.Op
	if len(found.Weights) == 0 {
		if first, err = weightOps(m.cfg.Weights); err != nil {
			m.resign(err)
			return nil
		}
		found.Weights = m.cfg.Weights
	}
	m.durably(first, func() { m.takeOver(found) })
	return nil
}

func (m *Machine) readRegistry(in msg.Loaded) (*registry.Contents, error) {
	if in.Err != nil {
		return nil, in.Err
	}
	found := &registry.Contents{}
	for _, e := range in.Entries {
		if err := found.Add(registry.Op{Key: e.Key, Value: e.Value}); err != nil {
			return nil, err
		}
	}
	var err error
	if m.ledger.master, err = registry.Put(registry.Master{Info: m.Info()}); err != nil {
		return nil, err
	}
	return found, found.Check()
}

// takeOver makes what the registry remembers this master's own (docs/protocol.md §5, 3).
func (m *Machine) takeOver(found *registry.Contents) {
	m.phase, m.elected = phaseLeading, m.now
	if err := m.alloc.SetWeights(m.now, found.Weights); err != nil {
		m.resign(fmt.Errorf("weights of the registry: %w", err))
		return
	}
	if err := m.alloc.Recover(m.now, len(found.Agents), found.Quota); err != nil {
		m.resign(fmt.Errorf("quota of the registry: %w", err))
		return
	}
	for _, a := range found.Agents {
		m.recovered[a.Info.ID] = a
	}
	m.takeOverMaintenance(found)
	if len(found.Weights) > 0 {
		m.emit(WeightsChanged{found.Weights})
	}
	if len(found.Quota) > 0 {
		m.emit(QuotaChanged{found.Quota})
	}
	m.expected = len(found.Agents)
	slices.SortStableFunc(found.Unreachable, func(a, b registry.Unreachable) int { return cmp.Compare(a.Since, b.Since) })
	for _, u := range found.Unreachable {
		m.keepLost(lostAgent{id: u.ID, since: u.Since, orders: orders{u.Deactivated, u.Drain}})
	}
	slices.SortStableFunc(found.Gone, func(a, b registry.Gone) int { return cmp.Compare(a.Since, b.Since) })
	for _, g := range found.Gone {
		m.keepGone(g.ID, g.Since)
	}
	if e := m.inherited(); len(e.Recovered)+len(e.Unreachable)+len(e.Gone) > 0 {
		m.emit(e)
	}
	if len(m.recovered) > 0 {
		m.awaitRecovered()
	}
}

func (m *Machine) inherited() (e AgentsInherited) {
	e.Recovered, e.Unreachable, e.Gone = m.absentAgents()
	return e
}

// sweepRecovered follows an election by ReregisterTimeout: agents that have not come back are unreachable
// (docs/protocol.md §5, 5). If they are more of all than RecoveryRemovalLimit allows, something else is wrong, and this
// master stops.
func (m *Machine) sweepRecovered() {
	var missing []offer.AgentID
	for _, a := range m.sortedRecovered() {
		if !m.moving[a.Info.ID] {
			missing = append(missing, a.Info.ID)
		}
	}
	if limit := m.cfg.RecoveryRemovalLimit; len(missing)*100 > limit*max(m.expected, len(missing)) {
		m.resign(fmt.Errorf("%d of %d recovered agents did not come back, more than %d%%; see Config.RecoveryRemovalLimit", len(missing), m.expected, limit))
		return
	}
	for _, id := range missing {
		m.condemn(id)
	}
	if len(missing) < len(m.recovered) { // those on their way in or out: look again
		m.awaitRecovered()
	}
}

// loseRecovered makes an agent unreachable that this master has not seen yet. Its tasks are not known.
func (m *Machine) loseRecovered(id offer.AgentID) {
	was := m.recovered[id]
	lost := lostAgent{id: id, since: m.now, orders: ordersOf(was)}
	m.move(id, m.lostOps(lost), func() {
		delete(m.recovered, id)
		m.rememberLost(lost)
		m.failAgent(id)
	})
}

// keepForLater keeps an agent that is admitted and not here: it is awaited as after an election.
func (m *Machine) keepForLater(a registry.Agent) {
	m.expect(a)
	m.awaitRecovered()
}

// expect keeps what the registry holds of an agent that is not here.
func (m *Machine) expect(a registry.Agent) {
	m.recovered[a.Info.ID] = a
	m.emit(AgentRecovered{recoveredRow(a)})
}

// awaitRecovered looks after recovered agents in ReregisterTimeout, unless somebody does so before.
func (m *Machine) awaitRecovered() {
	if !m.sweep.isSet() {
		m.ringAfter(&m.sweep, m.cfg.ReregisterTimeout)
	}
}

func (m *Machine) sortedRecovered() []registry.Agent {
	return sortedValues(m.recovered, cmp.Compare[offer.AgentID])
}

// RecoveredAgents lists agents that the registry knows and that have not come back yet, by id.
func (m *Machine) RecoveredAgents() []msg.AgentInfo {
	var out []msg.AgentInfo
	for _, a := range m.sortedRecovered() {
		out = append(out, a.Info)
	}
	return out
}

// Leading reports whether this master has its registry and leads; before and afterwards it takes no calls.
func (m *Machine) Leading() bool { return m.phase == phaseLeading }

// Remembered lists what the registry holds of what this machine knows, once no commit is under way: a new leader would find
// just that. Capabilities are left out.
func (m *Machine) Remembered() registry.Contents {
	c := registry.Contents{Master: m.Info(), Agents: m.sortedRecovered()}
	for _, a := range sortedAgents(m.agents) {
		c.Agents = append(c.Agents, a.record())
	}
	slices.SortFunc(c.Agents, func(a, b registry.Agent) int { return cmp.Compare(a.Info.ID, b.Info.ID) })
	m.unreachable.all(func(id offer.AgentID, l lostAgent) bool {
		c.Unreachable = append(c.Unreachable, l.record())
		return true
	})
	slices.SortFunc(c.Unreachable, func(a, b registry.Unreachable) int { return cmp.Compare(a.ID, b.ID) })
	m.gone.all(func(_ offer.AgentID, g GoneRow) bool {
		c.Gone = append(c.Gone, registry.Gone(g))
		return true
	})
	slices.SortFunc(c.Gone, func(a, b registry.Gone) int { return cmp.Compare(a.ID, b.ID) })
	c.Weights, c.Quota = m.weightsAndQuota()
	for _, k := range sortedKeys(m.machines) {
		c.Machines = append(c.Machines, m.machines[k].record())
	}
	for i, w := range m.schedule {
		c.Schedules = append(c.Schedules, registry.Schedule{Number: uint32(i), Machines: w.Machines, Window: w.Window})
	}
	slices.SortFunc(c.Schedules, func(a, b registry.Schedule) int { return cmp.Compare(a.Key(), b.Key()) })
	return c
}

// weightsAndQuota lists those that are not the default, by role.
func (m *Machine) weightsAndQuota() (ws []role.Weight, qs []quota.Config) {
	for _, r := range m.alloc.Roles() {
		if r.Weight != 1 {
			ws = append(ws, role.Weight{Role: r.Role, Weight: r.Weight})
		}
		if q := (quota.Config{Role: r.Role, Guarantees: r.Guarantee, Limits: r.Limit}); !q.IsDefault() {
			qs = append(qs, q)
		}
	}
	return ws, qs
}
