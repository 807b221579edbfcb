package host_test

import (
	"context"
	"fmt"
	"os"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry/filestore"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// A master that keeps its registry in a directory: a later one with that directory knows what it has to know.
func ExampleWithStore() {
	dir, err := os.MkdirTemp("", "registry")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	lead := func(call msg.OperatorCall) {
		store, err := filestore.Open(dir)
		if err != nil {
			panic(err)
		}
		defer store.Close()
		// By hand, so that nothing here waits: RunMaster does the same live.
		n, err := host.OpenMaster(context.Background(), inproc.New(inproc.Config{}), master.Config{}, host.WithStore(store), host.ByHand(nil, nil))
		if err != nil {
			panic(err)
		}
		defer n.Close()
		n.Poll(inproc.Begin)
		fmt.Println("leads:", n.Machine().Leading(), "weights:", n.Machine().Remembered().Weights)
		if call != nil {
			n.Submit("", call, func(err error) { fmt.Println("durable:", err == nil) })
			n.Poll(inproc.Begin)
		}
	}
	lead(msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 3}}})
	lead(nil)

	// Output:
	// leads: true weights: []
	// durable: true
	// leads: true weights: [{web 3}]
}
