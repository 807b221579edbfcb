package resource_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/resource/resourcetest"
	"github.com/proffer-go/proffer/role"
)

// refusals are the errors that say of which collection they speak; nil ones are left out.
func refusals(r resource.Resources) []error {
	var out []error
	keep := func(err error) {
		if err != nil {
			out = append(out, err)
		}
	}
	_, err := resource.Resources{}.Sub(r)
	keep(err)
	keep(new(resource.Sum).Sub(r))
	_, err = r.PopReservation()
	keep(err)
	_, err = r.PushReservation(static("q"))
	keep(err)
	_, err = r.Allocations()
	keep(err)
	_, err = r.FlagText()
	keep(err)
	_, err = r.AppendJSON(nil, resource.PreRefinement)
	keep(err)
	_, err = resource.ReservationAncestor(r, resource.MustParse("cpus:1"))
	keep(err)
	keep(resource.ValidateUse(r))
	return out
}

// oneLine holds an error against what a log can bear.
func oneLine(t require.TestingT, err error) {
	s := err.Error()
	require.Less(t, len(s), 1000)
	require.False(t, strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029 }), "%q", s)
}

// docs/resource-model.md §9
func TestErrorsAreOneLine(t *testing.T) {
	nasty := "a\nERROR all is lost\x1b[2J\u2028\u0085"
	long := strings.Repeat("b\n", 1<<12)
	v := volume("v", 64)
	v.Reservations[0].Principal = &nasty
	v.Reservations = append(v.Reservations, dynamic(role.Name("r/"+strings.Repeat("x", 1<<12))))
	v.Disk.Volume.HostPath = nasty
	rev := scalar("cpus", 1, dynamic("q"))
	rev.Revocable = true
	for name, r := range map[string]resource.Resource{
		"member": members(t, "zones", nasty), "long member": members(t, "zones", long), "path": v, "name": {Name: "é\u2028" + strings.Repeat("x", 1<<12), Scalar: 1},
		"revocable": rev,
	} {
		errs := refusals(collect(t, r))
		require.GreaterOrEqual(t, len(errs), 5, name)
		for _, err := range errs {
			oneLine(t, err)
		}
	}
	require.ErrorContains(t, errors.Join(refusals(collect(t, members(t, "zones", nasty)))...), `zones:{a\nERROR all is lost\x1b[2J\u2028\u0085}`)
	require.ErrorContains(t, errors.Join(refusals(resource.MustParse("cpus:1;mem:2"))...), "{} does not hold cpus:1; mem:2: not contained")
}

// docs/resource-model.md §9
func TestValidationErrorsAreOneLine(t *testing.T) {
	deep := role.Name(strings.Repeat("x", 1<<12))
	require.Error(t, scalar("cpus", 1, dynamic(deep), dynamic("y")).Validate())
	oneLine(t, scalar("cpus", 1, dynamic(deep), dynamic("y")).Validate())
	oneLine(t, scalar("cpus", 1, dynamic(deep), static(deep+"/y")).Validate())
	rapid.Check(t, func(t *rapid.T) {
		r := resourcetest.HostileResource().Draw(t, "r")
		if err := r.Validate(); err != nil {
			oneLine(t, err)
			return
		}
		c, err := resource.New(r)
		require.NoError(t, err)
		for _, err := range refusals(c) {
			oneLine(t, err)
		}
	})
}
