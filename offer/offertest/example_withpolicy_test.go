package offertest_test

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/offertest"
	"github.com/proffer-go/proffer/role"
)

// firstCome is the policy that is tested: whoever has the least id gets what there is.
type firstCome struct{}

func (firstCome) Plan(c *offer.Cycle) {
	for g := range c.Agents() {
		for cl := range c.Clients(g) {
			if c.Grant(g, cl, offer.Want{Whole: true}).Gate == 0 {
				break
			}
		}
	}
}

// Test a policy with real frameworks: CheckPolicy holds it against the properties that every policy should have, the harness
// shows what schedulers make of it.
func ExampleWithPolicy() {
	t := &printing{}
	defer t.end()

	c := offertest.New(t, offertest.WithAgents(3, "cpus:2;mem:1024"), offertest.WithPolicy(func() offer.Policy { return firstCome{} }))
	for _, name := range []string{"early", "late"} {
		c.Scheduler(msg.FrameworkInfo{Name: name, Roles: []role.Name{"all"}}, framework.NopScheduler{})
	}
	c.CheckOffers("early", 3)
	c.CheckOffers("late", 0)
	fmt.Println(c.Explain("late", "all", "agent-1").Reason)

	c.StopScheduler("early", false)
	c.Advance(time.Second)
	c.CheckOffers("late", 3)
	c.CheckBooks()
	// Output:
	// agent "M1-S0" has nothing free that role "all" may have
}
