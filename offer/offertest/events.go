package offertest

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// keptEvents bounds the events of a cluster that are kept: the latest.
const keptEvents = 10_000

// events keeps what happened. Nodes that run live tell it from their goroutines.
type events struct {
	begin offer.Time

	mu      sync.Mutex
	list    []event
	dropped int
	known   map[string]bool
	short   []string // pairs of what strings.NewReplacer takes: long ids and what they are shown as
	masters int
	runs    int                      // of executors
	done    []master.OperationReport // operations that left a master's books, or never got there: the latest
}

// event is one line; it is made when it is read.
type event struct {
	at   offer.Time
	node msg.Node
	what fmt.Stringer
}

// plain is a line of the harness's own.
type plain string

func (p plain) String() string { return string(p) }

func newEvents() *events { return &events{known: map[string]bool{}} }

// add is told by every node. Messages are left out: what they bring about is there.
func (e *events) add(o host.Observation) {
	switch w := o.What.(type) {
	case host.Sent, host.Delivered:
		return
	case host.Callback:
		e.put(event{o.Time, o.Node, callback{w.Call}})
	case host.ExecutorCallback:
		e.put(event{o.Time, o.Node, executorCallback{w.Call}})
	case host.MasterEvent:
		e.operation(w.Event)
		e.put(event{o.Time, o.Node, w})
	default:
		e.put(event{o.Time, o.Node, w})
	}
}

// operation keeps an operation with an id that left a master's books, or that was refused.
func (e *events) operation(x master.Event) {
	var o master.OperationReport
	switch x := x.(type) {
	case master.OperationRemoved:
		o = x.Operation
	case master.OperationRefused:
		o = master.OperationReport{Agent: x.Agent, Framework: x.Framework, Op: x.Op, ID: x.ID, State: msg.OperationError, Message: x.Why}
	}
	if o.ID == "" {
		return
	}
	o.Unacknowledged = false
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done = append(e.done, o)
	if len(e.done) > 2*keptEvents {
		e.done = slices.Clone(e.done[len(e.done)-keptEvents:])
	}
}

// operations lists the latest ones that are kept.
func (e *events) operations() []master.OperationReport {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.done[max(len(e.done)-keptEvents, 0):])
}

func (e *events) put(x event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, run, ok := strings.Cut(string(x.node), "/"); ok { // an executor, as <agent>/<container>
		e.shorten(run, func() string { e.runs++; return fmt.Sprintf("X%d", e.runs) })
	}
	e.list = append(e.list, x)
	if len(e.list) > 2*keptEvents {
		e.dropped += len(e.list) - keptEvents
		e.list = slices.Clone(e.list[len(e.list)-keptEvents:])
	}
}

// touch takes and leaves the lock that put takes.
func (e *events) touch() {
	e.mu.Lock()
	defer e.mu.Unlock()
}

// shorten shows a long id as name says; the lock is held.
func (e *events) shorten(id string, name func() string) {
	if id != "" && !e.known[id] {
		e.known[id] = true
		e.short = append(e.short, id, name())
	}
}

// lines are the last n events, one line each, and how many there were before them.
func (e *events) lines(n int) (lines []string, before int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	from := max(len(e.list)-n, 0)
	r := strings.NewReplacer(e.short...)
	for _, x := range e.list[from:] {
		lines = append(lines, r.Replace(fmt.Sprintf("%9.3fs %s: %s", x.at.Sub(e.begin).Seconds(), x.node, x.what)))
	}
	return lines, e.dropped + from
}

// brief shortens the long ids in text.
func (e *events) brief(text string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.NewReplacer(e.short...).Replace(text)
}

// note keeps what the test did.
func (c *Cluster) note(what string) { c.events.put(event{c.Now(), "test", plain(what)}) }

// nameMaster lets the ids that a new master gives be shown by a short name: M1-S0, M1-O1, M1-0000.
func (c *Cluster) nameMaster(id msg.MasterID) {
	c.events.mu.Lock()
	defer c.events.mu.Unlock()
	c.events.shorten(string(id), func() string { c.events.masters++; return fmt.Sprintf("M%d", c.events.masters) })
}

// Events lists what happened so far, the latest 10,000 and some, one line each: events of master and agents, links,
// callbacks, inputs that were refused, and what the test did. The ids that the n-th master gave begin with M<n>. By hand,
// equal runs give equal lines.
func (c *Cluster) Events() []string {
	lines, _ := c.events.lines(2 * keptEvents)
	return lines
}

// callback draws a call on a scheduler.
type callback struct{ call framework.Callback }

func (c callback) String() string {
	switch x := c.call.(type) {
	case framework.OnRegistered:
		return fmt.Sprintf("Registered as %s", x.Framework)
	case framework.OnReregistered:
		return "Reregistered"
	case framework.OnDisconnected:
		return "Disconnected"
	case framework.OnOffers:
		ids := make([]string, len(x.Offers))
		for i, o := range x.Offers {
			ids[i] = string(o.ID)
		}
		return "ResourceOffers " + strings.Join(ids, ", ")
	case framework.OnRescinded:
		return fmt.Sprintf("OfferRescinded %s", x.Offer)
	case framework.OnStatus:
		return fmt.Sprintf("StatusUpdate %s", status(x.Status))
	case framework.OnOperation:
		return fmt.Sprintf("OperationUpdate %s %s", x.Status.Operation, x.Status.State)
	case framework.OnMessage:
		return fmt.Sprintf("FrameworkMessage of %d bytes from %s", len(x.Data), x.From.Executor)
	case framework.OnAgentLost:
		return fmt.Sprintf("AgentLost %s", x.Agent)
	case framework.OnExecutorLost:
		return fmt.Sprintf("ExecutorLost %s on %s, status %d", x.Executor.Executor, x.Executor.Agent, x.Status)
	case framework.OnError:
		return fmt.Sprintf("Error %q", x.Message)
	}
	return fmt.Sprintf("%T", c.call)
}

func status(s msg.TaskStatus) string {
	text := fmt.Sprintf("%s %s", s.Task, s.State)
	if s.Reason != "" {
		text += " " + string(s.Reason)
	}
	if s.Message != "" {
		text += fmt.Sprintf(" %q", s.Message)
	}
	return text
}

// executorCallback draws a call on an executor.
type executorCallback struct{ call framework.ExecutorCallback }

func (c executorCallback) String() string {
	switch x := c.call.(type) {
	case framework.OnExecutorRegistered:
		return fmt.Sprintf("Registered as executor %s", x.Executor.ID)
	case framework.OnExecutorReregistered:
		return "Reregistered"
	case framework.OnExecutorDisconnected:
		return "Disconnected"
	case framework.OnLaunch:
		return fmt.Sprintf("LaunchTask %s", x.Task.ID)
	case framework.OnKill:
		return fmt.Sprintf("KillTask %s", x.Task)
	case framework.OnExecutorMessage:
		return fmt.Sprintf("FrameworkMessage of %d bytes", len(x.Data))
	case framework.OnShutdown:
		return "Shutdown"
	case framework.OnExecutorError:
		return fmt.Sprintf("Error %q", x.Message)
	}
	return fmt.Sprintf("%T", c.call)
}
