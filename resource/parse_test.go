package resource_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

// docs/resource-model.md §2.2
func TestParseTypicalAgent(t *testing.T) {
	r, err := resource.Parse("cpus:24;gpus:2;mem:24576;disk:409600;ports:[21000-24000,30000-34000];bugs(debug_role):{a,b,c}")
	require.NoError(t, err)
	require.Equal(t, "bugs(reservations: [(STATIC,debug_role)]):{a, b, c}; cpus:24; disk:409600; gpus:2; mem:24576; ports:[21000-24000, 30000-34000]", r.String())
	require.Equal(t, 6, r.Len())
	text, err := r.FlagText()
	require.NoError(t, err)
	require.True(t, resource.MustParse(text).Equal(r))
	b, err := r.MarshalJSON()
	require.NoError(t, err)
	var s resource.Resources
	require.NoError(t, s.UnmarshalJSON(b))
	require.Equal(t, r, s)
}
