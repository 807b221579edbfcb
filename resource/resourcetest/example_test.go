package resourcetest_test

import (
	"fmt"

	"github.com/proffer-go/proffer/resource/resourcetest"
)

// In a test the values come from Draw, inside rapid.Check; here, so that the example runs, from Example.
func Example() {
	for seed := range 50 {
		whole := resourcetest.Resources().Example(seed)
		part := resourcetest.Part(whole).Example(seed)
		rest, err := whole.Sub(part)
		if err != nil || !rest.Add(part).Equal(whole) {
			fmt.Println(whole, "is not", rest, "and", part)
		}
	}
	fmt.Println("a part and the rest make the whole")
	// Output: a part and the rest make the whole
}
