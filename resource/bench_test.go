package resource_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/proffer-go/proffer/resource"
)

// The shapes of the arithmetic table of the recorded cases: a, b to add, b to take or to look for.
type benchShape struct {
	name      string
	a, b, sub string
}

// fragments lists n ranges of two ports, ten apart.
func fragments(n, from int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d-%d", from+i*10, from+i*10+1)
	}
	return "ports:[" + b.String() + "]"
}

var benchShapes = []benchShape{
	{"scalars", "cpus:24;gpus:2;mem:49152;disk:819200", "cpus:2;gpus:1;mem:4096;disk:1024", "cpus:2;gpus:1;mem:4096;disk:1024"},
	{
		"typical", "cpus:24;gpus:2;mem:49152;disk:819200;ports:[31000-32000]",
		"cpus:2;gpus:1;mem:4096;disk:1024;ports:[32100-32200]", "cpus:2;gpus:1;mem:4096;disk:1024;ports:[31100-31200]",
	},
	{
		"frag100", "cpus:24;gpus:2;mem:49152;disk:819200;" + fragments(100, 31000),
		"cpus:2;gpus:1;mem:4096;disk:1024;" + fragments(100, 31005), "cpus:2;gpus:1;mem:4096;disk:1024;" + fragments(100, 31000),
	},
	{
		"frag100small", "cpus:24;gpus:2;mem:49152;disk:819200;" + fragments(100, 31000),
		"cpus:2;gpus:1;mem:4096;disk:1024;ports:[31505-31506]", "cpus:2;gpus:1;mem:4096;disk:1024;ports:[31500-31500]",
	},
}

var (
	sinkResources resource.Resources
	sinkBool      bool
)

func benchmarkShapes(b *testing.B, run func(b *testing.B, s benchShape)) {
	for _, s := range benchShapes {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			run(b, s)
		})
	}
}

func BenchmarkResourcesAdd(b *testing.B) {
	benchmarkShapes(b, func(b *testing.B, s benchShape) {
		x, y := resource.MustParse(s.a), resource.MustParse(s.b)
		for b.Loop() {
			sinkResources = x.Add(y)
		}
	})
}

func BenchmarkResourcesSub(b *testing.B) {
	benchmarkShapes(b, func(b *testing.B, s benchShape) {
		x, y := resource.MustParse(s.a), resource.MustParse(s.sub)
		for b.Loop() {
			r, err := x.Sub(y)
			if err != nil {
				b.Fatal(err)
			}
			sinkResources = r
		}
	})
}

func BenchmarkResourcesContains(b *testing.B) {
	benchmarkShapes(b, func(b *testing.B, s benchShape) {
		x, y := resource.MustParse(s.a), resource.MustParse(s.sub)
		for b.Loop() {
			sinkBool = x.Contains(y)
		}
		if !sinkBool {
			b.Fatal("not contained")
		}
	})
}

func BenchmarkResourcesEqual(b *testing.B) {
	benchmarkShapes(b, func(b *testing.B, s benchShape) {
		x, y := resource.MustParse(s.a), resource.MustParse(s.a)
		for b.Loop() {
			sinkBool = x.Equal(y)
		}
		if !sinkBool {
			b.Fatal("not equal")
		}
	})
}

func BenchmarkSumAdd(b *testing.B) {
	benchmarkShapes(b, func(b *testing.B, s benchShape) {
		x, y := resource.MustParse(s.a), resource.MustParse(s.b)
		var sum resource.Sum
		sum.Add(x)
		for b.Loop() {
			sum.Add(y)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, s := range []struct{ name, text string }{
		{"typical", "cpus:24;gpus:2;mem:24576;disk:409600;ports:[21000-24000,30000-34000]"},
		{"frag100", benchShapes[2].a},
	} {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := resource.Parse(s.text)
				if err != nil {
					b.Fatal(err)
				}
				sinkResources = r
			}
		})
	}
}
