package resource_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

// Every field of the table survives the wire.
// docs/resource-model.md §3
// docs/resource-model.md §3.1
func TestFieldsOnTheWire(t *testing.T) {
	const text = `[{"name":"disk","type":"SCALAR","scalar":{"value":64},` +
		`"reservations":[{"type":"STATIC","role":"r"},{"type":"DYNAMIC","role":"r/s","principal":"p","labels":{"labels":[{"key":"k","value":"v"},{"key":"l"}]}}],` +
		`"allocation_info":{"role":"r/s"},` +
		`"disk":{"persistence":{"id":"v1","principal":"q"},"volume":{"container_path":"c","host_path":"/h","mode":"RO"},` +
		`"source":{"type":"PATH","path":{"root":"/p"},"id":"i","metadata":{"labels":[{"key":"m"}]},"profile":"f","vendor":"w"}},` +
		`"provider_id":{"value":"rp"},"revocable":{},"shared":{}}]`
	var r resource.Resources
	require.NoError(t, r.UnmarshalJSON([]byte(text)))
	b, err := r.MarshalJSON()
	require.NoError(t, err)
	require.Equal(t, text, string(b))
	for e := range r.All() {
		require.EqualValues(t, "r/s", e.Owner())
		require.True(t, e.IsDynamicallyReserved())
		require.Equal(t, &resource.Volume{ContainerPath: "c", HostPath: "/h", Mode: resource.ReadOnly}, e.Disk.Volume)
		require.Equal(t, "q", *e.Disk.Persistence.Principal)
		require.Equal(t, "rp", e.ProviderID)
	}
	require.Equal(t, "DYNAMIC STATIC UNKNOWN RW RO UNKNOWN PATH RAW UNKNOWN", strings.Join([]string{
		resource.Dynamic.String(), resource.Static.String(), resource.ReservationType(0).String(), resource.ReadWrite.String(), resource.ReadOnly.String(),
		resource.VolumeMode(0).String(), resource.SourcePath.String(), resource.SourceRaw.String(), resource.SourceType(9).String(),
	}, " "))
}

// docs/resource-model.md §3.2
func TestReservationStacks(t *testing.T) {
	ok := [][]resource.Reservation{
		nil, {static("a")}, {dynamic("a")}, {static("a"), dynamic("a/b")}, {static("a"), dynamic("a/b/c")}, {dynamic("a"), dynamic("a/b"), dynamic("a/b/c/d")},
	}
	for _, stack := range ok {
		require.NoError(t, scalar("cpus", 1, stack...).Validate(), "%v", stack)
	}
	bad := [][]resource.Reservation{
		{static("a"), static("a/b")}, {dynamic("a"), dynamic("a")}, {dynamic("a"), dynamic("ab")}, {dynamic("a"), dynamic("b")}, {dynamic("a/b"), dynamic("a")},
		{{Role: "a"}}, {static("a"), {Role: "a/b"}}, {{Type: resource.Static}}, {static("*")}, {dynamic("*")}, {static("a//b")}, {{Type: 3, Role: "a"}},
	}
	for _, stack := range bad {
		require.ErrorIs(t, scalar("cpus", 1, stack...).Validate(), resource.ErrReservation, "%v", stack)
	}
	deep := []resource.Reservation{dynamic("a")}
	for range resource.MaxStack {
		deep = append(deep, dynamic(deep[len(deep)-1].Role+"/a"))
	}
	require.ErrorIs(t, scalar("cpus", 1, deep...).Validate(), resource.ErrTooMany)
	require.NoError(t, scalar("cpus", 1, deep[:resource.MaxStack]...).Validate())
}

// docs/resource-model.md §3.2
func TestOwnerIsTheLastEntry(t *testing.T) {
	r := scalar("cpus", 1, static("eng"), dynamic("eng/web"))
	require.EqualValues(t, "eng/web", r.Owner())
	require.True(t, r.IsDynamicallyReserved())
	require.True(t, r.IsReserved())
	require.EqualValues(t, "", scalar("cpus", 1).Owner())
	require.False(t, scalar("cpus", 1, static("a")).IsDynamicallyReserved())
}

// docs/resource-model.md §3.2
func TestReservationsEqual(t *testing.T) {
	a := dynamic("r")
	p1, p2, none := a, a, a
	p1.Principal, p2.Principal, none.Principal = ptr("p1"), ptr("p2"), ptr("")
	require.True(t, a.Equal(dynamic("r")))
	require.False(t, a.Equal(static("r")))
	require.False(t, a.Equal(dynamic("s")))
	require.False(t, p1.Equal(p2))
	require.False(t, a.Equal(none), "absent is not empty")
	got := collect(t, scalar("cpus", 1, p1), scalar("cpus", 1, p2), scalar("cpus", 1, p1))
	require.Equal(t, "cpus(reservations: [(DYNAMIC,r,p1)]):2; cpus(reservations: [(DYNAMIC,r,p2)]):1", got.String())
}

// docs/resource-model.md §3.2
func TestLabelsAreNormalised(t *testing.T) {
	labelled := func(ls ...resource.Label) resource.Reservation {
		v := dynamic("r")
		v.Labels = ls
		return v
	}
	x1, y2, x := resource.Label{Key: "x", Value: ptr("1")}, resource.Label{Key: "y", Value: ptr("2")}, resource.Label{Key: "x"}
	require.True(t, labelled(x1, y2).Equal(labelled(y2, x1)))
	require.True(t, labelled(x1, x1).Equal(labelled(x1)))
	require.False(t, labelled(x1, x1).Equal(labelled(x1, y2)))
	require.False(t, labelled(x1, y2).Equal(labelled(x1, x1)))
	require.False(t, labelled(x1).Equal(labelled(x)))
	require.True(t, labelled([]resource.Label{}...).Equal(dynamic("r")))
	got := collect(t, scalar("cpus", 1, labelled(y2, x, x1)), scalar("cpus", 1, labelled(x1, y2, x, x1)))
	require.Equal(t, "cpus(reservations: [(DYNAMIC,r,{x: 1, x, y: 2})]):2", got.String())
}

// docs/resource-model.md §3.3
func TestWireForms(t *testing.T) {
	body := func(s string) string {
		return `{"name":"cpus","type":"SCALAR","scalar":{"value":1}` + s + `}`
	}
	for _, c := range []struct {
		what           string
		stack          []resource.Reservation
		pre, post, end string
	}{
		{"unreserved", nil, `,"role":"*"`, ``, `,"role":"*"`},
		{"static", []resource.Reservation{static("eng")}, `,"role":"eng"`, `,"reservations":[{"type":"STATIC","role":"eng"}]`, `,"role":"eng","reservations":[{"type":"STATIC","role":"eng"}]`},
		{
			"dynamic", []resource.Reservation{{Type: resource.Dynamic, Role: "eng", Principal: ptr("p")}}, `,"role":"eng","reservation":{"principal":"p"}`,
			`,"reservations":[{"type":"DYNAMIC","role":"eng","principal":"p"}]`,
			`,"role":"eng","reservation":{"principal":"p"},"reservations":[{"type":"DYNAMIC","role":"eng","principal":"p"}]`,
		},
		{
			"refined", []resource.Reservation{static("eng"), dynamic("eng/web")}, "", `,"reservations":[{"type":"STATIC","role":"eng"},{"type":"DYNAMIC","role":"eng/web"}]`,
			`,"reservations":[{"type":"STATIC","role":"eng"},{"type":"DYNAMIC","role":"eng/web"}]`,
		},
	} {
		r := scalar("cpus", 1, c.stack...)
		all := collect(t, r)
		for form, want := range map[resource.Form]string{resource.PreRefinement: c.pre, resource.PostRefinement: c.post, resource.Endpoint: c.end} {
			got, err := r.AppendJSON(nil, form)
			list, err2 := all.AppendJSON([]byte("x"), form)
			if want == "" && form == resource.PreRefinement {
				require.ErrorIs(t, err, resource.ErrForm, c.what)
				require.ErrorIs(t, err2, resource.ErrForm, c.what)
				require.Empty(t, got)
				require.Equal(t, "x", string(list))
				continue
			}
			require.NoError(t, err)
			require.NoError(t, err2)
			require.Equal(t, body(want), string(got), c.what)
			require.Equal(t, "x["+body(want)+"]", string(list), c.what)
			var again resource.Resource
			require.NoError(t, json.Unmarshal(got, &again))
			require.Equal(t, collect(t, r), collect(t, again), c.what)
		}
	}
}

// docs/resource-model.md §3.3
func TestUpgradeDiscardsOldFieldsBesideAStack(t *testing.T) {
	w := resource.Wire{Resource: scalar("cpus", 1, static("a")), Role: ptr("b"), Reservation: &resource.OldReservation{}}
	require.ErrorIs(t, w.Check(), resource.ErrForm)
	require.Equal(t, resource.Wire{Resource: scalar("cpus", 1, static("a"))}, resource.Upgrade(w))
	require.Equal(t, resource.Wire{Resource: scalar("cpus", 1)}, resource.Upgrade(resource.Wire{Resource: scalar("cpus", 1), Role: ptr("*")}))
}

// docs/resource-model.md §3.3
func TestWireOwner(t *testing.T) {
	for want, w := range map[string]resource.Wire{
		"":    {Resource: scalar("cpus", 1), Role: ptr("*")},
		"eng": {Resource: scalar("cpus", 1), Role: ptr("eng")},
		"r/s": {Resource: scalar("cpus", 1, static("r"), dynamic("r/s"))},
	} {
		require.EqualValues(t, want, w.Owner())
	}
}

// docs/resource-model.md §3.3
func TestDowngradeLosesWhatStaticCannotSay(t *testing.T) {
	v := static("a")
	v.Principal = ptr("p")
	down, err := resource.Downgrade(resource.Wire{Resource: scalar("cpus", 1, v)})
	require.NoError(t, err)
	require.Nil(t, down.Reservation)
	require.Equal(t, []resource.Reservation{static("a")}, resource.Upgrade(down).Resource.Reservations)
	refined := resource.Wire{Resource: scalar("cpus", 1, static("a"), dynamic("a/b"))}
	same, err := resource.Downgrade(refined)
	require.ErrorIs(t, err, resource.ErrForm)
	require.Equal(t, refined, same)
}

// docs/resource-model.md §3.3
func TestLegalForms(t *testing.T) {
	for s, ok := range map[string]bool{
		``: true, `,"role":"*"`: true, `,"role":"r"`: true, `,"role":"r","reservation":{}`: true, `,"role":"r","reservation":{"principal":"p"}`: true,
		`,"reservation":{}`: false, `,"role":"*","reservation":{}`: false, `,"role":"r","reservation":{"type":"DYNAMIC"}`: false, `,"role":"r","reservation":{"role":"r"}`: false,
		`,"reservations":[{"type":"STATIC","role":"r"}],"role":"r"`:                                                    true,
		`,"reservations":[{"type":"STATIC","role":"r"}],"role":"s"`:                                                    false,
		`,"reservations":[{"type":"STATIC","role":"r"}],"role":"r","reservation":{}`:                                   false,
		`,"reservations":[{"type":"DYNAMIC","role":"r"}],"role":"r","reservation":{}`:                                  true,
		`,"reservations":[{"type":"DYNAMIC","role":"r"}],"role":"r"`:                                                   false,
		`,"reservations":[{"type":"DYNAMIC","role":"r"}],"reservation":{}`:                                             false,
		`,"reservations":[{"type":"DYNAMIC","role":"r","principal":"p"}],"role":"r","reservation":{"principal":"p"}`:   true,
		`,"reservations":[{"type":"DYNAMIC","role":"r","principal":"p"}],"role":"r","reservation":{"principal":"q"}`:   false,
		`,"reservations":[{"type":"DYNAMIC","role":"r"}],"role":"r","reservation":{"labels":{"labels":[{"key":"k"}]}}`: false,
		`,"reservations":[{"type":"STATIC","role":"r"},{"type":"DYNAMIC","role":"r/s"}],"role":"r/s"`:                  false,
		`,"reservations":[{"type":"STATIC","role":"r"},{"type":"DYNAMIC","role":"r/s"}]`:                               true,
	} {
		var r resource.Resources
		err := r.UnmarshalJSON([]byte(`[{"name":"cpus","type":"SCALAR","scalar":{"value":1}` + s + `}]`))
		if ok {
			require.NoError(t, err, s)
		} else {
			require.ErrorIs(t, err, resource.ErrForm, s)
		}
	}
}

// docs/resource-model.md §3.4
func TestDiskSources(t *testing.T) {
	persistent := func(r resource.Resource) resource.Resource {
		r = r.Clone()
		if r.Disk == nil {
			r.Disk = &resource.Disk{}
		}
		r.Disk.Persistence = &resource.Persistence{ID: "v"}
		return r
	}
	for _, c := range []struct {
		what                  string
		r                     resource.Resource
		divisible, persistent bool
	}{
		{"root", scalar("disk", 4), true, true},
		{"path", onDisk(4, resource.DiskSource{Type: resource.SourcePath, Root: "/p"}), true, true},
		{"mount", mount("/m", 4), false, true},
		{"block", onDisk(4, resource.DiskSource{Type: resource.SourceBlock}), false, false},
		{"raw", onDisk(4, resource.DiskSource{Type: resource.SourceRaw}), true, false},
		{"raw with id", onDisk(4, resource.DiskSource{Type: resource.SourceRaw, ID: "i"}), false, false},
	} {
		require.NoError(t, c.r.Validate(), c.what)
		require.Equal(t, c.divisible, c.r.IsDivisible(), c.what)
		require.Equal(t, c.persistent, persistent(c.r).Validate() == nil, c.what)
		require.False(t, persistent(c.r).IsDivisible(), c.what)
		twice := collect(t, c.r, c.r)
		half := c.r.Clone()
		half.Scalar /= 2
		if c.divisible {
			require.Equal(t, 1, twice.Len(), c.what)
			require.True(t, collect(t, c.r).ContainsResource(half), c.what)
		} else {
			require.Equal(t, 2, twice.Len(), c.what)
			require.Equal(t, 2, twice.Count(c.r), c.what)
			require.False(t, collect(t, c.r).ContainsResource(half), c.what)
		}
	}
}

// docs/resource-model.md §3.4
func TestDiskRules(t *testing.T) {
	bad := map[string]resource.Resource{
		"block with a root": onDisk(1, resource.DiskSource{Type: resource.SourceBlock, Root: "/r"}),
		"raw with a root":   onDisk(1, resource.DiskSource{Type: resource.SourceRaw, Root: "/r"}),
		"unknown":           onDisk(1, resource.DiskSource{}),
	}
	cpus := scalar("cpus", 1)
	cpus.Disk = &resource.Disk{Volume: &resource.Volume{ContainerPath: "a", Mode: resource.ReadWrite}}
	bad["cpus with disk"] = cpus
	for what, r := range bad {
		require.ErrorIs(t, r.Validate(), resource.ErrDisk, what)
	}
	for s, want := range map[string]error{
		`{"source":{"type":"RAW","mount":{}}}`: resource.ErrDisk, `{"source":{"type":"BLOCK","path":{"root":"/"}}}`: resource.ErrDisk, `{"source":{"type":"TAPE"}}`: resource.ErrDisk,
		`{"source":{}}`: resource.ErrSyntax, `{"volume":{"mode":"RW"}}`: resource.ErrSyntax, `{"volume":{"container_path":"p","mode":"WO"}}`: resource.ErrDisk, `{"persistence":{}}`: resource.ErrSyntax,
	} {
		_, err := resource.DecodeJSON([]byte(`[{"name":"disk","type":"SCALAR","scalar":{"value":1},"disk":` + s + `}]`))
		require.ErrorIs(t, err, want, s)
	}
	empty, err := resource.DecodeJSON([]byte(`[{"name":"disk","type":"SCALAR","scalar":{"value":1},"disk":{}}]`))
	require.NoError(t, err)
	require.Equal(t, resource.MustParse("disk:1"), empty, "nothing inside is absent")
	_, err = resource.DecodeJSON([]byte(`[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"disk":{}}]`))
	require.ErrorIs(t, err, resource.ErrDisk, "but not even that on another name")
}

// docs/resource-model.md §3.4
func TestVolumeIDs(t *testing.T) {
	for id, ok := range map[string]bool{
		"v": true, "a.b": true, "...": true, strings.Repeat("x", 255): true, "a b": true,
		"": false, ".": false, "..": false, "a/b": false, `a\b`: false, "a\nb": false, "a\x7f": false, strings.Repeat("x", 256): false,
	} {
		err := volume(id, 1).Validate()
		if ok {
			require.NoError(t, err, "%q", id)
		} else {
			require.ErrorIs(t, err, resource.ErrVolumeID, "%q", id)
		}
	}
}

// One change of each field that counts keeps entries apart, one of those that do not does not.
// docs/resource-model.md §3.5
func TestMetadataKey(t *testing.T) {
	base := onDisk(4, resource.DiskSource{Type: resource.SourcePath, Root: "/p"})
	base.Reservations = []resource.Reservation{static("r")}
	changes := map[string]func(*resource.Resource){
		"allocation": func(r *resource.Resource) { r.AllocationRole = "r" },
		"stack":      func(r *resource.Resource) { r.Reservations = append(r.Reservations, dynamic("r/s")) },
		"no disk":    func(r *resource.Resource) { r.Disk = nil },
		"root":       func(r *resource.Resource) { r.Disk.Source.Root = "/q" },
		"source":     func(r *resource.Resource) { r.Disk.Source.Type = resource.SourceMount },
		"id":         func(r *resource.Resource) { r.Disk.Source.ID = "i" },
		"profile":    func(r *resource.Resource) { r.Disk.Source.Profile = "f" },
		"vendor":     func(r *resource.Resource) { r.Disk.Source.Vendor = "w" },
		"metadata":   func(r *resource.Resource) { r.Disk.Source.Metadata = []resource.Label{{Key: "k"}} },
		"persistence": func(r *resource.Resource) {
			r.Disk.Persistence = &resource.Persistence{ID: "v"}
		},
		"revocable": func(r *resource.Resource) { r.Revocable = true },
		"provider":  func(r *resource.Resource) { r.ProviderID = "rp" },
		"shared": func(r *resource.Resource) {
			r.Disk.Persistence = &resource.Persistence{ID: "v"}
			r.Shared = true
		},
	}
	for what, change := range changes {
		other := base.Clone()
		change(&other)
		require.False(t, base.Equal(other), what)
		a, b := collect(t, base), collect(t, other)
		require.Equal(t, 2, a.Add(b).Len(), what)
		require.False(t, a.Contains(b), what)
		require.False(t, b.Contains(a), what)
		require.Equal(t, a, a.SubSaturating(b), what)
	}
}

// docs/resource-model.md §3.5
// docs/resource-model.md §8.1
func TestIgnoredFields(t *testing.T) {
	a, b := volume("v", 64), volume("v", 64)
	b.Disk.Volume = &resource.Volume{ContainerPath: "elsewhere", HostPath: "/h", Mode: resource.ReadOnly}
	b.Disk.Persistence.Principal = ptr("p")
	require.True(t, a.Equal(b))
	require.True(t, collect(t, a).Contains(collect(t, b)))
	require.True(t, collect(t, a).Equal(collect(t, b)))
	rest, err := collect(t, a).Sub(collect(t, b))
	require.NoError(t, err)
	require.True(t, rest.IsEmpty())
	a.Shared, b.Shared = true, true
	require.Equal(t, "disk(reservations: [(DYNAMIC,r)])[v:data]<SHARED>:64<2>", collect(t, a).Add(collect(t, b)).String(), "what is there keeps its own")
	require.Equal(t, "disk(reservations: [(DYNAMIC,r)])[v:/h:elsewhere:ro]<SHARED>:64<2>", collect(t, b).Add(collect(t, a)).String())
	require.True(t, collect(t, a, b).Equal(collect(t, b, a)))
}

// docs/resource-model.md §3.5
func TestAddableSubtractableContains(t *testing.T) {
	require.Equal(t, 2, collect(t, scalar("cpus", 1, static("a")), scalar("cpus", 1, static("b"))).Len())
	require.Equal(t, 2, collect(t, volume("v", 64), volume("v", 64)).Len(), "the same volume twice stays two entries")
	small, large := collect(t, volume("v", 100)), collect(t, volume("v", 200))
	require.Equal(t, large, large.SubSaturating(small))
	require.False(t, large.Contains(small))
	require.False(t, collect(t, mount("/m", 200)).Contains(collect(t, mount("/m", 50))))
	raw := func(n int64) resource.Resources {
		return collect(t, onDisk(n, resource.DiskSource{Type: resource.SourceRaw}))
	}
	require.True(t, raw(20).Contains(raw(10)))
}

// The first rule broken names the error.
// docs/resource-model.md §3.6
func TestValidateInOrder(t *testing.T) {
	ports, err := resource.NewRanges(resource.Range{Begin: 1, End: 70000})
	require.NoError(t, err)
	r := resource.Resource{
		Kind: resource.KindText, Scalar: -1, Reservations: []resource.Reservation{static("*")}, Shared: true,
		Disk: &resource.Disk{Source: &resource.DiskSource{Type: 9}},
	}
	for _, step := range []struct {
		err error
		fix func()
	}{
		{resource.ErrName, func() { r.Name = "ports" }},
		{resource.ErrKind, func() { r.Kind = resource.KindRanges }},
		{resource.ErrKind, func() { r.Kind = resource.KindScalar }},
		{resource.ErrNegative, func() { r.Scalar = resource.MaxScalar + 1 }},
		{resource.ErrTooLarge, func() { r.Kind, r.Scalar, r.Ranges = resource.KindRanges, 0, ports }},
		{resource.ErrDisk, func() { r.Disk = nil }},
		{resource.ErrReservation, func() { r.Reservations = nil }},
		{resource.ErrShared, func() { r.Shared = false }},
		{resource.ErrPredefined, func() { r.Name = "x" }},
	} {
		require.ErrorIs(t, r.Validate(), step.err)
		got, err := resource.New(scalar("cpus", 1), r)
		require.ErrorIs(t, err, step.err)
		require.True(t, got.IsEmpty(), "nothing is half built")
		step.fix()
	}
	require.NoError(t, r.Validate())
	for _, name := range []string{"", " x", "x ", "\tx", "a\x00b", "\xff"} {
		require.ErrorIs(t, scalar(name, 1).Validate(), resource.ErrName, "%q", name)
	}
	require.ErrorIs(t, resource.Resource{Name: "cpus", Scalar: 1, ProviderID: "\xff"}.Validate(), resource.ErrSyntax)
}

// docs/resource-model.md §3.6
func TestValidateUse(t *testing.T) {
	require.NoError(t, resource.ValidateUse(resource.MustParse("cpus:1;gpus:2;ports:[1-2]")))
	require.NoError(t, resource.ValidateUse(collect(t, volume("v", 64))))
	change := func(r resource.Resource, f func(*resource.Resource)) resource.Resource {
		r = r.Clone()
		f(&r)
		return r
	}
	for what, r := range map[string]resource.Resource{
		"unreserved volume":      change(volume("v", 1), func(r *resource.Resource) { r.Reservations = nil }),
		"revocable volume":       change(volume("v", 1), func(r *resource.Resource) { r.Revocable, r.Reservations = true, []resource.Reservation{static("r")} }),
		"no volume":              change(volume("v", 1), func(r *resource.Resource) { r.Disk.Volume = nil }),
		"host path":              change(volume("v", 1), func(r *resource.Resource) { r.Disk.Volume.HostPath = "/h" }),
		"volume, no persistence": change(volume("v", 1), func(r *resource.Resource) { r.Disk.Persistence = nil }),
		"revocable and dynamic":  change(scalar("cpus", 1, dynamic("r")), func(r *resource.Resource) { r.Revocable = true }),
	} {
		require.NoError(t, r.Validate(), "%s: legal as a structure", what)
		require.ErrorIs(t, resource.ValidateUse(collect(t, r)), resource.ErrUse, what)
	}
	odd, err := resource.Parse("gpus:0.5;gpus(r):0.7", resource.ForeignNames())
	require.NoError(t, err)
	require.ErrorIs(t, resource.ValidateUse(odd), resource.ErrUse)
	whole, err := resource.Parse("gpus:0.5;gpus(r):0.5", resource.ForeignNames())
	require.NoError(t, err)
	require.NoError(t, resource.ValidateUse(whole), "whole over the sum")
}
