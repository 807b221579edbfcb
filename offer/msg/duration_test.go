package msg_test

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// clamped is the value of x, or the end of an int64 that is nearest.
func clamped(x *big.Int) int64 {
	switch {
	case x.IsInt64():
		return x.Int64()
	case x.Sign() < 0:
		return math.MinInt64
	}
	return math.MaxInt64
}

// docs/protocol.md §19 clock jumps and times without end: sums and products of times never wrap.
func TestTimesDoNotWrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edge := rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, math.MaxInt64 / 2, math.MaxInt64/2 + 1})
		any := rapid.OneOf(edge, rapid.Int64())
		a, b := any.Draw(t, "a"), any.Draw(t, "b")
		sum := clamped(new(big.Int).Add(big.NewInt(a), big.NewInt(b)))
		require.Equal(t, offer.Time(sum), offer.Time(a).Add(time.Duration(b)))
		require.Equal(t, time.Duration(sum), msg.Sum(time.Duration(a), time.Duration(b)))
		if a >= 0 && b >= 0 {
			product := clamped(new(big.Int).Mul(big.NewInt(a), big.NewInt(b)))
			require.Equal(t, time.Duration(product), msg.Times(time.Duration(a), int(b)))
		}
	})
}
