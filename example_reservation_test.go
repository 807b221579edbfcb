package proffer_test

import (
	"fmt"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// A dynamic reservation: two of an agent's cpus become the role's own, then anybody's again. These are pure values; an
// allocator or a master is not needed.
func Example_reservation() {
	total := resource.MustParse("cpus:4;mem:1024")
	mine, err := resource.MustParse("cpus:2").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "db"})
	check(err)
	operator := reservation.Context{Operator: true}

	reserved, err := reservation.Apply(total, reservation.Reserve{Resources: mine}, operator)
	check(err)
	fmt.Println(reserved)
	fmt.Println("db may have", reserved.AllocatableTo("db").Quantities())
	fmt.Println("web may have", reserved.AllocatableTo("web").Quantities())

	_, err = reservation.Apply(reserved, reservation.Reserve{Resources: mine.Add(mine)}, operator)
	fmt.Println(err)

	free, err := reservation.Apply(reserved, reservation.Unreserve{Resources: mine}, operator)
	check(err)
	fmt.Println(free.Equal(total))
	// Output:
	// cpus:2; cpus(reservations: [(DYNAMIC,db)]):2; mem:1024
	// db may have cpus:4; mem:1024
	// web may have cpus:2; mem:1024
	// RESERVE: needs cpus:4, there is cpus:2; cpus(reservations: [(DYNAMIC,db)]):2; mem:1024: not contained
	// true
}
