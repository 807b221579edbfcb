package inproc

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
)

// However times come, events leave in order of their time, then of their sending.
//
// docs/protocol.md §2.1
func TestPropertyAgendaKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a agenda
		var plain []event
		far := rapid.Int64Range(1, 20).Draw(t, "how far times lie apart")
		for seq := range rapid.Uint64Range(1, 300).Draw(t, "steps") {
			at, any := a.next()
			require.Equal(t, len(plain) > 0, any)
			if any && rapid.Bool().Draw(t, "pop") {
				require.Equal(t, plain[0].due, at)
				require.Equal(t, plain[0], a.pop())
				plain = plain[1:]
				continue
			}
			ev := event{due: offer.Time(rapid.Int64Range(0, far).Draw(t, "due")), seq: seq}
			a.push(ev)
			plain = append(plain, ev)
			slices.SortStableFunc(plain, func(x, y event) int {
				if x.before(&y) {
					return -1
				}
				return 1
			})
		}
	})
}
