package offertest

import (
	"fmt"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// opNames are what the key op of a call can be; share creates shared volumes.
var opNames = []string{"reserve", "unreserve", "create", "share", "destroy"}

// opsOn are the operations of this name on all of x that it can be done to: in one operation, but volumes come and go in
// one each. r is who reserves; total is what the agent has, for ids that no volume of it has.
func opsOn(name string, x, total resource.Resources, r role.Name) (ops []reservation.Op) {
	switch name {
	case "reserve":
		if op, ok := reserve(x, r); ok {
			ops = append(ops, op)
		}
	case "unreserve":
		x = x.Filter(func(e resource.Resource) bool { return e.IsDynamicallyReserved() && !e.IsPersistentVolume() })
		if !x.IsEmpty() {
			ops = append(ops, reservation.Unreserve{Resources: x})
		}
	case "create", "share":
		for e := range x.All() {
			if v, ok := volumeOf(e, name == "share", total); ok {
				ops = append(ops, reservation.Create{Volumes: v})
				total = total.Add(v)
			}
		}
	case "destroy":
		for v := range x.PersistentVolumes().Items() {
			ops = append(ops, reservation.Destroy{Volumes: v.Resources()})
		}
	}
	return ops
}

// reserve is the operation that reserves for a role what may be reserved of x.
func reserve(x resource.Resources, r role.Name) (reservation.Reserve, bool) {
	x = x.Unreserved().NonRevocable()
	if x.IsEmpty() || r == role.Default {
		return reservation.Reserve{}, false
	}
	x, err := x.PushReservation(resource.Reservation{Type: resource.Dynamic, Role: r})
	return reservation.Reserve{Resources: x}, err == nil
}

// volumeOf is a volume that can be made of all of e on an agent that has total.
func volumeOf(e resource.Resource, shared bool, total resource.Resources) (resource.Resources, bool) {
	if e.Name != "disk" || len(e.Reservations) == 0 || e.Revocable || e.IsPersistentVolume() {
		return resource.Resources{}, false
	}
	taken := make(map[string]bool)
	for v := range total.PersistentVolumes().All() {
		taken[v.Disk.Persistence.ID] = true
	}
	id := "made1"
	for n := 2; taken[id]; n++ {
		id = fmt.Sprintf("made%d", n)
	}
	disk := resource.Disk{
		Persistence: &resource.Persistence{ID: id},
		Volume:      &resource.Volume{ContainerPath: "v", Mode: resource.ReadWrite},
	}
	if e.Disk != nil {
		disk.Source = e.Disk.Source
	}
	e.Disk, e.Shared = &disk, shared
	v, err := resource.New(e)
	return v, err == nil
}

// convert is x after ops.
func convert(x resource.Resources, ops []reservation.Op) (resource.Resources, error) {
	var err error
	for _, op := range ops {
		if x, err = reservation.Convert(x, op); err != nil {
			return x, err
		}
	}
	return x, nil
}
