package host

import (
	"context"
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/transport"
)

// WithContender lets a master stand for election before it leads: until it is elected it reads no registry and answers nobody.
// Once its lead is lost it says nothing more, and its node ends with an error that wraps master.ErrDeposed; a program that
// wants to stand again opens another, with new entropy. A node that ends gives its lead up. Default: a master leads at once.
func WithContender(c transport.Contender) Option { return func(o *options) { o.contender = c } }

// WithDetector lets an agent or a scheduler ask who leads, in place of Leader.
func WithDetector(d transport.Detector) Option { return func(o *options) { o.detector = d } }

// findLeader asks the detector from now on, if there is one.
func (n *node) findLeader(ctx context.Context) error {
	if n.opts.detector == nil {
		return nil
	}
	stop, err := n.opts.detector.Detect(ctx, n.self, n.SetLeader)
	return n.follow(stop, err)
}

// follow keeps the end of what the node takes part in, for when it ends.
func (n *node) follow(stop func(), err error) error {
	if err != nil {
		err = fmt.Errorf("host: election: %w", err)
		n.end(err)
		return err
	}
	n.mu.Lock()
	ended := n.ended
	n.unfollow = stop
	n.mu.Unlock()
	if ended {
		stop()
	}
	return nil
}

// candidate is the master's side of an election: it only leaves word for the node's goroutine.
type candidate struct{ *MasterNode }

var _ transport.Candidate = candidate{}

// Elected lets the master read its registry, and lead.
func (n candidate) Elected() { n.push(item{do: n.store.begin}) }

// Lost ends the master: before anything else that waits, and in the middle of what a step still has to send.
func (n candidate) Lost(cause error) {
	in := msg.Deposed{Cause: fmt.Sprint(cause)}
	n.node.mu.Lock()
	n.deposed = in
	n.node.mu.Unlock()
	n.push(item{in: in})
}

// begin reads the registry of a master that was elected: live beside the node's goroutine, which hears meanwhile if the lead
// is lost.
func (k *keeper) begin() {
	read := func() msg.Loaded {
		ctx, cancel := context.WithTimeout(k.ctx, loadTimeout)
		defer cancel()
		return registry.Load(ctx, k.store)
	}
	if k.inline {
		k.n.step(k.n.now, read())
		return
	}
	k.n.beside(func() { k.n.push(item{in: read()}) })
}
