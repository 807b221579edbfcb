package master

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
)

// machine is a machine of the maintenance schedule (docs/protocol.md §16). One that is UP is not in the books.
type machine struct {
	id     msg.MachineID // host name in lower case
	mode   registry.Mode
	window offer.Window
}

func (x machine) record() registry.Machine {
	return registry.Machine{ID: x.id, Mode: x.mode, Window: x.window}
}

func (x machine) isDown() bool { return x.mode == registry.Down }

func (x machine) report() MachineReport {
	return MachineReport{ID: x.id, Mode: x.mode, Window: x.window}
}

func foldMachine(id msg.MachineID) msg.MachineID {
	return msg.MachineID{Hostname: strings.ToLower(id.Hostname), IP: id.IP}
}

// machineOf finds the machine that an agent is on, nil if it is UP: by host name and address, by host name alone, or by
// address alone. Of an agent that tells no address the host name has to do.
func (m *Machine) machineOf(a msg.AgentInfo) *machine {
	if len(m.machines) == 0 {
		return nil
	}
	host := strings.ToLower(a.Hostname)
	for _, id := range []msg.MachineID{{Hostname: host, IP: a.IP}, {Hostname: host}, {IP: a.IP}} {
		if x, ok := m.machines[id.String()]; ok && id != (msg.MachineID{}) {
			return &x
		}
	}
	if a.IP == "" && host != "" {
		if x, ok := m.machines[m.hosts[host]]; ok {
			return &x
		}
	}
	return nil
}

// isDown reports whether an agent is on a machine that is down for maintenance.
func (m *Machine) isDown(a msg.AgentInfo) bool {
	x := m.machineOf(a)
	return x != nil && x.mode == registry.Down
}

// setMachines replaces the machines of the schedule, and tells the changes.
func (m *Machine) setMachines(next map[string]machine) {
	for _, k := range sortedKeys(m.machines) {
		if _, stays := next[k]; !stays {
			m.emit(MachineUpdated{MachineReport{ID: m.machines[k].id, Mode: registry.Up}})
		}
	}
	for _, k := range sortedKeys(next) {
		if m.machines[k] != next[k] {
			m.emit(MachineUpdated{next[k].report()})
		}
	}
	m.machines, m.hosts = next, hostsOf(next)
}

// hostsOf finds machines by host name: of several the first by address.
func hostsOf(machines map[string]machine) map[string]string {
	hosts := map[string]string{}
	for _, k := range sortedKeys(machines) {
		if h := machines[k].id.Hostname; h != "" && hosts[h] == "" {
			hosts[h] = k
		}
	}
	return hosts
}

// updateMaintenance replaces the schedule.
func (m *Machine) updateMaintenance(c msg.UpdateMaintenance) error {
	next, err := m.plannedMachines(c.Windows)
	if err != nil {
		return err
	}
	return m.plan(c.Windows, next, func(a *agent) bool { // set anew, changed or not: whoever uses it is asked again
		return m.machineOf(a.info) != nil || !a.window.IsZero()
	})
}

// plannedMachines reads a schedule.
func (m *Machine) plannedMachines(windows []msg.MaintenanceWindow) (map[string]machine, error) {
	next := map[string]machine{}
	for i, w := range windows {
		switch {
		case len(w.Machines) == 0:
			return nil, fmt.Errorf("%w: window %d names no machine", ErrInvalid, i)
		case w.Window.Duration < offer.Endless:
			return nil, fmt.Errorf("%w: window %d lasts %v; give no less than zero, or offer.Endless", ErrInvalid, i, w.Window.Duration)
		case w.Window.IsZero():
			return nil, fmt.Errorf("%w: window %d has neither start nor duration", ErrInvalid, i)
		}
		for _, id := range w.Machines {
			id = foldMachine(id)
			if err := m.validMachine(id); err != nil {
				return nil, err
			}
			if _, twice := next[id.String()]; twice {
				return nil, fmt.Errorf("%w: machine %s is scheduled twice", ErrInvalid, id)
			}
			mode := registry.Draining
			if was := m.machines[id.String()]; was.mode == registry.Down {
				mode = registry.Down
			}
			next[id.String()] = machine{id, mode, w.Window}
		}
	}
	for _, k := range sortedKeys(m.machines) {
		if _, stays := next[k]; !stays && m.machines[k].mode == registry.Down {
			return nil, fmt.Errorf("%w: machine %s is down and not in the schedule; bring it up first", ErrMaintenance, k)
		}
	}
	if n := len(next); n > m.cfg.Bounds.Machines {
		return nil, fmt.Errorf("%w: %d machines in the schedule; raise Bounds.Machines", ErrBound, n)
	}
	return next, nil
}

func (m *Machine) validMachine(id msg.MachineID) error {
	if id == (msg.MachineID{}) {
		return fmt.Errorf("%w: a machine without host name and address", ErrInvalid)
	}
	if err := m.boundText(named{what: "a machine's host name"}, id.Hostname); err != nil {
		return err
	}
	return m.boundText(named{what: "a machine's address"}, id.IP)
}

// plan writes a schedule and its machines down; then they count. touched tells of which agents the window is set anew.
func (m *Machine) plan(windows []msg.MaintenanceWindow, next map[string]machine, touched func(*agent) bool) error {
	ops, err := m.maintenanceOps(windows, next)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	m.durably(ops, m.inTurn(func() {
		m.setMachines(next)
		m.schedule = windows
		m.emit(ScheduleChanged{windows})
		for _, a := range sortedAgents(m.agents) {
			if touched(a) {
				m.setWindow(a)
				m.setActive(a)
				m.emit(AgentUpdated{a.report()})
			}
		}
	}))
	return nil
}

// maintenanceOps are the changes from the present schedule to another one.
func (m *Machine) maintenanceOps(windows []msg.MaintenanceWindow, next map[string]machine) (ops []registry.Op, err error) {
	for _, k := range sortedKeys(m.machines) {
		if _, stays := next[k]; !stays {
			ops = append(ops, registry.Delete(registry.MachineKey(m.machines[k].id)))
		}
	}
	for _, k := range sortedKeys(next) {
		if m.machines[k] == next[k] {
			continue
		}
		op, err := registry.Put(next[k].record())
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	for i, w := range windows {
		op, err := registry.Put(registry.Schedule{Number: uint32(i), Machines: w.Machines, Window: w.Window})
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	for i := len(windows); i < len(m.schedule); i++ {
		ops = append(ops, registry.Delete(registry.ScheduleKey(uint32(i))))
	}
	return ops, registry.Check(ops)
}

// setWindow brings the allocator's plan for an agent to that of its machine: offers, inverse offers and answers begin anew.
func (m *Machine) setWindow(a *agent) {
	a.window, a.answers = offer.Window{}, nil
	if x := m.machineOf(a.info); x != nil {
		a.window = x.window
	}
	m.must(m.alloc.SetUnavailability(m.now, a.info.ID, a.window))
}

// modeChange checks that machines are in a mode and in the schedule, and returns all of them in the next one.
func (m *Machine) modeChange(ids []msg.MachineID, from registry.Mode) (named map[string]bool, err error) {
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w: no machines named", ErrInvalid)
	}
	named = map[string]bool{}
	for _, id := range ids {
		id = foldMachine(id)
		if err := m.validMachine(id); err != nil {
			return nil, err
		}
		x := m.machines[id.String()] // one that is not there is UP
		switch {
		case named[id.String()]:
			return nil, fmt.Errorf("%w: machine %s is named twice", ErrInvalid, id)
		case x.mode != from:
			return nil, fmt.Errorf("%w: machine %s is %s, not %s", ErrMaintenance, id, x.mode, from)
		}
		named[id.String()] = true
	}
	return named, nil
}

// startMaintenance takes machines down: in the registry first, then their agents are shut down and removed, and turned away
// from now on.
func (m *Machine) startMaintenance(c msg.StartMaintenance) error {
	named, err := m.modeChange(c.Machines, registry.Draining)
	if err != nil {
		return err
	}
	next := map[string]machine{}
	for _, k := range sortedKeys(m.machines) {
		x := m.machines[k]
		if named[k] {
			x.mode = registry.Down
		}
		next[k] = x
	}
	ops, err := m.maintenanceOps(m.schedule, next)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	m.durably(ops, m.inTurn(func() {
		m.setMachines(next)
		for _, a := range sortedAgents(m.agents) {
			m.shutIfDown(a)
		}
	}))
	return nil
}

const downText = "its machine is down for maintenance"

// shutIfDown ends an agent whose machine is down: nothing of it is offered from now on, while its removal is written down
// neither. One that is busy is looked at when it is not.
func (m *Machine) shutIfDown(a *agent) {
	if !m.isDown(a.info) {
		return
	}
	m.setActive(a)
	if m.moving[a.info.ID] {
		return
	}
	m.toAgent(a, msg.ShutdownAgent{Message: downText})
	m.must(m.removeAgent(a, downText))
}

// stopMaintenance brings machines up, and takes them out of the schedule.
func (m *Machine) stopMaintenance(c msg.StopMaintenance) error {
	named, err := m.modeChange(c.Machines, registry.Down)
	if err != nil {
		return err
	}
	next := map[string]machine{}
	for _, k := range sortedKeys(m.machines) {
		if !named[k] {
			next[k] = m.machines[k]
		}
	}
	var windows []msg.MaintenanceWindow
	for _, w := range m.schedule {
		rest := slices.DeleteFunc(slices.Clone(w.Machines), func(id msg.MachineID) bool { return named[foldMachine(id).String()] })
		if len(rest) > 0 {
			windows = append(windows, msg.MaintenanceWindow{Machines: rest, Window: w.Window})
		}
	}
	return m.plan(windows, next, func(a *agent) bool { return m.machineOf(a.info) == nil && !a.window.IsZero() })
}

// takeOverMaintenance makes what the registry says of machines this master's own.
func (m *Machine) takeOverMaintenance(found *registry.Contents) {
	next := map[string]machine{}
	slices.SortFunc(found.Schedules, func(a, b registry.Schedule) int { return cmp.Compare(a.Number, b.Number) })
	for _, s := range found.Schedules {
		m.schedule = append(m.schedule, msg.MaintenanceWindow{Machines: s.Machines, Window: s.Window})
		for _, id := range s.Machines {
			id = foldMachine(id)
			next[id.String()] = machine{id, registry.Draining, s.Window}
		}
	}
	for _, x := range found.Machines {
		if x.Mode != registry.Up {
			next[x.ID.String()] = machine{x.ID, x.Mode, x.Window}
		}
	}
	m.setMachines(next)
	if len(m.schedule) > 0 {
		m.emit(ScheduleChanged{m.schedule})
	}
}
