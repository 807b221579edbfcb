package offertest

import (
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// verbs say what each call does to the allocator and, unless that refuses it, to the books.
var verbs = map[string]func(r *run, c Call) error{
	"add-agent": func(r *run, c Call) error {
		s := c.agentSpec()
		err := r.a.AddAgent(r.b.now, s)
		if err == nil {
			r.b.agents[s.ID] = &agentRow{s, !s.Inactive}
		}
		return err
	},
	"update-agent": func(r *run, c Call) error {
		err := r.a.UpdateAgent(r.b.now, c.Agent, c.Resources)
		if err == nil {
			r.b.agents[c.Agent].Total = c.Resources
		}
		return err
	},
	"remove-agent": func(r *run, c Call) error {
		err := r.a.RemoveAgent(r.b.now, c.Agent)
		if err == nil {
			delete(r.b.agents, c.Agent)
			r.b.drop(on(c.Agent), true)
		}
		return err
	},
	"set-agent": func(r *run, c Call) error {
		err := r.a.SetAgentActive(r.b.now, c.Agent, !c.Off)
		if err == nil {
			r.b.agents[c.Agent].active = !c.Off
		}
		return err
	},
	"attributes":       (*run).attributes,
	"add-framework":    (*run).addFramework,
	"update-framework": (*run).updateFramework,
	"remove-framework": func(r *run, c Call) error {
		err := r.a.RemoveFramework(r.b.now, c.Framework)
		if err == nil {
			delete(r.b.frameworks, c.Framework)
			r.b.drop(func(al offer.Allocation) bool { return al.Framework == c.Framework }, true)
		}
		return err
	},
	"set-framework": func(r *run, c Call) error {
		err := r.a.SetFrameworkActive(r.b.now, c.Framework, !c.Off)
		if err == nil {
			r.b.frameworks[c.Framework].active = !c.Off
			if c.Off {
				r.b.drop(func(al offer.Allocation) bool { return al.Framework == c.Framework }, false)
			}
		}
		return err
	},
	"suppress": func(r *run, c Call) error {
		err := r.a.Suppress(r.b.now, c.Framework, c.Roles...)
		if err == nil {
			f := r.b.frameworks[c.Framework]
			f.Suppressed = append(slices.Clone(f.Suppressed), rolesOf(f, c)...)
		}
		return err
	},
	"revive": func(r *run, c Call) error {
		err := r.a.Revive(r.b.now, c.Framework, c.Roles...)
		if err == nil {
			f := r.b.frameworks[c.Framework]
			roles := rolesOf(f, c)
			named := func(n role.Name) bool { return slices.Contains(roles, n) }
			f.Suppressed = slices.DeleteFunc(slices.Clone(f.Suppressed), named)
			r.b.forgive(func(al offer.Allocation) bool { return al.Framework == c.Framework && named(al.Role) })
		}
		return err
	},
	"weight": func(r *run, c Call) error {
		return r.a.SetWeights(r.b.now, []role.Weight{{Role: c.Role, Weight: float64(c.N)}})
	},
	"hint":  (*run).hint,
	"quota": (*run).setQuota,
	"whitelist": func(r *run, c Call) error {
		r.b.hosts = c.Hosts
		return r.a.Whitelist(r.b.now, c.Hosts)
	},
	"accept": (*run).accept,
	"decline": func(r *run, c Call) error {
		o, ok := r.offer(c.N)
		if !ok {
			return offer.ErrUnknownOffer
		}
		f := offer.Filter{Refuse: max(c.For, 0)}
		err := r.a.Decline(r.b.now, f, o.ID)
		if err == nil {
			r.b.take(o.ID)
			r.b.refuse(of(o), o.Resources, f)
		}
		return err
	},
	"withdraw": func(r *run, c Call) error {
		o, ok := r.offer(c.N)
		if !ok {
			return offer.ErrUnknownOffer
		}
		r.b.take(o.ID)
		return r.a.Withdraw(r.b.now, o.ID)
	},
	"release": (*run).release,
	"charge": func(r *run, c Call) error {
		al := offer.Allocation{Framework: c.Framework, Role: c.Role, Agent: c.Agent}
		err := r.a.Charge(r.b.now, al, c.Resources)
		if err == nil {
			r.b.use(al, c.Resources)
		}
		return err
	},
	"operate": (*run).operate,
	"pause": func(r *run, _ Call) error {
		r.paused = true
		r.a.Pause(r.b.now)
		return nil
	},
	"resume": func(r *run, _ Call) error {
		r.paused = false
		r.a.Resume(r.b.now)
		return nil
	},
	"advance": func(r *run, c Call) error { return r.advance(c.For) },
}

func rolesOf(f *frameworkRow, c Call) []role.Name {
	if len(c.Roles) > 0 {
		return c.Roles
	}
	return f.Roles
}

// offer is the nth offer that is out, counted around.
func (r *run) offer(n int) (offer.Offer, bool) {
	if len(r.b.offers) == 0 || n < 0 {
		return offer.Offer{}, false
	}
	return r.b.offers[n%len(r.b.offers)], true
}

// part is the entries of x that mask says.
func part(x resource.Resources, mask uint8) resource.Resources {
	if mask == 0 {
		return x
	}
	i := -1
	return x.Filter(func(resource.Resource) bool { i++; return mask&(1<<(i%8)) != 0 })
}

func (r *run) attributes(c Call) error {
	at := c.attributes()
	err := r.a.SetAttributes(r.b.now, c.Agent, at)
	if err != nil {
		return err
	}
	if g := r.b.agents[c.Agent]; !g.Attributes.Equal(at) {
		g.Attributes = at
		r.b.forgive(on(c.Agent))
	}
	return nil
}

func (r *run) addFramework(c Call) error {
	s := c.frameworkSpec()
	err := r.a.AddFramework(r.b.now, s)
	if err == nil {
		r.b.frameworks[s.ID] = &frameworkRow{s, !s.Inactive}
	}
	return err
}

func (r *run) updateFramework(c Call) error {
	s := c.frameworkSpec()
	if err := r.a.UpdateFramework(r.b.now, s); err != nil {
		return err
	}
	f := r.b.frameworks[s.ID]
	old := f.FrameworkSpec
	f.FrameworkSpec = s
	r.b.forgive(func(al offer.Allocation) bool {
		left := !slices.Contains(s.Roles, al.Role)
		woken := slices.Contains(old.Suppressed, al.Role) && !slices.Contains(s.Suppressed, al.Role)
		return al.Framework == s.ID && (left || woken)
	})
	return nil
}

func (r *run) hint(c Call) error {
	var h *offer.Hint
	if c.Unit != "" {
		unit, err := resource.ParseQuantities(c.Unit)
		if err != nil {
			return err
		}
		h = &offer.Hint{Unit: unit, Count: c.N}
	}
	return r.a.SetHint(r.b.now, c.Framework, c.Role, h)
}

func (r *run) setQuota(c Call) error {
	q, err := quota.Parse(string(c.Role), c.Guarantee, c.Limit)
	if err != nil {
		return err
	}
	if err := r.a.SetQuota(r.b.now, []quota.Config{q}, true); err != nil {
		return err
	}
	r.b.quota, err = r.b.quota.Update([]quota.Config{q}, quota.Facts{Force: true})
	return err
}

func (r *run) accept(c Call) error {
	o, ok := r.offer(c.N)
	if !ok {
		return offer.ErrUnknownOffer
	}
	g := r.b.agents[o.Agent]
	pool, total := o.Resources, g.Total
	ops := opsOn(c.Op, part(pool, c.Mask), total, o.Role)
	pool, err := convert(pool, ops)
	if err == nil {
		total, err = convert(total, ops)
	}
	if err != nil {
		return err
	}
	used, f := part(pool, c.Mask), offer.Filter{Refuse: max(c.For, 0)}
	if _, err := r.a.Accept(r.b.now, []offer.OfferID{o.ID}, ops, used, f); err != nil {
		return err
	}
	r.b.take(o.ID)
	g.Total = total
	r.b.use(of(o), used)
	made := pool.SubSaturating(o.Resources)
	r.b.refuse(of(o), pool.SubSaturating(used).SubSaturating(made), f)
	return nil
}

func (r *run) release(c Call) error {
	if len(r.b.uses) == 0 || c.N < 0 {
		return offer.ErrNotHeld
	}
	i := c.N % len(r.b.uses)
	u := &r.b.uses[i]
	back := part(u.res, c.Mask)
	if err := r.a.Release(r.b.now, u.Allocation, back); err != nil {
		return err
	}
	if u.res = u.res.SubSaturating(back); u.res.IsEmpty() {
		r.b.uses = slices.Delete(r.b.uses, i, i+1)
	}
	return nil
}

func (r *run) operate(c Call) error {
	g, ok := r.b.agents[c.Agent]
	if !ok {
		return offer.ErrUnknownAgent
	}
	if c.Op == "" {
		c.Op = "reserve"
	}
	ops := opsOn(c.Op, part(g.Total, c.Mask), g.Total, c.Role)
	if len(ops) == 0 {
		return offer.ErrNotUnused
	}
	for _, op := range ops {
		if err := r.a.Operate(r.b.now, c.Agent, op, nil); err != nil {
			return err
		}
		total, err := reservation.Convert(g.Total, op)
		if err != nil {
			return err
		}
		g.Total = total
	}
	return nil
}
