package offertest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/offertest"
	"github.com/proffer-go/proffer/resource"
)

// A script that is printed reads back as the same script.
//
// docs/allocation.md §6
func TestScriptsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := offertest.Calls().Draw(t, "script")
		again, err := offertest.ParseScript("# a comment\n\n" + s.String())
		require.NoError(t, err)
		require.Len(t, again, len(s))
		for i := range s {
			require.True(t, s[i].Resources.Equal(again[i].Resources))
			again[i].Resources = s[i].Resources
			require.Equal(t, s[i], again[i])
		}
	})
}

// What cannot be read is refused with the line and the reason.
//
// docs/allocation.md §6
func TestScriptsThatCannotBeRead(t *testing.T) {
	for text, reason := range map[string]string{
		"advance for=1s\nfly":                   `line 2, "fly": no verb "fly", there are accept, add-agent`,
		"advance fro=1s":                        `no key "fro"`,
		"advance for=1":                         `key "for"`,
		"add-agent agent=a1 resources=cpus":     `key "resources"`,
		"add-agent agent=a1 resources=[":        `key "resources"`,
		"add-agent agent=a1 rack=\xff":          `key "rack"`,
		"add-framework framework=f1 caps=-1":    `key "caps"`,
		"add-framework framework=f1 least=cpus": `key "least"`,
		"quota role=a guarantee=cpus:-1":        `key "guarantee"`,
		"quota role=a limit=4":                  `key "limit"`,
		"set-agent agent=a1 off=perhaps":        `key "off"`,
		"accept n=many":                         `key "n"`,
		"accept op=grow":                        `key "op"`,
		"accept mask=256":                       `key "mask"`,
	} {
		_, err := offertest.ParseScript(text)
		require.ErrorIs(t, err, offertest.ErrScript, "%s", text)
		require.ErrorContains(t, err, reason, "%s", text)
	}
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		offertest.ReplayPolicy(r, each(nil), "fly")
	}()
	<-done
	require.Len(t, r.reports, 1)
	require.Contains(t, r.reports[0], "no verb")
}

// Calls about things that are not there change nothing, whatever they say.
//
// docs/allocation.md §4
func TestScriptsOfNonsense(t *testing.T) {
	script := "accept\ndecline n=-1\nwithdraw n=3\nrelease n=-2\nremove-agent agent=a1\nupdate-agent agent=a1 resources=cpus:1\n" +
		"set-agent agent=a1\nattributes agent=a1 rack=r1\nupdate-framework framework=f1 roles=a\nremove-framework framework=f1\n" +
		"set-framework framework=f1\nsuppress framework=f1\nrevive framework=f1 roles=a\nweight role=a\nquota role=a guarantee=cpus:2 limit=cpus:1\n" +
		"charge framework=f1 role=a agent=a1 resources=cpus:1\noperate agent=a1 role=a\nadd-agent\nadd-framework\nadvance for=-1s\nresume\n" +
		"add-framework framework=f1 roles=a,a/../b\n"
	offertest.ReplayPolicy(t, func() offer.Policy { return nil }, script)
}

// The generators keep to the tiny cluster, and what they make is accepted.
//
// docs/allocation.md §6
func TestGenerators(t *testing.T) {
	tags := make(map[string]bool)
	rapid.Check(t, func(t *rapid.T) {
		a, err := offer.New(offer.Config{})
		require.NoError(t, err)
		g := offertest.Agents().Draw(t, "agent")
		require.NoError(t, a.AddAgent(0, g))
		require.Equal(t, "h"+string(g.ID), g.Hostname)
		f := offertest.Frameworks().Draw(t, "framework")
		require.NoError(t, a.AddFramework(0, f))
		require.LessOrEqual(t, len(f.Roles), 6)
		require.LessOrEqual(t, offertest.Roles().Draw(t, "role").Depth(), 3)
		require.NoError(t, offertest.Quotas().Draw(t, "quota").Validate())
		require.LessOrEqual(t, len(offertest.Calls().Draw(t, "calls")), 40)
		for e, n := range offertest.Resources().Draw(t, "resources").All() {
			require.Equal(t, 1, n)
			require.Zero(t, e.Scalar%1000, "whole quantities")
			tags[e.Name] = true
			tags[fmt.Sprintf("depth %d", len(e.Reservations))] = true
			tags[fmt.Sprintf("shared %v", e.Shared)] = true
			tags[fmt.Sprintf("revocable %v", e.Revocable)] = true
			tags[fmt.Sprintf("divisible %v", e.IsDivisible())] = true
		}
		require.NoError(t, a.Check())
	})
	require.Equal(t, []string{
		"cpus", "depth 0", "depth 1", "depth 2", "disk", "divisible false", "divisible true", "gpus", "mem", "ports",
		"revocable false", "revocable true", "shared false", "shared true",
	}, slices.Sorted(maps.Keys(tags)))
}

// Scripts are made of every verb there is.
//
// docs/allocation.md §4
func TestScriptsUseEveryVerb(t *testing.T) {
	_, err := offertest.ParseScript("no-such-verb")
	_, all, ok := strings.Cut(err.Error(), "there are ")
	require.True(t, ok)
	all, _, ok = strings.Cut(all, ":")
	require.True(t, ok)
	drawn := make(map[string]bool)
	for seed := range 100 {
		for _, c := range offertest.Calls().Example(seed) {
			drawn[c.Do] = true
		}
	}
	require.Equal(t, strings.Split(all, ", "), slices.Sorted(maps.Keys(drawn)))
}

// A script reserves, makes volumes, destroys two of which another framework has an offer, and takes the reservation back; an
// operator does so, too. The books agree at every step.
//
// docs/resource-model.md §6
func TestScriptsOfOperations(t *testing.T) {
	replay := func(script string) {
		t.Helper()
		_, err := offertest.ParseScript(script)
		require.NoError(t, err)
		offertest.ReplayPolicy(t, func() offer.Policy { return nil }, script)
	}
	begin := "add-agent agent=a1 resources=cpus:4;mem:512;disk:8\nadd-framework framework=f1 roles=a caps=12\n"
	ends := "accept op=reserve\nadvance for=1s\naccept op=share\nadvance for=1s\n" +
		"add-framework framework=f2 roles=a caps=12\nadvance for=1s\naccept op=destroy\nadvance for=1s\naccept op=unreserve\nadvance for=1s\n"
	replay(begin + ends)
	replay(begin + "set-framework framework=f1 off=true\noperate agent=a1 role=a\noperate agent=a1 op=create\noperate agent=a1 op=destroy\n" +
		"operate agent=a1 op=unreserve\nset-framework framework=f1\nadvance for=1s\n")

	volumes := offertest.Script{{Do: "add-agent", Agent: "a1", Resources: resource.MustParse("cpus:4;mem:512").Add(volume(t, "v")).Add(volume(t, "w"))}}
	replay(volumes.String() + "add-framework framework=f1 roles=a caps=12\nadd-framework framework=f2 roles=a caps=12\nadvance for=100ms\naccept op=destroy\n")
}

// Guarantees and hints that take a part of an agent take whole gpus of it.
//
// docs/allocation.md §2.7
func TestScriptsOfWholeUnits(t *testing.T) {
	const agent = "add-agent agent=a1 resources=cpus:4;mem:200;gpus:3\nadd-framework framework=f1 roles=a caps=1\n"
	for _, script := range []string{
		"pause\nquota role=a guarantee=cpus:1\n" + agent + "add-framework framework=f2 roles=b caps=1\nresume\nadvance for=2s\n",
		"pause\n" + agent + "hint framework=f1 role=a unit=cpus:2;mem:40;gpus:0.5 n=1\nresume\nadvance for=2s\n",
		"pause\n" + agent + "hint framework=f1 role=a unit=cpus:1;mem:40 n=1\nresume\nadvance for=2s\n",
	} {
		for _, p := range []offer.Policy{nil, offer.Pack(), offer.Spread()} {
			offertest.ReplayPolicy(t, func() offer.Policy { return p }, script)
		}
	}
}

// volume is a shared volume that is reserved for role a.
func volume(t *testing.T, id string) resource.Resources {
	t.Helper()
	v, err := resource.New(resource.Resource{
		Name: "disk", Kind: resource.KindScalar, Scalar: resource.Whole(64), Shared: true,
		Reservations: []resource.Reservation{{Type: resource.Static, Role: "a"}},
		Disk: &resource.Disk{
			Persistence: &resource.Persistence{ID: id},
			Volume:      &resource.Volume{ContainerPath: "v", Mode: resource.ReadWrite},
		},
	})
	require.NoError(t, err)
	return v
}
