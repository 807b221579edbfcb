package framework

import (
	"errors"
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
)

// ErrBroken: a session's state contradicts itself. It is a defect of this package.
var ErrBroken = errors.New("framework: broken invariant")

type rule struct {
	holds bool
	name  string
}

func check(rules ...rule) error {
	for _, r := range rules {
		if !r.holds {
			return fmt.Errorf("%w: %s", ErrBroken, r.name)
		}
	}
	return nil
}

// Check reports, wrapping ErrBroken, an invariant that does not hold.
func (s *SchedulerSession) Check() error {
	running := s.status == msg.DriverRunning
	seeking := running && s.peer != "" && !s.subscribed && !s.dialing
	return check(
		rule{!s.subscribed || s.link != 0, "subscribed without a link"},
		rule{!(s.dialing && s.link != 0), "dialing with a link"},
		rule{running || s.link == 0 && !s.dialing, "a link or a dial while not running"},
		rule{s.link == 0 || s.peer != "", "a link to nobody"},
		rule{s.silence.on == s.subscribed, "silence alarm and subscription disagree"},
		rule{s.retry.on == seeking, "retry alarm and state disagree"},
		rule{!s.subscribed || s.registered, "subscribed but never registered"},
		rule{!s.registered || s.cfg.Framework.ID != "", "registered without an id"},
		rule{slices.IsSorted(s.suppressed), "suppressed roles out of order"},
		rule{s.hintsOrdered(), "hints out of order, twice for a role, or of a role that is not held"},
	)
}

func (s *SchedulerSession) hintsOrdered() bool {
	for i, h := range s.hints {
		if h.Hint == nil || i > 0 && s.hints[i-1].Role >= h.Role || !slices.Contains(s.cfg.Framework.Roles, h.Role) {
			return false
		}
	}
	return true
}

// Check reports, wrapping ErrBroken, an invariant that does not hold.
func (s *ExecutorSession) Check() error {
	running := s.status == msg.DriverRunning
	seen := map[msg.UUID]bool{}
	for _, u := range s.updates {
		if u.UUID.IsZero() || seen[u.UUID] {
			return fmt.Errorf("%w: update of %s has uuid %v twice or none", ErrBroken, u.Task, u.UUID)
		}
		seen[u.UUID] = true
	}
	return check(
		rule{!s.subscribed || s.link != 0, "subscribed without a link"},
		rule{!(s.dialing && s.link != 0), "dialing with a link"},
		rule{running || s.link == 0 && !s.dialing, "a link or a dial while not running"},
		rule{!s.subscribed || s.registered, "subscribed but never registered"},
		rule{s.retry.on == (running && !s.closing && s.link == 0 && !s.dialing), "retry alarm and state disagree"},
		rule{s.recovery.on == (running && !s.closing && !s.subscribed), "recovery alarm and state disagree"},
		rule{len(s.updates) <= s.cfg.MaxUpdates, "more updates than allowed"},
		rule{uint64(len(s.updates)) <= s.sent, "more updates than were sent"},
	)
}
