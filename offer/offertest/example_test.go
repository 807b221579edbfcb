package offertest_test

import (
	"fmt"
	"testing"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/offertest"
)

// lazy offers every other agent only.
type lazy struct{}

func (lazy) Plan(c *offer.Cycle) {
	skip := false
	for g := range c.Agents() {
		if skip = !skip; !skip {
			c.ShareOut(g)
		}
	}
}

// In a test of one's own this is all there is to write:
//
//	func TestMyPolicy(t *testing.T) {
//		offertest.CheckPolicy(t, func() offer.Policy { return lazy{} })
//	}
//
// A script, as a failing check prints it, is enough to see the failure again. Here t is replaced by one that prints.
func ExampleReplayPolicy() {
	offertest.ReplayPolicy(printer{}, func() offer.Policy { return lazy{} }, `
		add-framework framework=f1 roles=a
		add-agent agent=a1 resources=cpus:4;mem:64
		advance for=1s
	`, offertest.Shape)
	// Output:
	// under DefaultRules(V1): call 2, add-agent agent=a1 resources=cpus:4;mem:64: P8 work conservation: f1/a was not offered cpus:4; mem:64 of agent a1, though no gate refuses
	// The calls, for ReplayPolicy:
	// add-framework framework=f1 roles=a
	// add-agent agent=a1 resources=cpus:4;mem:64
	// advance for=1s
	// under StrictDRF: call 3, advance for=1s: P8 work conservation: f1/a was not offered cpus:4; mem:64 of agent a1, though no gate refuses
	// The calls, for ReplayPolicy:
	// add-framework framework=f1 roles=a
	// add-agent agent=a1 resources=cpus:4;mem:64
	// advance for=1s
}

// A test that ought to keep the same scripts each time takes them by number. All of them begin with agents and frameworks.
func ExampleCalls() {
	for _, c := range offertest.Calls().Example(3)[:4] {
		fmt.Println(c.Do)
	}
	// Output:
	// add-agent
	// add-framework
	// add-agent
	// add-framework
}

// printer is a TB that prints.
type printer struct{ testing.TB }

func (printer) Helper()                           {}
func (printer) Name() string                      { return "example" }
func (printer) Logf(string, ...any)               {}
func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (printer) Failed() bool                      { return false }
