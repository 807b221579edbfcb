// Package resourcetest makes values of package resource for property-based tests: it turns the draws of
// pgregory.net/rapid into scalars, ranges, sets, resources and collections that collide often.
//
// All generators are pure; they may be shared between tests and goroutines. What they make is
// small on purpose (docs/resource-model.md §8): integers within 0…200, around 65535 and
// at the upper edge, members a…e, roles in a tree
// of three levels, shared counts 1 to 3.
package resourcetest

import (
	"math"

	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Scalar makes amounts from 0.001 to 10^6, whole ones and small ones more often than others.
func Scalar() *rapid.Generator[resource.Scalar] {
	return rapid.OneOf(
		rapid.Map(rapid.Int64Range(1, 20), resource.Whole),
		rapid.Map(rapid.Int64Range(1, 5000), func(n int64) resource.Scalar { return resource.Scalar(n) }),
		rapid.Map(rapid.Int64Range(1, 1_000_000_000), func(n int64) resource.Scalar { return resource.Scalar(n) }),
	)
}

// AnyScalar makes every legal amount, 0 and MaxScalar included.
func AnyScalar() *rapid.Generator[resource.Scalar] {
	return rapid.Map(rapid.Int64Range(0, int64(resource.MaxScalar)), func(n int64) resource.Scalar { return resource.Scalar(n) })
}

// Intervals makes up to 8 intervals, in any order and overlapping, within 0…200, around 65535
// or near 2^64−1.
func Intervals() *rapid.Generator[[]resource.Range] {
	one := rapid.Custom(func(t *rapid.T) resource.Range {
		begin := rapid.Uint64Range(0, 200).Draw(t, "begin")
		end := min(begin+rapid.Uint64Range(0, 40).Draw(t, "length"), 200)
		switch rapid.IntRange(0, 9).Draw(t, "where") {
		case 0:
			begin, end = math.MaxUint64-end, math.MaxUint64-begin
		case 1: // around the largest port
			begin, end = begin+math.MaxUint16-100, end+math.MaxUint16-100
		}
		return resource.Range{Begin: begin, End: end}
	})
	return rapid.SliceOfN(one, 0, 8)
}

// Ranges makes sets of integers, empty ones too.
func Ranges() *rapid.Generator[resource.Ranges] {
	return rapid.Custom(func(t *rapid.T) resource.Ranges {
		r, err := resource.NewRanges(Intervals().Draw(t, "intervals")...)
		if err != nil {
			t.Fatalf("resourcetest: %v", err)
		}
		return r
	})
}

// Ports makes sets of integers within 0…200, which are legal ports.
func Ports() *rapid.Generator[resource.Ranges] {
	return rapid.Custom(func(t *rapid.T) resource.Ranges {
		low, _ := resource.NewRanges(resource.Range{Begin: 0, End: 200})
		return Ranges().Draw(t, "ranges").Intersect(low)
	})
}

// Set makes sets over {a…e}, empty ones too.
func Set() *rapid.Generator[resource.Set] {
	return rapid.Custom(func(t *rapid.T) resource.Set {
		items := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), 0, 5, rapid.ID).Draw(t, "items")
		s, err := resource.NewSet(items...)
		if err != nil {
			t.Fatalf("resourcetest: %v", err)
		}
		return s
	})
}

// roles are a tree of three levels, with a name that is another's prefix.
var roles = []role.Name{"a", "ab", "b", "a/b", "a/bx", "a/c", "a/b/c", "a/bx/c", "b/d"}

// Role makes roles that can own a reservation.
func Role() *rapid.Generator[role.Name] { return rapid.SampledFrom(roles) }

// Labels makes up to 3 labels, duplicates and missing values included.
func Labels() *rapid.Generator[[]resource.Label] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) resource.Label {
		return resource.Label{Key: rapid.SampledFrom([]string{"k", "l"}).Draw(t, "key"), Value: optional(t, "value", "", "v", "w")}
	}), 0, 3)
}

// optional draws nil or one of the texts.
func optional(t *rapid.T, label string, texts ...string) *string {
	i := rapid.IntRange(-1, len(texts)-1).Draw(t, label)
	if i < 0 {
		return nil
	}
	return &texts[i]
}

// Reservation makes one entry of a stack.
func Reservation() *rapid.Generator[resource.Reservation] {
	return rapid.Custom(func(t *rapid.T) resource.Reservation {
		v := resource.Reservation{
			Type: rapid.SampledFrom([]resource.ReservationType{resource.Static, resource.Dynamic}).Draw(t, "type"),
			Role: Role().Draw(t, "role"),
		}
		if rapid.Bool().Draw(t, "tagged") {
			v.Principal, v.Labels = optional(t, "principal", "p1", "p2"), Labels().Draw(t, "labels")
		}
		return v
	})
}

// Stack makes well-formed reservation stacks of 0 to 3 entries.
func Stack() *rapid.Generator[[]resource.Reservation] {
	return rapid.Custom(func(t *rapid.T) []resource.Reservation {
		var out []resource.Reservation
		for range rapid.SampledFrom([]int{0, 0, 1, 1, 1, 2, 3}).Draw(t, "depth") {
			v := Reservation().Draw(t, "reservation")
			if n := len(out); n > 0 {
				v.Type, v.Role = resource.Dynamic, out[n-1].Role+"/"+role.Name(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "below"))
			}
			out = append(out, v)
		}
		return out
	})
}

// Disk makes every legal form of disk information, nil included.
func Disk() *rapid.Generator[*resource.Disk] {
	return rapid.Custom(func(t *rapid.T) *resource.Disk {
		d := &resource.Disk{}
		switch rapid.IntRange(0, 6).Draw(t, "source") {
		case 0:
			d.Source = &resource.DiskSource{Type: resource.SourcePath, Root: rapid.SampledFrom([]string{"", "/p", "/q"}).Draw(t, "root")}
		case 1:
			d.Source = &resource.DiskSource{Type: resource.SourceMount, Root: rapid.SampledFrom([]string{"", "/m", "/n"}).Draw(t, "root")}
		case 2:
			d.Source = &resource.DiskSource{Type: resource.SourceBlock}
		case 3:
			d.Source = &resource.DiskSource{Type: resource.SourceRaw}
		}
		if s := d.Source; s != nil && rapid.Bool().Draw(t, "csi") {
			s.ID = rapid.SampledFrom([]string{"", "i", "j"}).Draw(t, "id")
			s.Profile = rapid.SampledFrom([]string{"", "fast"}).Draw(t, "profile")
			s.Vendor = rapid.SampledFrom([]string{"", "v"}).Draw(t, "vendor")
			s.Metadata = Labels().Draw(t, "metadata")
		}
		mountable := d.Source == nil || d.Source.Type == resource.SourcePath || d.Source.Type == resource.SourceMount
		if mountable && rapid.Bool().Draw(t, "persistent") {
			d.Persistence = &resource.Persistence{ID: rapid.SampledFrom([]string{"v1", "v2"}).Draw(t, "volume id"), Principal: optional(t, "owner", "p1")}
		}
		if rapid.Bool().Draw(t, "volume") {
			d.Volume = &resource.Volume{
				ContainerPath: rapid.SampledFrom([]string{"data", "path"}).Draw(t, "container path"),
				HostPath:      rapid.SampledFrom([]string{"", "/host"}).Draw(t, "host path"),
				Mode:          rapid.SampledFrom([]resource.VolumeMode{resource.ReadWrite, resource.ReadOnly}).Draw(t, "mode"),
			}
		}
		if *d == (resource.Disk{}) {
			return nil
		}
		return d
	})
}

// Resource makes valid resources, not empty, of predefined and other names, with every kind of tag.
func Resource() *rapid.Generator[resource.Resource] {
	return rapid.Custom(func(t *rapid.T) resource.Resource {
		r := resource.Resource{Name: rapid.SampledFrom([]string{"cpus", "disk", "disk", "gpus", "mem", "ports", "zones", "x"}).Draw(t, "name")}
		drawValue(t, &r)
		if rapid.IntRange(0, 2).Draw(t, "plain") == 0 {
			return r
		}
		r.Reservations = Stack().Draw(t, "stack")
		r.AllocationRole = rapid.SampledFrom([]role.Name{"", "", "", "a", "a/b"}).Draw(t, "allocation")
		r.Revocable = rapid.IntRange(0, 5).Draw(t, "revocable") == 0
		r.ProviderID = rapid.SampledFrom([]string{"", "", "", "rp"}).Draw(t, "provider")
		if r.Name == "disk" {
			r.Disk = Disk().Draw(t, "disk")
			r.Shared = r.IsPersistentVolume() && rapid.Bool().Draw(t, "shared")
		}
		return r
	})
}

func drawValue(t *rapid.T, r *resource.Resource) {
	switch r.Name {
	case "gpus":
		r.Scalar = resource.Whole(rapid.Int64Range(1, 8).Draw(t, "gpus"))
		return
	case "ports":
		r.Kind = resource.KindRanges
		r.Ranges = Ports().Filter(func(p resource.Ranges) bool { return !p.IsEmpty() }).Draw(t, "ports")
		return
	case "zones":
		r.Kind = resource.KindSet
	case "x":
		r.Kind = rapid.SampledFrom([]resource.Kind{resource.KindScalar, resource.KindRanges, resource.KindSet}).Draw(t, "kind")
	}
	switch r.Kind {
	case resource.KindRanges:
		r.Ranges = Ranges().Filter(func(p resource.Ranges) bool { return !p.IsEmpty() }).Draw(t, "ranges")
	case resource.KindSet:
		r.Set = Set().Filter(func(s resource.Set) bool { return !s.IsEmpty() }).Draw(t, "set")
	default:
		r.Scalar = Scalar().Draw(t, "scalar")
		if r.Name == "disk" { // sizes that meet again
			r.Scalar = resource.Whole(rapid.SampledFrom([]int64{32, 64, 64, 100}).Draw(t, "size"))
		}
	}
}

// List makes up to 8 valid resources as a caller would pass them: unmerged, in any order, shared
// ones up to three times.
func List() *rapid.Generator[[]resource.Resource] {
	return rapid.Custom(func(t *rapid.T) []resource.Resource {
		var out []resource.Resource
		for range rapid.IntRange(0, 6).Draw(t, "entries") {
			r := Resource().Draw(t, "resource")
			n := 1
			if r.Shared {
				n = rapid.IntRange(1, 3).Draw(t, "count")
			}
			for range n {
				out = append(out, r)
			}
		}
		return out
	})
}

// Resources makes collections of all that Resource makes.
func Resources() *rapid.Generator[resource.Resources] {
	return rapid.Custom(func(t *rapid.T) resource.Resources { return build(t, List().Draw(t, "list")) })
}

func build(t *rapid.T, list []resource.Resource) resource.Resources {
	r, err := resource.New(list...)
	if err != nil {
		t.Fatalf("resourcetest: %v", err)
	}
	return r
}

// Pair makes two collections of which the second often holds parts of the first, so that they meet.
func Pair() *rapid.Generator[[2]resource.Resources] {
	return rapid.Custom(func(t *rapid.T) [2]resource.Resources {
		a := Resources().Draw(t, "a")
		b := Part(a).Draw(t, "part of a")
		if rapid.Bool().Draw(t, "more") {
			b = b.Add(Resources().Draw(t, "b"))
		}
		return [2]resource.Resources{a, b}
	})
}

// Part makes collections that whole contains.
func Part(whole resource.Resources) *rapid.Generator[resource.Resources] {
	return rapid.Custom(func(t *rapid.T) resource.Resources {
		var list []resource.Resource
		if rapid.IntRange(0, 19).Draw(t, "nothing") == 0 {
			return resource.Resources{}
		}
		for r, n := range whole.All() {
			switch rapid.IntRange(0, 3).Draw(t, "share") {
			case 0:
				continue
			case 1:
				if r.IsDivisible() {
					cut(t, &r)
				}
			}
			for range rapid.IntRange(1, n).Draw(t, "count") {
				list = append(list, r)
			}
		}
		r, err := resource.Build([]resource.Option{resource.ForeignNames()}, list...)
		if err != nil {
			t.Fatalf("resourcetest: %v", err)
		}
		return r
	})
}

// cut leaves a part of r.
func cut(t *rapid.T, r *resource.Resource) {
	switch r.Kind {
	case resource.KindScalar:
		r.Scalar = resource.Scalar(rapid.Int64Range(1, int64(r.Scalar)).Draw(t, "part"))
	case resource.KindRanges:
		r.Ranges = r.Ranges.Intersect(Ranges().Draw(t, "part"))
	default:
		r.Set = r.Set.Intersect(Set().Draw(t, "part"))
	}
}

// Bare makes collections that the text form can hold: unreserved, or one bare STATIC reservation.
func Bare() *rapid.Generator[resource.Resources] {
	return rapid.Custom(func(t *rapid.T) resource.Resources {
		var list []resource.Resource
		for range rapid.IntRange(0, 6).Draw(t, "entries") {
			r := resource.Resource{Name: rapid.SampledFrom([]string{"cpus", "disk", "gpus", "mem", "ports", "zones", "c pus", "[x]"}).Draw(t, "name")}
			drawValue(t, &r)
			if rapid.Bool().Draw(t, "reserved") {
				r.Reservations = []resource.Reservation{{Type: resource.Static, Role: Role().Draw(t, "role")}}
			}
			list = append(list, r)
		}
		return build(t, list)
	})
}

var names = []string{"cpus", "disk", "gpus", "mem", "ports"}

// Quantities makes amounts of some predefined names.
func Quantities() *rapid.Generator[resource.Quantities] {
	return rapid.Custom(func(t *rapid.T) resource.Quantities {
		q, err := resource.NewQuantities(amounts(t)...)
		if err != nil {
			t.Fatalf("resourcetest: %v", err)
		}
		return q
	})
}

// Limits makes ceilings for some predefined names, zeros included.
func Limits() *rapid.Generator[resource.Limits] {
	return rapid.Custom(func(t *rapid.T) resource.Limits {
		l, err := resource.NewLimits(amounts(t)...)
		if err != nil {
			t.Fatalf("resourcetest: %v", err)
		}
		return l
	})
}

func amounts(t *rapid.T) []resource.Quantity {
	var out []resource.Quantity
	for _, n := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, len(names), rapid.ID).Draw(t, "names") {
		out = append(out, resource.Quantity{Name: n, Amount: resource.Scalar(rapid.Int64Range(0, 9000).Draw(t, "amount"))})
	}
	return out
}

// Attribute makes attributes of each kind.
func Attribute() *rapid.Generator[resource.Attribute] {
	return rapid.Custom(func(t *rapid.T) resource.Attribute {
		a := resource.Attribute{Name: rapid.SampledFrom([]string{"rack", "zone", "level"}).Draw(t, "name")}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			a.Kind, a.Scalar = resource.KindScalar, AnyScalar().Draw(t, "scalar")
		case 1:
			a.Kind, a.Ranges = resource.KindRanges, Ranges().Draw(t, "ranges")
		default:
			a.Kind, a.Text = resource.KindText, rapid.SampledFrom([]string{"abc", "west coast", "r1,r2", "10.0.0.1"}).Draw(t, "text")
		}
		return a
	})
}

// Attributes makes lists of up to 5 attributes, names repeating.
func Attributes() *rapid.Generator[resource.Attributes] {
	return rapid.Custom(func(t *rapid.T) resource.Attributes {
		a, err := resource.NewAttributes(rapid.SliceOfN(Attribute(), 0, 5).Draw(t, "attributes")...)
		if err != nil {
			t.Fatalf("resourcetest: %v", err)
		}
		return a
	})
}
