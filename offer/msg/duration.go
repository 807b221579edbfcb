package msg

import (
	"math"
	"time"

	"github.com/proffer-go/proffer/offer"
)

// Sum is a + b; what no Duration can hold is the longest one, or the shortest. Durations come from strangers, and a sum
// that wraps would make a long wait none.
func Sum(a, b time.Duration) time.Duration { return time.Duration(offer.Time(a).Add(b)) }

// Times is n times d, neither of them negative; what no Duration can hold is the longest one.
func Times(d time.Duration, n int) time.Duration {
	if d > 0 && n > 0 && d > math.MaxInt64/time.Duration(n) {
		return math.MaxInt64
	}
	return d * time.Duration(n)
}
