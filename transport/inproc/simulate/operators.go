package simulate

import (
	"errors"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/reservation"
)

// tryAgain is how long an operator waits to repeat a call that could not be done.
const tryAgain = 15 * time.Second

// insist makes a call, and again until it is done, or fails for good in the eyes of hopeless.
func (w *world) insist(call func() msg.OperatorCall, hopeless func(error) bool) {
	w.submit(call(), func(err error) {
		if err == nil || w.closing || hopeless(err) {
			return
		}
		w.c.After(tryAgain, func() { w.insist(call, hopeless) })
	})
}

// reactivate lets an agent be offered again, as soon as that is possible.
func (w *world) reactivate(id offer.AgentID) {
	delete(w.lasting, string(id))
	w.insist(func() msg.OperatorCall { return msg.ReactivateAgent{Agent: id} }, func(err error) bool {
		return errors.Is(err, master.ErrNoAgent)
	})
}

func (w *world) drain(d Work) {
	node := msg.Node(d.Who)
	id := w.agentID(node)
	call := msg.DrainAgent{Agent: id, MarkGone: d.Do == DrainGone}
	if d.Number > 1 {
		call.MaxGrace = time.Duration(d.Number-1) * time.Second
	}
	if id == "" {
		return
	}
	w.order(call, func() {
		switch {
		case call.MarkGone:
			w.away[node] = w.c.Now().Add(d.For)
		case d.For == 0:
			w.lasting[string(id)] = true
		default:
			w.c.After(d.For, func() { w.reactivate(id) })
		}
	})
}

// ownVolume makes a volume for a role, and destroys it when its time is over and nobody uses it.
func (w *world) ownVolume(d Work) {
	id, held, err := w.reservable(d)
	if err != nil {
		return
	}
	volume, err := asVolume(held, "own-"+d.At.String(), d.Number > 1)
	if err != nil {
		return
	}
	w.order(msg.ChangeAgent{Agent: id, Op: reservation.Reserve{Resources: held}}, func() {
		w.submit(msg.ChangeAgent{Agent: id, Op: reservation.Create{Volumes: volume}}, nil)
		w.c.After(d.For, func() {
			w.submit(msg.ChangeAgent{Agent: id, Op: reservation.Destroy{Volumes: volume}}, nil)
			w.release(id, held)
		})
	})
}

// maintain plans maintenance of an agent's machine, and has it done.
func (w *world) maintain(d Work) {
	m, id := w.c.Master(), msg.MachineID{Hostname: d.Who}
	if m == nil || !w.runs(msg.Node(d.Who)) {
		return
	}
	window := offer.Window{Start: w.c.Now().Add(time.Minute), Duration: d.For}
	if d.For == 0 {
		window.Duration = offer.Endless
	}
	windows := append(planned(m, d.Who), msg.MaintenanceWindow{Machines: []msg.MachineID{id}, Window: window})
	w.order(msg.UpdateMaintenance{Windows: windows}, func() {
		if w.lasting[d.Who] = d.For == 0; d.Number > 1 {
			w.c.After(10*time.Second, func() { w.takeDown(d, id) })
		}
		if d.For > 0 {
			w.c.After(max(d.For, 20*time.Second), func() { w.bringUp(id) })
		}
	})
}

// takeDown is what happens when somebody comes to do it.
func (w *world) takeDown(d Work, id msg.MachineID) {
	w.order(msg.StartMaintenance{Machines: []msg.MachineID{id}}, func() {
		if d.Number == 2 {
			w.away[msg.Node(d.Who)] = w.c.Now().Add(d.For)
		}
	})
}

// bringUp ends the maintenance of a machine: it is up again, if it was down, and nothing is planned for it.
func (w *world) bringUp(id msg.MachineID) {
	delete(w.lasting, id.Hostname)
	w.insist(func() msg.OperatorCall {
		m := w.c.Master()
		if m == nil || w.isDown(msg.Node(id.Hostname)) {
			return msg.StopMaintenance{Machines: []msg.MachineID{id}}
		}
		return msg.UpdateMaintenance{Windows: planned(m, id.Hostname)}
	}, func(error) bool { return false })
}

// planned is the schedule without one machine; every window here is of one machine.
func planned(m *master.Machine, without string) (windows []msg.MaintenanceWindow) {
	for _, s := range m.Remembered().Schedules {
		if s.Machines[0].Hostname != without {
			windows = append(windows, msg.MaintenanceWindow{Machines: s.Machines, Window: s.Window})
		}
	}
	return windows
}

// isDown reports whether an agent's machine is down for maintenance, as far as the master knows.
func (w *world) isDown(n msg.Node) bool {
	if m := w.c.Master(); m != nil {
		for _, x := range m.Remembered().Machines {
			if x.ID.Hostname == string(n) {
				return x.Mode == registry.Down
			}
		}
	}
	return false
}

// relent ends all drains and maintenance, but for those that are to last.
func (w *world) relent() {
	m := w.c.Master()
	if m == nil {
		return
	}
	for _, a := range m.Agents() {
		if a.Deactivated && !w.lasting[string(a.Info.ID)] {
			w.reactivate(a.Info.ID)
		}
	}
	for _, x := range m.Remembered().Machines {
		if !w.lasting[x.ID.Hostname] {
			w.bringUp(x.ID)
		}
	}
}
