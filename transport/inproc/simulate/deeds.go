package simulate

import (
	"errors"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// do sets a piece of work going. What cannot be done now, because there is no master or no such agent or task, is left.
func (w *world) do(d Work) {
	w.say("work: %v", d)
	if t := w.tenant(d.Who); t != nil {
		t.do(d)
		return
	}
	switch d.Do {
	case Weight:
		w.submit(msg.UpdateWeights{Weights: []role.Weight{{Role: role.Name(d.Who), Weight: float64(d.Number)}}}, nil)
	case Quota:
		w.quota(d)
	case OwnReserve:
		w.ownReserve(d)
	case Deactivate:
		if id := w.agentID(msg.Node(d.Who)); id != "" {
			w.order(msg.DeactivateAgent{Agent: id}, func() { w.c.After(d.For, func() { w.reactivate(id) }) })
		}
	case Gone:
		if id := w.agentID(msg.Node(d.Who)); id != "" {
			w.order(msg.MarkAgentGone{Agent: id}, func() { w.away[msg.Node(d.Who)] = w.c.Now().Add(d.For) })
		}
	case OwnVolume:
		w.ownVolume(d)
	case Drain, DrainGone:
		w.drain(d)
	case Maintain:
		w.maintain(d)
	case StopAgent:
		w.away[msg.Node(d.Who)] = w.c.Now().Add(d.For)
		w.c.StopAgent(msg.Node(d.Who))
	}
}

// operate makes an operator's call and waits for its answer; it reports whether it was done.
func (w *world) operate(call msg.OperatorCall) bool {
	if w.c.Master() == nil {
		return false
	}
	done := false
	w.submit(call, func(err error) { done = err == nil })
	w.c.Settle()
	return done
}

// order makes an operator's call, and goes on when it is done.
func (w *world) order(call msg.OperatorCall, then func()) {
	w.submit(call, func(err error) {
		if err == nil {
			then()
		}
	})
}

// submit makes an operator's call from wherever it is.
func (w *world) submit(call msg.OperatorCall, answered func(error)) {
	w.asks++
	n := w.asks
	w.report.Orders.Begun++
	for _, x := range w.watchers {
		x.asked(n, call)
	}
	w.c.Submit(call, func(err error) {
		w.say("operator: %T: %v", call, err)
		if err == nil {
			w.report.Orders.Ended++
		}
		for _, x := range w.watchers {
			w.judge(x, x.answered(n, call, err))
		}
		if answered != nil {
			answered(err)
		}
	})
}

func (w *world) quota(d Work) {
	guarantees := ""
	if d.Number == 1 {
		guarantees = d.Size
	}
	cfg, err := quota.Parse(d.Who, guarantees, d.Size)
	if err != nil {
		return
	}
	w.order(msg.UpdateQuota{Configs: []quota.Config{cfg}}, func() {
		w.c.After(d.For, func() { w.lift(role.Name(d.Who)) })
	})
}

// lift ends the quota of a role, as soon as there is a master to ask.
func (w *world) lift(r role.Name) {
	w.submit(msg.UpdateQuota{Configs: []quota.Config{{Role: r}}, Force: true}, func(err error) {
		if err != nil {
			w.c.After(askAgain, func() { w.lift(r) })
		}
	})
}

// liftAll ends all quota, that of which the operator never heard whether it was set included.
func (w *world) liftAll() {
	if m := w.c.Master(); m != nil {
		for _, r := range m.Roles() {
			if !r.Limit.IsEmpty() || !r.Guarantee.IsEmpty() {
				w.lift(r.Role)
			}
		}
	}
}

// reservable is what d has an operator reserve for a role, and the agent that it is on.
func (w *world) reservable(d Work) (id offer.AgentID, held resource.Resources, err error) {
	if id = w.agentID(msg.Node(d.Who)); id == "" {
		return id, held, errors.New("no such agent")
	}
	size, err := resource.Parse(d.Size)
	if err != nil {
		return id, held, err
	}
	held, err = size.PushReservation(resource.Reservation{Type: resource.Dynamic, Role: batch})
	return id, held, err
}

func (w *world) ownReserve(d Work) {
	id, held, err := w.reservable(d)
	if err != nil {
		return
	}
	w.order(msg.ChangeAgent{Agent: id, Op: reservation.Reserve{Resources: held}}, func() {
		w.c.After(d.For, func() { w.release(id, held) })
	})
}

// release gives back what an operator reserved; where that is in use, or gone already, it is left.
func (w *world) release(id offer.AgentID, held resource.Resources) {
	w.submit(msg.ChangeAgent{Agent: id, Op: reservation.Unreserve{Resources: held}}, nil)
}

// do is what a framework does.
func (t *tenant) do(d Work) {
	switch d.Do {
	case Launch, Use:
		if size, err := resource.Parse(d.Size); err == nil {
			for range d.Number {
				t.wants = append(t.wants, want{size: size, run: d.For, volume: d.Do == Use})
			}
			_ = t.driver.Revive()
		}
	case KillTasks:
		for i, id := range t.known() {
			if i < d.Number {
				_ = t.driver.Kill(id, t.tasks[id].Agent, msg.KillPolicy{})
			}
		}
	case Reconcile:
		t.reconcile(d.Number != 0)
	case ReconcileOp:
		t.reconcileOperations(d.Number != 0)
	case Message:
		if e, ok := t.anExecutor(); ok {
			_ = t.driver.Message(e, []byte("ping"))
		}
	case StopRunning:
		if e, ok := t.anExecutor(); ok {
			_ = t.driver.Shutdown(e)
		}
	case Suppress:
		_ = t.driver.Suppress()
		t.w.c.After(d.For, func() { _ = t.driver.Revive() })
	case Update:
		t.w.c.After(0, func() { _ = t.driver.UpdateFramework(t.info(d.For)) })
	case Teardown:
		t.driver.Stop(false)
		t.again(d.For)
	case Reserve, Volume:
		if size, err := resource.Parse(d.Size); err == nil {
			h := &hold{size: size, volume: d.Do == Volume, shared: d.Number > 1 && t.spec.Shares}
			t.holds = append(t.holds, h)
			_ = t.driver.Revive()
			t.w.c.After(d.For, func() { t.drop(h) })
		}
	}
}

// drop ends a hold: what it holds is let go when it is offered.
func (t *tenant) drop(h *hold) {
	for i := range t.holds {
		if t.holds[i] == h {
			t.holds = append(t.holds[:i:i], t.holds[i+1:]...)
			_ = t.driver.Revive()
			return
		}
	}
}

// anExecutor names the executor of its first task that has one.
func (t *tenant) anExecutor() (msg.ExecutorRef, bool) {
	for _, id := range t.known() {
		if s := t.tasks[id]; s.Executor != "" {
			return msg.ExecutorRef{Agent: s.Agent, Executor: s.Executor}, true
		}
	}
	return msg.ExecutorRef{}, false
}
