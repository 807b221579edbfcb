package host

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
)

// puppet is a machine that notes its inputs and has a deadline that a test sets.
type puppet struct {
	log   []string
	at    offer.Time
	armed bool
	keeps bool // the deadline survives its tick
	err   error
}

func (p *puppet) Step(now offer.Time, in msg.Input) error {
	if _, tick := in.(msg.Tick); tick && !p.keeps {
		p.armed = false
	}
	p.log = append(p.log, fmt.Sprintf("%d %T", now, in))
	return p.err
}
func (p *puppet) NextDeadline() (offer.Time, bool) { return p.at, p.armed }

// wire is a transport and port that a test holds in its hands.
type wire struct {
	in     transport.Inbox
	sent   []msg.Envelope
	hung   []msg.Link
	closed int
	full   bool
	dial   func(in transport.Inbox) (msg.Link, error)

	opening func(in transport.Inbox) // called by Open; may be nil
}

func (w *wire) Open(_ context.Context, _ msg.Node, in transport.Inbox) (transport.Port, error) {
	w.in = in
	if w.opening != nil {
		w.opening(in)
	}
	return w, nil
}
func (w *wire) Dial(msg.Node) (msg.Link, error) { return w.dial(w.in) }
func (w *wire) Send(e msg.Envelope) error {
	if w.full {
		return fmt.Errorf("wire: %w", transport.ErrFull)
	}
	w.sent = append(w.sent, e)
	return nil
}
func (w *wire) Hang(l msg.Link) { w.hung = append(w.hung, l) }
func (w *wire) Close() error    { w.closed++; return nil }

func openPuppet(t *testing.T, seen *[]string) (*node, *puppet, *wire) {
	p, w := &puppet{}, &wire{}
	n := newNode(options{self: "n", hand: true, observe: func(o Observation) { *seen = append(*seen, o.What.String()) }}, p)
	n.drain = func() bool { return false }
	require.NoError(t, n.open(context.Background(), w))
	return n, p, w
}

// bounded opens a node that lets only so many messages of a link wait.
func bounded(t *testing.T, w *wire, inbound int) (*node, *puppet) {
	p := &puppet{}
	n := newNode(collect([]Option{As("n"), ByHand(nil, nil), Inbound(inbound)}), p)
	n.drain = func() bool { return false }
	require.NoError(t, n.open(context.Background(), w))
	return n, p
}

// A dial is answered to the machine with the peer's name, whether it fails at once, later, or before Dial returns.
// docs/protocol.md §2.1
func TestDialFailures(t *testing.T) {
	for name, dial := range map[string]func(in transport.Inbox) (msg.Link, error){
		"at once": func(transport.Inbox) (msg.Link, error) { return 0, errors.New("refused") },
		"before Dial returns": func(in transport.Inbox) (msg.Link, error) {
			in.Down(7, errors.New("refused"))
			return 7, nil
		},
		"later": func(transport.Inbox) (msg.Link, error) { return 7, nil },
	} {
		t.Run(name, func(t *testing.T) {
			var seen []string
			n, p, w := openPuppet(t, &seen)
			w.dial = dial
			n.dial("peer")
			if name == "later" {
				require.False(t, n.Poll(1))
				w.in.Down(7, errors.New("refused"))
			}
			require.True(t, n.Poll(1))
			require.Equal(t, []string{"1 msg.LinkDown"}, p.log)
			require.Equal(t, []string{"lost its link with peer: refused"}, seen)
		})
	}
}

// A link that came up before Dial returned is up, and its Down names it.
// docs/protocol.md §2.1
func TestUpBeforeDialReturns(t *testing.T) {
	var seen []string
	n, _, w := openPuppet(t, &seen)
	w.dial = func(in transport.Inbox) (msg.Link, error) {
		in.Up(7, "peer", "alice")
		return 7, nil
	}
	n.dial("peer")
	w.in.Deliver(msg.Envelope{Link: 7, Body: msg.Pong{}})
	w.in.Down(7, errors.New("over"))
	require.True(t, n.Poll(1))
	require.Equal(t, []string{"is linked with peer", "gets Pong from peer", "lost its link with peer: over"}, seen)
	require.Empty(t, n.dialing)
	require.Empty(t, n.peers)
	require.Empty(t, n.waiting)
}

// A full link is hung up, by the sender's host.
// docs/protocol.md §2.1
func TestFullLinkIsHungUp(t *testing.T) {
	var seen []string
	n, _, w := openPuppet(t, &seen)
	w.in.Up(7, "peer", "")
	n.Poll(1)
	n.send(msg.Envelope{Link: 7, Body: msg.Pong{}})
	require.Empty(t, w.hung)
	w.full = true
	n.send(msg.Envelope{Link: 7, Body: msg.Pong{}})
	require.Equal(t, []msg.Link{7}, w.hung)
	require.Equal(t, []string{"is linked with peer", "sends Pong to peer", "loses Pong to peer: wire: transport: link queue is full"}, seen)
}

// A peer that sends faster than the machine steps is disconnected; what is over the bound is not kept.
// docs/protocol.md §18.1
func TestInboundBound(t *testing.T) {
	var seen []string
	n, p, w := openPuppet(t, &seen)
	w.in.Up(7, "fast", "")
	w.in.Up(8, "slow", "")
	for range DefaultInbound + 5 {
		w.in.Deliver(msg.Envelope{Link: 7, Body: msg.Pong{}})
	}
	w.in.Deliver(msg.Envelope{Link: 8, Body: msg.Pong{}})
	require.Equal(t, []msg.Link{7}, w.hung, "once")
	require.True(t, n.Poll(1))
	require.Len(t, p.log, 2+DefaultInbound+1)
}

// What follows a dropped message on its link is dropped too, though there is room again: no machine sees a gap. The mark
// ends with the link.
// docs/protocol.md §2.1
func TestNoGapAfterTheInboundBound(t *testing.T) {
	w := &wire{}
	n, p := bounded(t, w, 2)
	pong := msg.Envelope{Link: 7, Body: msg.Pong{}}
	w.in.Up(7, "fast", "")
	for range 3 {
		w.in.Deliver(pong)
	}
	require.True(t, n.Poll(1))
	w.in.Deliver(pong)
	require.False(t, n.Poll(2))
	w.in.Down(7, errors.New("hung up"))
	require.True(t, n.Poll(3))
	require.Equal(t, []string{"1 msg.LinkUp", "1 msg.Envelope", "1 msg.Envelope", "3 msg.LinkDown"}, p.log)
	require.Equal(t, []msg.Link{7}, w.hung)
	require.Empty(t, n.cut)
	require.Empty(t, n.waiting)
}

// A link that goes over the bound while the port is being opened is hung up as soon as there is a port.
// docs/protocol.md §18.1
func TestInboundBoundWhileOpening(t *testing.T) {
	w := &wire{opening: func(in transport.Inbox) {
		for _, l := range []msg.Link{9, 7, 8} {
			in.Up(l, "fast", "")
			for range l - 5 {
				in.Deliver(msg.Envelope{Link: l, Body: msg.Pong{}})
			}
		}
	}}
	n, p := bounded(t, w, 2)
	require.Equal(t, []msg.Link{8, 9}, w.hung)
	require.True(t, n.Poll(1))
	require.Len(t, p.log, 3+3*2)
}

// The bound is a setting of every party; an agent's in-process executors have their agent's.
// docs/protocol.md §18.1
func TestInboundSetting(t *testing.T) {
	require.Equal(t, DefaultInbound, newNode(collect(nil), &puppet{}).opts.inbound)
	w := &wire{}
	l := newLocal(w, Executors{"e": func(StartInfo) framework.Executor { return framework.NopExecutor{} }},
		collect([]Option{ByHand(nil, nil), Inbound(3)}))
	s := agent.Start{Container: "c", Framework: msg.FrameworkInfo{ID: "F"}, Executor: msg.ExecutorInfo{ID: "e"}, Agent: "agent-1"}
	require.NoError(t, l.Start(s, func(Exit) {}))
	w.in.Up(7, "agent-1", "")
	for range 3 {
		w.in.Deliver(msg.Envelope{Link: 7, Body: msg.Pong{}})
	}
	require.Empty(t, w.hung)
	w.in.Deliver(msg.Envelope{Link: 7, Body: msg.Pong{}})
	require.Equal(t, []msg.Link{7}, w.hung)
}

// Inputs first, then ticks that are due; a deadline ahead is told and waited for.
// docs/protocol.md §20
func TestPollAndDeadlines(t *testing.T) {
	var seen []string
	n, p, w := openPuppet(t, &seen)
	_, any := n.NextDeadline()
	require.False(t, any)
	p.at, p.armed = 10, true
	at, any := n.NextDeadline()
	require.True(t, any)
	require.EqualValues(t, 10, at)
	require.False(t, n.Poll(9))
	w.in.Up(7, "peer", "")
	require.True(t, n.Poll(10))
	require.Equal(t, []string{"10 msg.LinkUp", "10 msg.Tick"}, p.log)
	require.False(t, n.Poll(10))
}

// A machine that asks for ticks without end ends its node with ErrStuck instead of spinning for ever.
// docs/protocol.md §20
func TestStuckMachine(t *testing.T) {
	var seen []string
	n, p, w := openPuppet(t, &seen)
	p.armed, p.keeps = true, true
	n.Poll(1)
	ended, err := n.Ended()
	require.True(t, ended)
	require.ErrorIs(t, err, ErrStuck)
	require.Equal(t, 1, w.closed)
}

// A master that ends answers the calls that wait, in the order they were made.
// docs/protocol.md §16.1
func TestCallsAreAnsweredInOrderAtTheEnd(t *testing.T) {
	n, err := OpenMaster(context.Background(), &wire{}, master.Config{}, ByHand(nil, nil))
	require.NoError(t, err)
	var want, got []int
	for i := range 100 {
		want = append(want, i)
		n.Submit("", msg.UpdateWeights{}, func(err error) {
			require.ErrorIs(t, err, ErrEnded)
			got = append(got, i)
		})
	}
	require.NoError(t, n.Close())
	require.Equal(t, want, got)
}

// What a machine refuses is told to the observer and to nobody else.
// docs/protocol.md §18.1
func TestRefusedInput(t *testing.T) {
	var seen []string
	n, p, w := openPuppet(t, &seen)
	p.err = errors.New("no")
	w.in.Up(7, "peer", "")
	n.Poll(1)
	require.Equal(t, []string{"is linked with peer", "refuses LinkUp: no"}, seen)
	ended, _ := n.Ended()
	require.False(t, ended)
}

// A machine that ended takes leave: its links are hung up, and the port closes when the last is down.
// docs/protocol.md §17
func TestLeave(t *testing.T) {
	var seen []string
	n, _, w := openPuppet(t, &seen)
	w.in.Up(7, "peer", "")
	n.Poll(1)
	n.leave(nil)
	w.in.Up(8, "late", "")
	n.Poll(1)
	require.Equal(t, []msg.Link{7, 8}, w.hung)
	require.Zero(t, w.closed)
	w.in.Down(7, errors.New("hung up"))
	w.in.Down(8, errors.New("hung up"))
	n.Poll(1)
	require.Equal(t, 1, w.closed)
	require.False(t, n.push(item{in: msg.Tick{}}))
	n.Close()
	require.Equal(t, 1, w.closed)
}

// Live, a node whose peer does not take its farewell ends all the same, after a while.
// docs/protocol.md §17
func TestFarewellIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		n, _, w := openPuppet(t, &seen)
		w.in.Up(7, "deaf", "")
		ctx, cancel := context.WithCancel(context.Background())
		go func() { time.Sleep(time.Second); cancel() }()
		start := time.Now()
		require.NoError(t, n.run(ctx, func() { n.leave(nil) }))
		require.Equal(t, time.Second+farewell, time.Since(start))
		require.Equal(t, 1, w.closed)
	})
}

// An exit is reported after the start, however soon it comes, and once.
// docs/protocol.md §16.2
func TestExitAfterStart(t *testing.T) {
	for _, early := range []bool{true, false} {
		var got []Exit
		first := Exit{Status: 3, Reason: msg.ReasonContainerPreempted, Message: "why"}
		r := &running{report: func(e Exit) { got = append(got, e) }}
		if early {
			r.exited(first)
			require.Empty(t, got)
			r.started()
		} else {
			r.started()
			r.exited(first)
		}
		r.exited(Exit{Status: 4})
		require.Equal(t, []Exit{first}, got)
	}
}

// Every kind of observation draws itself on one line.
// docs/protocol.md §16.1
func TestObservationText(t *testing.T) {
	for want, w := range map[string]What{
		"sends Pong to b":                              Sent{To: "b", Body: msg.Pong{}},
		"loses Pong to b: gone":                        Lost{To: "b", Body: msg.Pong{}, Err: errors.New("gone")},
		"gets Pong from b":                             Delivered{From: "b", Body: msg.Pong{}},
		"is linked with b":                             LinkUp{Peer: "b"},
		"lost its link with b: x":                      LinkDown{Peer: "b", Cause: "x"},
		"refuses Pong: x":                              Refused{Input: msg.Envelope{Body: msg.Pong{}}, Err: errors.New("x")},
		"agent S1 removed: x":                          MasterEvent{master.AgentRemoved{Agent: "S1", Why: "x"}},
		"registered":                                   AgentEvent{agent.Event{Kind: agent.EventRegistered}},
		agent.Event{Kind: agent.EventStopped}.String(): AgentEvent{agent.Event{Kind: agent.EventStopped}},
	} {
		require.Equal(t, fmt.Sprintf("%9.3fs n: %s", 1.5, want), Observation{Time: 1_500_000_000, Node: "n", What: w}.String())
	}
}

// quitter aborts in its first callback.
type quitter struct {
	framework.NopScheduler
	log []string
}

func (q *quitter) Registered(d framework.Driver, _ offer.FrameworkID, _ msg.MasterInfo) {
	d.Abort()
	q.log = append(q.log, "registered")
}
func (q *quitter) OfferRescinded(framework.Driver, msg.OfferID) { q.log = append(q.log, "rescinded") }

// No callback follows Abort, though what would cause one is queued already.
// docs/protocol.md §17
func TestNoCallbackAfterAbort(t *testing.T) {
	w, q := &wire{dial: func(transport.Inbox) (msg.Link, error) { return 7, nil }}, &quitter{}
	n, err := OpenScheduler(context.Background(), w, framework.SchedulerConfig{}, q, ByHand(nil, nil))
	require.NoError(t, err)
	n.Poll(1)
	w.in.Up(7, DefaultMaster, "")
	w.in.Deliver(msg.Envelope{Link: 7, Body: msg.Subscribed{Framework: "f"}})
	w.in.Deliver(msg.Envelope{Link: 7, Body: msg.Rescind{Offer: "o"}})
	n.Poll(1)
	require.Equal(t, []string{"registered"}, q.log)
	require.Equal(t, []msg.Link{7}, w.hung[:1])
	w.in.Down(7, errors.New("hung up"))
	n.Poll(1)
	ended, err := n.Ended()
	require.True(t, ended)
	require.ErrorIs(t, err, ErrAborted)
}
