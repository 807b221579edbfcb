package host

import (
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
)

// leave begins the end: what was sent goes out, every link is hung up, then the node ends with err.
func (n *node) leave(err error) {
	if n.done {
		return
	}
	n.done = true
	n.mu.Lock()
	n.err = err
	links := slices.Sorted(maps.Keys(n.peers))
	n.mu.Unlock()
	for _, l := range links {
		n.port.Hang(l)
	}
}

// finish ends the node if its machine has ended and all links have taken what was sent.
func (n *node) finish() {
	n.mu.Lock()
	links := len(n.peers)
	n.mu.Unlock()
	if n.done && links == 0 {
		n.end(nil)
	}
}

// fail ends the node with an error.
func (n *node) fail(err error) {
	tell(n, Refused{Input: msg.Tick{}, Err: err})
	n.end(err)
}

// end ends the node at once; the first error stays.
func (n *node) end(err error) {
	n.mu.Lock()
	first := !n.ended
	n.ended = true
	if n.err == nil {
		n.err = err
	}
	n.queue = nil
	unfollow := n.unfollow
	n.mu.Unlock()
	if !first {
		return
	}
	if unfollow != nil {
		unfollow()
	}
	n.awake()
	n.port.Close()
	close(n.gone)
	n.tape.close()
	if n.onEnd != nil {
		n.onEnd()
	}
}

// beside does work beside the node's goroutine; Close and Run wait for it. A node that has ended begins none: as after a
// crash, what it would have done is left undone.
func (n *node) beside(work func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.ended { // else who closed the node may have gone on already
		n.busy.Go(work)
	}
}

func (n *node) isEnded() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ended
}

// Ended reports whether the node has ended, and why; nil after a clean end.
func (n *node) Ended() (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ended, n.err
}

// Close ends the node at once, as a crash would: links end, the machine says nothing more. Not from within callbacks.
func (n *node) Close() error {
	n.end(nil)
	n.busy.Wait()
	return nil
}
