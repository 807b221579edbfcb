package resource_test

import (
	"errors"
	"fmt"

	"github.com/proffer-go/proffer/resource"
)

func ExampleParse() {
	r, err := resource.Parse("cpus:24;mem:24576;cpus(eng):8;ports:[21000-24000,30000-34000]")
	fmt.Println(r, err)
	_, err = resource.Parse("cpus:24;mem:-1")
	var where *resource.ParseError
	fmt.Println(errors.As(err, &where), where.Item, where.Offset, errors.Is(err, resource.ErrNegative))
	// Output:
	// cpus:24; cpus(reservations: [(STATIC,eng)]):8; mem:24576; ports:[21000-24000, 30000-34000] <nil>
	// true 1 12 true
}

func ExampleResources_Sub() {
	agent := resource.MustParse("cpus:4;mem:1024;ports:[31000-32000]")
	task := resource.MustParse("cpus:1.5;mem:512;ports:[31000-31001]")
	rest, err := agent.Sub(task)
	fmt.Println(rest, err)
	_, err = rest.Sub(resource.MustParse("cpus:3"))
	fmt.Println(errors.Is(err, resource.ErrNotContained))
	// Output:
	// cpus:2.5; mem:512; ports:[31002-32000] <nil>
	// true
}

func ExampleResources_AllocatableTo() {
	agent := resource.MustParse("cpus:4;cpus(eng):2;cpus(eng/web):1;cpus(ads):3")
	fmt.Println(agent.AllocatableTo("eng/web"))
	// Output: cpus:4; cpus(reservations: [(STATIC,eng)]):2; cpus(reservations: [(STATIC,eng/web)]):1
}

func ExampleResources_All() {
	for r, n := range resource.MustParse("mem:512;cpus:2").All() {
		fmt.Println(r.Name, r.Scalar, n)
	}
	// Output:
	// cpus 2 1
	// mem 512 1
}

func ExampleSum() {
	var used resource.Sum
	for range 3 {
		used.Add(resource.MustParse("cpus:0.1;mem:64"))
	}
	fmt.Println(used.Resources())
	// Output: cpus:0.3; mem:192
}

func ExampleLimits_Sub() {
	limits, _ := resource.ParseLimits("cpus:4;mem:1024")
	used, _ := resource.ParseQuantities("cpus:1;disk:100")
	fmt.Println(limits.Sub(used))
	// Output: cpus:3; mem:1024
}

func ExampleParseAttributes() {
	a, _ := resource.ParseAttributes("rack:r1;id:007;note:hello world")
	id, _ := a.First("id")
	fmt.Println(a, id.Raw())
	// Output: rack=r1;id=7;note=hello world 007
}

func ExampleQuantities_Filter() {
	q, _ := resource.ParseQuantities("cpus:4;gpus:1;mem:1024")
	fmt.Println(q.Filter(func(name string, _ resource.Scalar) bool { return name != "gpus" }))
	// Output: cpus:4; mem:1024
}

func ExampleSumQuantities() {
	half := resource.Quantity{Name: "cpus", Amount: resource.Whole(1) / 2}
	fmt.Println(resource.SumQuantities(half, half, half))
	// Output: cpus:1.5
}
