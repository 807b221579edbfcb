package offer

import "fmt"

// SetHostname changes the name of an agent's host. Whether the agent is whitelisted and meets constraints on the hostname is
// judged anew; refusals stay, and so does what is offered already (docs/allocation.md §3.2). ErrUnknownAgent.
func (a *Allocator) SetHostname(now Time, id AgentID, hostname string) error {
	g, ok := a.agent(id)
	if !ok {
		return fmt.Errorf("set hostname of agent %q: %w", id, ErrUnknownAgent)
	}
	a.advance(now)
	if hostname == g.hostname {
		return nil
	}
	a.place(g, func() { g.hostname = hostname })
	a.unjudge(g)
	a.request(g)
	return nil
}

// SetDomain moves an agent to a region, "" being the allocator's own, and a zone in it. Whether it is shown to frameworks
// that know no regions, and meets constraints on either, is judged anew; refusals stay, and so does what is offered already.
// ErrUnknownAgent.
func (a *Allocator) SetDomain(now Time, id AgentID, region, zone string) error {
	g, ok := a.agent(id)
	if !ok {
		return fmt.Errorf("set domain of agent %q: %w", id, ErrUnknownAgent)
	}
	a.advance(now)
	old := g.tagged()
	if region == old.region && zone == old.zone {
		return nil
	}
	g.retag(tags{region, zone, old.attrs})
	a.unjudge(g)
	a.request(g)
	return nil
}
