package resourcetest

import (
	"math"
	"strings"

	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// nasty are texts that parsers and printers trip over.
var nasty = []string{
	"", " ", "*", "..", "a b", "a:b", "a;b", "a(b)", "[", "]", "{}", "a,b", "\x00", "\x7f", "\xff", "é", "\"", "\\", "a/../b",
	"a//b", "-", "-a", "/a", "cpus", ": ", "<SHARED>", "{REV}", strings.Repeat("x", 300),
}

// Text makes texts that parsers and printers trip over.
func Text() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom(nasty), rapid.String())
}

// HostileResource makes resources that are mostly invalid, each in its own way: for showing that nothing panics
// and nothing invalid gets into a collection.
func HostileResource() *rapid.Generator[resource.Resource] {
	return rapid.Custom(func(t *rapid.T) resource.Resource {
		r := Resource().Draw(t, "resource").Clone()
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			spoil(t, &r)
		}
		return r
	})
}

func spoil(t *rapid.T, r *resource.Resource) {
	switch rapid.IntRange(0, 11).Draw(t, "change") {
	case 0:
		r.Name = Text().Draw(t, "name")
	case 1:
		r.Kind = resource.Kind(rapid.Byte().Draw(t, "kind"))
	case 2:
		r.Scalar = resource.Scalar(rapid.SampledFrom([]int64{-1, math.MinInt64, math.MaxInt64, int64(resource.MaxScalar) + 1, 0}).Draw(t, "scalar"))
	case 3:
		r.Ranges = Ranges().Draw(t, "ranges")
	case 4:
		r.Set, _ = resource.NewSet(Text().Draw(t, "member"))
	case 5:
		r.Reservations = append(r.Reservations, Reservation().Draw(t, "reservation"))
	case 6:
		text := Text().Draw(t, "principal")
		r.Reservations = append(r.Reservations, resource.Reservation{Role: role.Name(Text().Draw(t, "role")), Principal: &text})
	case 7:
		r.Disk = &resource.Disk{Persistence: &resource.Persistence{ID: Text().Draw(t, "id")}}
	case 8:
		r.Disk = &resource.Disk{Source: &resource.DiskSource{Type: resource.SourceType(rapid.IntRange(0, 9).Draw(t, "source")), Root: "/r"}}
	case 9:
		r.Disk = &resource.Disk{Volume: &resource.Volume{Mode: resource.VolumeMode(rapid.IntRange(0, 5).Draw(t, "mode"))}}
	case 10:
		r.Shared = !r.Shared
	case 11:
		r.AllocationRole, r.ProviderID = role.Name(Text().Draw(t, "allocation")), Text().Draw(t, "provider")
	}
}

// HostileText makes near misses of the text form, of attributes, of quantities and of JSON.
func HostileText() *rapid.Generator[string] {
	pieces := append([]string{
		"cpus", "mem", "ports", "zones", "gpus", ":", ";", "(", ")", "[", "]", "{", "}", ",", "-", "1", "5", "0.0004", "1e3", "1e400", "4.9e-324",
		"18446744073709551615", "18446744073709551616", "[1-5]", "{a,b}", "(r)", "*", "\n", "\t", "inf", "0x10",
		`"name"`, `"cpus"`, `"type"`, `"SCALAR"`, `"scalar"`, `"value"`, "null", `[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]`,
	}, nasty...)
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12), func(p []string) string { return strings.Join(p, "") })
}
