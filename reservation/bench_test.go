package reservation_test

import (
	"testing"

	"github.com/proffer-go/proffer/reservation"
)

// One RESERVE on an offer of a whole agent.
func BenchmarkApplyReserve(b *testing.B) {
	total := parse("cpus:24;mem:49152;disk:819200;ports:[31000-32000]")
	op := reservation.Reserve{Resources: dyn(parse("cpus:2;mem:1024"), "a", "p")}
	c := framework("a")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := reservation.Apply(total, op, c); err != nil {
			b.Fatal(err)
		}
	}
}

// Ten launches on an offer of a whole agent.
func BenchmarkPoolLaunch(b *testing.B) {
	total := parse("cpus:24;mem:49152;disk:819200;ports:[31000-32000]")
	task := claim(parse("cpus:2;mem:1024"))
	c := framework("a")
	b.ReportAllocs()
	for b.Loop() {
		p := reservation.NewPool(total, c)
		for range 10 {
			if _, err := p.Launch(task, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
}
