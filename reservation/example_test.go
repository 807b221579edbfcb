package reservation_test

import (
	"errors"
	"fmt"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// reserved is what an operation asks for: text, reserved to the role eng on behalf of a principal.
func reserved(text, principal string) resource.Resources {
	r, err := resource.MustParse(text).PushReservation(resource.Reservation{
		Type: resource.Dynamic, Role: "eng", Principal: &principal,
	})
	if err != nil {
		panic(err)
	}
	return r
}

func ExampleApply() {
	me := "alice"
	who := reservation.Context{Role: "eng", Principal: &me}
	total := resource.MustParse("cpus:4;mem:1024")

	after, err := reservation.Apply(total, reservation.Reserve{Resources: reserved("cpus:2", "alice")}, who)
	fmt.Println(after, err)

	_, err = reservation.Apply(total, reservation.Reserve{Resources: reserved("cpus:2", "bob")}, who)
	fmt.Println(errors.Is(err, reservation.ErrPrincipal))
	// Output:
	// cpus:2; cpus(reservations: [(DYNAMIC,eng,alice)]):2; mem:1024 <nil>
	// true
}

func ExamplePool() {
	// An accept that reserves and launches: each step sees what those before it left.
	p := reservation.NewPool(resource.MustParse("cpus:4;mem:1024"), reservation.Context{Role: "eng"})
	fmt.Println(p.Apply(reservation.Reserve{Resources: reserved("cpus:3", "alice")}))
	needed, err := p.Launch(reservation.Claim{Tag: "web", Resources: reserved("cpus:1", "alice")}, nil)
	fmt.Println(needed, err)
	fmt.Println(p.Remaining())
	// Output:
	// <nil>
	// cpus(reservations: [(DYNAMIC,eng,alice)]):1 <nil>
	// cpus:1; cpus(reservations: [(DYNAMIC,eng,alice)]):2; mem:1024
}

func ExampleApplyAll() {
	total := resource.MustParse("cpus:4")
	ops := []reservation.Op{
		reservation.Reserve{Resources: reserved("cpus:9", "alice")},
		reservation.Reserve{Resources: reserved("cpus:1", "alice")},
	}
	who := reservation.Context{Operator: true}
	after, errs := reservation.ApplyAll(total, ops, who, reservation.SkipInvalid)
	fmt.Println(after, errors.Is(errs[0], reservation.ErrNotContained), errs[1])
	after, _ = reservation.ApplyAll(total, ops, who, reservation.AllOrNothing)
	fmt.Println(after)
	// Output:
	// cpus:3; cpus(reservations: [(DYNAMIC,eng,alice)]):1 true <nil>
	// cpus:4
}

func ExampleRestore() {
	before := resource.MustParse("cpus:3").Add(reserved("cpus:1", "alice"))
	kept := reservation.Saved(before)
	fmt.Println(kept)
	after, err := reservation.Restore(resource.MustParse("cpus:8"), kept) // the machine has grown
	fmt.Println(after, err)
	// Output:
	// cpus(reservations: [(DYNAMIC,eng,alice)]):1
	// cpus:7; cpus(reservations: [(DYNAMIC,eng,alice)]):1 <nil>
}

func ExampleUseTracker() {
	vol := resource.Resource{
		Name: "disk", Scalar: resource.Whole(200), Shared: true,
		Reservations: []resource.Reservation{{Type: resource.Static, Role: "etl"}},
		Disk:         &resource.Disk{Persistence: &resource.Persistence{ID: "v"}},
	}
	var use reservation.UseTracker[string]
	fmt.Println(use.Acquire(vol, "writer"), use.Acquire(vol, "reader"))
	fmt.Println(use.Release(vol, "writer"), use.InUse("etl", "v"))
	fmt.Println(use.Release(vol, "reader"), use.InUse("etl", "v"))
	// Output:
	// <nil> <nil>
	// <nil> true
	// <nil> false
}
