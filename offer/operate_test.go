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

// An operator's operation takes back the offers that it needs, not one that only came earlier.
//
// docs/allocation.md §4
func TestOperateTakesBackNoMoreThanItNeeds(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce, rules.MinAllocatable = 0, nil
	l := newLoop(t, offer.Config{Rules: rules})
	l.framework("p", "p")
	quotas(t, l, "p", "", "cpus:0")
	l.agents(0, 1, "cpus:4;mem:1024;ports:[1-8]")
	require.Len(t, l.wait(0), 1)
	l.framework("q", "q")
	second := l.wait(0)
	require.Len(t, second, 1)
	require.Equal(t, "cpus:4", second[0].Resources.String(), "the first has all the rest")

	reserve := func(text string) error {
		r, err := resource.MustParse(text).PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "r"})
		require.NoError(t, err)
		return l.a.Operate(l.now, second[0].Agent, reservation.Reserve{Resources: r}, nil)
	}
	require.ErrorIs(t, reserve("cpus:5"), offer.ErrNotUnused)
	require.Len(t, l.batch.Rescinded, 0)
	require.NoError(t, reserve("cpus:1"))
	l.wait(0)
	require.Len(t, l.batch.Rescinded, 1)
	require.Equal(t, second[0].ID, l.batch.Rescinded[0].Offer)
	require.Equal(t, offer.RescindOperator, l.batch.Rescinded[0].Reason)
}

// A framework that alone uses a shared volume may destroy it, which takes back the offers that others have of it; not while
// others use it.
//
// docs/resource-model.md §6.4
func TestConvertDestroysASharedVolume(t *testing.T) {
	v := sharedVolume(t, "v", "r")
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce = 0
	l := newLoop(t, offer.Config{Rules: rules})
	for _, f := range []offer.FrameworkID{"f", "g"} {
		require.NoError(t, l.a.AddFramework(0, offer.FrameworkSpec{ID: f, Roles: []role.Name{"r"}, Capabilities: offer.SharedResources}))
	}
	require.NoError(t, l.a.Suppress(0, "f"))
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{
		ID: "A", Total: resource.MustParse("cpus:1;mem:64").Add(v), Used: []offer.Use{{Framework: "f", Role: "r", Resources: v}},
	}))
	got := l.wait(0)
	require.Len(t, got, 1)
	require.True(t, got[0].Resources.Contains(v))
	mine, other := offer.Allocation{Framework: "f", Role: "r", Agent: "A"}, offer.Allocation{Framework: "g", Role: "r", Agent: "A"}
	require.NoError(t, l.a.Charge(l.now, other, v))
	require.ErrorIs(t, l.a.Convert(l.now, mine, reservation.Destroy{Volumes: v}), offer.ErrVolumeInUse)
	require.NoError(t, l.a.Release(l.now, other, v))
	require.NoError(t, l.a.Suppress(l.now, "g"))
	require.NoError(t, l.a.Convert(l.now, mine, reservation.Destroy{Volumes: v}))
	require.NoError(t, l.a.Check())
	require.Empty(t, l.wait(0))
	require.Len(t, l.batch.Rescinded, 1)
	require.Equal(t, offer.Rescind{Offer: got[0].ID, Framework: "g", Role: "r", Agent: "A", Reason: offer.RescindVolume}, l.batch.Rescinded[0])
	row, _ := l.a.Agent("A")
	require.Equal(t, "cpus:1; mem:64", row.Free.String())
	require.Equal(t, "disk(reservations: [(STATIC,r)]):64", row.Allocated.String())
}
