package quota_test

import (
	"errors"
	"fmt"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role/quota"
)

func ExampleTree_Update() {
	eng, _ := quota.Parse("eng", "cpus:8", "cpus:16")
	web, _ := quota.Parse("eng/web", "cpus:6", "cpus:20")
	there, _ := resource.ParseQuantities("cpus:10;mem:4096")

	var tree quota.Tree
	tree, err := tree.Update([]quota.Config{web, eng}, quota.Facts{Capacity: there})
	fmt.Println(err)
	fmt.Println(tree)
	fmt.Println(tree.EffectiveLimit("eng/web"))

	db, _ := quota.Parse("eng/db", "cpus:3", "")
	_, err = tree.Update([]quota.Config{db}, quota.Facts{Capacity: there})
	fmt.Println(errors.Is(err, quota.ErrTree))
	// Output:
	// <nil>
	// eng: guarantees cpus:8, limits cpus:16
	// eng/web: guarantees cpus:6, limits cpus:20
	// cpus:16
	// true
}
