package agent

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// compatible holds the agent's description against a checkpoint, and returns the total that follows from both. Of a known
// agent the host name stays, and so do a region and zone and every attribute: frameworks have placed tasks by them. What was not
// told may be added, and resources change in any way that leaves what is reserved, and what tasks and executors hold (docs/protocol.md §4.1).
func (m *Machine) compatible(c checkpoint) (resource.Resources, error) {
	if a := c.agent; a != nil {
		if a.Hostname != m.cfg.Info.Hostname {
			return resource.Resources{}, fault(ErrIncompatible, "agent %s is on host %q, and was on %q", a.ID, m.cfg.Info.Hostname, a.Hostname)
		}
		if d := m.cfg.Info.Domain; a.Domain != (msg.Domain{}) && a.Domain != d {
			return resource.Resources{}, fault(ErrIncompatible, "agent %s is in region %q, zone %q, and was in %q, %q", a.ID,
				d.Region, d.Zone, a.Domain.Region, a.Domain.Zone)
		}
		has := attributeTexts(m.cfg.Info.Attributes)
		for _, text := range attributeTexts(a.Attributes) {
			if !slices.Contains(has, text) {
				return resource.Resources{}, fault(ErrIncompatible, "agent %s had the attribute %s", a.ID, text)
			}
		}
	}
	total, err := reservation.Restore(m.cfg.Info.Resources, c.saved)
	if err != nil {
		return total, fmt.Errorf("%w: %w", ErrIncompatible, err)
	}
	if err := c.fits(total); err != nil {
		return total, err
	}
	return total, m.boundCheckpoint(c)
}

func attributeTexts(a resource.Attributes) (out []string) {
	for x := range a.All() {
		one, err := resource.NewAttributes(x)
		if err != nil {
			continue
		}
		text, err := json.Marshal(one)
		if err == nil {
			out = append(out, string(text))
		}
	}
	return out
}

// fits checks that what tasks that have not ended and executors use, and the agent had, is in its total still. What a master
// gave away beyond the total is its own affair.
func (c *checkpoint) fits(total resource.Resources) error {
	if c.agent == nil {
		return nil
	}
	had, err := reservation.Restore(c.agent.Resources, c.saved)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrIncompatible, err)
	}
	sum := resource.Resources{}
	use := func(what string, r resource.Resources) error {
		r = r.Unallocate()
		sum = sum.Add(r.NonShared())
		for _, needed := range []resource.Resources{r, sum} {
			if had.Contains(needed) && !total.Contains(needed) {
				return fault(ErrIncompatible, "%s and what runs beside it use %v, which %v does not have", what, needed, total)
			}
		}
		return nil
	}
	for _, e := range c.executors {
		if err := use("executor "+string(e.Info.ID), e.Info.Resources); err != nil {
			return err
		}
	}
	for _, t := range c.tasks {
		us := c.updates[taskKey(t.Framework, t.Info.ID)]
		if len(us) > 0 && us[len(us)-1].Status.State.Terminal() {
			continue
		}
		if err := use("task "+string(t.Info.ID), t.Info.Resources); err != nil {
			return err
		}
	}
	return nil
}

// boundCheckpoint holds a checkpoint against the bounds of this run.
func (m *Machine) boundCheckpoint(c checkpoint) error {
	pending := 0
	for _, key := range sortedKeys(c.updates) {
		pending += len(slices.DeleteFunc(slices.Clone(c.updates[key]), func(u msg.KeptUpdate) bool { return u.Acked }))
	}
	b := m.cfg.Bounds
	for _, x := range []struct {
		what     string
		has, may int
	}{
		{"frameworks", len(c.frameworks), b.Frameworks}, {"tasks", len(c.tasks), b.Tasks}, {"updates", pending, b.Updates},
		{"operations", len(c.operations), b.Operations},
	} {
		if x.has > x.may {
			return fault(ErrIncompatible, "%v: the checkpoint has %d %s; %d are allowed", ErrBound, x.has, x.what, x.may)
		}
	}
	return nil
}
