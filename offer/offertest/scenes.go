package offertest

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// This file is the properties that random scripts seldom reach: each has a small cluster of its own.

// scene is an allocator with nothing but agents and frameworks of one kind.
type scene struct {
	a   *offer.Allocator
	now offer.Time
	out []offer.Offer // of the last step
}

// scene makes agents of 4 cpus and 1024 MiB, and frameworks f1, f2, … in the roles given that will take anything.
func (s *suite) scene(agents int, roles ...role.Name) (*scene, error) {
	cfg := s.newConfig()
	cfg.Rules = s.rules(cfg)
	a, err := offer.New(cfg)
	if err != nil {
		return nil, err
	}
	x := &scene{a: a}
	a.Pause(0)
	for i := range agents {
		g := offer.AgentSpec{ID: offer.AgentID(fmt.Sprintf("a%d", i+1)), Total: resource.MustParse("cpus:4;mem:1024")}
		if err := a.AddAgent(0, g); err != nil {
			return nil, err
		}
	}
	for i, r := range roles {
		f := offer.FrameworkSpec{
			ID: offer.FrameworkID(fmt.Sprintf("f%d", i+1)), Roles: []role.Name{r},
			MinAllocatable: map[role.Name][]resource.Quantities{r: {}},
		}
		if err := a.AddFramework(0, f); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// step lets time pass, deadline by deadline, and gathers what is offered.
func (x *scene) step(d time.Duration) {
	x.out = x.out[:0]
	var batch offer.Batch
	end := x.now.Add(d)
	for range 1000 {
		next, ok := x.a.NextDeadline()
		if !ok || next > end {
			break
		}
		x.now = max(x.now, next)
		batch.Reset()
		x.a.Poll(x.now, &batch)
		x.out = append(x.out, batch.Offers...)
	}
	x.now = end
}

// guarantees is P7, for guarantees of every size that 3 agents have room for.
func (s *suite) guarantees() error {
	for first := int64(0); first <= 12; first += 3 {
		for second := int64(0); first+second <= 12; second += 2 {
			x, err := s.scene(3, "a", "b", "c")
			if err != nil {
				return err
			}
			var list []quota.Config
			for _, q := range []struct {
				r role.Name
				n int64
			}{{"b", first}, {"c", second}} {
				c, err := quota.Parse(string(q.r), fmt.Sprintf("cpus:%d", q.n), "")
				if err != nil {
					return err
				}
				list = append(list, c)
			}
			if err := x.a.SetQuota(0, list, true); err != nil {
				return err
			}
			x.a.Resume(0)
			x.step(time.Second)
			for _, row := range x.a.Roles() {
				if lack := row.Guarantee.Sub(row.Offered); !lack.IsEmpty() {
					return breaks(Guarantees, "3 agents of 4 cpus, guarantees %s and %s: role %s was offered %s and lacks %s",
						list[0], list[1], row.Role, row.Offered, lack)
				}
			}
		}
	}
	return nil
}

// turns is P10: of N clients that refuse whatever they see, the first N offers of an agent go to all.
func (s *suite) turns() error {
	all := []role.Name{"a", "b", "c", "d", "e"}
	for n := 2; n <= len(all); n++ {
		x, err := s.scene(1, all[:n]...)
		if err != nil {
			return err
		}
		if cfg := s.newConfig(); !s.rules(cfg).TurnRule {
			return nil
		}
		x.a.Resume(0)
		seen := make(map[offer.FrameworkID]int)
		for shown := 0; shown < n; {
			x.step(10 * time.Millisecond)
			for _, o := range x.out {
				shown++
				seen[o.Framework]++
				if err := x.a.Decline(x.now, offer.Filter{}, o.ID); err != nil {
					return err
				}
			}
			if x.now > offer.Time(time.Minute) {
				return breaks(Turns, "%d clients that refuse one agent: %d offers of it in a minute", n, shown)
			}
		}
		for i := range n {
			if f := offer.FrameworkID(fmt.Sprintf("f%d", i+1)); seen[f] == 0 {
				return breaks(Turns, "%d clients that refuse one agent: %s has not seen it after %d refusals by others", n, f, n)
			}
		}
	}
	return nil
}

// rounds is how long unfairness is looked for.
const rounds = 60

// fairWhenTaking is bounded unfairness among clients that take all they get and give it back two seconds later.
func (s *suite) fairWhenTaking() error {
	return s.fair("take whatever they get for two seconds", func(x *scene, late []offer.Offer) error {
		for _, o := range x.out {
			if _, err := x.a.Accept(x.now, []offer.OfferID{o.ID}, nil, o.Resources, offer.Filter{}); err != nil {
				return err
			}
		}
		for _, o := range late {
			if err := x.a.Release(x.now, of(o), o.Resources); err != nil {
				return err
			}
		}
		return nil
	})
}

// fairWhenRefusing is bounded unfairness among clients that refuse whatever they are shown.
func (s *suite) fairWhenRefusing() error {
	return s.fair("refuse whatever they get", func(x *scene, _ []offer.Offer) error {
		for _, o := range x.out {
			if err := x.a.Decline(x.now, offer.Filter{}, o.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// fair is that of 4 equal clients, each in a role of its own or all in one, each gets at least a quarter of its part.
func (s *suite) fair(how string, answer func(x *scene, late []offer.Offer) error) error {
	for _, roles := range [][]role.Name{{"a", "b", "c", "d"}, {"a", "a", "a", "a"}} {
		x, err := s.scene(4, roles...)
		if err != nil {
			return err
		}
		x.a.Resume(0)
		got := make(map[offer.FrameworkID]resource.Scalar)
		all := resource.Scalar(0)
		var last []offer.Offer
		for range rounds {
			x.step(time.Second)
			for _, o := range x.out {
				cpus := o.Resources.ScalarQuantities().Get("cpus")
				got[o.Framework] += cpus
				all += cpus
			}
			if err := answer(x, last); err != nil {
				return err
			}
			last = append(last[:0], x.out...)
		}
		for i, r := range roles {
			f := offer.FrameworkID(fmt.Sprintf("f%d", i+1))
			if got[f]*resource.Scalar(4*len(roles)) < all {
				return breaks(Fair, "%d clients that %s: %s/%s was offered %s of %s cpus in %d seconds", len(roles), how, f, r, got[f], all, rounds)
			}
		}
		if all == 0 {
			return breaks(Conserving, "%d clients that %s were offered nothing in %d seconds", len(roles), how, rounds)
		}
	}
	return nil
}
