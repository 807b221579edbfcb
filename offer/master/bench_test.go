package master_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/resource"
)

// BenchmarkAdmission is one agent's admission, from its request to its id, with a registry in memory.
func BenchmarkAdmission(b *testing.B) {
	store, ctx := registry.NewMemory(), context.Background()
	m, err := master.New(master.Config{Entropy: [16]byte{1}})
	require.NoError(b, err)
	var rd master.Ready
	step := func(in msg.Input) {
		require.NoError(b, m.Step(0, in))
		for m.Ready(&rd) {
			for _, c := range rd.Commits {
				require.NoError(b, m.Step(0, c.Answer(store.Commit(ctx, c.At, c.Ops))))
			}
		}
	}
	step(registry.Load(ctx, store))
	total, l := resource.MustParse("cpus:32;mem:131072;disk:900000;ports:[31000-32000]"), msg.Link(0)
	b.ReportAllocs()
	for b.Loop() {
		l++
		peer := msg.Node(fmt.Sprint(l))
		step(msg.LinkUp{Link: l, Peer: peer})
		step(msg.Envelope{Link: l, Body: msg.RegisterAgent{Info: msg.AgentInfo{Hostname: string(peer), Resources: total}, Total: total}})
	}
	require.Len(b, m.Agents(), int(l))
}

// BenchmarkTakeOver is a new leader of 50,000 agents, from the contents of its registry to the lead.
func BenchmarkTakeOver(b *testing.B) {
	const agents = 50_000
	store, ctx := registry.NewMemory(), context.Background()
	total := resource.MustParse("cpus:32;mem:131072;disk:900000;ports:[31000-32000]")
	for i := range agents {
		op, err := registry.Put(registry.Agent{Info: msg.AgentInfo{ID: offer.AgentID(fmt.Sprint("m-S", i)), Hostname: fmt.Sprint("host-", i), Resources: total}})
		require.NoError(b, err)
		_, err = store.Commit(ctx, store.Revision(), []registry.Op{op})
		require.NoError(b, err)
	}
	b.ReportAllocs()
	for b.Loop() {
		m, err := master.New(master.Config{Entropy: [16]byte{1}})
		require.NoError(b, err)
		require.NoError(b, m.Step(0, registry.Load(ctx, store)))
		var rd master.Ready
		require.True(b, m.Ready(&rd))
		c := rd.Commits[0]
		require.NoError(b, m.Step(0, c.Answer(store.Commit(ctx, c.At, c.Ops))))
		require.True(b, m.Leading())
	}
}

// BenchmarkTaskLife is one task from its offer to its acknowledged end, with all agents but one in use.
func BenchmarkTaskLife(b *testing.B) {
	for _, agents := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprintf("agents=%d", agents), func(b *testing.B) { benchmarkTaskLife(b, agents) })
	}
}

func benchmarkTaskLife(b *testing.B, agents int) {
	m, err := master.New(master.Config{Entropy: [16]byte{1}})
	require.NoError(b, err)
	var rd master.Ready
	var now offer.Time
	var offers []msg.Offer
	step := func(in msg.Input) {
		if err := m.Step(now, in); err != nil {
			b.Fatal(err)
		}
		for m.Ready(&rd) {
			for _, c := range rd.Commits {
				if err := m.Step(now, c.Answer(c.At+1, nil)); err != nil {
					b.Fatal(err)
				}
			}
			for _, e := range rd.Sends {
				if o, ok := e.Body.(msg.Offers); ok {
					offers = append(offers, o.Offers...)
				}
			}
		}
	}
	links := map[offer.AgentID]msg.Link{}
	total := resource.MustParse("cpus:4;mem:1024")
	step(msg.Loaded{})
	step(msg.LinkUp{Link: 1, Peer: "s"})
	step(msg.Envelope{Link: 1, Body: msg.Subscribe{Framework: info("web")}})
	f := m.Frameworks()[0].Info.ID
	for i := range agents {
		l := msg.Link(i + 2)
		step(msg.LinkUp{Link: l, Peer: msg.Node(fmt.Sprint(l))})
		step(msg.Envelope{Link: l, Body: msg.RegisterAgent{Info: msg.AgentInfo{Hostname: fmt.Sprint(l)}, Total: total}})
	}
	for _, a := range m.Agents() {
		var l msg.Link
		_, err := fmt.Sscan(string(a.Node), &l)
		require.NoError(b, err)
		links[a.Info.ID] = l
	}
	life := func(n int, end bool) {
		for len(offers) == 0 {
			at, ok := m.NextDeadline()
			require.True(b, ok)
			now = max(now, at)
			step(msg.Tick{})
		}
		o := offers[0]
		offers = offers[1:]
		id := msg.TaskID(fmt.Sprint(n))
		t := msg.TaskInfo{ID: id, Agent: o.Agent, Resources: total, Command: &msg.CommandInfo{Value: "x"}}
		step(msg.Envelope{Link: 1, Body: msg.Accept{Offers: []msg.OfferID{o.ID}, Operations: []msg.Operation{msg.Launch(t)}}})
		step(msg.Envelope{Link: links[o.Agent], Body: status(f, id, msg.TaskRunning, 1)})
		step(msg.Envelope{Link: 1, Body: msg.Acknowledge{Agent: o.Agent, Task: id, UUID: msg.UUID{1}}})
		if end {
			step(msg.Envelope{Link: links[o.Agent], Body: status(f, id, msg.TaskFinished, 2)})
			step(msg.Envelope{Link: 1, Body: msg.Acknowledge{Agent: o.Agent, Task: id, UUID: msg.UUID{2}}})
			step(msg.Envelope{Link: links[o.Agent], Body: msg.Pong{}})
		}
	}
	for n := range agents - 1 {
		life(-n-1, false)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		if n%1000 == 0 { // nobody is lost meanwhile
			b.StopTimer()
			for _, l := range links {
				step(msg.Envelope{Link: l, Body: msg.Pong{}})
			}
			b.StartTimer()
		}
		life(n, true)
	}
}
