package simulate

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/transport/host"
)

// holdings: the reservations and volumes of an agent are those that operations made: whatever it told anybody, it knows after
// every restart and under every master (docs/protocol.md §4.1, §15). When everything came to rest its master sees the same.
type holdings struct {
	nothing
	w      *world
	totals map[msg.Node][]total // what an agent may have, the oldest told to somebody
}

// total is what an agent has after an operation.
type total struct {
	after msg.UUID // zero: as it told
	r     resource.Resources
}

func newHoldings(w *world) *holdings { return &holdings{w: w, totals: map[msg.Node][]total{}} }

func (*holdings) name() string { return "reservation lost" }

func (x *holdings) observe(o host.Observation) error {
	switch e := o.What.(type) {
	case host.AgentEvent:
		if m := x.w.c.Agent(o.Node); m != nil && e.Event.Kind == agent.EventOperationApplied {
			x.totals[o.Node] = append(x.totals[o.Node], total{e.Event.Operation, m.Total()})
		}
	case host.Sent:
		switch b := e.Body.(type) {
		case msg.RegisterAgent:
			return x.tells(o.Node, b.Total)
		case msg.ReregisterAgent:
			return x.tells(o.Node, b.Total)
		case msg.UpdateAgent:
			return x.tells(o.Node, b.Total)
		case msg.OperationUpdate:
			if b.Error == "" {
				x.passed(o.Node, b.UUID)
			}
		}
	}
	return nil
}

// tells judges a total that an agent tells its master: nothing before it can come back now.
func (x *holdings) tells(n msg.Node, r resource.Resources) error {
	known := x.totals[n]
	if len(known) == 0 || x.w.isShaky(n) {
		x.totals[n] = []total{{r: r}}
		return nil
	}
	for i, k := range known {
		if k.r.Equal(r) {
			x.totals[n] = known[i:]
			return nil
		}
	}
	return fmt.Errorf("%s says that it has %s; operations made %s of it", n, r, known[len(known)-1].r)
}

// passed: an operation that was answered stays done.
func (x *holdings) passed(n msg.Node, operation msg.UUID) {
	for i, k := range x.totals[n] {
		if k.after == operation {
			x.totals[n] = x.totals[n][i:]
			return
		}
	}
}

func (x *holdings) died(n msg.Node) {
	if x.w.isShaky(n) {
		delete(x.totals, n)
	}
}

func (x *holdings) wiped(n msg.Node) { delete(x.totals, n) }

func (x *holdings) quiet() error {
	m := x.w.c.Master()
	if m == nil {
		return nil
	}
	for _, a := range m.Agents() {
		node := x.w.nodeOf(a.Info.ID)
		if node == "" {
			continue
		}
		if has := x.w.c.Agent(node).Total(); !has.Equal(a.Total) {
			return fmt.Errorf("%s has %s, and for its master %s", node, has, a.Total)
		}
	}
	return nil
}
