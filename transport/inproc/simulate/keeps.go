package simulate

import (
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// keeps reports whether an agent that starts again still knows an executor.
func (w *world) keeps(a, executor msg.Node) bool {
	p := w.players[executor]
	return p != nil && w.keepsFor(a, p.info.Framework.ID)
}

// keepsFor reports whether an agent that starts again still knows what it held for a framework.
func (w *world) keepsFor(msg.Node, offer.FrameworkID) bool { return false }

// statusOf is the status that a callback tells.
func statusOf(c host.Callback) (msg.TaskStatus, bool) {
	on, ok := c.Call.(framework.OnStatus)
	return on.Status, ok
}
