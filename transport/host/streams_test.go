package host_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// weigh is a call that is one event.
func weigh(w float64) msg.OperatorCall {
	return msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: w}}}
}

// follow opens a stream on a master run by hand.
func follow(t *testing.T, c *inproc.Cluster, n *host.MasterNode, queue int) *host.EventStream {
	t.Helper()
	var s *host.EventStream
	n.SubmitSubscribe("ops", queue, func(opened *host.EventStream, err error) {
		require.NoError(t, err)
		s = opened
	})
	c.Settle()
	require.NotNil(t, s)
	return s
}

// catchUp applies what waits to the stream's snapshot, and returns the number of events and heartbeats.
func catchUp(t *testing.T, s *host.EventStream) (events, beats int) {
	t.Helper()
	for {
		x, ok, err := s.Poll()
		require.NoError(t, err)
		switch {
		case !ok:
			return events, beats
		case x.Event == nil:
			beats++
		default:
			events++
			require.Equal(t, s.After+1, x.Number, "none is left out")
			s.After = x.Number
			s.Snapshot.Apply(x.Event)
		}
	}
}

// A stream is a snapshot and all events after it, with heartbeats.
// docs/http-v1.md §9.3, docs/protocol.md §16.1
func TestEventStream(t *testing.T) {
	c := inproc.NewCluster(1)
	n := c.AddMaster(master.Config{})
	c.Settle()
	early := follow(t, c, n, 0)
	require.NoError(t, c.Operate(weigh(2)))
	late := follow(t, c, n, 0)
	require.NoError(t, c.Operate(weigh(3)))
	for _, s := range []*host.EventStream{early, late} {
		events, _ := catchUp(t, s)
		require.Positive(t, events)
		require.Equal(t, fmt.Sprintf("%+v", n.Machine().Snapshot()), fmt.Sprintf("%+v", s.Snapshot))
	}
	c.Advance(early.HeartbeatInterval)
	_, beats := catchUp(t, early)
	require.Equal(t, 1, beats)

	early.Close()
	early.Close()
	require.NoError(t, c.Operate(weigh(4)))
	_, ok, err := early.Poll()
	require.False(t, ok)
	require.ErrorIs(t, err, host.ErrStreamClosed)
	c.Kill("master")
	for ok = true; ok; {
		_, ok, err = late.Poll()
	}
	require.ErrorIs(t, err, host.ErrEnded, "after what was queued")
}

// A reader that lets its queue fill up reads what is in it, without a gap, and then why its stream ended; others read on.
// docs/protocol.md §16.1
func TestSlowReader(t *testing.T) {
	c := inproc.NewCluster(1)
	n := c.AddMaster(master.Config{})
	c.Settle()
	slow, fast := follow(t, c, n, 2), follow(t, c, n, 0)
	for i := range 4 {
		require.NoError(t, c.Operate(weigh(float64(i+2))))
	}
	for k := range uint64(2) {
		x, ok, err := slow.Poll()
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, slow.After+k+1, x.Number)
	}
	_, _, err := slow.Poll()
	require.ErrorIs(t, err, host.ErrSlowReader)
	events, _ := catchUp(t, fast)
	require.Equal(t, 4, events)
}

// Beyond the bound the oldest stream ends.
// docs/protocol.md §18.1 operator subscribers
func TestOldestStreamEnds(t *testing.T) {
	c := inproc.NewCluster(1)
	n := c.AddMaster(master.Config{Bounds: master.Bounds{Streams: 1}})
	c.Settle()
	first, second := follow(t, c, n, 0), follow(t, c, n, 0)
	_, _, err := first.Poll()
	require.ErrorIs(t, err, host.ErrStreamReplaced)
	_, _, err = second.Poll()
	require.NoError(t, err)
}

// Live a reader waits for what comes, and its context ends the stream; a master that ends, ends its streams.
// docs/http-v1.md §9.3
func TestEventStreamLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serving, stop := context.WithCancel(t.Context())
		n, err := host.OpenMaster(serving, inproc.NewLive(inproc.Config{}), master.Config{})
		require.NoError(t, err)
		ended := make(chan error, 1)
		go func() { ended <- n.Run(serving) }()
		synctest.Wait()

		why := errors.New("read enough")
		reading, enough := context.WithCancelCause(t.Context())
		s, err := n.Subscribe(reading, "ops", 0)
		require.NoError(t, err)
		other, err := n.Subscribe(t.Context(), "ops", 0)
		require.NoError(t, err)
		require.NoError(t, n.Operate(t.Context(), "ops", weigh(2)))
		x, err := s.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, s.After+1, x.Number)
		begun := time.Now()
		x, err = s.Next(t.Context())
		require.NoError(t, err)
		require.Nil(t, x.Event, "a heartbeat")
		require.Equal(t, s.HeartbeatInterval, time.Since(begun))

		enough(why)
		_, err = s.Next(t.Context())
		require.ErrorIs(t, err, why)
		stop()
		require.NoError(t, <-ended)
		for err = nil; err == nil; {
			_, err = other.Next(t.Context())
		}
		require.ErrorIs(t, err, host.ErrEnded)
		_, err = n.Subscribe(t.Context(), "ops", 0)
		require.ErrorIs(t, err, host.ErrEnded)
	})
}

func ExampleMasterNode_Subscribe() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	m, err := host.OpenMaster(ctx, inproc.NewLive(inproc.Config{}), master.Config{})
	if err != nil {
		panic(err)
	}
	go func() { _ = m.Run(ctx) }()
	for m.Operate(ctx, "ops", msg.UpdateWeights{}) != nil { // until it leads
		time.Sleep(time.Millisecond)
	}
	s, err := m.Subscribe(ctx, "ops", 0)
	if err != nil {
		panic(err)
	}
	if err := m.Operate(ctx, "ops", msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 3}}}); err != nil {
		panic(err)
	}
	told, err := s.Next(ctx)
	fmt.Println(told.Number == s.After+1, err)
	// Output: true <nil>
}
