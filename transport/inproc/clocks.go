package inproc

import (
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// SetClock lets the clock of a node go ahead of the cluster's by d from now on; 0 sets it right, and then time stands still
// for the node until all others have caught up: no machine sees time go back. A node that starts later has the same
// clock. Only a node's own timers are affected: no decision compares the clocks of two nodes (docs/protocol.md §19).
func (c *Cluster) SetClock(name msg.Node, d time.Duration) {
	c.roster.wake(name) // its deadline is at another time
	if d <= 0 {
		delete(c.ahead, name)
		return
	}
	if c.ahead == nil {
		c.ahead = map[msg.Node]time.Duration{}
	}
	c.ahead[name] = d
}

// clock is the time that a node sees.
func (c *Cluster) clock(name msg.Node) offer.Time { return c.now.Add(c.ahead[name]) }
