package transport

import (
	"context"
	"errors"

	"github.com/proffer-go/proffer/offer/msg"
)

// ErrDeposed is what a master's lead ended with, where nothing else is known.
var ErrDeposed = errors.New("transport: deposed")

// A Contender elects one master among those that stand (docs/protocol.md §5). It may be built on whatever gives out leases:
// etcd, a lock in a database, or one process (inproc.Election). All methods may be called from any goroutine.
// transporttest.RunElections checks every promise of this file.
//
// An election alone keeps nobody from acting who has not noticed that another was elected; the registry does, since it takes
// no commit of a former leader (package registry).
type Contender interface {
	// Contend lets self stand until it wins, withdraws or cannot stand any longer. ctx bounds the start only. A nil error means
	// that c hears of the outcome; withdraw ends it: the lead is given up, and c hears nothing more but a call that
	// was on its way. withdraw may be called more than once, and from within a call of c.
	Contend(ctx context.Context, self msg.Node, c Candidate) (withdraw func(), err error)
}

// A Candidate hears how it stands, one call at a time. Calls must return soon; they may come before Contend returned, and on
// its caller's stack.
type Candidate interface {
	// Elected tells that self leads. It is called once at most.
	Elected()
	// Lost tells that self leads no longer, or that nobody can be sure of it, as when the contact to a lease's keeper is gone:
	// before anybody else is elected, unless that cannot be known. Without an Elected before it means that self will not lead.
	// It is called once at most, and nothing is called after it.
	Lost(cause error)
}

// A Detector tells who leads. All methods may be called from any goroutine.
type Detector interface {
	// Detect calls found with the leader as soon as it is known, and whenever that changes; "" means that there is none, or that
	// nobody knows. self is who asks. ctx bounds the start only. Calls come one at a time and must return soon; they may come
	// before Detect returned, and on its caller's stack. After stop returned nothing follows but a call that was on its way; stop
	// may be called more than once, and from within a call of found.
	Detect(ctx context.Context, self msg.Node, found func(leader msg.Node)) (stop func(), err error)
}
