package master

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// Request is what somebody wants to do, as Config.Authorize is asked about it (docs/protocol.md §15).
type Request struct {
	Action    Action
	Principal string            // of an operator's call or an agent's link as authenticated, of a framework as its info says; "" nobody
	Role      role.Name         // a role that a framework subscribes to, that a weight or quota is of, or that a reservation is for
	User      string            // RunTask: whom the task runs as
	Framework offer.FrameworkID // who asks, or TeardownFramework; "" an agent, an operator, or a framework that has no id yet
	Agent     offer.AgentID     // the one it is about; "" none, or one that has no id yet
	Call      msg.OperatorCall  // of an operator: the whole call; nil otherwise. Nobody changes it
}

// Action names what is asked for.
type Action string

// The actions, by the names that Mesos gives them.
const (
	RegisterFramework Action = "REGISTER_FRAMEWORK" // once for each role, with every subscription and update
	RegisterAgent     Action = "REGISTER_AGENT"     // with every registration; who is refused hears nothing
	RunTask           Action = "RUN_TASK"           // refused: TASK_ERROR, TASK_UNAUTHORIZED or TASK_GROUP_UNAUTHORIZED
	// Operations of frameworks and operators, once for each role whose reservations they touch.
	ReserveResources   Action = "RESERVE_RESOURCES"
	UnreserveResources Action = "UNRESERVE_RESOURCES"
	CreateVolume       Action = "CREATE_VOLUME"
	DestroyVolume      Action = "DESTROY_VOLUME"
	ResizeVolume       Action = "RESIZE_VOLUME"
	// Calls of operators; weights and quota once for each role.
	UpdateWeight      Action = "UPDATE_WEIGHT"
	UpdateQuota       Action = "UPDATE_QUOTA"
	TeardownFramework Action = "TEARDOWN_FRAMEWORK"
	DeactivateAgent   Action = "DEACTIVATE_AGENT"
	ReactivateAgent   Action = "REACTIVATE_AGENT"
	MarkAgentGone     Action = "MARK_AGENT_GONE"
	DrainAgent        Action = "DRAIN_AGENT"
	UpdateMaintenance Action = "UPDATE_MAINTENANCE_SCHEDULE"
	StartMaintenance  Action = "START_MAINTENANCE"
	StopMaintenance   Action = "STOP_MAINTENANCE"
	View              Action = "VIEW" // any read, and streams of events; health is told to everybody
)

// allow asks Config.Authorize; what it refuses is ErrUnauthorized.
func (m *Machine) allow(r Request) error {
	if m.cfg.Authorize == nil {
		return nil
	}
	if err := m.cfg.Authorize(r); err != nil {
		return fmt.Errorf("%w: %s by principal %q: %w", ErrUnauthorized, r.Action, r.Principal, err)
	}
	return nil
}

// allowRoles asks once for each role.
func (m *Machine) allowRoles(r Request, roles []role.Name) error {
	for _, r.Role = range roles {
		if err := m.allow(r); err != nil {
			return err
		}
	}
	return nil
}

// allowFramework asks for a framework's roles, and for its user.
func (m *Machine) allowFramework(info msg.FrameworkInfo) error {
	if m.cfg.RefuseRoot && info.User == "root" {
		return fmt.Errorf("%w: user root may not run frameworks here", ErrUnauthorized)
	}
	return m.allowRoles(Request{Action: RegisterFramework, Principal: info.Principal, Framework: info.ID}, info.Roles)
}

// allowTask asks for a task of a framework; e is its executor's description, if it has one.
func (p *plan) allowTask(t msg.TaskInfo, e *msg.ExecutorInfo) error {
	if p.m.cfg.Authorize == nil {
		return nil
	}
	user := ""
	if t.Command != nil {
		user = t.Command.User
	}
	if e != nil && e.Command != nil {
		user = cmp.Or(user, e.Command.User)
	}
	return p.m.allow(Request{Action: RunTask, Principal: p.f.info.Principal, Role: p.role, User: cmp.Or(user, p.f.info.User),
		Framework: p.f.info.ID, Agent: p.a.info.ID})
}

// allowOp asks for an operation, once for each role whose reservations it touches; r says who wants it, and where.
func (m *Machine) allowOp(r Request, op reservation.Op) error {
	if m.cfg.Authorize == nil {
		return nil
	}
	var of resource.Resources
	var roles []role.Name
	switch op := op.(type) {
	case reservation.Reserve:
		r.Action, of = ReserveResources, op.Resources
	case reservation.Unreserve:
		r.Action, of = UnreserveResources, op.Resources
	case reservation.Create:
		r.Action, of = CreateVolume, op.Volumes
	case reservation.Destroy:
		r.Action, of = DestroyVolume, op.Volumes
	case reservation.Resize:
		r.Action, roles = ResizeVolume, []role.Name{op.Volume.Owner()}
	}
	for e := range of.All() {
		if o := e.Owner(); !slices.Contains(roles, o) {
			roles = append(roles, o)
		}
	}
	return m.allowRoles(r, roles)
}

// allowCall asks for an operator's call.
func (m *Machine) allowCall(in msg.Operate) error {
	r := Request{Principal: in.Principal, Call: in.Call}
	switch c := in.Call.(type) {
	case msg.GetHealth, msg.UnsubscribeEvents:
		return nil
	case msg.UpdateWeights:
		r.Action = UpdateWeight
		return m.allowRoles(r, mapped(c.Weights, func(w role.Weight) role.Name { return w.Role }))
	case msg.UpdateQuota:
		r.Action = UpdateQuota
		return m.allowRoles(r, mapped(c.Configs, func(q quota.Config) role.Name { return q.Role }))
	case msg.ChangeAgent:
		r.Agent = c.Agent
		return m.allowOp(r, c.Op)
	case msg.TeardownFramework:
		r.Action, r.Framework = TeardownFramework, c.Framework
	case msg.DeactivateAgent:
		r.Action, r.Agent = DeactivateAgent, c.Agent
	case msg.ReactivateAgent:
		r.Action, r.Agent = ReactivateAgent, c.Agent
	case msg.MarkAgentGone:
		r.Action, r.Agent = MarkAgentGone, c.Agent
	case msg.DrainAgent:
		r.Action, r.Agent = DrainAgent, c.Agent
	case msg.UpdateMaintenance:
		r.Action = UpdateMaintenance
	case msg.StartMaintenance:
		r.Action = StartMaintenance
	case msg.StopMaintenance:
		r.Action = StopMaintenance
	default:
		r.Action = View
	}
	return m.allow(r)
}

func mapped[X, Y any](xs []X, f func(X) Y) (ys []Y) {
	for _, x := range xs {
		ys = append(ys, f(x))
	}
	return ys
}
