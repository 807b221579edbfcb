package offertest_test

import (
	"flag"
	"os"
	"testing"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/offertest"
)

// Policies that fail on purpose leave no files behind.
func TestMain(m *testing.M) {
	flag.Parse()
	for name, value := range map[string]string{"rapid.nofailfile": "true", "rapid.shrinktime": "300ms"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// The allocator's own policy holds everything, under either set of rules.
//
// docs/allocation.md §6
func TestCheckPolicyDRF(t *testing.T) {
	offertest.CheckPolicy(t, func() offer.Policy { return nil })
}

// The policies that ship hold everything.
//
// docs/allocation.md §6
func TestCheckPolicyShipped(t *testing.T) {
	for name, p := range map[string]offer.Policy{"pack": offer.Pack(), "spread": offer.Spread()} {
		t.Run(name, func(t *testing.T) {
			offertest.CheckPolicy(t, func() offer.Policy { return p })
		})
	}
}

// An order of one's own is held against the same properties: here the weighted lottery.
//
// docs/allocation.md §1.7
func TestCheckConfigLottery(t *testing.T) {
	offertest.CheckConfig(t, func() offer.Config { return offer.Config{Seed: 7, NewOrderer: offer.Lottery} })
}
