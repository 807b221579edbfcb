package filestore_test

import (
	"context"
	"fmt"
	"os"

	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/offer/registry/filestore"
)

// What was committed is there after a restart.
func Example() {
	dir, err := os.MkdirTemp("", "registry")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	store, err := filestore.Open(dir)
	if err != nil {
		panic(err)
	}
	lost, _ := registry.Put(registry.Gone{ID: "m1-S0", Since: 5})
	at, err := store.Commit(ctx, 0, []registry.Op{lost})
	fmt.Println("revision", at, err)
	store.Close()

	store, err = filestore.Open(dir)
	if err != nil {
		panic(err)
	}
	defer store.Close()
	at, _ = store.Load(ctx, func(o registry.Op) error {
		fmt.Println(o.Key, string(o.Value))
		return nil
	})
	fmt.Println("revision", at)

	// Output:
	// revision 1 <nil>
	// gone/m1-S0 {"v":1,"since":5}
	// revision 1
}
