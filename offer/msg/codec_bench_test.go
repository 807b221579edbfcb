package msg_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// BenchmarkCodec writes and reads the messages that there are most of: ten offers, a status, and the launch of a task.
func BenchmarkCodec(b *testing.B) {
	free := resource.MustParse("cpus:24;mem:49152;disk:819200;ports:[31000-32000]")
	var offers msg.Offers
	for i := range 10 {
		offers.Offers = append(offers.Offers, msg.Offer{
			ID: msg.OfferID(fmt.Sprintf("m-O%d", i)), Framework: "m-0001", Agent: "m-S1", Role: "web", Hostname: "host", Resources: free,
		})
	}
	task := msg.TaskInfo{ID: "web-17", Name: "web", Agent: "m-S1", Resources: resource.MustParse("cpus:1;mem:512"),
		Command: &msg.CommandInfo{Value: "serve --port 8080"}}
	for name, m := range map[string]msg.Message{
		"offers=10": offers,
		"status": msg.StatusUpdate{Framework: "m-0001", Status: msg.TaskStatus{Task: "web-17", State: msg.TaskRunning, Agent: "m-S1", Time: 1e18,
			UUID: msg.UUID{1}}, Latest: msg.TaskRunning},
		"launch": msg.RunTasks{Framework: msg.FrameworkInfo{ID: "m-0001", Name: "shop"}, Role: "web", Tasks: []msg.TaskInfo{task}},
	} {
		text, err := msg.Marshal(m)
		require.NoError(b, err)
		b.Run(name+"/write", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := msg.Marshal(m); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/read", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := msg.Unmarshal(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
