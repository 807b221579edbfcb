package master

import (
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// agentReport is what a re-registering agent tells, checked and in the form of the books.
type agentReport struct {
	info         msg.AgentInfo
	total        resources
	listed       map[offer.FrameworkID]msg.FrameworkInfo
	executors    map[executorKey]*executor
	tasks        map[taskKey]*task
	ops          map[msg.UUID]msg.OperationReport
	capabilities msg.AgentCapabilities
	completed    map[offer.FrameworkID]bool // frameworks that ended meanwhile: not in executors and tasks
}

// readReport checks a report as a whole; nothing is changed.
func (m *Machine) readReport(b msg.ReregisterAgent) (*agentReport, error) {
	r := &agentReport{info: b.Info, total: b.Total, listed: map[offer.FrameworkID]msg.FrameworkInfo{},
		ops: map[msg.UUID]msg.OperationReport{}, capabilities: b.Capabilities,
		executors: map[executorKey]*executor{}, tasks: map[taskKey]*task{}, completed: map[offer.FrameworkID]bool{}}
	if len(b.Tasks) > m.cfg.Bounds.AgentTasks || len(b.Executors) > m.cfg.Bounds.AgentTasks {
		return nil, fmt.Errorf("%w: %d tasks and %d executors; raise Bounds.AgentTasks", ErrBound, len(b.Tasks), len(b.Executors))
	}
	for _, info := range b.Frameworks {
		if err := m.readFramework(r, info); err != nil {
			return nil, err
		}
	}
	for _, e := range b.Executors {
		if err := m.readExecutor(r, e); err != nil {
			return nil, err
		}
	}
	for _, t := range b.Tasks {
		if err := m.readTask(r, t); err != nil {
			return nil, err
		}
	}
	if err := m.readOperations(r, b.Operations); err != nil {
		return nil, err
	}
	return r, m.boundRecovered(r)
}

func (m *Machine) readFramework(r *agentReport, info msg.FrameworkInfo) error {
	if err := msg.ValidateID("framework", string(info.ID)); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err := m.validFramework(info, nil); err != nil {
		return err
	}
	if _, twice := r.listed[info.ID]; twice {
		return fmt.Errorf("%w: framework %s is listed twice", ErrInvalid, info.ID)
	}
	r.listed[info.ID] = info
	if m.completed.has(info.ID) {
		r.completed[info.ID] = true
	}
	return nil
}

// knows reports an unknown framework: one that the report uses must be listed there, or be in the books.
func (m *Machine) knows(r *agentReport, id offer.FrameworkID) error {
	if m.completed.has(id) {
		r.completed[id] = true
		return nil
	}
	if _, listed := r.listed[id]; !listed && m.frameworks[id] == nil {
		return fmt.Errorf("%w: %q is not listed", ErrNoFramework, id)
	}
	return nil
}

func (m *Machine) readExecutor(r *agentReport, e msg.ExecutorReport) error {
	key := executorKey{e.Info.Framework, e.Info.ID}
	if err := msg.ValidateID("executor", string(e.Info.ID)); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err := m.boundExecutor(e.Info); err != nil {
		return err
	}
	if err := m.readUse(r, e.Info.Framework, e.Role, e.Info.Resources); err != nil {
		return fmt.Errorf("executor %q: %w", e.Info.ID, err)
	}
	if r.executors[key] != nil {
		return fmt.Errorf("%w: executor %q of %s is listed twice", ErrInvalid, e.Info.ID, e.Info.Framework)
	}
	e.Info.Resources = e.Info.Resources.Unallocate()
	if !r.completed[e.Info.Framework] {
		r.executors[key] = &executor{ExecutorReport{Agent: r.info.ID, Info: e.Info, Role: e.Role}}
	}
	return nil
}

func (m *Machine) readTask(r *agentReport, t msg.TaskReport) error {
	key := taskKey{t.Framework, t.Info.ID}
	if err := msg.ValidateID("task", string(t.Info.ID)); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err := m.readUse(r, t.Framework, t.Role, t.Info.Resources); err != nil {
		return fmt.Errorf("task %q: %w", t.Info.ID, err)
	}
	if !agentMaySay(t.State) || !agentMaySay(t.Forwarded.State) {
		return fmt.Errorf("%w: task %q is in state %s, its last update %s; only masters say so", ErrInvalid, t.Info.ID, t.State, t.Forwarded.State)
	}
	if r.tasks[key] != nil {
		return fmt.Errorf("%w: task %q of %s is listed twice", ErrInvalid, t.Info.ID, t.Framework)
	}
	row := TaskReport{Framework: t.Framework, Agent: r.info.ID, ID: t.Info.ID, Name: msg.CutText(t.Info.Name, m.cfg.Bounds.Text), Role: t.Role,
		Executor: t.Executor, Resources: t.Info.Resources.Unallocate(),
		Labels: msg.CutLabels(t.Info.Labels, m.cfg.Bounds.Labels, m.cfg.Bounds.LabelBytes), State: t.State, Launched: m.now}
	if !t.Forwarded.UUID.IsZero() {
		row.Forwarded = m.cut(t.Forwarded)
		row.Forwarded.Task, row.Forwarded.Agent, row.Forwarded.Data = t.Info.ID, r.info.ID, nil
	}
	if t.Info.Command != nil && t.Info.Executor == nil {
		row.Executor = "" // a command task's is nobody's business
	}
	if !r.completed[t.Framework] {
		r.tasks[key] = &task{TaskReport: &row}
	}
	return nil
}

// readUse checks who uses what; resources may carry that role and no other.
func (m *Machine) readUse(r *agentReport, f offer.FrameworkID, held role.Name, used resources) error {
	if err := m.knows(r, f); err != nil {
		return err
	}
	if err := m.cfg.Bounds.Names.Check(held); err != nil {
		return fmt.Errorf("%w: role: %w", ErrInvalid, err)
	}
	if err := m.boundResources(named{what: "a task or executor"}, used); err != nil {
		return err
	}
	for e := range used.All() {
		if e.AllocationRole != "" && e.AllocationRole != held {
			return fmt.Errorf("%w: %s is not allocated to %s", ErrInvalid, e, held)
		}
	}
	return nil
}

// boundRecovered bounds what frameworks a report adds.
func (m *Machine) boundRecovered(r *agentReport) error {
	n := len(m.frameworks) + len(m.unknownFrameworks(r))
	if n > m.cfg.Bounds.Frameworks && n > len(m.frameworks) {
		return fmt.Errorf("%w: it would make %d frameworks; raise Bounds.Frameworks", ErrBound, n)
	}
	all := msg.FrameworkInfo{} // as one that has the roles of all
	for _, id := range m.unknownFrameworks(r) {
		all.Roles = append(all.Roles, r.listed[id].Roles...)
	}
	slices.Sort(all.Roles)
	all.Roles = slices.Compact(all.Roles)
	return m.boundRoles(nil, all)
}

// boundUnion bounds what an agent's books will hold: the tasks of its report, and those that it did not list and is asked
// about.
func (m *Machine) boundUnion(a *agent, r *agentReport) error {
	n := len(r.tasks)
	for _, t := range a.sortedTasks() {
		if r.tasks[t.agentKey()] == nil && !t.State.Terminal() {
			n++
		}
	}
	if n > m.cfg.Bounds.AgentTasks {
		return fmt.Errorf("%w: agent %s would have %d tasks; raise Bounds.AgentTasks", ErrBound, a.info.ID, n)
	}
	return m.boundOperations(a, r)
}

// unknownFrameworks are those of a report that are new to the books.
func (m *Machine) unknownFrameworks(r *agentReport) []offer.FrameworkID {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(r.listed)), func(id offer.FrameworkID) bool {
		return m.frameworks[id] != nil || r.completed[id]
	})
}

func (r *agentReport) sortedTasks() []*task { return sortedValues(r.tasks, taskKey.compare) }
func (r *agentReport) sortedExecutors() []*executor {
	return sortedValues(r.executors, executorKey.compare)
}

// uses are what the report's tasks and executors hold.
func (r *agentReport) uses() []offer.Use {
	var out []offer.Use
	for _, t := range r.sortedTasks() {
		if t.holds() && !t.Resources.IsEmpty() {
			out = append(out, offer.Use{Framework: t.Framework, Role: t.Role, Resources: t.Resources})
		}
	}
	for _, e := range r.sortedExecutors() {
		if !e.Info.Resources.IsEmpty() {
			out = append(out, offer.Use{Framework: e.Info.Framework, Role: e.Role, Resources: e.Info.Resources})
		}
	}
	return out
}
