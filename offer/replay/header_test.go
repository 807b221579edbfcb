package replay_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/replay"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// own is a configuration with rules, quota, bounds, weights and a policy of its own.
func own() *master.Config {
	rules := offer.StrictDRF()
	rules.Interval, rules.Coalesce = 7*time.Second, 3*time.Millisecond
	rules.Quota = offer.QuotaTree
	rules.GuaranteeFirst = true
	rules.HoldFraction = 0.8125
	rules.MinAllocatable = []resource.Quantities{resource.MustParse("cpus:0.25;mem:48").Quantities()}
	return &master.Config{Entropy: [16]byte{7, 1}, Node: "m", Version: "1", PingTimeout: 9 * time.Second, MaxPings: 2,
		Weights: []role.Weight{{Role: "a/b", Weight: 2.5}},
		Allocator: offer.Config{Seed: 1<<63 + 1, Rules: rules, Region: "north", Policy: offer.Pack(),
			Bounds: offer.Bounds{Agents: 11, Filters: 12, Offers: 13, Constraints: 14}}}
}

// A header gives back the whole configuration: rules of the program's own, how quota binds, bounds, weights, entropy. A policy is
// there under its name.
// docs/protocol.md §21
func TestHeaderKeepsTheConfiguration(t *testing.T) {
	h := replay.Header{Node: "m", Master: own(), Policy: "pack"}
	var out bytes.Buffer
	w, err := replay.NewWriter(&out, h)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	r, err := replay.NewReader(bytes.NewReader(out.Bytes()))
	require.NoError(t, err)
	got := r.Header()
	require.Equal(t, "pack", got.Policy)
	require.Nil(t, got.Master.Allocator.Policy, "it is put in by New")
	want := own()
	want.Allocator.Policy = nil
	require.Equal(t, want, got.Master)

	known := replay.Known{Policies: map[string]offer.Policy{"pack": offer.Pack()}}
	_, err = replay.NewPlayer(r, known)
	require.NoError(t, err)
	_, err = replay.NewPlayer(r, replay.Known{Policies: map[string]offer.Policy{"other": offer.Pack()}})
	require.ErrorIs(t, err, replay.ErrUnnamed)
	require.ErrorContains(t, err, `"pack"`)
}

// An authorizer is there under its name, too.
// docs/protocol.md §21
func TestHeaderNamesTheAuthorizer(t *testing.T) {
	asked := 0
	allow := func(master.Request) error { asked++; return nil }
	var out bytes.Buffer
	w, err := replay.NewWriter(&out, replay.Header{Node: "m", Authorizer: "sundays",
		Master: &master.Config{Entropy: [16]byte{1}, Authorize: allow}})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	r, err := replay.NewReader(bytes.NewReader(out.Bytes()))
	require.NoError(t, err)
	require.Nil(t, r.Header().Master.Authorize)
	_, err = replay.New(r.Header(), replay.Known{})
	require.ErrorIs(t, err, replay.ErrUnnamed)
	m, err := replay.New(r.Header(), replay.Known{Authorizers: map[string]func(master.Request) error{"sundays": allow}})
	require.NoError(t, err)
	require.NoError(t, m.Master.Step(0, msg.Operate{Seq: 1, Call: msg.GetFlags{}}))
	require.Equal(t, 1, asked)
}

// A policy or an order without a name is refused before anything is recorded, and so is a name without one.
// docs/protocol.md §21
func TestHeaderRefusesWhatHasNoName(t *testing.T) {
	order := own()
	order.Allocator.Policy, order.Allocator.NewOrderer = nil, offer.Lottery
	asks := &master.Config{Authorize: func(master.Request) error { return nil }}
	for what, h := range map[string]replay.Header{
		"policy without a name":      {Master: own()},
		"order without a name":       {Master: order},
		"name without a policy":      {Master: &master.Config{}, Policy: "pack"},
		"name without an order":      {Master: &master.Config{}, Orderer: "lottery"},
		"authorizer without a name":  {Master: asks},
		"name without an authorizer": {Master: &master.Config{}, Authorizer: "sundays"},
	} {
		var out bytes.Buffer
		_, err := replay.NewWriter(&out, h)
		require.ErrorIs(t, err, replay.ErrUnnamed, what)
		require.ErrorIs(t, err, replay.ErrUnrecordable, what)
		require.Zero(t, out.Len(), what)
	}
}

// Digests see all that Ready gives: of no type below it a field is hidden, unless the type has a JSON form of its own, and each is
// of a kind that digests sum up.
// docs/protocol.md §21
func TestReadyHidesNothingFromDigests(t *testing.T) {
	seen := map[reflect.Type]bool{}
	for _, typ := range []reflect.Type{reflect.TypeFor[master.Ready](), reflect.TypeFor[agent.Ready](),
		reflect.TypeFor[framework.SchedulerReady](), reflect.TypeFor[framework.ExecutorReady]()} {
		for _, found := range hidden(typ, typ.String(), seen) {
			t.Error(found)
		}
	}
	require.Greater(t, len(seen), 30)

	secret := reflect.TypeOf(struct{ a int }{a: 1})
	require.Equal(t, []string{"x.a is not exported"}, hidden(secret, "x", map[reflect.Type]bool{}))
	require.Equal(t, []string{"y[] is a func"}, hidden(reflect.TypeFor[[]func()](), "y", map[reflect.Type]bool{}))
}

func hidden(typ reflect.Type, at string, seen map[reflect.Type]bool) (found []string) {
	if seen[typ] || typ.Implements(reflect.TypeFor[json.Marshaler]()) {
		return nil
	}
	seen[typ] = true
	switch typ.Kind() {
	case reflect.Struct:
		for i := range typ.NumField() {
			f := typ.Field(i)
			if !f.IsExported() {
				found = append(found, fmt.Sprintf("%s.%s is not exported", at, f.Name))
				continue
			}
			found = append(found, hidden(f.Type, at+"."+f.Name, seen)...)
		}
	case reflect.Map:
		if typ.Key().Kind() != reflect.String {
			found = append(found, at+" has keys that are no texts")
		}
		found = append(found, hidden(typ.Elem(), at+"[]", seen)...)
	case reflect.Slice, reflect.Array, reflect.Pointer:
		found = hidden(typ.Elem(), at+"[]", seen)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Uintptr, reflect.Complex64, reflect.Complex128, reflect.Float32:
		found = []string{fmt.Sprintf("%s is a %s", at, typ.Kind())}
	}
	return found
}
