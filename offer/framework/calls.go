package framework

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// call takes one of the driver's calls (docs/protocol.md §17): while disconnected launches are answered here,
// suppression and the framework's description are remembered, the rest is dropped.
func (s *SchedulerSession) call(m msg.Message) error {
	switch c := m.(type) {
	case msg.Accept:
		if !s.subscribed {
			s.drop(c)
			return nil
		}
	case msg.Acknowledge:
		if c.UUID.IsZero() {
			return fmt.Errorf("acknowledge %s: %w", c.Task, ErrNoUUID)
		}
	case msg.AcknowledgeOperation:
		if c.UUID.IsZero() {
			return fmt.Errorf("acknowledge operation %s: %w", c.Operation, ErrNoUUID)
		}
	case msg.SetHint:
		return s.hint(c)
	case msg.Decline, msg.Kill, msg.Reconcile, msg.ReconcileOperations, msg.AcceptInverse, msg.DeclineInverse:
	case msg.ShutdownExecutor:
		if err := s.own(&c.Executor); err != nil {
			return fmt.Errorf("shutdown: %w", err)
		}
		m = c
	case msg.ToExecutor:
		if err := s.own(&c.Executor); err != nil {
			return fmt.Errorf("message: %w", err)
		}
		m = c
	case msg.Suppress:
		return s.suppress(c)
	case msg.Revive:
		return s.revive(c)
	case msg.UpdateFramework:
		return s.update(c)
	default:
		return fmt.Errorf("scheduler session: %w: a scheduler's driver makes no %T", ErrCall, m)
	}
	if s.subscribed {
		s.send(m)
	}
	return nil
}

// drop answers launches, and operations with an id, that no master can get.
func (s *SchedulerSession) drop(c msg.Accept) {
	for _, op := range c.Operations {
		if op.ID != "" && len(op.Tasks()) == 0 {
			s.emit(OnOperation{Status: msg.OperationStatus{
				Operation: op.ID,
				State:     msg.OperationDropped,
				Message:   "asked for while no master was connected",
			}})
		}
		for _, t := range op.Tasks() {
			s.emit(OnStatus{Status: msg.TaskStatus{
				Task:    t.ID,
				State:   msg.TaskDropped.For(s.cfg.Framework.Capabilities),
				Source:  msg.SourceMaster,
				Reason:  msg.ReasonMasterDisconnected,
				Message: "launched while no master was connected",
				Agent:   t.Agent,
				Time:    s.now,
			}})
		}
	}
}

// own fills in the session's framework where e names none.
func (s *SchedulerSession) own(e *msg.ExecutorRef) error {
	id := s.cfg.Framework.ID
	if e.Framework != "" && e.Framework != id {
		return fmt.Errorf("%w: executor %s is of framework %s, this is %s", ErrCall, e.Executor, e.Framework, id)
	}
	e.Framework = id
	return nil
}

// held checks that the framework holds roles; none means all of its roles.
func (s *SchedulerSession) held(roles []role.Name) ([]role.Name, error) {
	if len(roles) == 0 {
		return s.cfg.Framework.Roles, nil
	}
	for _, r := range roles {
		if !slices.Contains(s.cfg.Framework.Roles, r) {
			return nil, fmt.Errorf("%w: the framework does not hold role %q", ErrCall, r)
		}
	}
	return roles, nil
}

func (s *SchedulerSession) suppress(c msg.Suppress) error {
	roles, err := s.held(c.Roles)
	if err != nil {
		return fmt.Errorf("suppress: %w", err)
	}
	s.suppressed = sorted(append(slices.Clone(s.suppressed), roles...))
	if s.subscribed {
		s.send(c)
	}
	return nil
}

func (s *SchedulerSession) revive(c msg.Revive) error {
	roles, err := s.held(c.Roles)
	if err != nil {
		return fmt.Errorf("revive: %w", err)
	}
	s.suppressed = slices.DeleteFunc(slices.Clone(s.suppressed), func(r role.Name) bool { return slices.Contains(roles, r) })
	if s.subscribed {
		s.send(c)
	}
	return nil
}

// hint remembers what the framework could use in a role of its own, for later masters too: at most one hint per role.
func (s *SchedulerSession) hint(c msg.SetHint) error {
	if _, err := s.held([]role.Name{c.Role}); err != nil {
		return fmt.Errorf("hint: %w", err)
	}
	s.hints = slices.DeleteFunc(slices.Clone(s.hints), func(h msg.SetHint) bool { return h.Role == c.Role })
	if c.Hint != nil {
		s.hints = append(s.hints, c)
		slices.SortFunc(s.hints, func(a, b msg.SetHint) int { return cmp.Compare(a.Role, b.Role) })
	}
	if s.subscribed {
		s.send(c)
	}
	return nil
}

// checkInfo refuses a new description that every master refuses. Nobody hears of that refusal: the description would stand until
// the next SUBSCRIBE, which is answered by an ERROR.
func checkInfo(f msg.FrameworkInfo) error {
	fault := func(format string, args ...any) error {
		return fmt.Errorf("update framework: %w: %w", ErrCall, fmt.Errorf(format, args...))
	}
	if err := role.ValidateList(f.Roles); err != nil {
		return fault("%w", err)
	}
	if f.FailoverTimeout < 0 {
		return fault("failover timeout %v is negative", f.FailoverTimeout)
	}
	named := append(slices.Sorted(maps.Keys(f.MinAllocatable)), slices.Sorted(maps.Keys(f.Constraints))...)
	for _, r := range named {
		if !slices.Contains(f.Roles, r) {
			return fault("a minimum or constraint for role %q, which the framework does not hold", r)
		}
	}
	return nil
}

// update changes what the framework is. The driver names no suppressed roles: those it has and keeps stay suppressed.
func (s *SchedulerSession) update(c msg.UpdateFramework) error {
	was := s.cfg.Framework
	if err := checkInfo(c.Framework); err != nil {
		return err
	}
	if c.Framework.ID == "" {
		c.Framework.ID = was.ID
	}
	switch {
	case c.Framework.ID != was.ID:
		return fmt.Errorf("update framework: %w: id %s becomes %s", ErrCall, was.ID, c.Framework.ID)
	case c.Framework.User != was.User:
		return fmt.Errorf("update framework: %w: user %q becomes %q", ErrCall, was.User, c.Framework.User)
	case c.Framework.Principal != was.Principal:
		return fmt.Errorf("update framework: %w: principal %q becomes %q", ErrCall, was.Principal, c.Framework.Principal)
	case c.Framework.Checkpoint != was.Checkpoint:
		return fmt.Errorf("update framework: %w: checkpoint %v becomes %v", ErrCall, was.Checkpoint, c.Framework.Checkpoint)
	}
	s.cfg.Framework = c.Framework
	s.suppressed = slices.DeleteFunc(slices.Clone(s.suppressed), func(r role.Name) bool {
		return !slices.Contains(c.Framework.Roles, r)
	})
	s.hints = slices.DeleteFunc(slices.Clone(s.hints), func(h msg.SetHint) bool {
		return !slices.Contains(c.Framework.Roles, h.Role)
	})
	if s.subscribed {
		c.Suppressed = slices.Clone(s.suppressed)
		s.send(c)
	}
	return nil
}
