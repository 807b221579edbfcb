package offer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// docs/resource-model.md §6.4: DESTROY of a shared volume is refused while a framework uses it, whatever other offers of the
// agent could be taken back for it; once the use has ended it is done.
func TestOperatorDestroysNoVolumeInUse(t *testing.T) {
	disk := resource.Resource{Name: "disk", Kind: resource.KindScalar, Scalar: resource.Whole(64), Shared: true,
		Reservations: []resource.Reservation{{Type: resource.Static, Role: "etl"}},
		Disk: &resource.Disk{Persistence: &resource.Persistence{ID: "v"},
			Volume: &resource.Volume{ContainerPath: "v", Mode: resource.ReadWrite}}}
	volume, err := resource.New(disk)
	require.NoError(t, err)
	a, err := offer.New(offer.Config{Seed: 1})
	require.NoError(t, err)
	now := offer.Time(time.Second)
	use := offer.Use{Framework: "f", Role: "etl", Resources: resource.MustParse("cpus:1").Add(volume)}
	require.NoError(t, a.AddFramework(now, offer.FrameworkSpec{ID: "f", Roles: []role.Name{"etl"}}))
	require.NoError(t, a.AddAgent(now, offer.AgentSpec{ID: "g", Total: resource.MustParse("cpus:4;mem:512").Add(volume), Used: []offer.Use{use}}))
	var out offer.Batch
	now = now.Add(time.Second)
	a.Poll(now, &out)
	require.Len(t, out.Offers, 1)

	destroy := reservation.Destroy{Volumes: volume}
	require.ErrorIs(t, a.Operate(now, "g", destroy, nil), offer.ErrVolumeInUse)
	require.NoError(t, a.Check())
	_, stillOut := a.Outstanding(out.Offers[0].ID)
	require.True(t, stillOut, "a refused operation takes nothing back")

	require.NoError(t, a.Release(now, offer.Allocation{Framework: "f", Role: "etl", Agent: "g"}, use.Resources))
	require.NoError(t, a.Operate(now, "g", destroy, nil))
	require.NoError(t, a.Check())
	report, _ := a.Agent("g")
	require.Empty(t, report.Total.PersistentVolumes().Len())
}
