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

// sharedVolume is a shared volume of 64 MiB that is reserved for r.
func sharedVolume(t *testing.T, id string, r role.Name) resource.Resources {
	t.Helper()
	v, err := resource.New(resource.Resource{
		Name: "disk", Kind: resource.KindScalar, Scalar: resource.Whole(64), Shared: true,
		Reservations: []resource.Reservation{{Type: resource.Static, Role: r}},
		Disk: &resource.Disk{
			Persistence: &resource.Persistence{ID: id},
			Volume:      &resource.Volume{ContainerPath: "v", Mode: resource.ReadWrite},
		},
	})
	require.NoError(t, err)
	return v
}

// One accept destroys two shared volumes that another framework is offered, too: that offer is taken back, once.
//
// docs/resource-model.md §6.4
func TestOneAcceptDestroysTwoVolumes(t *testing.T) {
	a, err := offer.New(offer.Config{})
	require.NoError(t, err)
	v1, v2 := sharedVolume(t, "v1", "r"), sharedVolume(t, "v2", "r")
	now := offer.Time(time.Second)
	for _, f := range []offer.FrameworkID{"f1", "f2"} {
		require.NoError(t, a.AddFramework(now, offer.FrameworkSpec{ID: f, Roles: []role.Name{"r"}, Capabilities: offer.SharedResources}))
	}
	require.NoError(t, a.AddAgent(now, offer.AgentSpec{ID: "g", Total: resource.MustParse("cpus:4;mem:512").Add(v1).Add(v2)}))
	var out offer.Batch
	for len(out.Offers) < 2 {
		now = now.Add(100 * time.Millisecond)
		require.Less(t, now, offer.Time(time.Minute))
		a.Poll(now, &out)
	}
	mine, other := out.Offers[0], out.Offers[1]
	require.True(t, other.Resources.Contains(v1.Add(v2)))
	_, err = a.Accept(now, []offer.OfferID{mine.ID},
		[]reservation.Op{reservation.Destroy{Volumes: v1}, reservation.Destroy{Volumes: v2}}, resource.Resources{}, offer.Filter{})
	require.NoError(t, err)
	require.NoError(t, a.Check())
	out.Reset()
	a.Poll(now, &out)
	require.Len(t, out.Rescinded, 1)
	require.Equal(t, other.ID, out.Rescinded[0].Offer)
	require.Equal(t, offer.RescindVolume, out.Rescinded[0].Reason)
}
