package msg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer/msg"
)

// docs/protocol.md §1: ids count from entropy, and none is given twice.
func TestDerivedUUIDsDiffer(t *testing.T) {
	seen := map[msg.UUID]bool{}
	for e := range byte(4) {
		for _, purpose := range []string{"", "a", "b", "update c1"} {
			for n := range uint64(50) {
				u := msg.DeriveUUID([16]byte{e}, purpose, n)
				require.False(t, seen[u])
				require.False(t, u.IsZero())
				require.Equal(t, u, msg.DeriveUUID([16]byte{e}, purpose, n))
				require.Equal(t, byte('4'), u.String()[14])
				seen[u] = true
			}
		}
	}
}

// docs/protocol.md §20: random back-off is hashed from the entropy and a counter.
func TestDerivedWaitsAreSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := time.Duration(rapid.Int64Range(-5, int64(time.Hour)).Draw(t, "limit"))
		w := msg.DeriveWait([16]byte{1}, "x", rapid.Uint64().Draw(t, "n"), limit)
		require.GreaterOrEqual(t, w, time.Duration(0))
		require.Less(t, w, max(limit, 1))
	})
	var sum time.Duration
	for n := range uint64(1000) {
		sum += msg.DeriveWait([16]byte{1}, "x", n, time.Second)
	}
	require.InDelta(t, 500, sum.Milliseconds()/1000, 50)
}
