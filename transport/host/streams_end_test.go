package host_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// serve runs a master in the bubble until the test ends.
func serve(t *testing.T, cfg master.Config, opts ...host.Option) *host.MasterNode {
	t.Helper()
	n, err := host.OpenMaster(t.Context(), inproc.NewLive(inproc.Config{}), cfg, opts...)
	require.NoError(t, err)
	go func() { _ = n.Run(context.Background()) }()
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	synctest.Wait()
	return n
}

// subscribed opens a stream that the test ends.
func subscribed(t *testing.T, n *host.MasterNode, queue int) *host.EventStream {
	t.Helper()
	s, err := n.Subscribe(t.Context(), "ops", queue)
	require.NoError(t, err)
	return s
}

// readOn reads a stream to its end, and returns the number of events and why it ended; errGap if one was left out.
func readOn(s *host.EventStream) (events int, err error) {
	for {
		x, err := s.Next(context.Background())
		switch {
		case err != nil:
			return events, err
		case x.Event == nil:
		case x.Number != s.After+uint64(events)+1:
			return events, errGap
		default:
			events++
		}
	}
}

var errGap = errors.New("an event was left out")

// A master that loses its lead, or its registry, tells every reader after what was queued: why, and where to go on. A reader
// that waits is woken.
// docs/protocol.md §5, §16.1
func TestStreamsEndWithTheLead(t *testing.T) {
	disk := errors.New("disk full")
	for name, c := range map[string]struct {
		end  func(*inproc.Election)
		want []error
	}{
		"deposed":  {func(e *inproc.Election) { e.Depose() }, []error{master.ErrResigned, master.ErrDeposed}},
		"resigned": {nil, []error{master.ErrResigned, disk}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := inproc.NewElection()
				broken := host.WithStoreFaults(func(n int) (f host.StoreFault) {
					if n == 3 {
						f.Err = disk
					}
					return f
				})
				n := serve(t, master.Config{}, host.WithContender(e), host.WithStore(registry.NewMemory()), broken)
				waits, late := subscribed(t, n, 0), subscribed(t, n, 0)
				woken := make(chan error, 1)
				go func() {
					_, err := readOn(waits)
					woken <- err
				}()
				require.NoError(t, n.Operate(t.Context(), "ops", weigh(2)))
				synctest.Wait()
				if c.end != nil {
					c.end(e)
				} else {
					require.Error(t, n.Operate(t.Context(), "ops", weigh(3)))
				}
				synctest.Wait()
				events, err := readOn(late)
				require.Equal(t, 1, events, "what was queued is read first")
				require.Equal(t, err, <-woken)
				for _, want := range append(c.want, host.ErrEnded) {
					require.ErrorIs(t, err, want)
				}
				require.ErrorContains(t, err, "subscribe at the master that leads now")
				late.Close()
				_, again := readOn(late)
				require.Equal(t, err, again, "the first reason stays")
			})
		})
	}
}

// A reader follows the lead: at the next master a snapshot begins anew, with its own numbers.
// docs/protocol.md §16.1
func TestReadersFollowTheLead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, store := inproc.NewElection(), registry.NewMemory()
		one := serve(t, master.Config{Node: "one"}, host.WithContender(e), host.WithStore(store))
		two := serve(t, master.Config{Node: "two"}, host.WithContender(e), host.WithStore(store))
		_, err := two.Subscribe(t.Context(), "ops", 0)
		require.ErrorIs(t, err, master.ErrNotLeading)
		s := subscribed(t, one, 0)
		require.NoError(t, one.Operate(t.Context(), "ops", weigh(2)))
		require.True(t, e.Depose())
		synctest.Wait()
		_, err = readOn(s)
		require.ErrorIs(t, err, master.ErrDeposed)
		_, err = one.Subscribe(t.Context(), "ops", 0)
		require.ErrorIs(t, err, host.ErrEnded)
		next := subscribed(t, two, 0)
		require.Equal(t, 2.0, next.Snapshot.Weights[0].Weight)
		require.NoError(t, two.Operate(t.Context(), "ops", weigh(3)))
		x, err := next.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, next.After+1, x.Number)
	})
}

// A context that ends before its stream is open: Subscribe gives up, and the stream does not stay with the master.
// docs/protocol.md §16.1, §18.1
func TestContextEndsDuringSubscribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, err := host.OpenMaster(t.Context(), inproc.NewLive(inproc.Config{}), master.Config{Bounds: master.Bounds{Streams: 2}})
		require.NoError(t, err)
		opened := make(chan *host.EventStream, 1)
		n.SubmitSubscribe("ops", 0, func(s *host.EventStream, _ error) { opened <- s })
		why := errors.New("changed my mind")
		ctx, cancel := context.WithCancelCause(t.Context())
		gaveUp := make(chan error, 1)
		go func() {
			_, err := n.Subscribe(ctx, "ops", 0)
			gaveUp <- err
		}()
		synctest.Wait() // nobody serves the node yet
		cancel(why)
		require.ErrorIs(t, <-gaveUp, why)
		_, err = n.Subscribe(ctx, "ops", 0)
		require.ErrorIs(t, err, why, "at once")

		go func() { _ = n.Run(context.Background()) }()
		defer func() { require.NoError(t, n.Close()) }()
		synctest.Wait() // the stream was opened, and closed for its context
		first, second := <-opened, subscribed(t, n, 0)
		for _, s := range []*host.EventStream{first, second} {
			_, _, err := s.Poll()
			require.NoError(t, err, "there is room for two: the one that was given up is not among them")
		}
		third := subscribed(t, n, 0)
		synctest.Wait() // the step that opened it has ended, and with it the oldest
		_, _, err = first.Poll()
		require.ErrorIs(t, err, host.ErrStreamReplaced)
		require.ErrorContains(t, err, "subscribe again")
		_, _, err = third.Poll()
		require.NoError(t, err)
	})
}

// A reader that does not read costs the master its queue and no more: it holds nobody up, gets what is in the queue, then the
// error, and its place is free. Heartbeats count.
// docs/protocol.md §16.1
func TestSlowReaderLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := serve(t, master.Config{Bounds: master.Bounds{Streams: 2}})
		fast, slow := subscribed(t, n, 0), subscribed(t, n, 5)
		told, closed := make(chan int, 1), make(chan error, 1)
		go func() {
			events, err := readOn(fast)
			told <- events
			closed <- err
		}()
		for i := range 100 {
			require.NoError(t, n.Operate(t.Context(), "ops", weigh(float64(i+2))))
		}
		events, err := readOn(slow)
		require.Equal(t, 5, events)
		require.ErrorIs(t, err, host.ErrSlowReader)
		require.ErrorContains(t, err, "subscribe again, and read faster or with a longer queue: 5 wait")
		idle := subscribed(t, n, 3) // takes its place: fast is not replaced
		time.Sleep(5 * idle.HeartbeatInterval)
		_, err = readOn(idle)
		require.ErrorIs(t, err, host.ErrSlowReader)
		fast.Close()
		require.Equal(t, 100, <-told)
		require.ErrorIs(t, <-closed, host.ErrStreamClosed)
		require.NoError(t, n.Operate(t.Context(), "ops", msg.UpdateWeights{}))
	})
}
