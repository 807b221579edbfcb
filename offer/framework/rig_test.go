package framework_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// rig plays master and host against one scheduler session by raw messages. Check is called after every step; the
// callbacks are made on a recorder, whose driver's calls are stepped in afterwards.
type rig struct {
	t     testing.TB
	s     *framework.SchedulerSession
	d     framework.Driver
	now   offer.Time
	link  msg.Link
	last  framework.SchedulerReady
	calls []string // callbacks of the last step, drawn
	queue []msg.Input
	on    func(name string) // called within each callback
	done  bool
}

func schedulerConfig() framework.SchedulerConfig {
	return framework.SchedulerConfig{
		Entropy:   [16]byte{1},
		Framework: msg.FrameworkInfo{Name: "f", User: "u", Roles: []role.Name{"a", "b"}, Capabilities: msg.Capabilities{PartitionAware: true}},
	}
}

func newRig(t testing.TB, change ...func(*framework.SchedulerConfig)) *rig {
	cfg := schedulerConfig()
	for _, c := range change {
		c(&cfg)
	}
	s, err := framework.NewScheduler(cfg)
	require.NoError(t, err)
	r := &rig{t: t, s: s}
	r.d = framework.NewDriver(func(in msg.Input) error {
		if st := s.Status(); st != msg.DriverRunning {
			return &framework.StatusError{Status: st}
		}
		r.queue = append(r.queue, in)
		return nil
	})
	return r
}

// try steps in, and what the callbacks queued after it.
func (r *rig) try(in msg.Input) error {
	r.t.Helper()
	r.last, r.calls = framework.SchedulerReady{}, nil
	err := r.one(in)
	for len(r.queue) > 0 {
		next := r.queue[0]
		r.queue = r.queue[1:]
		require.NoError(r.t, r.one(next))
	}
	return err
}

func (r *rig) one(in msg.Input) error {
	r.t.Helper()
	err := r.s.Step(r.now, in)
	require.NoError(r.t, r.s.Check(), "after %T", in)
	var rd framework.SchedulerReady
	r.s.Ready(&rd)
	r.last.Dials = append(r.last.Dials, rd.Dials...)
	r.last.Sends = append(r.last.Sends, rd.Sends...)
	r.last.Closes = append(r.last.Closes, rd.Closes...)
	r.last.Callbacks = append(r.last.Callbacks, rd.Callbacks...)
	r.done = r.done || rd.Done
	for _, c := range rd.Callbacks {
		c.Invoke(recorder{r}, r.d)
	}
	return err
}

func (r *rig) step(in msg.Input) {
	r.t.Helper()
	require.NoError(r.t, r.try(in))
}

func (r *rig) master(b msg.Message) {
	r.t.Helper()
	r.step(msg.Envelope{Link: r.link, Body: b})
}

// drive steps in what a driver's call queued.
func (r *rig) drive(err error) {
	r.t.Helper()
	require.NoError(r.t, err)
	r.flush()
}

func (r *rig) flush() {
	r.t.Helper()
	in := r.queue[0]
	r.queue = r.queue[1:]
	r.step(in)
}

func (r *rig) up() {
	r.t.Helper()
	r.link++
	r.step(msg.LinkUp{Link: r.link, Peer: "m1"})
}

var masterInfo = msg.MasterInfo{ID: "M", Node: "m1"}

// subscribe answers the subscription on a new link.
func (r *rig) subscribe() {
	r.t.Helper()
	r.up()
	r.master(msg.Subscribed{Framework: "F1", HeartbeatInterval: 15 * time.Second, Master: masterInfo})
}

// subscribed is a rig that a master has admitted as F1.
func subscribed(t testing.TB, change ...func(*framework.SchedulerConfig)) *rig {
	r := newRig(t, change...)
	r.step(msg.Leader{Master: "m1"})
	r.subscribe()
	require.Equal(t, []string{"Registered F1 M"}, r.calls)
	return r
}

// tick moves the time to the next deadline.
func (r *rig) tick() time.Duration {
	r.t.Helper()
	at, on := r.s.NextDeadline()
	require.True(r.t, on)
	waited := at.Sub(r.now)
	r.now = at
	r.step(msg.Tick{})
	return waited
}

// recorder draws callbacks into its rig.
type recorder struct{ r *rig }

var _ framework.Scheduler = recorder{}

func (c recorder) say(name, format string, args ...any) {
	line := name
	if format != "" {
		line += " " + fmt.Sprintf(format, args...)
	}
	c.r.calls = append(c.r.calls, line)
	if c.r.on != nil {
		c.r.on(name)
	}
}

func (c recorder) Registered(_ framework.Driver, id offer.FrameworkID, m msg.MasterInfo) {
	c.say("Registered", "%s %s", id, m.ID)
}
func (c recorder) Reregistered(_ framework.Driver, m msg.MasterInfo) {
	c.say("Reregistered", "%s", m.ID)
}
func (c recorder) Disconnected(framework.Driver) { c.say("Disconnected", "") }
func (c recorder) ResourceOffers(_ framework.Driver, os []msg.Offer) {
	for _, o := range os {
		c.say("ResourceOffers", "%s", o.ID)
	}
}
func (c recorder) OfferRescinded(_ framework.Driver, id msg.OfferID) {
	c.say("OfferRescinded", "%s", id)
}
func (c recorder) StatusUpdate(_ framework.Driver, s msg.TaskStatus) {
	c.say("StatusUpdate", "%s %v %s", s.Task, s.State, s.Reason)
}
func (c recorder) OperationUpdate(_ framework.Driver, s msg.OperationStatus) {
	c.say("OperationUpdate", "%s %v", s.Operation, s.State)
}
func (c recorder) FrameworkMessage(_ framework.Driver, e msg.ExecutorRef, data []byte) {
	c.say("FrameworkMessage", "%s/%s %s", e.Agent, e.Executor, data)
}
func (c recorder) AgentLost(_ framework.Driver, id offer.AgentID) { c.say("AgentLost", "%s", id) }
func (c recorder) ExecutorLost(_ framework.Driver, e msg.ExecutorRef, status int) {
	c.say("ExecutorLost", "%s/%s/%s %d", e.Framework, e.Agent, e.Executor, status)
}
func (c recorder) Error(_ framework.Driver, err error) { c.say("Error", "%v", err) }

// sent gives the messages of the last step.
func (r *rig) sent() (out []msg.Message) {
	for _, e := range r.last.Sends {
		require.Equal(r.t, r.link, e.Link)
		out = append(out, e.Body)
	}
	return out
}
