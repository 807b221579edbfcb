package reservation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/reservation"
)

func permissions(t *testing.T, op reservation.Op) string {
	list, err := reservation.Permissions(op)
	require.NoError(t, err)
	var out []string
	for _, p := range list {
		s := fmt.Sprintf("%s %s", p.Action, p.Role)
		if p.Principal != nil {
			s += " of " + *p.Principal
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// docs/resource-model.md §6.2
func TestPermissionsOfReserve(t *testing.T) {
	stack := dyn(dyn(parse("cpus:1;mem:1"), "a", "p"), "a/b", "q")
	require.Equal(t, "reserve a/b", permissions(t, reservation.Reserve{Resources: stack}), "one level")
	require.Equal(t, "reserve a, reserve a/b", permissions(t, reservation.Reserve{Resources: stack, Source: parse("cpus:1;mem:1")}))

	other := dyn(dyn(dyn(parse("cpus:1;mem:1"), "a", "p"), "a/c", "r"), "a/c/d", "s")
	require.Equal(t, "unreserve a/b of q, reserve a/c, reserve a/c/d", permissions(t, reservation.Reserve{Resources: other, Source: stack}))
	require.Equal(t, "unreserve a/c/d of s, unreserve a/c of r, reserve a/b", permissions(t, reservation.Reserve{Resources: stack, Source: other}),
		"down to the common ancestor, then up")
}

// docs/resource-model.md §6.3
func TestPermissionsOfUnreserve(t *testing.T) {
	r := sum(dyn(parse("cpus:1;mem:1"), "a", "p"), dyn(parse("cpus:1"), "a", "q"), dyn(parse("cpus:1"), "b", ""))
	require.Equal(t, "unreserve a of p, unreserve a of q, unreserve b", permissions(t, reservation.Unreserve{Resources: r}))
}

// docs/resource-model.md §6.4
func TestPermissionsOfVolumes(t *testing.T) {
	v := withPrincipal(volume(parse("disk(a):1"), "v"), "p")
	require.Equal(t, "create a of p", permissions(t, create(v)))
	require.Equal(t, "destroy a of p, destroy b", permissions(t, destroy(sum(v, volume(parse("disk(b):1"), "w")))))
	require.Equal(t, "resize a of p", permissions(t, shrink(v, 1)))
}

// docs/resource-model.md §6.1
func TestPermissionsOfWhatIsNoOperation(t *testing.T) {
	_, err := reservation.Permissions(nil)
	require.ErrorIs(t, err, reservation.ErrUnknownOp)
	_, err = reservation.Permissions(reservation.Unreserve{})
	require.ErrorIs(t, err, reservation.ErrEmpty)
	_, err = reservation.Permissions(reservation.Reserve{Resources: dyn(parse("cpus:1"), "a", ""), Source: parse("cpus:2")})
	require.ErrorIs(t, err, reservation.ErrSource)
	require.Empty(t, permissions(t, reservation.Unreserve{Resources: parse("cpus:1")}), "Apply refuses it")
	require.Equal(t, "unknown", reservation.Action(99).String())
}
