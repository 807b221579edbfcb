package simulate

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/transport/host"
)

// idle: from when an operator was told so, nothing is offered of an agent that is deactivated or drains, or whose machine is
// down, and what is offered before a window of maintenance says so. A draining agent gives its executors no more tasks; when
// everything came to rest it has none left, and none is at a machine that is down. Whoever is at one that will be maintained was
// asked to leave it (docs/protocol.md §16).
type idle struct {
	nothing
	w      *world
	drains map[msg.Node]bool // by agent, as its events tell: they may come later than what it is by then
}

func newIdle(w *world) *idle { return &idle{w: w, drains: map[msg.Node]bool{}} }

func (*idle) name() string { return "offered in spite of operators" }

func (x *idle) observe(o host.Observation) error {
	switch e := o.What.(type) {
	case host.MasterEvent:
		if made, ok := e.Event.(master.OfferMade); ok && x.w.leads(o.Node) {
			return x.offered(made.Offer)
		}
	case host.AgentEvent:
		switch e.Event.Kind {
		case agent.EventRecovered:
			if m := x.w.c.Agent(o.Node); m != nil {
				_, x.drains[o.Node] = m.Draining()
			}
		case agent.EventDraining:
			x.drains[o.Node] = true
		case agent.EventDrainEnded:
			delete(x.drains, o.Node)
		case agent.EventTaskDelivered:
			if x.drains[o.Node] {
				return fmt.Errorf("%s drains, and gives task %s to its executor", o.Node, e.Event.Task)
			}
		}
	}
	return nil
}

func (x *idle) died(n msg.Node) { delete(x.drains, n) }

func (x *idle) offered(o msg.Offer) error {
	said := x.w.orders
	if off, _ := said.is(factOff, string(o.Agent)); off != "" {
		return fmt.Errorf("offer %s is of agent %s, which is deactivated or drains", o.ID, o.Agent)
	}
	if down, _ := said.is(factDown, o.Hostname); down != "" {
		return fmt.Errorf("offer %s is of agent %s, and machine %s is down", o.ID, o.Agent, o.Hostname)
	}
	if window, sure := said.is(factWindow, o.Hostname); sure && window != shownWindow(o.Window) {
		return fmt.Errorf("offer %s of agent %s says window %q; for machine %s it is %q", o.ID, o.Agent, shownWindow(o.Window), o.Hostname, window)
	}
	return nil
}

func shownWindow(v offer.Window) string {
	if v.IsZero() {
		return ""
	}
	return windowText(v)
}

func (x *idle) quiet() error {
	m := x.w.c.Master()
	if m == nil {
		return nil
	}
	s := m.Snapshot()
	for _, a := range s.Agents {
		if err := x.settled(s, a); err != nil {
			return err
		}
	}
	for _, o := range s.InverseOffers {
		if o.Window.IsZero() {
			return fmt.Errorf("inverse offer %s about agent %s is out, and nothing is planned", o.ID, o.Agent)
		}
	}
	return nil
}

// settled judges one agent.
func (x *idle) settled(s master.Snapshot, a master.AgentReport) error {
	window, down := offer.Window{}, false
	for _, v := range s.Machines {
		if v.ID.Hostname == a.Info.Hostname {
			window, down = v.Window, v.Mode == registry.Down
		}
	}
	node := x.w.nodeOf(a.Info.ID)
	switch {
	case down:
		return fmt.Errorf("agent %s is registered, and its machine %s is down", a.Info.ID, a.Info.Hostname)
	case a.Window != window:
		return fmt.Errorf("agent %s has window %v, its machine %v", a.Info.ID, a.Window, window)
	case node == "":
		return nil // its process is another's now
	}
	if err := x.drained(s, a, x.w.c.Agent(node)); err != nil {
		return err
	}
	return x.warned(s, a)
}

// drained: an agent that was told to drain is empty, unless it has what nobody is there to acknowledge.
func (x *idle) drained(s master.Snapshot, a master.AgentReport, at *agent.Machine) error {
	_, told := at.Draining()
	switch {
	case told != (a.Drain != nil):
		return fmt.Errorf("agent %s believes that it drains: %t; its master: %s", a.Info.ID, told, a.Drain)
	case a.Drain == nil:
		return nil
	}
	for _, t := range at.Tasks() {
		if !t.State.Terminal() {
			return fmt.Errorf("agent %s drains, and task %s is %s", a.Info.ID, t.Info.ID, t.State)
		}
	}
	if !a.Drain.Drained && len(at.Tasks())+len(at.Operations()) == 0 {
		return fmt.Errorf("agent %s has nothing left, and is %s", a.Info.ID, a.Drain)
	}
	return nil
}

// warned: every framework that has tasks there was asked to leave, or has answered.
func (x *idle) warned(s master.Snapshot, a master.AgentReport) error {
	if a.Window.IsZero() {
		return nil
	}
	for _, t := range s.Tasks {
		if t.Agent != a.Info.ID || t.State.Terminal() || t.Unreachable != 0 {
			continue
		}
		f := x.w.tenant(string(t.Framework))
		if f != nil && !f.ended && f.id == t.Framework && !asked(s, a, t.Framework) {
			return fmt.Errorf("%s has task %s at agent %s, and was not asked to leave before %v", f.spec.Name, t.ID, a.Info.ID, a.Window)
		}
	}
	return nil
}

func asked(s master.Snapshot, a master.AgentReport, f offer.FrameworkID) bool {
	for _, o := range s.InverseOffers {
		if o.Framework == f && o.Agent == a.Info.ID {
			return true
		}
	}
	for _, said := range a.Answers {
		if said.Framework == f {
			return true
		}
	}
	return false
}
