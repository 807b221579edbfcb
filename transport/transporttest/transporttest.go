// Package transporttest takes a transport and tells which promise of package transport it breaks: every transport runs
// this suite in its own tests.
//
//	func TestPromises(t *testing.T) {
//		transporttest.Run(t, transporttest.Harness{Open: func() transport.Transport { return mine.New() }})
//	}
//
// RunElections does the same for elections. The rules are those of docs/protocol.md §2.1 and §5. The suites use real goroutines
// and may run inside a bubble of testing/synctest, where their waiting costs nothing.
package transporttest

import (
	"testing"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
)

// TB is what a check needs of a test; *testing.T, *testing.B and *rapid.T fit.
type TB interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
	Cleanup(func())
}

// Harness says how to reach the transport under test.
type Harness struct {
	// Open makes a fresh transport that delivers by itself. Whatever it needs must end when all its ports are closed.
	Open func() transport.Transport
	// Principal says who the transport authenticates each node as; nil: nobody.
	Principal func(msg.Node) string
	// Quiet is how long silence lasts before it is believed; 0: 30 ms.
	Quiet time.Duration
	// Patience is how long something that must happen may take; 0: 10 s.
	Patience time.Duration
	// Fill is after how many small messages to a reader that does not read Send must have answered ErrFull; 0: 200,000.
	Fill int
}

// Check is one promise.
type Check struct {
	Name    string // for t.Run
	Promise string // one sentence
	run     func(t TB, h Harness)
}

// Run checks the promise and fails t if it is broken.
func (c Check) Run(t TB, h Harness) {
	t.Helper()
	if h.Open == nil {
		t.Fatalf("transporttest: Harness.Open is nil; give it a func that makes a fresh transport")
	}
	if h.Principal == nil {
		h.Principal = func(msg.Node) string { return "" }
	}
	if h.Quiet <= 0 {
		h.Quiet = 30 * time.Millisecond
	}
	if h.Patience <= 0 {
		h.Patience = 10 * time.Second
	}
	if h.Fill <= 0 {
		h.Fill = 200_000
	}
	c.run(t, h)
}

// Run runs every check as a subtest.
func Run(t *testing.T, h Harness) {
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, h) })
	}
}

// Checks lists the suite in a fixed order.
func Checks() []Check {
	return []Check{
		{"DialUp", "a dial of an open node is answered by one Up on both sides", dialUp},
		{"DialDown", "a dial of nobody is answered by one Down", dialDown},
		{"DownOnce", "exactly one Down follows each Up, on both sides, and nothing after it", downOnce},
		{"Order", "per link messages arrive in the order sent", order},
		{"AtMostOnce", "no message arrives twice", atMostOnce},
		{"LossOnlyWithLink", "what arrives of a broken link is a prefix of what was sent", lossOnlyWithLink},
		{"HangAfterSends", "Hang ends a link after what was sent on it before", hangAfterSends},
		{"NoReentry", "nothing is delivered on the sender's stack", noReentry},
		{"OneCallAtATime", "an Inbox sees one call at a time", oneCallAtATime},
		{"SendFromInbox", "Send, Dial and Hang may be called from within an Inbox call", sendFromInbox},
		{"NeverBlocks", "Send returns at once and answers ErrFull past the bound of a link", neverBlocks},
		{"SlowReaderAlone", "a reader that does not read delays nobody else", slowReaderAlone},
		{"Identity", "Up names the peer and its principal", identity},
		{"Nobody", "the zero address refuses", nobody},
		{"InUse", "a node is open once at a time", inUse},
		{"NoLink", "Send answers ErrNoLink for a link that is not there", noLink},
		{"OpenContext", "the context bounds the opening only", openContext},
		{"CloseEndsLinks", "Close ends every link", closeEndsLinks},
		{"CloseSilence", "the Inbox is not called after Close returned", closeSilence},
		{"CloseErrors", "calls after Close answer ErrClosed, Close itself any number of times", closeErrors},
		{"CloseLeavesNothing", "Close leaves no goroutine", closeLeavesNothing},
	}
}
