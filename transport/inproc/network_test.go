package inproc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
	"github.com/proffer-go/proffer/transport/inproc"
	"github.com/proffer-go/proffer/transport/transporttest"
)

// docs/protocol.md §2.1
func TestLiveKeepsEveryPromise(t *testing.T) {
	transporttest.Run(t, transporttest.Harness{
		Open:  func() transport.Transport { return inproc.NewLive(inproc.Config{}) },
		Quiet: 10 * time.Millisecond,
		Fill:  inproc.DefaultQueue + 10,
	})
}

// The same with latency and authenticated nodes, under the virtual time of a bubble.
// docs/protocol.md §2.1
func TestLiveKeepsEveryPromiseWithLatency(t *testing.T) {
	principals := map[msg.Node]string{"a": "alice", "b": "bob"}
	for _, c := range transporttest.Checks() {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.Run(t, transporttest.Harness{
					Open: func() transport.Transport {
						return inproc.NewLive(inproc.Config{Seed: 1, Latency: 40 * time.Millisecond, Jitter: 30 * time.Millisecond, Principals: principals})
					},
					Principal: func(n msg.Node) string { return principals[n] },
					Quiet:     time.Second,
					Patience:  time.Hour,
					Fill:      inproc.DefaultQueue + 10,
				})
			})
		})
	}
}

// script is an Inbox that writes a transcript.
type script struct {
	name string
	out  *strings.Builder
	port transport.Port
	net  *inproc.Network
	echo bool
}

func (s *script) Up(l msg.Link, peer msg.Node, principal string) {
	fmt.Fprintf(s.out, "%s: up %d %s %q\n", s.name, l, peer, principal)
}
func (s *script) Deliver(e msg.Envelope) {
	fmt.Fprintf(s.out, "%s: message %d %s\n", s.name, e.Link, e.Body.(msg.ExecutorMessage).Data)
	if s.echo {
		_ = s.port.Send(e)
	}
}
func (s *script) Down(l msg.Link, cause error) {
	fmt.Fprintf(s.out, "%s: down %d: %v\n", s.name, l, cause)
}

func openScript(t *testing.T, n *inproc.Network, out *strings.Builder, name string) *script {
	s := &script{name: name, out: out, net: n}
	port, err := n.Open(context.Background(), msg.Node(name), s)
	require.NoError(t, err)
	s.port = port
	return s
}

func say(l msg.Link, text string) msg.Envelope {
	return msg.Envelope{Link: l, Body: msg.ExecutorMessage{Data: []byte(text)}}
}

// play is one conversation with latency, jitter, a cut and a close.
func play(t *testing.T, seed uint64) string {
	var out strings.Builder
	n := inproc.New(inproc.Config{Seed: seed, Latency: time.Millisecond, Jitter: 5 * time.Millisecond, Principals: map[msg.Node]string{"b": "bob"}})
	a, b, c := openScript(t, n, &out, "a"), openScript(t, n, &out, "b"), openScript(t, n, &out, "c")
	b.echo = true
	run := func() {
		for {
			at, ok := n.NextDeadline()
			if !ok {
				return
			}
			fmt.Fprintf(&out, "at %d\n", at)
			require.True(t, n.Poll(at))
		}
	}
	ab, err := a.port.Dial("b")
	require.NoError(t, err)
	cb, err := c.port.Dial("b")
	require.NoError(t, err)
	run()
	for i := range 5 {
		require.NoError(t, a.port.Send(say(ab, fmt.Sprint("a", i))))
		require.NoError(t, c.port.Send(say(cb, fmt.Sprint("c", i))))
	}
	run()
	n.Cut("a", "b")
	_, err = a.port.Dial("b")
	require.NoError(t, err)
	run()
	n.Heal("b", "a")
	_, err = a.port.Dial("b")
	require.NoError(t, err)
	run()
	require.NoError(t, b.port.Close())
	run()
	return out.String()
}

// Equal calls give equal deliveries by hand; another seed changes the times.
// docs/protocol.md §2.1
func TestByHandIsDeterministic(t *testing.T) {
	first := play(t, 7)
	require.Equal(t, first, play(t, 7))
	require.NotEqual(t, first, play(t, 8))
	require.Contains(t, first, `a: up 1 b "bob"`)
	require.Contains(t, first, "cut")
}

// By hand nothing moves between two Polls, and everything that is due moves in one, replies included.
// docs/protocol.md §2.1
func TestByHandDeliversInPollOnly(t *testing.T) {
	var out strings.Builder
	n := inproc.New(inproc.Config{})
	a, b := openScript(t, n, &out, "a"), openScript(t, n, &out, "b")
	l, err := a.port.Dial("b")
	require.NoError(t, err)
	require.Empty(t, out.String())
	require.ErrorIs(t, a.port.Send(say(l, "too early")), transport.ErrNoLink)
	require.True(t, n.Poll(0))
	require.Equal(t, "b: up 2 a \"\"\na: up 1 b \"\"\n", out.String())
	out.Reset()
	b.echo = true
	require.NoError(t, a.port.Send(say(l, "hello")))
	require.Empty(t, out.String())
	require.True(t, n.Poll(0))
	require.Equal(t, "b: message 2 hello\na: message 1 hello\n", out.String())
	require.False(t, n.Poll(0))
}

// A cut ends the links at once and loses what is on the way; dials fail until it heals; others are not touched.
// docs/protocol.md §19
func TestCutAndHeal(t *testing.T) {
	var out strings.Builder
	n := inproc.New(inproc.Config{Latency: time.Second})
	a, b, c := openScript(t, n, &out, "a"), openScript(t, n, &out, "b"), openScript(t, n, &out, "c")
	ab, err := a.port.Dial("b")
	require.NoError(t, err)
	cb, err := c.port.Dial("b")
	require.NoError(t, err)
	settle := func() {
		for at, ok := n.NextDeadline(); ok; at, ok = n.NextDeadline() {
			n.Poll(at)
		}
	}
	settle()
	require.NoError(t, a.port.Send(say(ab, "lost")))
	out.Reset()
	n.Cut("b", "a")
	settle()
	require.Equal(t, "b: down 2: inproc: cut: \"b\" from \"a\"\na: down 1: inproc: cut: \"b\" from \"a\"\n", out.String())
	out.Reset()
	failed, err := b.port.Dial("a")
	require.NoError(t, err)
	require.NoError(t, c.port.Send(say(cb, "still here")))
	settle()
	require.Equal(t, fmt.Sprintf("b: down %d: dial \"a\": inproc: cut\nb: message 4 still here\n", failed), out.String())
	out.Reset()
	n.Heal("a", "b")
	_, err = b.port.Dial("a")
	require.NoError(t, err)
	settle()
	require.Contains(t, out.String(), "a: up ")
}

// A break ends at once what one side has left and the other has not heard of, whichever of them is named first.
// docs/protocol.md §2.1
func TestBreakFindsTheEndThatIsLeft(t *testing.T) {
	for _, order := range [][2]msg.Node{{"a", "b"}, {"b", "a"}} {
		for name, leave := range map[string]func(p transport.Port, l msg.Link){
			"hung up": func(p transport.Port, l msg.Link) { p.Hang(l) },
			"closed":  func(p transport.Port, _ msg.Link) { _ = p.Close() },
		} {
			var out strings.Builder
			n := inproc.New(inproc.Config{Latency: time.Second})
			a := openScript(t, n, &out, "a")
			openScript(t, n, &out, "b")
			l, err := a.port.Dial("b")
			require.NoError(t, err)
			n.Poll(offer.Time(2 * time.Second))
			require.NoError(t, a.port.Send(say(l, "lost")))
			leave(a.port, l)
			n.Poll(offer.Time(2 * time.Second))
			out.Reset()
			n.Break(order[0], order[1])
			n.Poll(offer.Time(2 * time.Second))
			want := fmt.Sprintf("b: down 2: inproc: cut: %q from %q\n", order[0], order[1])
			require.Equal(t, want, out.String(), "%s, %v", name, order)
			n.Poll(offer.Time(time.Hour))
			require.Equal(t, want, out.String(), "%s, %v: nothing after it", name, order)
		}
	}
}

// A stalled pair loses nothing and keeps its order: messages, a dial and a hang wait, and pass when it resumes.
// docs/protocol.md §2.1
func TestStallAndResume(t *testing.T) {
	var out strings.Builder
	n := inproc.New(inproc.Config{Latency: time.Second})
	a, b := openScript(t, n, &out, "a"), openScript(t, n, &out, "b")
	ab, err := a.port.Dial("b")
	require.NoError(t, err)
	settle := func() {
		for at, ok := n.NextDeadline(); ok; at, ok = n.NextDeadline() {
			n.Poll(at)
		}
	}
	settle()
	out.Reset()
	require.NoError(t, a.port.Send(say(ab, "on the way")))
	n.Stall("b", "a")
	n.Stall("a", "b")
	require.NoError(t, a.port.Send(say(ab, "one")))
	require.NoError(t, a.port.Send(say(ab, "two")))
	_, err = b.port.Dial("a")
	require.NoError(t, err)
	a.port.Hang(ab)
	settle()
	require.Equal(t, "a: down 1: inproc: hung up by \"a\"\nb: message 2 on the way\n", out.String())
	out.Reset()
	n.Resume("a", "b")
	settle()
	require.Equal(t, "b: message 2 one\nb: message 2 two\na: up 4 b \"\"\nb: up 3 a \"\"\nb: down 2: inproc: hung up by \"a\"\n", out.String())
}

// A queue holds as many messages as its bound and no more, by hand exactly.
// docs/protocol.md §18.1
// docs/protocol.md §18.1 queue of one link
func TestQueueBound(t *testing.T) {
	var out strings.Builder
	n := inproc.New(inproc.Config{Queue: 3})
	a, _ := openScript(t, n, &out, "a"), openScript(t, n, &out, "b")
	l, err := a.port.Dial("b")
	require.NoError(t, err)
	n.Poll(0)
	for range 2 {
		for range 3 {
			require.NoError(t, a.port.Send(say(l, "x")))
		}
		require.ErrorIs(t, a.port.Send(say(l, "x")), transport.ErrFull)
		require.True(t, n.Poll(0))
	}
}

// docs/protocol.md §2.1
func TestNetworkClose(t *testing.T) {
	for _, n := range []*inproc.Network{inproc.New(inproc.Config{}), inproc.NewLive(inproc.Config{})} {
		var out strings.Builder
		a := openScript(t, n, &out, "a")
		require.NoError(t, n.Close())
		require.NoError(t, n.Close())
		require.ErrorIs(t, a.port.Send(say(1, "x")), transport.ErrClosed)
		_, err := n.Open(context.Background(), "b", a)
		require.ErrorIs(t, err, transport.ErrClosed)
	}
}

// Time does not run back by hand.
// docs/protocol.md §2.1
func TestPollWithEarlierTime(t *testing.T) {
	var out strings.Builder
	n := inproc.New(inproc.Config{Latency: time.Second})
	a, _ := openScript(t, n, &out, "a"), openScript(t, n, &out, "b")
	n.Poll(offer.Time(time.Hour))
	_, err := a.port.Dial("b")
	require.NoError(t, err)
	require.False(t, n.Poll(0))
	at, ok := n.NextDeadline()
	require.True(t, ok)
	require.Equal(t, offer.Time(time.Hour+time.Second), at)
}
