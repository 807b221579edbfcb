package role_test

import (
	"errors"
	"fmt"

	"github.com/proffer-go/proffer/role"
)

func ExampleParse() {
	web, err := role.Parse("eng/web")
	fmt.Println(web, web.Top(), web.Depth(), err)
	_, err = role.Parse("eng//web")
	fmt.Println(errors.Is(err, role.ErrInvalid))
	// Output:
	// eng/web eng 2 <nil>
	// true
}

func ExampleName_IsStrictSubroleOf() {
	web := role.Name("eng/web")
	fmt.Println(web.IsStrictSubroleOf("eng"), web.IsStrictSubroleOf("en"), web.Ancestors())
	// Output: true false [eng]
}

func ExampleKnown() {
	subscribed := []role.Name{"eng/web", "*"}
	weighted := []role.Name{"ops"}
	fmt.Println(role.Known(subscribed, weighted))
	// Output: [* eng eng/web ops]
}

func ExampleWeights_Update() {
	var w role.Weights
	w, _ = w.Update([]role.Weight{{Role: "eng", Weight: 2}, {Role: "ops", Weight: 0.5}})
	fmt.Println(w, w.Of("eng"), w.Of("sales"))

	_, err := w.Update([]role.Weight{{Role: "eng", Weight: 3}, {Role: "ops", Weight: 0}})
	fmt.Println(errors.Is(err, role.ErrWeight), w)
	// Output:
	// {eng: 2; ops: 0.5} 2 1
	// true {eng: 2; ops: 0.5}
}

func ExampleBounds_Check() {
	door := role.Bounds{Depth: 2}
	fmt.Println(door.Check("eng/web"))
	fmt.Println(errors.Is(door.Check("eng/web/shop"), role.ErrTooDeep))
	// Output:
	// <nil>
	// true
}
