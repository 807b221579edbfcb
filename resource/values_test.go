package resource_test

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

// docs/resource-model.md §1
func TestKindNames(t *testing.T) {
	require.Equal(t, "SCALAR RANGES SET TEXT", resource.KindScalar.String()+" "+resource.KindRanges.String()+" "+resource.KindSet.String()+" "+resource.KindText.String())
	require.Equal(t, "Kind(9)", resource.Kind(9).String())
}

// docs/resource-model.md §1.1
func TestScalarFromFloatRoundsTheProductHalfAwayFromZero(t *testing.T) {
	for v, want := range map[float64]resource.Scalar{
		1.0005: 1001, 2.0005: 2001, 1.5015: 1502, 1.2344: 1234, 0.5005: 500, 0.5015: 501, 1.5: 1500, 0: 0, 0.0004: 0, 0.0005: 1,
		99999999999.9994: 99999999999999, 4398046511103.999: resource.MaxScalar,
	} {
		got, err := resource.ScalarFromFloat(v)
		require.NoError(t, err)
		require.Equal(t, want, got, "%v", v)
	}
}

// Of the first 20,000 half-way inputs, rounding the decimal text instead of the float64 product would change 185.
// docs/resource-model.md §1.1
func TestScalarFromFloatIsNotDecimalRounding(t *testing.T) {
	differ := 0
	for i := range 20000 {
		text := strconv.Itoa(i) + "e-3"
		half, _ := strconv.ParseFloat(strconv.Itoa(i*10+5)+"e-4", 64)
		got, err := resource.ScalarFromFloat(half)
		require.NoError(t, err)
		if up, _ := resource.ParseScalar(text); got != up+1 {
			differ++
		}
	}
	require.Equal(t, 185, differ)
}

// docs/resource-model.md §1.1
func TestScalarOperandsRoundBeforeArithmetic(t *testing.T) {
	a, _ := resource.ScalarFromFloat(1.0004)
	require.Equal(t, resource.Whole(2), a+a)
	tenth, _ := resource.ScalarFromFloat(0.1)
	require.Equal(t, resource.Whole(1), 10*tenth)
	b, _ := resource.ScalarFromFloat(1.0005)
	require.Equal(t, resource.Whole(1), a)
	require.NotEqual(t, resource.Whole(1), b)
	x, sum := resource.Scalar(1001), resource.Scalar(0)
	for range 100_000 {
		sum += 3*x - 2*x - x
	}
	require.Equal(t, x, 3*x-2*x+sum)
	require.Equal(t, "-0.5", (resource.Scalar(0) - 500).String())
}

// docs/resource-model.md §1.1
func TestScalarLegalInput(t *testing.T) {
	for v, want := range map[float64]error{
		-1: resource.ErrNegative, math.NaN(): resource.ErrNotNumber, math.Inf(1): resource.ErrNotNumber, 1e-320: resource.ErrSubnormal,
		1e19: resource.ErrTooLarge, 4398046511104: resource.ErrTooLarge, 9223372036854776: resource.ErrTooLarge,
	} {
		_, err := resource.ScalarFromFloat(v)
		require.ErrorIs(t, err, want, "%v", v)
	}
	_, err := resource.Parse("cpus:0.0004")
	require.ErrorIs(t, err, resource.ErrTooSmall)
	require.Equal(t, "cpus:0.001", resource.MustParse("cpus:0.0005").String())
	require.True(t, resource.MustParse("cpus:0").IsEmpty())
}

// Sums may pass MaxScalar, but do not wrap.
// docs/resource-model.md §1.1
func TestScalarSumsDoNotWrap(t *testing.T) {
	most, err := resource.New(resource.Resource{Name: "cpus", Scalar: resource.MaxScalar})
	require.NoError(t, err)
	_, err = resource.New(resource.Resource{Name: "cpus", Scalar: resource.MaxScalar + 1})
	require.ErrorIs(t, err, resource.ErrTooLarge)
	var sum resource.Resources
	var acc resource.Sum
	for range 3000 {
		sum = sum.Add(most)
		acc.Add(most)
	}
	n, _ := sum.Scalar("cpus")
	require.Equal(t, resource.Scalar(math.MaxInt64), n)
	require.Equal(t, sum, acc.Resources())
	require.Equal(t, sum.Quantities(), sum.Quantities().Add(sum.Quantities()))
	var two resource.Resources
	for range 2000 {
		two = two.Add(most)
	}
	n, _ = two.Scalar("cpus")
	require.Equal(t, 2000*resource.MaxScalar, n)
}

// docs/resource-model.md §1.1
func TestScalarPrintsShortestDecimal(t *testing.T) {
	for s, want := range map[resource.Scalar]string{
		1100: "1.1", 1000001000: "1000001", 99999999999999: "99999999999.999", 1: "0.001", 10: "0.01", 0: "0", 500: "0.5",
		resource.MaxScalar: "4398046511103.999", math.MinInt64: "-9223372036854775.808",
	} {
		require.Equal(t, want, s.String())
		text, err := s.MarshalText()
		require.NoError(t, err)
		require.Equal(t, want, string(text))
	}
	var s resource.Scalar
	require.NoError(t, s.UnmarshalText([]byte(" 1.5 ")))
	require.Equal(t, resource.Scalar(1500), s)
	require.ErrorIs(t, s.UnmarshalText([]byte("1 5")), resource.ErrNotNumber)
	require.Equal(t, resource.Scalar(1500), s)
}

// The reading without floats gives what the float64 product gives.
// docs/resource-model.md §1.1
func TestShortNumbersAgreeWithTheProduct(t *testing.T) {
	for i := range 200_000 {
		text := strconv.Itoa(i/1000) + "." + strconv.Itoa(i%1000)
		v, _ := strconv.ParseFloat(text, 64)
		want, _ := resource.ScalarFromFloat(v)
		got, err := resource.ParseScalar(text)
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	}
}

func ranges(t *testing.T, text string) resource.Ranges {
	t.Helper()
	r, err := resource.ParseRanges(text)
	require.NoError(t, err, text)
	return r
}

// docs/resource-model.md §1.2
func TestRangesCoalesce(t *testing.T) {
	require.Equal(t, "[4-7, 9-11]", ranges(t, "[4-6,7-7,9-10,9-11]").String())
	require.Equal(t, "[1-5, 7-10]", ranges(t, "[1-4,4-5,7-8,8-10]").String())
	require.True(t, ranges(t, "[20-30,31-39,40-40]").Equal(ranges(t, "[20-40]")))
}

// docs/resource-model.md §1.2
func TestRangesAddSubContains(t *testing.T) {
	require.Equal(t, "[1-10, 20-30]", ranges(t, "[1-4,9-10,20-22,26-30]").Add(ranges(t, "[5-8,23-25]")).String())
	a := ranges(t, "[3-9]")
	require.Equal(t, a, a.Add(a))
	require.Equal(t, "[1-1, 10-10, 46-47]", ranges(t, "[1-10,20-30,40-50]").Sub(ranges(t, "[2-9,15-45,48-50]")).String())
	require.Equal(t, "[3-8]", ranges(t, "[3-8]").Sub(ranges(t, "[9-10]")).String())
	require.Equal(t, "[5-6]", ranges(t, "[1-6]").Intersect(ranges(t, "[5-9]")).String())
	require.True(t, ranges(t, "[1-2,4-6]").Contains(ranges(t, "[2-2,4-5]")))
	require.False(t, ranges(t, "[2-3]").Contains(ranges(t, "[2-2,4-5]")))
}

// docs/resource-model.md §1.2
func TestRangesSize(t *testing.T) {
	require.EqualValues(t, 1001, ranges(t, "[5000-6000]").Size())
	_, err := resource.ParseRanges("[0-18446744073709551615]")
	require.ErrorIs(t, err, resource.ErrTooLarge)
	_, err = resource.NewRanges(resource.Range{Begin: 1, End: 4398046511103})
	require.NoError(t, err)
	_, err = resource.NewRanges(resource.Range{Begin: 0, End: 4398046511103})
	require.ErrorIs(t, err, resource.ErrTooLarge)
	_, err = resource.NewRanges(resource.Range{Begin: 0, End: 1 << 63}, resource.Range{Begin: 1<<63 + 2, End: math.MaxUint64})
	require.ErrorIs(t, err, resource.ErrTooLarge)
}

// docs/resource-model.md §1.2
func TestRangesAtTheEdge(t *testing.T) {
	require.Equal(t, "[18446744073709551613-18446744073709551615]",
		ranges(t, "[18446744073709551615-18446744073709551615, 18446744073709551613-18446744073709551614]").String())
	edge := ranges(t, "[18446744073709551615-18446744073709551615]")
	require.Equal(t, "[0-0, 18446744073709551615-18446744073709551615]", edge.Add(ranges(t, "[0-0]")).String())
	require.True(t, edge.Sub(edge).IsEmpty())
	require.EqualValues(t, 1, edge.Size())
}

// docs/resource-model.md §1.2
func TestRangesInverted(t *testing.T) {
	for _, text := range []string{"[5-1]", "[5-1,1-9]"} {
		_, err := resource.ParseRanges(text)
		require.ErrorIs(t, err, resource.ErrInverted, text)
		_, err = resource.ParseAttributes("k:" + text)
		require.ErrorIs(t, err, resource.ErrInverted, text)
	}
	_, err := resource.NewRanges(resource.Range{Begin: 5, End: 1}, resource.Range{Begin: 1, End: 9})
	require.ErrorIs(t, err, resource.ErrInverted)
}

// Text merges silently; JSON refuses every overlap and merges neighbours.
// docs/resource-model.md §1.2
func TestRangesOverlapInOneLiteral(t *testing.T) {
	require.Equal(t, "x:[1-9]", resource.MustParse("x:[1-5,4-9]").String())
	for rs, ok := range map[string]bool{
		`{"begin":1,"end":5},{"begin":4,"end":9}`: false, `{"begin":9,"end":10},{"begin":6,"end":10}`: false,
		`{"begin":1,"end":5},{"begin":1,"end":5}`: false, `{"begin":1,"end":5},{"begin":6,"end":9}`: true,
	} {
		r, err := resource.DecodeJSON([]byte(`[{"name":"x","type":"RANGES","ranges":{"range":[` + rs + `]}}]`))
		if !ok {
			require.ErrorIs(t, err, resource.ErrOverlap, rs)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, "x:[1-9]", r.String())
	}
}

// docs/resource-model.md §1.2
func TestRangesPrint(t *testing.T) {
	require.Equal(t, "[10000-20000, 30000-50000]", ranges(t, "[ 30000-50000,10000 - 20000 ]").String())
	require.Equal(t, "[7-7]", ranges(t, "[7-7]").String())
	require.Equal(t, "[]", resource.Ranges{}.String())
	var r resource.Ranges
	require.NoError(t, r.UnmarshalText([]byte("[1-2]")))
	require.Error(t, r.UnmarshalText([]byte("1-2")))
	text, err := r.MarshalText()
	require.NoError(t, err)
	require.Equal(t, "[1-2]", string(text))
}

// The plain merge with big integers agrees at the upper end too.
// docs/resource-model.md §1.2
func TestPlainRangesUseBigIntegers(t *testing.T) {
	most := new(big.Int).SetUint64(math.MaxUint64)
	require.Equal(t, "18446744073709551616", new(big.Int).Add(most, big.NewInt(1)).String())
	list := []resource.Range{{Begin: math.MaxUint64, End: math.MaxUint64}, {Begin: math.MaxUint64 - 2, End: math.MaxUint64 - 1}}
	r, err := resource.NewRanges(list...)
	require.NoError(t, err)
	require.Equal(t, plainRanges(list), slices.Collect(r.All()))
}

func set(t *testing.T, text string) resource.Set {
	t.Helper()
	s, err := resource.ParseSet(text)
	require.NoError(t, err, text)
	return s
}

// docs/resource-model.md §1.3
func TestSetIsSortedAndUnordered(t *testing.T) {
	require.Equal(t, "{sda1, sda2}", set(t, "{sda2,sda1}").String())
	require.True(t, set(t, "{a,b}").Equal(set(t, "{b,a}")))
	a, b := resource.MustParse("z:{a,b}"), resource.MustParse("z:{b,a}")
	require.True(t, a.Equal(b))
	for x := range a.All() {
		for y := range b.All() {
			require.True(t, x.Equal(y))
		}
	}
}

// docs/resource-model.md §1.3
func TestSetDuplicatesAreRefused(t *testing.T) {
	_, err := resource.NewSet("a", "b", "a")
	require.ErrorIs(t, err, resource.ErrDuplicateItem)
	_, err = resource.Parse("z:{a,b,a}")
	require.ErrorIs(t, err, resource.ErrDuplicateItem)
	_, err = resource.DecodeJSON([]byte(`[{"name":"z","type":"SET","set":{"item":["a","b","a"]}}]`))
	require.ErrorIs(t, err, resource.ErrDuplicateItem)
}

// docs/resource-model.md §1.3
func TestSetOperations(t *testing.T) {
	a, b := set(t, "{a,b}"), set(t, "{b,c}")
	require.Equal(t, "{a}", a.Sub(b).String())
	require.Equal(t, "{a, b, c}", a.Add(b).String())
	require.Equal(t, "{b}", a.Intersect(b).String())
	require.True(t, a.Add(b).Contains(b))
	require.False(t, a.Contains(b))
	require.True(t, a.Has("b"))
	require.False(t, a.Has("c"))
	require.Equal(t, 2, a.Len())
	require.Equal(t, []string{"a", "b"}, slices.Collect(a.All()))
	require.Equal(t, "{}", resource.Set{}.String())
	require.True(t, a.Sub(a).IsEmpty())
	var s resource.Set
	require.NoError(t, s.UnmarshalText([]byte("{b, a}")))
	require.Equal(t, a, s)
	require.Error(t, s.UnmarshalText([]byte("b")))
	text, err := s.MarshalText()
	require.NoError(t, err)
	require.Equal(t, "{a, b}", string(text))
	odd, err := resource.NewSet("a b")
	require.NoError(t, err)
	_, err = odd.MarshalText()
	require.ErrorIs(t, err, resource.ErrNotFlagText)
}

// Kinds of one name never combine, and coexist.
// docs/resource-model.md §1.4
func TestKindMismatch(t *testing.T) {
	one, two := resource.MustParse("foo:1"), resource.MustParse("foo:[0-1]")
	both := one.Add(two)
	require.Equal(t, "foo:1; foo:[0-1]", both.String())
	require.Equal(t, both, two.Add(one))
	require.False(t, one.Contains(two))
	require.False(t, two.Contains(one))
	require.Equal(t, one, one.SubSaturating(two))
	_, err := resource.Parse("foo(role1):1;foo(role2):[0-1]")
	require.ErrorIs(t, err, resource.ErrMixedKinds)
	_, err = both.FlagText()
	require.ErrorIs(t, err, resource.ErrNotFlagText)
}
