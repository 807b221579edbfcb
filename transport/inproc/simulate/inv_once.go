package simulate

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// once: no task is given to two executors, nor twice to one (docs/protocol.md §7, §11). Frameworks here never use the id of
// a task again.
type once struct {
	nothing
	w    *world
	seen lately[taskKey]
}

func newOnce(w *world) *once { return &once{w: w, seen: newLately[taskKey](offer.Time(time.Hour))} }

func (*once) name() string { return "task on two agents" }

func (o *once) began(p *player, t msg.TaskInfo) error {
	k := p.key(t.ID)
	if o.seen.has(k) {
		return fmt.Errorf("task %s of %s is launched on %s, and was launched before", t.ID, k.framework, p.node)
	}
	o.seen.add(k, o.w.c.Now())
	return nil
}
