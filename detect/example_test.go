package detect_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/proffer-go/proffer/detect"
)

// The operator states cpus for a role; memory and ports are found out, and the disk's probe fails.
func ExampleHost() {
	host := detect.Fixed{
		Memory: 16 << 30,
		Known:  []detect.Fact{{Name: "arch", Text: "arm64"}},
		Broken: map[string]error{"disk": errors.New("statfs: no such file or directory")},
	}
	res, err := detect.Host(context.Background(), detect.Options{
		Resources:  "cpus(eng):8",
		Attributes: "rack:b7",
		Prober:     host,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for r := range res.Resources.All() {
		fmt.Println(r)
	}
	fmt.Println(res.Attributes)
	for _, m := range res.Measured {
		fmt.Println("measured", m.Probe, m.Value, m.Unit)
	}
	for _, f := range res.Failed {
		fmt.Printf("failed %s: %v; used %v\n", f.Probe, f.Err, f.Used)
	}
	// Output:
	// cpus(reservations: [(STATIC,eng)]):8
	// disk:10240
	// mem:15360
	// ports:[31000-32000]
	// rack=b7;arch=arm64
	// measured mem 17179869184 bytes
	// failed disk: statfs: no such file or directory; used 10240
}
