package registry_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/resource"
)

// Two masters believe that they lead. The one that writes first fences the other.
func Example() {
	ctx, store := context.Background(), registry.NewMemory()
	start, _ := store.Load(ctx, func(registry.Op) error { return nil })

	put := func(r registry.Record) registry.Op {
		op, err := registry.Put(r)
		if err != nil {
			panic(err)
		}
		return op
	}
	agent := registry.Agent{Info: msg.AgentInfo{ID: "m1-S0", Hostname: "node-1", Resources: resource.MustParse("cpus:4;mem:1024")}}
	at, err := store.Commit(ctx, start, []registry.Op{put(registry.Master{Info: msg.MasterInfo{ID: "m1"}}), put(agent)})
	fmt.Println("m1:", at, err)

	_, err = store.Commit(ctx, start, []registry.Op{put(registry.Gone{ID: "m1-S0", Since: offer.Time(5)})})
	fmt.Println("m2 is fenced:", errors.Is(err, registry.ErrStale))

	var c registry.Contents
	if _, err := store.Load(ctx, c.Add); err != nil {
		panic(err)
	}
	fmt.Println(c.Master.ID, "leads", len(c.Agents), "agent with", c.Agents[0].Info.Resources)

	// Output:
	// m1: 1 <nil>
	// m2 is fenced: true
	// m1 leads 1 agent with cpus:4; mem:1024
}
