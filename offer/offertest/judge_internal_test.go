package offertest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// The allocator keeps P1 to P6 and P13 whatever a policy does, so these tests show what the checks would say if it did not:
// they judge offers that it never made, or books that it does not share.

// paused is a run after a script, with its allocator paused: it makes no offers.
func paused(t *testing.T, strict bool, script string) *run {
	list := suites(func() offer.Config { return offer.Config{} }, nil)
	s := list[0]
	if strict {
		s = list[1]
	}
	r, err := s.start()
	require.NoError(t, err)
	calls, err := ParseScript("pause\n" + script)
	require.NoError(t, err)
	for _, c := range calls {
		require.NoError(t, verbs[c.Do](r, c), "%s", c)
		require.NoError(t, r.settle(), "%s", c)
	}
	require.Empty(t, r.b.offers)
	return r
}

// property is the one that err names.
func property(t *testing.T, err error) Property {
	var v *violation
	require.True(t, errors.As(err, &v), "%v", err)
	return v.property
}

// docs/allocation.md §6
func TestJudgedOffers(t *testing.T) {
	const (
		one      = "add-agent agent=a1 resources=cpus:4;mem:64\n"
		f        = "add-framework framework=f1 roles=a\n"
		capable  = "add-framework framework=f1 roles=a caps=14 least=none\n"
		volume   = `add-agent agent=a1 resources=[{"name":"disk","type":"SCALAR","scalar":{"value":1},"reservations":[{"type":"STATIC","role":"a"}],"disk":{"persistence":{"id":"v"},"volume":{"container_path":"v","mode":"RW"}},"shared":{}}]` + "\n"
		revoke   = `add-agent agent=a1 resources=[{"name":"cpus","type":"SCALAR","scalar":{"value":4},"revocable":{}}]` + "\n"
		mount    = `add-agent agent=a1 resources=[{"name":"disk","type":"SCALAR","scalar":{"value":4},"disk":{"source":{"type":"MOUNT","mount":{"root":"/m"}}}}]` + "\n"
		refined  = `add-agent agent=a1 resources=[{"name":"cpus","type":"SCALAR","scalar":{"value":4},"reservations":[{"type":"STATIC","role":"a"},{"type":"DYNAMIC","role":"a/b"}]}]` + "\n"
		subrole  = "add-framework framework=f1 roles=a/b least=none\n"
		gpus     = "add-agent agent=a1 resources=gpus:3\nadd-framework framework=f1 roles=a caps=1 least=none\n"
		freeOnly = "add-framework framework=f1 roles=a least=none\n"
	)
	for _, c := range []struct {
		name   string
		script string
		offers []string // of a1 to f1 in role a; "role what" for another role
		strict bool
		want   Property // "": nothing is wrong
		says   string
	}{
		{name: "a good one", script: one + f, offers: []string{"cpus:4;mem:64"}},
		{name: "reserved for others", script: "add-agent agent=a1 resources=cpus(x):4;mem(x):64\n" + f, offers: []string{"cpus(x):4"}, want: Reservations, says: "reserved for others"},
		{name: "reserved for one below", script: "add-agent agent=a1 resources=cpus(a/b):4;mem(a/b):64\n" + f, offers: []string{"cpus(a/b):4"}, want: Reservations},
		{name: "reserved for one above", script: "add-agent agent=a1 resources=cpus(a):4\n" + subrole, offers: []string{"a/b cpus(a):4"}},
		{name: "refined reservation", script: refined + subrole, offers: []string{"a/b all"}, want: Reservations, says: "2 levels"},
		{name: "no agent", script: f, offers: []string{"cpus:4"}, want: Shape, says: "no such agent"},
		{name: "inactive agent", script: one + f + "set-agent agent=a1 off=true\n", offers: []string{"cpus:4;mem:64"}, want: Shape, says: "not to be offered"},
		{name: "host not on the list", script: one + f + "whitelist hosts=other\n", offers: []string{"cpus:4;mem:64"}, want: Shape, says: "not to be offered"},
		{name: "no framework", script: one, offers: []string{"cpus:4;mem:64"}, want: Shape, says: "unknown, inactive"},
		{name: "inactive framework", script: one + f + "set-framework framework=f1 off=true\n", offers: []string{"cpus:4;mem:64"}, want: Shape, says: "unknown, inactive"},
		{name: "suppressed", script: one + f + "suppress framework=f1\n", offers: []string{"cpus:4;mem:64"}, want: Shape, says: "unknown, inactive"},
		{name: "revived", script: one + f + "suppress framework=f1\nrevive framework=f1\n", offers: []string{"cpus:4;mem:64"}},
		{name: "another role", script: one + f, offers: []string{"x cpus:4;mem:64"}, want: Shape, says: "unknown, inactive"},
		{name: "empty", script: one + f, offers: []string{""}, want: Shape, says: "empty"},
		{name: "more than is free", script: one + f, offers: []string{"cpus:5;mem:64"}, want: Shape, says: "only cpus:4; mem:64 is free"},
		{name: "twice", script: one + freeOnly, offers: []string{"cpus:3", "cpus:2"}, want: Shape, says: "only cpus:1; mem:64 is free"},
		{name: "in use", script: one + f + "charge framework=f1 role=a agent=a1 resources=cpus:2\n", offers: []string{"cpus:4;mem:64"}, want: Shape, says: "only cpus:2; mem:64 is free"},
		{name: "below the minimum", script: one + f, offers: []string{"cpus:4"}, want: Shape, says: "below the minimum"},
		{name: "enough for the reference", script: one + f, strict: true, offers: []string{"cpus:4"}},
		{name: "below its own minimum", script: one + "add-framework framework=f1 roles=a least=cpus:2\n", offers: []string{"cpus:1;mem:64"}, want: Shape, says: "below the minimum"},
		{name: "an excluded rack", script: one + "add-framework framework=f1 roles=a rack=r1\n", offers: []string{"cpus:4;mem:64"}, want: Shape, says: "constraints"},
		{name: "the rack asked for", script: one + "attributes agent=a1 rack=r1\nadd-framework framework=f1 roles=a rack=r1\n", offers: []string{"cpus:4;mem:64"}},
		{name: "gpus", script: "add-agent agent=a1 resources=cpus:4;mem:64;gpus:1\n" + f, offers: []string{"cpus:4;mem:64"}, want: Shape, says: "gpus"},
		{name: "gpus cut to a unit", script: gpus, offers: []string{"gpus:1", "gpus:2"}},
		{name: "half a gpu", script: gpus, offers: []string{"half a gpu"}, want: Shape, says: "a part of a unit"},
		{name: "half a gpu from the reference", script: gpus, strict: true, offers: []string{"half a gpu"}},
		{name: "revocable", script: revoke + freeOnly, offers: []string{"all"}, want: Shape, says: "revocable"},
		{name: "revocable to the capable", script: revoke + capable, offers: []string{"all"}},
		{name: "a shared volume", script: volume + freeOnly, offers: []string{"all"}, want: Shape, says: "shared"},
		{name: "a shared volume, shown twice", script: volume + capable, offers: []string{"all", "all"}, want: Shape, says: "in this run offer 1 has the volume, too"},
		{name: "a shared volume, shown twice by the reference", script: volume + capable, strict: true, offers: []string{"all", "all"}},
		{name: "a mounted disk, cut", script: mount + freeOnly, offers: []string{"half"}, want: Shape, says: "only disk"},
		{name: "limit", script: one + freeOnly + "quota role=a limit=cpus:3\n", offers: []string{"cpus:3"}},
		{name: "beyond a limit", script: one + freeOnly + "quota role=a limit=cpus:3\n", offers: []string{"cpus:4"}, want: Limits, says: "role a has room for -1 cpus"},
		{name: "beyond a limit above", script: one + subrole + "quota role=a limit=cpus:3\n", offers: []string{"a/b cpus:4"}, want: Limits, says: "role a has room for -1 cpus"},
		{name: "beyond a limit above, by the reference", script: one + subrole + "quota role=a limit=cpus:3\n", strict: true, offers: []string{"a/b cpus:4"}},
		{name: "beyond a limit, by the reference", script: one + freeOnly + "quota role=a limit=cpus:3\n", strict: true, offers: []string{"cpus:4"}, want: Limits},
		{name: "already beyond it", script: one + freeOnly + "charge framework=f1 role=a agent=a1 resources=cpus:2\nquota role=a limit=cpus:1\n", offers: []string{"mem:64"}},
		{name: "headroom", script: one + freeOnly + "quota role=x guarantee=cpus:1\n", offers: []string{"cpus:3"}},
		{name: "beyond headroom", script: one + freeOnly + "quota role=x guarantee=cpus:1\n", offers: []string{"cpus:3.5"}, want: Headroom, says: "-0.5 of cpus are free beyond"},
		{name: "a guarantee's own", script: one + freeOnly + "quota role=a guarantee=cpus:4\n", offers: []string{"cpus:4"}},
		{name: "room for those below", script: one + "add-agent agent=a2 resources=cpus:4\n" + freeOnly + "quota role=a guarantee=cpus:1 limit=cpus:3\nquota role=a/b guarantee=cpus:1\n", offers: []string{"cpus:2"}},
		{name: "no room for those below", script: one + "add-agent agent=a2 resources=cpus:4\n" + freeOnly + "quota role=a guarantee=cpus:1 limit=cpus:3\nquota role=a/b guarantee=cpus:1\n", offers: []string{"cpus:3"}, want: Hierarchy, says: "role a has room for -1 cpus beyond"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := paused(t, c.strict, c.script)
			var offers []offer.Offer
			for i, text := range c.offers {
				offers = append(offers, fake(t, r, offer.OfferID(i+1), text))
			}
			err := r.judge(offers)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, c.want, property(t, err), "%v", err)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// fake is an offer of a1 to f1 that nobody made.
func fake(t *testing.T, r *run, id offer.OfferID, text string) offer.Offer {
	o := offer.Offer{ID: id, Framework: "f1", Role: "a", Agent: "a1"}
	for _, n := range []role.Name{"a/b", "x"} {
		if rest := string(n) + " "; len(text) > len(rest) && text[:len(rest)] == rest {
			o.Role, text = n, text[len(rest):]
		}
	}
	var err error
	switch text {
	case "all":
		o.Resources = r.b.agents["a1"].Total
	case "half a gpu":
		q, err := resource.ParseQuantities("gpus:0.5")
		require.NoError(t, err)
		o.Resources = r.b.agents["a1"].Total.ShrinkTo(q, nil)
	case "half":
		for e := range r.b.agents["a1"].Total.All() {
			e.Scalar /= 2
			o.Resources, err = resource.New(e)
		}
	default:
		o.Resources, err = resource.Parse(text)
	}
	require.NoError(t, err)
	return o
}

// What was refused must not come again while the refusal holds, nor less of it; more may.
//
// docs/allocation.md §3.1
func TestJudgedRefusals(t *testing.T) {
	r := paused(t, false, "add-agent agent=a1 resources=cpus:4;mem:64\nadd-framework framework=f1 roles=a least=none\n")
	al := offer.Allocation{Framework: "f1", Role: "a", Agent: "a1"}
	r.b.refuse(al, resource.MustParse("cpus:2;mem:64"), offer.Filter{Refuse: 10})
	require.Equal(t, Shape, property(t, r.judge([]offer.Offer{fake(t, r, 1, "cpus:2")})))
	r.b.offers = nil
	require.NoError(t, r.judge([]offer.Offer{fake(t, r, 2, "cpus:3")}))
	r.b.offers = nil
	r.b.now += 10
	require.NoError(t, r.judge([]offer.Offer{fake(t, r, 3, "cpus:2")}))
}

// Books that the allocator does not share are noticed, whichever figure it is.
//
// docs/allocation.md §6
func TestConservationIsNoticed(t *testing.T) {
	script := "add-agent agent=a1 resources=cpus:4;mem:64\nadd-framework framework=f1 roles=a\n" +
		"charge framework=f1 role=a agent=a1 resources=cpus:2\n"
	for name, spoil := range map[string]func(r *run){
		"total": func(r *run) { r.b.agents["a1"].Total = resource.MustParse("cpus:5") },
		"offered": func(r *run) {
			r.b.offers = append(r.b.offers, offer.Offer{Agent: "a1", Resources: resource.MustParse("cpus:1")})
		},
		"allocated": func(r *run) { r.b.uses = nil },
		"lost":      func(r *run) { r.b.agents["a2"] = &agentRow{} },
		"role a":    func(r *run) { r.b.uses[0].Role = "x" },
	} {
		t.Run(name, func(t *testing.T) {
			r := paused(t, false, script)
			require.NoError(t, r.conserved())
			spoil(r)
			err := r.conserved()
			require.Equal(t, Conservation, property(t, err))
			require.ErrorContains(t, err, name)
		})
	}
}

// An allocator whose books are not what they were before the offers is noticed.
//
// docs/allocation.md §6
func TestInverseIsNoticed(t *testing.T) {
	r := paused(t, false, "add-agent agent=a1 resources=cpus:4;mem:64\nadd-framework framework=f1 roles=a\n")
	before := r.a.Fork()
	r.a.Resume(r.b.now)
	require.NoError(t, r.poll())
	require.Len(t, r.batch.Offers, 1)
	require.NoError(t, r.inverse(before))
	require.NoError(t, before.Charge(0, offer.Allocation{Framework: "f1", Role: "a", Agent: "a1"}, resource.MustParse("cpus:1")))
	require.Equal(t, Inverse, property(t, r.inverse(before)))
	r.batch.Offers[0].ID = 99
	require.Equal(t, Inverse, property(t, r.inverse(before)))
}
