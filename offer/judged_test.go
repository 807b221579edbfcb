package offer

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An agent is judged once by each set of constraints; after that a look is a bit, and costs no memory.
//
// docs/allocation.md §3.4
func TestAgentsAreJudgedOnce(t *testing.T) {
	a := maintained(t)
	k, b := a.fws[a.fwAt["F"]].clients[0].constraints, a.agents[a.agentAt["B"]]
	require.True(t, k.allow(b))
	k.groups[0].tests[0].Is = NotExists // what was judged already is not judged again
	require.True(t, k.allow(b))
	require.True(t, k.groups[0].allow(b))
	require.Zero(t, testing.AllocsPerRun(100, func() {
		k.allow(b)
		k.groups[0].allow(b)
	}))
	a.unjudge(b)
	require.False(t, b.judged)
	require.False(t, k.allow(b))
	require.False(t, k.groups[0].allow(b))
}
