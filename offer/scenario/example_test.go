package scenario_test

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/scenario"
)

// A case is parsed, played by the reference's rules one step at a time, and held against its record.
func Example() {
	file, err := scenario.Parse([]byte(`{"cases":[{"name":"decline","steps":[
	  {"op":"add_framework","framework":"batch","roles":["night"]},
	  {"op":"add_agent","agent":"a1","resources":"cpus:4;mem:1024"},
	  {"op":"decline_all","refuse_seconds":2},
	  {"op":"advance","seconds":1,"offers":{}},
	  {"op":"advance","seconds":1}]}]}`), scenario.Bounds{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := scenario.New(&file.Cases[0], scenario.Strict())
	if err != nil {
		fmt.Println(err)
		return
	}
	for r.More() {
		step := r.Step()
		result, err := r.Next()
		if err == nil {
			err = result.Compare(step)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(step)
		for _, o := range result.Offers {
			fmt.Printf("  %s to %s in %s: %s\n", o.Agent, o.Framework, o.Role, scenario.Text(o.Resources))
		}
	}
	// Output:
	// add_framework batch night
	// add_agent a1 {cpus:4; mem:1024}
	//   a1 to batch in night: cpus:4; mem:1024
	// decline_all refused for 2s
	// advance 1s
	// advance 1s
	//   a1 to batch in night: cpus:4; mem:1024
}

// What stands between a framework and an agent can be asked at any step.
func ExampleReplay_Explain() {
	file, _ := scenario.Parse([]byte(`{"cases":[{"name":"why","steps":[
	  {"op":"add_framework","framework":"batch","roles":["night"]},
	  {"op":"add_agent","agent":"a1","resources":"cpus:4;gpus:1;mem:1024"}]}]}`), scenario.Bounds{})
	r, _ := scenario.New(&file.Cases[0], scenario.Default(1))
	for r.More() {
		if _, err := r.Next(); err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, why := range r.Explain("batch", "a1") {
		fmt.Printf("gate %d: %s\n", why.Gate, why.Reason)
	}
	// Output:
	// gate 5: agent "a1" has a scarce resource that framework "batch" cannot handle
}
