package master

import (
	"fmt"
	"strings"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
)

// claimOf is what a task asks for.
func claimOf(t msg.TaskInfo) reservation.Claim {
	return reservation.Claim{Tag: "task " + string(t.ID), Resources: t.Resources, Limits: t.Limits, Unlimited: t.Unlimited}
}

// validChecks holds the checks of docs/protocol.md §7 on what a task's executor is to see to, and on whether the agent can
// handle limits. Which limits there may be is known to its resources: the pool checks them.
func (p *plan) validChecks(t msg.TaskInfo) error {
	limited := !t.Limits.IsEmpty() || len(t.Unlimited) > 0
	switch {
	case t.MaxCompletion < 0:
		return fmt.Errorf("%w: task %q may take %v; it cannot be negative", ErrInvalid, t.ID, t.MaxCompletion)
	case limited && !p.a.capabilities.TaskResourceLimits:
		return fmt.Errorf("%w: task %q has limits, and agent %s does not announce TASK_RESOURCE_LIMITS; launch it elsewhere, or without",
			ErrInvalid, t.ID, p.a.info.ID)
	}
	if err := p.m.validCheck(t.Check, false); err != nil {
		return fmt.Errorf("check of task %q: %w", t.ID, err)
	}
	if err := p.m.validHealthCheck(t.HealthCheck); err != nil {
		return fmt.Errorf("health check of task %q: %w", t.ID, err)
	}
	return nil
}

func (m *Machine) validHealthCheck(h *msg.HealthCheckInfo) error {
	switch {
	case h == nil:
		return nil
	case h.Failures < 0 || h.Grace < 0:
		return fmt.Errorf("%w: %d failures and a grace of %v; neither can be negative", ErrInvalid, h.Failures, h.Grace)
	}
	return m.validCheck(&h.CheckInfo, true)
}

// validCheck accepts a check that is well formed; one of health may say more of HTTP.
func (m *Machine) validCheck(c *msg.CheckInfo, health bool) error {
	switch {
	case c == nil:
		return nil
	case c.Delay < 0 || c.Interval < 0 || c.Timeout < 0:
		return fmt.Errorf("%w: delay %v, interval %v, timeout %v; none can be negative", ErrInvalid, c.Delay, c.Interval, c.Timeout)
	}
	switch c.Kind() {
	case msg.CheckCommand:
		if c.Command.Value == "" {
			return fmt.Errorf("%w: its command is empty", ErrInvalid)
		}
		return m.boundCommand(c.Command)
	case msg.CheckHTTP:
		return m.validHTTPCheck(c.HTTP, health)
	case msg.CheckTCP:
		return validPort(c.TCP.Port)
	}
	return fmt.Errorf("%w: it needs just one of a command, HTTP and TCP", ErrInvalid)
}

// statuses is how many answers of HTTP there are.
const statuses = 500

func (m *Machine) validHTTPCheck(h *msg.HTTPCheck, health bool) error {
	switch {
	case h.Path != "" && !strings.HasPrefix(h.Path, "/"):
		return fmt.Errorf("%w: path %q; it begins with /", ErrInvalid, excerpt(h.Path))
	case !health && (h.Scheme != "" || h.Statuses != nil):
		return fmt.Errorf("%w: only a health check has a scheme and statuses", ErrInvalid)
	case h.Scheme != "" && h.Scheme != "http" && h.Scheme != "https":
		return fmt.Errorf("%w: scheme %q; there are http and https", ErrInvalid, excerpt(h.Scheme))
	case len(h.Statuses) > statuses:
		return fmt.Errorf("%w: %d statuses, there are %d", ErrBound, len(h.Statuses), statuses)
	}
	for _, s := range h.Statuses {
		if s < 100 || s > 599 {
			return fmt.Errorf("%w: status %d; there are 100 to 599", ErrInvalid, s)
		}
	}
	if err := m.boundText(named{what: "path"}, h.Path); err != nil {
		return err
	}
	return validPort(h.Port)
}

func validPort(port int) error {
	if port < 1 || port > 65535 {
		return fmt.Errorf("%w: port %d; there are 1 to 65535", ErrInvalid, port)
	}
	return nil
}
