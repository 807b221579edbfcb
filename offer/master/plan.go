package master

import (
	"errors"
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/role"
)

// plan is an accept under way: nothing of it is in the books before it is whole.
type plan struct {
	m         *Machine
	f         *framework
	a         *agent
	role      role.Name
	pool      *reservation.Pool
	total     resources                    // the agent's, after the operations so far
	ops       []reservation.Op             // to be applied
	tasks     map[msg.TaskID]bool          // to be launched
	ids       map[msg.OperationID]bool     // of ops
	executors map[msg.ExecutorID]*executor // to be started
	steps     []step                       // what to do, in order
}

// A step is one thing to do once the allocator took the plan.
type step interface {
	do(m *Machine, f *framework, a *agent)
}

func (m *Machine) newPlan(f *framework, a *agent, r role.Name, ids []offer.OfferID) *plan {
	var pool resources
	for _, id := range ids {
		o, _ := m.alloc.Outstanding(id)
		pool = pool.Add(o.Resources)
	}
	c := reservation.Context{Role: r, SharedCapable: f.info.Capabilities.SharedResources, InUse: a.volumeInUse}
	if p := f.info.Principal; p != "" {
		c.Principal = &p
	}
	c.Volumes = a.total.PersistentVolumes().SubSaturating(pool.PersistentVolumes())
	return &plan{m: m, f: f, a: a, role: r, pool: reservation.NewPool(pool, c), total: a.total,
		tasks: map[msg.TaskID]bool{}, ids: map[msg.OperationID]bool{}, executors: map[msg.ExecutorID]*executor{}}
}

// add plans one operation on what those before it left; what is refused is dropped alone. Kinds that nobody knows are
// passed over in silence.
func (p *plan) add(op msg.Operation) {
	switch do := op.Do.(type) {
	case msg.Change:
		p.change(do.Op, op.ID)
	case msg.LaunchTasks:
		for _, t := range do.Tasks {
			p.launchTask(t, op.ID)
		}
	case msg.LaunchGroup:
		p.launchGroup(do, op.ID)
	}
}

func (p *plan) change(op reservation.Op, id msg.OperationID) {
	if op == nil {
		return
	}
	err := p.mayTrack(id)
	if err == nil {
		err = p.m.allowOp(Request{Principal: p.f.info.Principal, Framework: p.f.info.ID, Agent: p.a.info.ID}, op)
	}
	if err == nil {
		err = p.m.boundPending(p.a, len(p.ops))
	}
	total := p.total
	if err == nil {
		total, err = p.m.applyTo(total, op)
	}
	if err == nil {
		err = p.pool.Apply(op)
	}
	if err != nil {
		p.steps = append(p.steps, refuseOp{op, id, err})
		return
	}
	op = reservation.Unallocated(op)
	p.total = total
	p.ops = append(p.ops, op)
	p.ids[id] = id != ""
	p.steps = append(p.steps, applyOp{op, id})
}

// applyTo is what an agent's total becomes by an operation.
func (m *Machine) applyTo(total resources, op reservation.Op) (resources, error) {
	if err := m.boundOp(op); err != nil {
		return total, err
	}
	return reservation.Convert(total, reservation.Unallocated(op))
}

// launchTask plans one task of a LAUNCH.
func (p *plan) launchTask(t msg.TaskInfo, id msg.OperationID) {
	err := p.validTask(t)
	if err == nil && id != "" {
		err = fmt.Errorf("%w: a launch cannot have an operation id, this one has %q", ErrInvalid, id)
	}
	if err == nil {
		err = p.allowTask(t, t.Executor)
	}
	if err == nil {
		err = p.claimTask(t)
	}
	if err != nil {
		p.refuse(err, msg.ReasonTaskInvalid, msg.ReasonTaskUnauthorized, t)
	}
}

// claimTask takes what a task needs out of the pool and plans its launch.
func (p *plan) claimTask(t msg.TaskInfo) error {
	claim := claimOf(t)
	l := launch{role: p.role, launchExecutor: true}
	if t.Executor == nil {
		if _, err := p.pool.Launch(claim, nil); err != nil {
			return err
		}
		l.info = msg.ExecutorInfo{ID: msg.ExecutorID(t.ID), Framework: p.f.info.ID, Command: t.Command}
	} else {
		e, running, err := p.executor(*t.Executor)
		if err != nil {
			return err
		}
		use := reservation.Executor{Claim: reservation.Claim{Tag: "executor " + string(e.Info.ID), Resources: e.Info.Resources}, Running: running}
		if _, err := p.pool.Launch(claim, &use); err != nil {
			return err
		}
		p.use(&l, e, running)
		t.Executor = &e.Info
	}
	p.launch(&l, t)
	return nil
}

// executor finds an executor that runs on the agent, or will by this plan, or makes a new one.
func (p *plan) executor(info msg.ExecutorInfo) (e *executor, running bool, err error) {
	info = p.own(info)
	e = p.a.executors[executorKey{p.f.info.ID, info.ID}]
	if e == nil {
		e = p.executors[info.ID]
	}
	if e == nil {
		return &executor{ExecutorReport{Agent: p.a.info.ID, Info: info, Role: p.role}}, false, nil
	}
	if !sameExecutor(e.Info, info) {
		return nil, true, fmt.Errorf("%w: executor %q runs on agent %s with another description", ErrInvalid, info.ID, p.a.info.ID)
	}
	return e, true, nil
}

// use makes l a launch under e.
func (p *plan) use(l *launch, e *executor, running bool) {
	l.info, l.launchExecutor = e.Info, !running
	if !running {
		l.started = e
		p.executors[e.Info.ID] = e
	}
}

// launch plans the launch of tasks whose resources were taken.
func (p *plan) launch(l *launch, tasks ...msg.TaskInfo) {
	for _, t := range tasks {
		t.Resources = t.Resources.Unallocate()
		p.tasks[t.ID] = true
		l.tasks = append(l.tasks, t)
	}
	p.steps = append(p.steps, l)
}

// launchGroup plans a LAUNCH_GROUP: all of it or nothing.
func (p *plan) launchGroup(g msg.LaunchGroup, id msg.OperationID) {
	err := p.claimGroup(g, id)
	if err == nil {
		return
	}
	p.refuse(err, msg.ReasonTaskGroupInvalid, msg.ReasonTaskGroupUnauthorized, g.Tasks...)
}

// refuse plans the answers for tasks that break a rule, or that their framework may not run.
func (p *plan) refuse(err error, invalid, unauthorized msg.Reason, tasks ...msg.TaskInfo) {
	why := invalid
	if errors.Is(err, ErrUnauthorized) {
		why = unauthorized
	}
	for _, t := range tasks {
		p.steps = append(p.steps, refuseTask{p.m.refusal(t, msg.TaskError, why, err)})
	}
}

func (p *plan) claimGroup(g msg.LaunchGroup, id msg.OperationID) error {
	if id != "" {
		return fmt.Errorf("%w: a launch cannot have an operation id, this one has %q", ErrInvalid, id)
	}
	if err := p.validGroup(g); err != nil {
		return err
	}
	for _, t := range g.Tasks {
		if err := p.allowTask(t, &g.Executor); err != nil {
			return err
		}
	}
	e, running, err := p.executor(g.Executor)
	if err != nil {
		return err
	}
	var claims []reservation.Claim
	for _, t := range g.Tasks {
		claims = append(claims, claimOf(t))
	}
	use := reservation.Executor{Claim: reservation.Claim{Tag: "executor " + string(e.Info.ID), Resources: e.Info.Resources}, Running: running}
	if _, err := p.pool.LaunchGroup(claims, use, false); err != nil {
		return err
	}
	l := launch{role: p.role, group: true}
	p.use(&l, e, running)
	tasks := slices.Clone(g.Tasks)
	for i := range tasks {
		tasks[i].Executor = &e.Info
	}
	p.launch(&l, tasks...)
	return nil
}

type (
	refuseTask struct{ status msg.TaskStatus }
	refuseOp   struct {
		op  reservation.Op
		id  msg.OperationID
		why error
	}
	applyOp struct {
		op reservation.Op
		id msg.OperationID
	}
	launch struct {
		role           role.Name
		info           msg.ExecutorInfo
		started        *executor // nil: it runs already, or is of a command task
		launchExecutor bool
		group          bool
		tasks          []msg.TaskInfo
	}
)

func (s refuseTask) do(m *Machine, f *framework, _ *agent) {
	m.toFramework(f, msg.Update{Status: s.status})
	m.emit(TaskRefused{Framework: f.info.ID, Status: s.status})
}

func (s refuseOp) do(m *Machine, f *framework, a *agent) {
	m.refuseOperation(f, a.info.ID, s.id, s.why)
	m.emit(OperationRefused{Agent: a.info.ID, Framework: f.info.ID, ID: s.id, Op: s.op, Why: s.why.Error()})
}

func (s applyOp) do(m *Machine, f *framework, a *agent) { m.applyAt(a, f.info.ID, s.op, s.id) }

func (l *launch) do(m *Machine, f *framework, a *agent) {
	if l.started != nil {
		m.addExecutor(a, l.started)
	}
	for _, t := range l.tasks {
		row := &TaskReport{Framework: f.info.ID, Agent: a.info.ID, ID: t.ID, Name: t.Name, Role: l.role, Resources: t.Resources,
			Labels: t.Labels, State: msg.TaskStaging, Launched: m.now}
		if t.Executor != nil {
			row.Executor = l.info.ID
		}
		m.addTask(f, a, &task{TaskReport: row})
	}
	m.toAgent(a, msg.RunTasks{Framework: f.info, Role: l.role, Executor: l.info, Tasks: l.tasks, Group: l.group, LaunchExecutor: l.launchExecutor})
}
