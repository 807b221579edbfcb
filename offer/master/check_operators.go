package master

import (
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/registry"
)

// checkMaintenance holds machines, schedule, windows and answers against each other and against the allocator's.
func (m *checker) checkMaintenance() error {
	if len(m.schedule)+len(m.machines)+len(m.hosts) > 0 {
		if err := m.checkSchedule(); err != nil {
			return err
		}
	}
	for i := range m.registered {
		if err := m.checkWindow(&m.registered[i]); err != nil {
			return err
		}
	}
	return bound("machines", len(m.machines), m.cfg.Bounds.Machines)
}

func (m *checker) checkSchedule() error {
	scheduled := map[string]offer.Window{}
	for _, w := range m.schedule {
		for _, id := range w.Machines {
			scheduled[foldMachine(id).String()] = w.Window
		}
	}
	for k, x := range sortedPairs(m.machines) {
		w, planned := scheduled[k]
		switch {
		case x.id.String() != k:
			return corrupt("machines: %s is filed under %s", x.id, k)
		case x.mode == registry.Up:
			return corrupt("machines: %s is %s and in the books", k, x.mode)
		case planned && w != x.window:
			return corrupt("machines: %s has window %v, the schedule says %v", k, x.window, w)
		}
	}
	for _, k := range sortedKeys(scheduled) {
		if _, known := m.machines[k]; !known {
			return corrupt("schedule: machine %s is not in the books", k)
		}
	}
	if hosts := hostsOf(m.machines); !maps.Equal(hosts, m.hosts) {
		return corrupt("machines by host name: %v, recomputed %v", m.hosts, hosts)
	}
	return nil
}

func (m *checker) checkWindow(b *agentBooks) error {
	a := b.a
	books, _ := m.alloc.Unavailability(b.id)
	var want offer.Window
	if x := m.machineOf(a.info); x != nil {
		want = x.window
	}
	var said []InverseAnswer
	for _, r := range books.Asked {
		if r.Open != 0 {
			m.asked++
		}
		if r.Answer != offer.NoAnswer {
			said = append(said, InverseAnswer{r.Framework, r.Answer, r.At})
		}
	}
	switch {
	case a.window != want:
		return corrupt("window of agent %s: %v, its machine has %v", a.info.ID, a.window, want)
	case a.window != books.Window:
		return corrupt("window of agent %s: %v, the allocator has %v", a.info.ID, a.window, books.Window)
	case !slices.Equal(said, a.answers):
		return corrupt("answers about agent %s: %v, the allocator has %v", a.info.ID, a.answers, said)
	case m.isDown(a.info) && !m.moving[a.info.ID]:
		return corrupt("agent %s is registered, and its machine is down", a.info.ID)
	}
	return nil
}

// checkAsks holds the inverse offers that frameworks were told of against the allocator's.
func (m *checker) checkAsks() error {
	var told map[offer.OfferID]bool // mostly there are none
	for i := range m.tenants {
		b := &m.tenants[i]
		for j := range b.asks {
			n, o := b.asks[j].Key, &b.asks[j].Value
			if told == nil {
				told = map[offer.OfferID]bool{}
			}
			told[n] = true
			if !m.isWireOffer(o.ID, n) || o.Framework != b.id {
				return corrupt("inverse offers: %s of %s is filed under %d of %s", o.ID, o.Framework, n, b.id)
			}
		}
	}
	if m.asked == 0 && len(told) == 0 {
		return nil
	}
	for i := range m.registered {
		b := &m.registered[i]
		books, _ := m.alloc.Unavailability(b.id)
		for _, r := range books.Asked {
			if r.Open != 0 && !told[r.Open] {
				return corrupt("inverse offers: %s is asked about agent %s, and nobody told it", r.Framework, b.a.info.ID)
			}
			delete(told, r.Open)
		}
	}
	if len(told) > 0 && m.phase == phaseLeading {
		return corrupt("inverse offers: %d are out that the allocator does not have", len(told))
	}
	return nil
}

// checkDrains sees that draining agents are not offered, and that one that is empty has a change under way.
func (m *checker) checkDrains() error {
	if n := len(m.draining); n > 0 {
		return corrupt("draining: %d agents were not looked at", n)
	}
	for i := range m.registered {
		id, a := m.registered[i].id, m.registered[i].a
		switch {
		case a.drain != nil && !a.deactivated:
			return corrupt("agent %s is %s and offered", id, a.drain)
		case a.drain == nil && a.drainSince != 0:
			return corrupt("agent %s is %s, since %d", id, a.drain, a.drainSince)
		case a.isDraining() && a.isEmpty() && !m.moving[id]:
			return corrupt("agent %s is draining and empty, and nobody writes that down", id)
		}
	}
	return nil
}

// checkStreams sees that every stream has a heartbeat to come.
func (m *checker) checkStreams() error {
	for _, e := range m.open {
		seq, s := e.Key, e.Value
		if !s.beat.isSet() {
			return corrupt("streams: %d has no heartbeat to come", seq)
		}
		if s.n > m.newStreams {
			return corrupt("streams: %d is the %d-th of %d", seq, s.n, m.newStreams)
		}
	}
	return bound("streams", len(m.streams), m.cfg.Bounds.Streams)
}
