package simulate

import (
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// keeps reports whether an agent that starts again still knows an executor, which runs on.
func (w *world) keeps(executor msg.Node) bool {
	p := w.players[executor]
	return p != nil && p.info.Framework.Checkpoint
}

// keepsFor reports whether an agent that starts again still knows what it held for a framework.
func (w *world) keepsFor(id offer.FrameworkID) bool { return w.checkpoints[id] }

// isShaky reports whether an agent that ends now may remember more, or less, than it told.
func (w *world) isShaky(n msg.Node) bool { return w.shaky[n] > w.c.Now() }

// statusOf is the status that a callback tells.
func statusOf(c host.Callback) (msg.TaskStatus, bool) {
	on, ok := c.Call.(framework.OnStatus)
	return on.Status, ok
}
