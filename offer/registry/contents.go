package registry

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// Contents is everything in a registry, each list in the order of its keys.
type Contents struct {
	Master       msg.MasterInfo // who wrote last; zero: nobody yet
	Agents       []Agent
	Unreachable  []Unreachable
	Gone         []Gone
	Machines     []Machine
	Schedules    []Schedule
	Quota        []quota.Config
	Weights      []role.Weight
	Capabilities []string
}

// Add takes one operation of a Load. The error wraps ErrCorrupt, or ErrCapability: then a newer master must lead.
func (c *Contents) Add(op Op) error {
	r, err := Read(op)
	if err != nil {
		return err
	}
	switch r := r.(type) {
	case Master:
		c.Master = r.Info
	case Agent:
		c.Agents = append(c.Agents, r)
	case Unreachable:
		c.Unreachable = append(c.Unreachable, r)
	case Gone:
		c.Gone = append(c.Gone, r)
	case Machine:
		c.Machines = append(c.Machines, r)
	case Schedule:
		c.Schedules = append(c.Schedules, r)
	case Quota:
		c.Quota = append(c.Quota, r.Config)
	case Weight:
		c.Weights = append(c.Weights, r.Weight)
	case Capability:
		if !Understood(r.Name) {
			return fmt.Errorf("%w: %s; let a newer version lead", ErrCapability, r.Name)
		}
		c.Capabilities = append(c.Capabilities, r.Name)
	}
	return nil
}

// Check reports an agent that is at two places: ErrCorrupt.
func (c *Contents) Check() error {
	at := make(map[string]string, len(c.Agents)+len(c.Unreachable)+len(c.Gone))
	add := func(id, where string) error {
		if other, twice := at[id]; twice {
			return fmt.Errorf("%w: agent %s is among %s and %s", ErrCorrupt, id, other, where)
		}
		at[id] = where
		return nil
	}
	for _, a := range c.Agents {
		if err := add(string(a.Info.ID), "the admitted"); err != nil {
			return err
		}
	}
	for _, u := range c.Unreachable {
		if err := add(string(u.ID), "the unreachable"); err != nil {
			return err
		}
	}
	for _, g := range c.Gone {
		if err := add(string(g.ID), "the gone"); err != nil {
			return err
		}
	}
	return nil
}
