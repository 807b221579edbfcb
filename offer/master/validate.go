package master

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// boundText bounds a text that no other rule bounds.
// named is what an error calls a thing. It is put together only when there is an error.
type named struct{ what, id string }

func (n named) String() string {
	if n.id == "" {
		return n.what
	}
	return n.what + " " + n.id
}

func (m *Machine) boundText(what named, text string) error {
	if len(text) > m.cfg.Bounds.Text {
		return fmt.Errorf("%w: %s of %d bytes, %d are allowed", ErrBound, what, len(text), m.cfg.Bounds.Text)
	}
	return nil
}

func (m *Machine) boundLabels(what named, labels []resource.Label) error {
	if len(labels) > m.cfg.Bounds.Labels {
		return fmt.Errorf("%w: %s has %d labels, %d are allowed", ErrBound, what, len(labels), m.cfg.Bounds.Labels)
	}
	for _, l := range labels {
		n := len(l.Key)
		if l.Value != nil {
			n = max(n, len(*l.Value))
		}
		if n > m.cfg.Bounds.LabelBytes {
			return fmt.Errorf("%w: %s has a label of %d bytes, %d are allowed", ErrBound, what, n, m.cfg.Bounds.LabelBytes)
		}
	}
	return nil
}

func (m *Machine) boundData(what named, data []byte) error {
	if len(data) > m.cfg.Bounds.TaskData {
		return fmt.Errorf("%w: %s has %d bytes of data, %d are allowed", ErrBound, what, len(data), m.cfg.Bounds.TaskData)
	}
	return nil
}

func (m *Machine) boundResources(what named, r resources) error {
	if r.Len() > m.cfg.Bounds.Resources {
		return fmt.Errorf("%w: %s has %d resources, %d are allowed", ErrBound, what, r.Len(), m.cfg.Bounds.Resources)
	}
	for e := range r.All() {
		if err := m.boundResource(&e); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

// boundResource bounds what one entry carries beside its amount.
func (m *Machine) boundResource(e *resource.Resource) error {
	b := &m.cfg.Bounds
	for _, part := range []struct {
		what       string
		has, bound int
	}{
		{"reservations on top of each other", len(e.Reservations), b.Stack},
		{"ranges", e.Ranges.Len(), b.Ranges},
		{"items", e.Set.Len(), b.SetItems},
	} {
		if part.has > part.bound {
			return fmt.Errorf("%w: %s has %d %s, %d are allowed", ErrBound, excerpt(e.Name), part.has, part.what, part.bound)
		}
	}
	for i := range e.Reservations {
		if err := m.boundLabels(named{what: "a reservation"}, e.Reservations[i].Labels); err != nil {
			return err
		}
	}
	if d := e.Disk; d != nil && d.Source != nil {
		return m.boundLabels(named{what: "the source of a disk"}, d.Source.Metadata)
	}
	return nil
}

// excerpt shows the beginning of a name that nothing bounds yet.
func excerpt(name string) string { return msg.CutText(name, 80) }

func (m *Machine) boundOp(op reservation.Op) error {
	switch o := op.(type) {
	case reservation.Reserve:
		if err := m.boundResources(named{what: "the source of a RESERVE"}, o.Source); err != nil {
			return err
		}
		return m.boundResources(named{what: "a RESERVE"}, o.Resources)
	case reservation.Unreserve:
		return m.boundResources(named{what: "an UNRESERVE"}, o.Resources)
	case reservation.Create:
		return m.boundResources(named{what: "a CREATE"}, o.Volumes)
	case reservation.Destroy:
		return m.boundResources(named{what: "a DESTROY"}, o.Volumes)
	case reservation.Resize:
		return m.boundResources(named{what: "a resize"}, o.Grow)
	}
	return nil
}

// validFramework holds the checks of docs/protocol.md §3.1 that need nothing but the message.
func (m *Machine) validFramework(info msg.FrameworkInfo, suppressed []role.Name) error {
	if info.ID != "" {
		if err := msg.ValidateID("framework", string(info.ID)); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	if err := m.cfg.Bounds.Names.CheckList(info.Roles); err != nil {
		return fmt.Errorf("%w: roles: %w", ErrInvalid, err)
	}
	for _, r := range suppressed {
		if !slices.Contains(info.Roles, r) {
			return fmt.Errorf("%w: suppressed role %q is not among the framework's roles", ErrInvalid, r)
		}
	}
	if info.FailoverTimeout < 0 {
		return fmt.Errorf("%w: failover timeout %v is negative", ErrInvalid, info.FailoverTimeout)
	}
	for _, r := range slices.Sorted(maps.Keys(info.MinAllocatable)) {
		if !slices.Contains(info.Roles, r) {
			return fmt.Errorf("%w: minimum for role %q, which is not among the framework's roles", ErrInvalid, r)
		}
		if n := len(info.MinAllocatable[r]); n > m.cfg.Bounds.MinAllocatable {
			return fmt.Errorf("%w: %d minimums for role %q, %d are allowed", ErrBound, n, r, m.cfg.Bounds.MinAllocatable)
		}
	}
	for _, t := range []struct{ what, text string }{
		{"name", info.Name}, {"user", info.User}, {"principal", info.Principal}, {"hostname", info.Hostname}, {"web UI URL", info.WebUIURL},
	} {
		if err := m.boundText(named{"the framework's", t.what}, t.text); err != nil {
			return err
		}
	}
	return m.boundLabels(named{what: "the framework"}, info.Labels)
}

// validAgent holds what an agent says of itself against the bounds; the allocator checks the total's amounts.
func (m *Machine) validAgent(info msg.AgentInfo, total resources) error {
	if err := m.boundText(named{what: "the agent's address"}, info.IP); err != nil {
		return err
	}
	if err := m.boundText(named{what: "the agent's hostname"}, info.Hostname); err != nil {
		return err
	}
	if err := m.validDomain(info.Domain); err != nil {
		return err
	}
	if n := info.Attributes.Len(); n > m.cfg.Bounds.Attributes {
		return fmt.Errorf("%w: agent with %d attributes, %d are allowed", ErrBound, n, m.cfg.Bounds.Attributes)
	}
	if err := m.validTotal(info.Resources); err != nil {
		return err
	}
	return m.validTotal(total)
}

// validDomain accepts where an agent may stand. One that names its region can only be told near from far by a master that knows
// its own.
func (m *Machine) validDomain(d msg.Domain) error {
	switch {
	case d.Region == "" && d.Zone != "":
		return fmt.Errorf("%w: agent of zone %q without a region", ErrInvalid, excerpt(d.Zone))
	case d.Region != "" && m.cfg.Allocator.Region == "":
		return fmt.Errorf("%w: agent of region %q, and this master has none: set Allocator.Region", ErrInvalid, excerpt(d.Region))
	}
	if err := m.boundText(named{what: "the agent's region"}, d.Region); err != nil {
		return err
	}
	return m.boundText(named{what: "the agent's zone"}, d.Zone)
}

// validTotal accepts resources as an agent may have them.
func (m *Machine) validTotal(total resources) error {
	if err := m.boundResources(named{what: "the agent's total"}, total); err != nil {
		return err
	}
	for r, count := range total.All() {
		switch {
		case r.AllocationRole != "":
			return fmt.Errorf("%w: agent's resource %s is allocated to a role; totals are not", ErrInvalid, r)
		case count != 1:
			return fmt.Errorf("%w: agent's total holds %s %d times; once is right", ErrInvalid, r, count)
		}
	}
	return nil
}

// validStatus accepts what an agent may say of a task.
func (m *Machine) validStatus(a *agent, s msg.TaskStatus, newest msg.TaskState) error {
	if err := msg.ValidateID("task", string(s.Task)); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if s.Agent != "" && s.Agent != a.info.ID {
		return fmt.Errorf("%w: agent %s updates task %q of agent %q", ErrInvalid, a.info.ID, s.Task, s.Agent)
	}
	if !agentMaySay(s.State) || !agentMaySay(newest) {
		return fmt.Errorf("%w: agent %s says %s, newest %s of task %q; only masters do", ErrInvalid, a.info.ID, s.State, newest, s.Task)
	}
	return m.boundData(named{what: "a status"}, s.Data)
}

// cut shortens what a status says to the bounds. An agent has acknowledged it to the executor and will repeat it until it is
// acknowledged here: refused, it would come back for ever, and all that waits behind it with it.
func (m *Machine) cut(s msg.TaskStatus) msg.TaskStatus {
	b := m.cfg.Bounds
	return msg.StatusBounds{Text: b.Text, Labels: b.Labels, LabelBytes: b.LabelBytes}.Cut(s)
}

// agentMaySay leaves out what only a master can know of a task, and numbers that are no state.
func agentMaySay(s msg.TaskState) bool {
	switch s {
	case msg.TaskUnreachable, msg.TaskUnknown:
		return false
	}
	return s <= msg.TaskUnknown
}

// validTask holds the checks of docs/protocol.md §7 on one task of a LAUNCH, its resources aside.
func (p *plan) validTask(t msg.TaskInfo) error {
	if err := p.validTaskAlone(t); err != nil {
		return err
	}
	if (t.Executor == nil) == (t.Command == nil) {
		return fmt.Errorf("%w: task %q needs either a command or an executor", ErrInvalid, t.ID)
	}
	if t.Executor == nil {
		return p.m.boundCommand(t.Command)
	}
	if t.Executor.Type != msg.ExecutorCustom {
		return fmt.Errorf("%w: task %q has an executor of type %d; a single task takes a custom one", ErrInvalid, t.ID, t.Executor.Type)
	}
	return p.validExecutor(*t.Executor)
}

// validTaskAlone holds the checks that single tasks and those of a group have in common.
func (p *plan) validTaskAlone(t msg.TaskInfo) error {
	b := p.m.cfg.Bounds
	if err := msg.ValidateID("task", string(t.ID)); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	switch {
	case p.f.idTaken(t.ID) || p.tasks[t.ID] || p.a.tasks[taskKey{p.f.info.ID, t.ID}] != nil:
		return fmt.Errorf("%w: task id %q is in use", ErrInvalid, t.ID)
	case t.Agent != p.a.info.ID:
		return fmt.Errorf("%w: task %q is for agent %q, the offers are of %s", ErrInvalid, t.ID, t.Agent, p.a.info.ID)
	case t.Kill.Grace < 0:
		return fmt.Errorf("%w: task %q has a kill grace of %v; it cannot be negative", ErrInvalid, t.ID, t.Kill.Grace)
	case len(p.f.tasks)+len(p.tasks) >= b.Tasks:
		return fmt.Errorf("%w: the framework has %d tasks; raise Bounds.Tasks", ErrBound, b.Tasks)
	case len(p.a.tasks)+len(p.tasks) >= b.AgentTasks:
		return fmt.Errorf("%w: the agent has %d tasks; raise Bounds.AgentTasks", ErrBound, b.AgentTasks)
	}
	what := named{"task", string(t.ID)}
	if err := p.m.boundText(named{"name of task", what.id}, t.Name); err != nil {
		return err
	}
	if err := p.m.boundResources(what, t.Resources); err != nil {
		return err
	}
	if err := p.m.boundLabels(what, t.Labels); err != nil {
		return err
	}
	if err := p.validChecks(t); err != nil {
		return err
	}
	return p.m.boundData(what, t.Data)
}

// validExecutor holds the checks on an executor of either kind, its resources aside.
func (p *plan) validExecutor(e msg.ExecutorInfo) error {
	if err := msg.ValidateID("executor", string(e.ID)); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	switch {
	case e.Framework != "" && e.Framework != p.f.info.ID:
		return fmt.Errorf("%w: executor %q is of framework %q", ErrInvalid, e.ID, e.Framework)
	case e.Type > msg.ExecutorDefault:
		return fmt.Errorf("%w: executor %q has type %d; there is no such type", ErrInvalid, e.ID, e.Type)
	case e.Type == msg.ExecutorDefault && e.Command != nil:
		return fmt.Errorf("%w: executor %q is the default one and has a command", ErrInvalid, e.ID)
	case e.ShutdownGrace < 0:
		return fmt.Errorf("%w: executor %q has a shutdown grace of %v; it cannot be negative", ErrInvalid, e.ID, e.ShutdownGrace)
	}
	return p.m.boundExecutor(e)
}

func (m *Machine) boundExecutor(e msg.ExecutorInfo) error {
	what := named{"executor", string(e.ID)}
	if err := m.boundText(named{"name of executor", what.id}, e.Name); err != nil {
		return err
	}
	if err := m.boundResources(what, e.Resources); err != nil {
		return err
	}
	if err := m.boundLabels(what, e.Labels); err != nil {
		return err
	}
	if err := m.boundCommand(e.Command); err != nil {
		return err
	}
	return m.boundData(what, e.Data)
}

func (m *Machine) boundCommand(c *msg.CommandInfo) error {
	if c == nil {
		return nil
	}
	n := len(c.Value) + len(c.User)
	for _, a := range c.Arguments {
		n += len(a)
	}
	for _, v := range c.Env {
		n += len(v.Name) + len(v.Value)
	}
	if n > m.cfg.Bounds.TaskData {
		return fmt.Errorf("%w: command of %d bytes, %d are allowed", ErrBound, n, m.cfg.Bounds.TaskData)
	}
	return nil
}

// validGroup holds the checks of docs/protocol.md §7 on a LAUNCH_GROUP, its resources aside.
func (p *plan) validGroup(g msg.LaunchGroup) error {
	if err := p.validExecutor(g.Executor); err != nil {
		return err
	}
	seen := map[msg.TaskID]bool{}
	for _, t := range g.Tasks {
		if err := p.validTaskAlone(t); err != nil {
			return err
		}
		if seen[t.ID] {
			return fmt.Errorf("%w: task id %q is twice in the group", ErrInvalid, t.ID)
		}
		seen[t.ID] = true
		if t.Executor != nil && !sameExecutor(p.own(*t.Executor), p.own(g.Executor)) {
			return fmt.Errorf("%w: task %q names another executor than its group", ErrInvalid, t.ID)
		}
	}
	b := p.m.cfg.Bounds
	if n := len(p.f.tasks) + len(p.tasks) + len(g.Tasks); n > b.Tasks {
		return fmt.Errorf("%w: the framework would have %d tasks; raise Bounds.Tasks", ErrBound, n)
	}
	if n := len(p.a.tasks) + len(p.tasks) + len(g.Tasks); n > b.AgentTasks {
		return fmt.Errorf("%w: the agent would have %d tasks; raise Bounds.AgentTasks", ErrBound, n)
	}
	return nil
}

// own completes an executor's description as the books have it.
func (p *plan) own(e msg.ExecutorInfo) msg.ExecutorInfo {
	e.Framework, e.Resources = p.f.info.ID, e.Resources.Unallocate()
	return e
}

// sameExecutor compares two descriptions of an executor, both as the books have them.
func sameExecutor(a, b msg.ExecutorInfo) bool {
	return a.ID == b.ID && a.Framework == b.Framework && a.Type == b.Type && a.Name == b.Name && a.ShutdownGrace == b.ShutdownGrace &&
		a.Resources.Equal(b.Resources) && bytes.Equal(a.Data, b.Data) &&
		(a.Command == b.Command || reflect.DeepEqual(a.Command, b.Command)) &&
		(len(a.Labels)+len(b.Labels) == 0 || reflect.DeepEqual(a.Labels, b.Labels))
}
