package resource_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

// soon fails if work takes longer than a second per attempt, with some room for a busy machine.
func soon(t *testing.T, what string, work func()) {
	t.Helper()
	start := time.Now()
	work()
	require.Less(t, time.Since(start), 5*time.Second, what)
}

// Whatever ten megabytes a flag holds, they are refused or parsed soon.
// docs/resource-model.md §2.2
func TestLargeTexts(t *testing.T) {
	const size = 10 << 20
	for _, piece := range []string{
		"a", ";", ":", "a:1;", "cpus(a/b):1;", "[", "{", "(", "[[", "x:{", "x:[1-", "a:{b};", "[{", `[{"name":"x",`, `{"a":`, "\x00", " ", "1", "é", `"`, `\`, "cpus:1;mem:[", "\n",
	} {
		for _, prefix := range []string{"", "x:", "x:[", "x:{", "[", `[{"name":"`} {
			n := size
			if prefix != "" {
				n /= 8
			}
			text := prefix + strings.Repeat(piece, n/len(piece))
			soon(t, prefix+piece, func() {
				_, err := resource.Parse(text)
				if err != nil {
					requireParseError(t, text, err)
					require.Less(t, len(err.Error()), 400)
				}
			})
		}
	}
}

// docs/resource-model.md §2.6
// docs/resource-model.md §4.5
func TestLargeListsOfOtherKinds(t *testing.T) {
	const size = 10 << 20
	for _, piece := range []string{"a:1;", "a", ";", ":", "\n", `{"a":1,`, `[{"name":"a","type":"TEXT","text":{"value":"x"}},`, "[", "{"} {
		text := strings.Repeat(piece, size/len(piece))
		soon(t, piece, func() {
			_, _ = resource.ParseAttributes(text)
			_, _ = resource.ParseQuantities(text)
			_, _ = resource.ParseLimits(text)
			var a resource.Attributes
			_ = a.UnmarshalJSON([]byte(text))
			var q resource.Quantities
			_ = q.UnmarshalJSON([]byte(text))
		})
	}
	many := strings.Repeat("a:1;", resource.MaxItems+1)
	_, err := resource.ParseAttributes(many)
	require.ErrorIs(t, err, resource.ErrTooMany)
	_, err = resource.ParseQuantities(many)
	require.ErrorIs(t, err, resource.ErrTooMany)
	_, err = resource.Parse(many)
	require.ErrorIs(t, err, resource.ErrTooMany)
}

// docs/resource-model.md §1.2
func TestMillionRangesStayNearLinear(t *testing.T) {
	text := func(n int) string {
		var b strings.Builder
		b.WriteString("x:[")
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			k := i * 7919 % n // out of order
			fmt.Fprintf(&b, "%d-%d", 10*k, 10*k+3)
		}
		b.WriteByte(']')
		return b.String()
	}
	million := text(1_000_000)
	soon(t, "parse", func() {
		r, err := resource.Parse(million)
		require.NoError(t, err)
		x, ok := r.Ranges("x")
		require.True(t, ok)
		require.Equal(t, 1_000_000, x.Len())
		require.EqualValues(t, 4_000_000, x.Size())
		soon(t, "arithmetic", func() {
			shifted, err := resource.NewRanges(resource.Range{Begin: 5, End: 9_000_000})
			require.NoError(t, err)
			require.True(t, x.Add(shifted).Contains(shifted))
			require.True(t, x.Sub(shifted).Intersect(shifted).IsEmpty())
			require.True(t, r.Contains(r))
		})
	})
}

// Many items of one name merge in near-linear time, whatever their kind.
// docs/resource-model.md §4.1
func TestManyItemsMergeSoon(t *testing.T) {
	for what, item := range map[string]func(i int) string{
		"ranges": func(i int) string {
			return fmt.Sprintf("x:[%d-%d]", 10*(i*7919%resource.MaxItems), 10*(i*7919%resource.MaxItems)+1)
		},
		"sets":  func(i int) string { return fmt.Sprintf("x:{m%d}", i*7919%resource.MaxItems) },
		"names": func(i int) string { return fmt.Sprintf("n%d:1", i) },
		"roles": func(i int) string { return fmt.Sprintf("x(r%d):1", i) },
	} {
		var b strings.Builder
		for i := range resource.MaxItems {
			b.WriteString(item(i) + ";")
		}
		soon(t, what, func() {
			r, err := resource.Parse(b.String())
			require.NoError(t, err)
			require.True(t, r.Contains(r))
			require.Equal(t, r, r.Add(resource.Resources{}))
			_ = r.ToUnreserved()
			_, ok := r.Find(resource.MustParse("n1:1"))
			require.Equal(t, what == "names", ok)
		})
	}
	mounts := strings.Repeat(`{"name":"disk","type":"SCALAR","scalar":{"value":1},"disk":{"source":{"type":"MOUNT","mount":{"root":"/m"}}}},`, 20000)
	soon(t, "mounts", func() {
		r, err := resource.Parse("[" + strings.TrimSuffix(mounts, ",") + "]")
		require.NoError(t, err)
		require.Equal(t, 20000, r.Len())
		require.True(t, r.Contains(r))
		require.True(t, r.SubSaturating(r).IsEmpty())
	})
}

// docs/resource-model.md §2.3
func TestDeepJSONIsRefused(t *testing.T) {
	deep := `[{"name":"x","type":"SCALAR","scalar":{"value":1},"y":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}]`
	var r resource.Resources
	require.ErrorIs(t, r.UnmarshalJSON([]byte(deep)), resource.ErrTooMany)
}

// docs/resource-model.md §4.2
func TestAllocationsPerOperation(t *testing.T) {
	for _, s := range benchShapes {
		a, b, c, d := resource.MustParse(s.a), resource.MustParse(s.b), resource.MustParse(s.sub), resource.MustParse(s.a)
		most := 1.0
		if s.name != "scalars" {
			most = 3
		}
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() { sinkResources = a.Add(b) }), most, s.name)
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() { sinkResources, _ = a.Sub(c) }), most, s.name)
		require.Zero(t, testing.AllocsPerRun(100, func() { sinkBool = a.Contains(c) }), s.name)
		require.Zero(t, testing.AllocsPerRun(100, func() { sinkBool = a.Equal(d) }), s.name)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			for r, n := range a.All() {
				sinkBool = n == 1 && r.Shared
			}
			for i := range a.Items() {
				sinkBool = i.IsShared()
			}
			_, sinkBool = a.Scalar("mem")
			sinkBool = a.Quantity("ports") > 0
		}), s.name)
	}
}

// A Sum that was used up takes anew without new memory.
// docs/resource-model.md §4.2
func TestSumKeepsItsMemory(t *testing.T) {
	var sum resource.Sum
	r := resource.MustParse("cpus:1;mem:2;x:3")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		sum.Add(r)
		sum.SubSaturating(r)
	}))
	require.Equal(t, resource.Resources{}, sum.Resources())
	require.Equal(t, resource.Resources{}, sum.View())
	sum.Add(r)
	require.Equal(t, r, sum.Resources())
	require.ErrorContains(t, new(resource.Sum).Sub(r), "{} does not hold")
}
