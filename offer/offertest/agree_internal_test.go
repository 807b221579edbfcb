package offertest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// said is a test that keeps what failed it.
type said struct {
	TB
	text string
}

func (s *said) Errorf(format string, args ...any) { s.text += fmt.Sprintf(format, args...) + "\n" }

// taker launches task-1 on the first offer.
type taker struct {
	framework.NopScheduler
	done bool
}

func (s *taker) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	if s.done {
		return
	}
	s.done = true
	_ = d.Launch([]msg.OfferID{offers[0].ID}, msg.Filters{}, msg.TaskInfo{ID: "task-1", Agent: offers[0].Agent,
		Resources: resource.MustParse("cpus:1"), Executor: &msg.ExecutorInfo{ID: "any"}})
}

// CheckBooks finds every way in which a master and an agent can disagree. The machines never do: their rows are changed here.
// docs/design.md "The life of an offer"
func TestDisagreements(t *testing.T) {
	c := New(t)
	c.Scheduler(msg.FrameworkInfo{Name: "web", Roles: []role.Name{"web"}}, &taker{})
	for name, x := range map[string]struct {
		spoil func(*Snapshot)
		want  string
	}{
		"nothing":        {func(*Snapshot) {}, ""},
		"total":          {func(s *Snapshot) { s.Agents[0].Total = resource.MustParse("cpus:9") }, "agent-1: it has {cpus:9}, its master's row {cpus:4;"},
		"allocator":      {func(s *Snapshot) { s.Books[0].Total = resource.MustParse("cpus:9") }, "the allocator {cpus:9}"},
		"resources":      {func(s *Snapshot) { s.Agents[0].Tasks[0].Info.Resources = resource.MustParse("cpus:2") }, "agent-1: it runs task task-1 on {cpus:2}, its master's books say {cpus:1}"},
		"task forgotten": {func(s *Snapshot) { s.Master.Tasks = nil }, "agent-1: it runs task task-1, which its master does not hold"},
		"task lost":      {func(s *Snapshot) { s.Agents[0].Tasks = nil }, "agent-1: its master holds task task-1, which it does not run"},
		"executor":       {func(s *Snapshot) { s.Agents[0].Executors = nil }, "agent-1: its master counts executor any, which has ended"},
		"torn down":      {func(s *Snapshot) { s.Master.Tasks, s.Master.Frameworks = nil, nil }, ""},
		"another agent":  {func(s *Snapshot) { s.Agents[0].ID, s.Agents[0].Tasks = "other", nil }, ""},
		"disconnected":   {func(s *Snapshot) { s.Master.Agents[0].Connected, s.Agents[0].Tasks = false, nil }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.Snapshot()
			x.spoil(&s)
			found := errors.Join(c.disagreements(s)...)
			if x.want == "" {
				require.NoError(t, found)
				return
			}
			require.ErrorContains(t, found, x.want)
			l := &said{TB: t}
			c.t = l
			c.report(s)
			c.t = t
			require.Contains(t, l.text, "books disagree: agent-1: ")
		})
	}
}

// spoilt is an engine that fails.
type spoilt struct {
	engine
	settled, checked error
}

func (e spoilt) settle() error               { return e.settled }
func (e spoilt) advance(time.Duration) error { return e.settled }
func (e spoilt) check() error                { return e.checked }

// A machine whose books are wrong after a step, or an engine that fails, fails the test, once.
// docs/design.md "The life of an offer"
func TestWhatFailsInAStep(t *testing.T) {
	for _, x := range []spoilt{{settled: errors.New("wrong")}, {checked: errors.New("wrong")}} {
		c := New(t)
		l := &said{TB: t}
		x.engine, c.engine, c.t = c.engine, x, l
		c.Settle()
		c.Advance(time.Second)
		c.Settle()
		require.Equal(t, "offertest: wrong\n", l.text)
		c.engine, c.t = x.engine, t
	}
}
