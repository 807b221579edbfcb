package registry_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/resource/resourcetest"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

var (
	ids   = rapid.StringMatching(`[a-zA-Z0-9 äß-]{1,20}`).Filter(func(s string) bool { return msg.ValidateID("x", s) == nil })
	texts = rapid.String()
	times = rapid.OneOf(rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64}), rapid.Int64())
)

func drain(t *rapid.T) *registry.Drain {
	if rapid.Bool().Draw(t, "draining") {
		return nil
	}
	return &registry.Drain{MaxGrace: time.Duration(max(times.Draw(t, "grace"), 0)), MarkGone: rapid.Bool().Draw(t, "mark"), Drained: rapid.Bool().Draw(t, "drained")}
}

func window(t *rapid.T) offer.Window {
	return offer.Window{Start: offer.Time(times.Draw(t, "start")), Duration: time.Duration(max(times.Draw(t, "duration"), -1))}
}

func machineID(t *rapid.T) registry.MachineID {
	return registry.MachineID{Hostname: rapid.StringMatching(`[a-z0-9.]{0,8}`).Draw(t, "host"), IP: rapid.StringMatching(`[0-9a-f:.]{1,9}`).Draw(t, "ip")}
}

// records draws any record.
var records = rapid.Custom(func(t *rapid.T) registry.Record {
	id := offer.AgentID(ids.Draw(t, "id"))
	switch rapid.IntRange(0, 8).Draw(t, "kind") {
	case 0:
		return registry.Master{Info: msg.MasterInfo{ID: msg.MasterID(texts.Draw(t, "master")), Node: msg.Node(texts.Draw(t, "node")), Version: texts.Draw(t, "version")}}
	case 1:
		return registry.Agent{Info: msg.AgentInfo{ID: id, Hostname: texts.Draw(t, "host"), IP: texts.Draw(t, "ip"),
			Domain: msg.Domain{Region: texts.Draw(t, "region"), Zone: texts.Draw(t, "zone")}, Resources: resourcetest.Resources().Draw(t, "resources"),
			Attributes: attributes(t)}, Deactivated: rapid.Bool().Draw(t, "deactivated"), Drain: drain(t)}
	case 2:
		return registry.Unreachable{ID: id, Since: offer.Time(times.Draw(t, "since")), Deactivated: rapid.Bool().Draw(t, "deactivated"), Drain: drain(t)}
	case 3:
		return registry.Gone{ID: id, Since: offer.Time(times.Draw(t, "since"))}
	case 4:
		return registry.Machine{ID: machineID(t), Mode: registry.Mode(rapid.IntRange(0, 2).Draw(t, "mode")), Window: window(t)}
	case 5:
		return registry.Schedule{Number: rapid.Uint32().Draw(t, "n"), Machines: rapid.SliceOfN(rapid.Custom(machineID), 1, 3).Draw(t, "machines"), Window: window(t)}
	case 6:
		return registry.Quota{Config: quota.Config{Role: "eng/" + role.Name(rapid.StringMatching(`[a-z]{1,5}`).Draw(t, "role")),
			Guarantees: must(resource.ParseQuantities(fmt.Sprintf("cpus:%d", rapid.IntRange(1, 1000).Draw(t, "cpus")))),
			Limits:     must(resource.ParseLimits(fmt.Sprintf("cpus:%d;mem:0", rapid.IntRange(1000, 2000).Draw(t, "limit"))))}}
	case 7:
		return registry.Weight{Weight: role.Weight{Role: role.Name(rapid.StringMatching(`[a-z]{1,5}(/[a-z]{1,5}){0,3}`).Draw(t, "role")),
			Weight: rapid.Float64Range(1e-3, 1e9).Draw(t, "weight")}}
	}
	return registry.Capability{Name: rapid.StringMatching(`[A-Z][A-Z0-9_]{0,10}`).Draw(t, "capability")}
})

func attributes(t *rapid.T) resource.Attributes {
	a, err := resource.ParseAttributes(rapid.SampledFrom([]string{"", "rack:a", "rack:a;rack:b;os:linux", "gen:3.5;ports:[1-5]"}).Draw(t, "attributes"))
	require.NoError(t, err)
	return a
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// docs/protocol.md §5: what is stored is read back as it was, and equal records give equal bytes.
func TestRecordsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := records.Draw(t, "record")
		op, err := registry.Put(r)
		require.NoError(t, err)
		require.Equal(t, r.Key(), op.Key)
		back, err := registry.Read(op)
		require.NoError(t, err)
		again, err := registry.Put(back)
		require.NoError(t, err)
		require.Equal(t, op, again)
		if a, ok := r.(registry.Agent); ok {
			b := back.(registry.Agent)
			require.True(t, a.Info.Resources.Equal(b.Info.Resources), "%v\n%v", a.Info.Resources, b.Info.Resources)
			require.True(t, a.Info.Attributes.Equal(b.Info.Attributes))
			b.Info.Resources, b.Info.Attributes = a.Info.Resources, a.Info.Attributes
			require.Equal(t, a, b)
			return
		}
		if q, ok := r.(registry.Quota); ok {
			require.True(t, q.Config.Equal(back.(registry.Quota).Config))
			return
		}
		require.Equal(t, r, back)
	})
}

// docs/protocol.md §5: the bytes of version 1, which later versions have to read.
func TestStoredForms(t *testing.T) {
	for key, c := range map[string]struct {
		record registry.Record
		value  string
	}{
		"master": {registry.Master{Info: msg.MasterInfo{ID: "m", Node: "n", Version: "1.0"}}, `{"v":1,"id":"m","node":"n","version":"1.0"}`},
		"agents/m-S0": {registry.Agent{Info: msg.AgentInfo{ID: "m-S0", Hostname: "h", Resources: resource.MustParse("cpus:4;ports:[1-5]"),
			Attributes: must(resource.ParseAttributes("rack:a"))}, Deactivated: true, Drain: &registry.Drain{MaxGrace: time.Second, MarkGone: true, Drained: true}},
			`{"v":1,"hostname":"h","resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":4}},{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":1,"end":5}]}}],"attributes":[{"name":"rack","type":"TEXT","text":{"value":"a"}}],"deactivated":true,"drain":{"max_grace":1000000000,"mark_gone":true,"drained":true}}`},
		"unreachable/m-S0":              {registry.Unreachable{ID: "m-S0", Since: 5}, `{"v":1,"since":5}`},
		"gone/m-S0":                     {registry.Gone{ID: "m-S0", Since: 6}, `{"v":1,"since":6}`},
		"machines/host.a/10.0.0.1":      {registry.Machine{ID: registry.MachineID{Hostname: "Host.A", IP: "10.0.0.1"}, Mode: registry.Draining, Window: offer.Window{Start: 7, Duration: offer.Endless}}, `{"v":1,"mode":"DRAINING","window":{"start":7,"duration":-1}}`},
		"schedules/3":                   {registry.Schedule{Number: 3, Machines: []registry.MachineID{{Hostname: "a"}, {IP: "::1"}}, Window: offer.Window{Start: 1, Duration: 2}}, `{"v":1,"machines":[{"hostname":"a"},{"ip":"::1"}],"window":{"start":1,"duration":2}}`},
		"quota_configs/eng/web":         {registry.Quota{Config: must(quota.Parse("eng/web", "cpus:1", "cpus:2"))}, `{"v":1,"quota":{"role":"eng/web","guarantees":{"cpus":{"value":1}},"limits":{"cpus":{"value":2}}}}`},
		"weights/eng/web":               {registry.Weight{Weight: role.Weight{Role: "eng/web", Weight: 2.5}}, `{"v":1,"weight":2.5}`},
		"minimum_capabilities/QUOTA_V2": {registry.Capability{Name: registry.CapabilityQuota}, `{"v":1}`},
	} {
		op, err := registry.Put(c.record)
		require.NoError(t, err)
		require.Equal(t, key, op.Key)
		require.JSONEq(t, c.value, string(op.Value))
		require.Equal(t, c.value, string(op.Value))
	}
}

// docs/protocol.md §5: what no version wrote is corrupt, and the error names the key.
func TestReadIsStrict(t *testing.T) {
	for _, bad := range [][2]string{
		{"", `{"v":1}`}, {"unknown/x", `{"v":1}`}, {"agents", `{"v":1}`}, {"masters", `{"v":1}`},
		{"master", ``}, {"master", `null`}, {"master", `{}`}, {"master", `{"v":2,"id":"m"}`}, {"master", `{"v":1,"id":"m"} {}`},
		{"master", `{"v":1,"id":"m","newer":1}`}, {"master", "{\"v\":1,\"id\":\"\xff\"}"}, {"master", `{"v":1,"id":"m"`},
		{"agents/", `{"v":1,"resources":[],"attributes":[]}`}, {"agents/a/b", `{"v":1,"resources":[],"attributes":[]}`},
		{"agents/a", `{"v":1,"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":-4}}]}`},
		{"agents/a", `{"v":1,"drain":{"max_grace":-1}}`}, {"agents/a", `{"v":1,"drain":{"newer":1}}`},
		{"unreachable/..", `{"v":1,"since":0}`}, {"gone/", `{"v":1,"since":0}`}, {"gone/a", `{"v":1,"since":1.5}`},
		{"machines/host", `{"v":1,"mode":"UP"}`}, {"machines/Host/", `{"v":1,"mode":"UP"}`}, {"machines//", `{"v":1,"mode":"UP"}`},
		{"machines/h/", `{"v":1,"mode":"ASLEEP"}`}, {"machines/h/", `{"v":1,"mode":"UP","window":{"start":0,"duration":-2}}`},
		{"schedules/01", `{"v":1,"machines":[{"ip":"a"}],"window":{"start":0,"duration":0}}`}, {"schedules/0", `{"v":1,"machines":[],"window":{"start":0,"duration":0}}`},
		{"schedules/4294967296", `{"v":1,"machines":[{"ip":"a"}],"window":{"start":0,"duration":0}}`}, {"schedules/0", `{"v":1,"machines":[{}],"window":{"start":0,"duration":0}}`},
		{"quota_configs/a", `{"v":1,"quota":{"role":"b","guarantees":{"cpus":{"value":1}}}}`}, {"quota_configs/a", `{"v":1,"quota":{"role":"a"}}`},
		{"weights/a", `{"v":1,"weight":0}`}, {"weights/a//b", `{"v":1,"weight":1}`},
		{"minimum_capabilities/", `{"v":1}`}, {"minimum_capabilities/lower", `{"v":1}`},
	} {
		_, err := registry.Read(registry.Op{Key: bad[0], Value: []byte(bad[1])})
		require.ErrorIs(t, err, registry.ErrCorrupt, "%q", bad)
		require.ErrorContains(t, err, fmt.Sprintf("%q", bad[0]))
	}
	_, err := registry.Read(registry.Delete("master"))
	require.ErrorIs(t, err, registry.ErrCorrupt)
}

// docs/protocol.md §5: what could not be read back is not written.
func TestPutRefuses(t *testing.T) {
	for _, bad := range []registry.Record{
		registry.Master{Info: msg.MasterInfo{ID: "\xff"}},
		registry.Agent{}, registry.Agent{Info: msg.AgentInfo{ID: "a/b"}}, registry.Agent{Info: msg.AgentInfo{ID: "a", Hostname: "\xff"}},
		registry.Agent{Info: msg.AgentInfo{ID: "a"}, Drain: &registry.Drain{MaxGrace: -1}},
		registry.Unreachable{}, registry.Gone{},
		registry.Machine{}, registry.Machine{ID: registry.MachineID{Hostname: "a/b"}}, registry.Machine{ID: registry.MachineID{IP: "a"}, Mode: 3},
		registry.Machine{ID: registry.MachineID{IP: "a"}, Window: offer.Window{Duration: -2}},
		registry.Schedule{}, registry.Schedule{Machines: []registry.MachineID{{}}},
		registry.Quota{Config: quota.Config{Role: "a"}}, registry.Weight{Weight: role.Weight{Role: "a", Weight: -1}},
		registry.Capability{}, registry.Capability{Name: "lower"}, registry.Capability{Name: strings.Repeat("X", 256)},
	} {
		_, err := registry.Put(bad)
		require.ErrorIs(t, err, registry.ErrRecord, "%#v", bad)
	}
	long := registry.Master{Info: msg.MasterInfo{Version: strings.Repeat("x", registry.MaxValue)}}
	_, err := registry.Put(long)
	require.ErrorIs(t, err, registry.ErrBound)
}

// docs/protocol.md §5: contents are sorted into their lists.
func TestContents(t *testing.T) {
	var c registry.Contents
	for _, r := range []registry.Record{
		registry.Agent{Info: msg.AgentInfo{ID: "a"}}, registry.Agent{Info: msg.AgentInfo{ID: "b"}, Deactivated: true}, registry.Gone{ID: "g", Since: 1},
		registry.Machine{ID: registry.MachineID{Hostname: "h"}, Mode: registry.Down}, registry.Master{Info: msg.MasterInfo{ID: "m"}},
		registry.Capability{Name: registry.CapabilityDraining}, registry.Quota{Config: must(quota.Parse("q", "cpus:1", ""))},
		registry.Schedule{Machines: []registry.MachineID{{Hostname: "h"}}}, registry.Unreachable{ID: "u", Since: 2}, registry.Weight{Weight: role.Weight{Role: "w", Weight: 2}},
	} {
		require.NoError(t, c.Add(must(registry.Put(r))))
	}
	require.Equal(t, msg.MasterID("m"), c.Master.ID)
	require.Len(t, c.Agents, 2)
	require.Equal(t, []registry.Gone{{ID: "g", Since: 1}}, c.Gone)
	require.Equal(t, []registry.Unreachable{{ID: "u", Since: 2}}, c.Unreachable)
	require.Len(t, c.Machines, 1)
	require.Equal(t, "DOWN", c.Machines[0].Mode.String())
	require.Len(t, c.Schedules, 1)
	require.Len(t, c.Quota, 1)
	require.Equal(t, []role.Weight{{Role: "w", Weight: 2}}, c.Weights)
	require.Equal(t, []string{registry.CapabilityDraining}, c.Capabilities)
	require.NoError(t, c.Check())
	require.ErrorIs(t, c.Add(registry.Op{Key: "junk"}), registry.ErrCorrupt)
	require.Equal(t, "drained with at most 1s of grace, then gone", (&registry.Drain{MaxGrace: time.Second, MarkGone: true, Drained: true}).String())
	require.Equal(t, "draining", (&registry.Drain{}).String())
	require.Equal(t, "not draining", (*registry.Drain)(nil).String())
	require.Equal(t, "Mode(9)", registry.Mode(9).String())
	require.Equal(t, "put k (2 bytes)", registry.Op{Key: "k", Value: []byte("vv")}.String())
	require.Equal(t, "delete k", registry.Delete("k").String())
}

// docs/protocol.md §5: a feature that this version does not understand keeps it from leading.
func TestUnknownCapabilitiesAreRefused(t *testing.T) {
	var c registry.Contents
	require.True(t, registry.Understood(registry.CapabilityQuota))
	require.NoError(t, c.Add(must(registry.Put(registry.Capability{Name: registry.CapabilityQuota}))))
	err := c.Add(must(registry.Put(registry.Capability{Name: "TIME_TRAVEL"})))
	require.ErrorIs(t, err, registry.ErrCapability)
	require.ErrorContains(t, err, "TIME_TRAVEL")
}

// docs/protocol.md §4.2: an agent id is at one place.
func TestAnAgentIsAtOnePlace(t *testing.T) {
	places := map[string]func(*registry.Contents){
		"agents":      func(c *registry.Contents) { c.Agents = append(c.Agents, registry.Agent{Info: msg.AgentInfo{ID: "a"}}) },
		"unreachable": func(c *registry.Contents) { c.Unreachable = append(c.Unreachable, registry.Unreachable{ID: "a"}) },
		"gone":        func(c *registry.Contents) { c.Gone = append(c.Gone, registry.Gone{ID: "a"}) },
	}
	for _, one := range slices.Sorted(maps.Keys(places)) {
		for _, other := range slices.Sorted(maps.Keys(places)) {
			var c registry.Contents
			places[one](&c)
			require.NoError(t, c.Check())
			places[other](&c)
			require.ErrorIs(t, c.Check(), registry.ErrCorrupt)
		}
	}
}

// FuzzRead holds that no bytes panic, and that what is read is written as something that is read alike
// (docs/protocol.md §5).
func FuzzRead(f *testing.F) {
	for i := range 40 {
		op := must(registry.Put(records.Example(i)))
		f.Add(op.Key, op.Value)
	}
	f.Add("agents/a", []byte(`{"v":1,"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1e9}}],"attributes":null}`))
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		r, err := registry.Read(registry.Op{Key: key, Value: value})
		if err != nil {
			require.ErrorIs(t, err, registry.ErrCorrupt)
			return
		}
		op, err := registry.Put(r)
		require.NoError(t, err)
		require.Equal(t, key, op.Key)
		again, err := registry.Read(op)
		require.NoError(t, err)
		require.Equal(t, op, must(registry.Put(again)))
	})
}

func BenchmarkPutAgent(b *testing.B) {
	r := registry.Agent{Info: msg.AgentInfo{ID: "0ad5c3a5-S1", Hostname: "node-1.example", Resources: resource.MustParse("cpus:32;mem:131072;disk:900000;ports:[31000-32000]")}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := registry.Put(r); err != nil {
			b.Fatal(err)
		}
	}
}
