package framework

import (
	"errors"
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// maxMessage bounds the bytes of one framework message (docs/protocol.md §18.1).
const maxMessage = 1 << 20

// NewDriver returns the driver that queues its calls on q.
func NewDriver(q Queue) Driver { return driver{q} }

// NewExecutorDriver returns the executor's driver that queues its calls on q.
func NewExecutorDriver(q Queue) ExecutorDriver { return executorDriver{q} }

type driver struct{ queue Queue }

var _ Driver = driver{}

func (d driver) call(m msg.Message) error { return d.queue(msg.Call{Body: m}) }

func (d driver) Accept(ids []msg.OfferID, ops []msg.Operation, f msg.Filters) error {
	if len(ids) == 0 {
		return fmt.Errorf("accept: %w: no offers; name at least one", ErrCall)
	}
	for i, op := range ops {
		if op.Do == nil {
			return fmt.Errorf("accept: operation %d: %w: nothing to do", i, ErrCall)
		}
	}
	return d.call(msg.Accept{Offers: ids, Operations: ops, Filters: f})
}

func (d driver) Launch(ids []msg.OfferID, f msg.Filters, tasks ...msg.TaskInfo) error {
	return d.Accept(ids, []msg.Operation{msg.Launch(tasks...)}, f)
}

func (d driver) Decline(f msg.Filters, ids ...msg.OfferID) error {
	if len(ids) == 0 {
		return fmt.Errorf("decline: %w: no offers; name at least one", ErrCall)
	}
	return d.call(msg.Decline{Offers: ids, Filters: f})
}

func (d driver) Kill(id msg.TaskID, agent offer.AgentID, p msg.KillPolicy) error {
	if err := msg.ValidateID("kill: task", string(id)); err != nil {
		return err
	}
	if p.Grace < 0 {
		return fmt.Errorf("kill %s: %w: grace %v is negative", id, ErrCall, p.Grace)
	}
	return d.call(msg.Kill{Task: id, Agent: agent, Policy: p})
}

func (d driver) Shutdown(e msg.ExecutorRef) error {
	if err := checkRef("shutdown", e); err != nil {
		return err
	}
	return d.call(msg.ShutdownExecutor{Executor: e})
}

func (d driver) Acknowledge(s msg.TaskStatus) error {
	if s.UUID.IsZero() {
		return fmt.Errorf("acknowledge %s: %w", s.Task, ErrNoUUID)
	}
	return d.call(msg.Acknowledge{Agent: s.Agent, Task: s.Task, UUID: s.UUID})
}

func (d driver) Reconcile(tasks ...msg.TaskRef) error {
	for _, t := range tasks {
		if err := msg.ValidateID("reconcile: task", string(t.Task)); err != nil {
			return err
		}
	}
	return d.call(msg.Reconcile{Tasks: tasks})
}

func (d driver) Suppress(roles ...role.Name) error { return d.call(msg.Suppress{Roles: roles}) }
func (d driver) Revive(roles ...role.Name) error   { return d.call(msg.Revive{Roles: roles}) }

func (d driver) Message(e msg.ExecutorRef, data []byte) error {
	if err := checkRef("message", e); err != nil {
		return err
	}
	if err := checkSize("message", data); err != nil {
		return err
	}
	return d.call(msg.ToExecutor{Executor: e, Data: data})
}

func (d driver) AcknowledgeOperation(s msg.OperationStatus) error {
	if s.UUID.IsZero() {
		return fmt.Errorf("acknowledge operation %s: %w", s.Operation, ErrNoUUID)
	}
	return d.call(msg.AcknowledgeOperation{Agent: s.Agent, Operation: s.Operation, UUID: s.UUID})
}

func (d driver) ReconcileOperations(ops ...msg.OperationRef) error {
	for _, o := range ops {
		if err := msg.ValidateID("reconcile: operation", string(o.Operation)); err != nil {
			return err
		}
	}
	return d.call(msg.ReconcileOperations{Operations: ops})
}

func (d driver) AcceptInverseOffers(f msg.Filters, ids ...msg.OfferID) error {
	if len(ids) == 0 {
		return fmt.Errorf("accept inverse offers: %w: none; name at least one", ErrCall)
	}
	return d.call(msg.AcceptInverse{Offers: ids, Filters: f})
}

func (d driver) DeclineInverseOffers(f msg.Filters, ids ...msg.OfferID) error {
	if len(ids) == 0 {
		return fmt.Errorf("decline inverse offers: %w: none; name at least one", ErrCall)
	}
	return d.call(msg.DeclineInverse{Offers: ids, Filters: f})
}

func (d driver) SetHint(r role.Name, h *offer.Hint) error {
	if h != nil {
		if h.Count < 0 || h.Unit.IsEmpty() {
			return fmt.Errorf("hint for role %s: %w: %d times %q; a unit cannot be empty, nor a count negative", r, ErrCall, h.Count, h.Unit)
		}
		own := *h
		h = &own
	}
	return d.call(msg.SetHint{Role: r, Hint: h})
}

func (d driver) UpdateFramework(f msg.FrameworkInfo) error {
	if err := checkInfo(f); err != nil {
		return err
	}
	return d.call(msg.UpdateFramework{Framework: f})
}

func (d driver) Stop(failover bool) msg.DriverStatus {
	return end(d.queue, msg.StopDriver{Failover: failover}, msg.DriverStopped)
}

func (d driver) Abort() msg.DriverStatus { return end(d.queue, msg.AbortDriver{}, msg.DriverAborted) }

type executorDriver struct{ queue Queue }

var _ ExecutorDriver = executorDriver{}

func (d executorDriver) SendStatus(s msg.TaskStatus) error {
	if err := msg.ValidateID("status: task", string(s.Task)); err != nil {
		return err
	}
	if err := checkStatus(s); err != nil {
		return err
	}
	bad := checkState(s.State)
	if bad != nil && s.State != msg.TaskStaging {
		return bad
	}
	return errors.Join(d.queue(msg.Call{Body: msg.ExecutorUpdate{Status: s}}), bad)
}

func (d executorDriver) SendMessage(data []byte) error {
	if err := checkSize("message", data); err != nil {
		return err
	}
	return d.queue(msg.Call{Body: msg.ExecutorMessage{Data: data}})
}

func (d executorDriver) Stop() msg.DriverStatus {
	return end(d.queue, msg.StopDriver{}, msg.DriverStopped)
}

func (d executorDriver) Abort() msg.DriverStatus {
	return end(d.queue, msg.AbortDriver{}, msg.DriverAborted)
}

// end queues the end of a session and tells the status: then, unless the session had ended before.
func end(q Queue, in msg.Input, then msg.DriverStatus) msg.DriverStatus {
	var s *StatusError
	if errors.As(q(in), &s) {
		return s.Status
	}
	return then
}

func checkRef(what string, e msg.ExecutorRef) error {
	if err := msg.ValidateID(what+": executor", string(e.Executor)); err != nil {
		return err
	}
	return msg.ValidateID(what+": agent", string(e.Agent))
}

func checkSize(what string, data []byte) error {
	if len(data) > maxMessage {
		return fmt.Errorf("%s: %w: %d bytes; %d are allowed", what, ErrTooLarge, len(data), maxMessage)
	}
	return nil
}

// checkStatus refuses a status that carries more than one may, or a result of a check that is none.
func checkStatus(s msg.TaskStatus) error {
	if err := s.Check.Validate(); err != nil {
		return fmt.Errorf("status of %s: %w: %w", s.Task, ErrCall, err)
	}
	if err := msg.DefaultStatusBounds().Check(s); err != nil {
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return nil
}

// checkState refuses the states that only masters and agents give.
func checkState(s msg.TaskState) error {
	if !s.FromExecutor() {
		return fmt.Errorf("%w: %v", ErrState, s)
	}
	return nil
}
