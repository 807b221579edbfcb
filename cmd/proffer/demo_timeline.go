package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// timeline prints what happens as lines a person can follow: when, who, what.
type timeline struct {
	out        io.Writer
	now        func() offer.Time
	start      offer.Time
	agents     map[offer.AgentID]string
	frameworks map[offer.FrameworkID]string
	offers     map[msg.OfferID]string
	offered    map[pair]bool // who was offered what at some time
}

func newTimeline(out io.Writer) *timeline {
	return &timeline{
		out:        out,
		agents:     map[offer.AgentID]string{},
		frameworks: map[offer.FrameworkID]string{},
		offers:     map[msg.OfferID]string{},
		offered:    map[pair]bool{},
	}
}

// say prints one line.
func (t *timeline) say(who, format string, args ...any) {
	at := t.now().Sub(t.start)
	fmt.Fprintf(t.out, "%7.3fs  %-9s %s\n", at.Seconds(), who, fmt.Sprintf(format, args...))
}

// agent gives an agent's hostname.
func (t *timeline) agent(id offer.AgentID) string { return nameOr(t.agents, id) }

// framework gives a framework's name.
func (t *timeline) framework(id offer.FrameworkID) string {
	if id == "" {
		return "operator"
	}
	return nameOr(t.frameworks, id)
}

func nameOr[K ~string](names map[K]string, id K) string {
	if name, ok := names[id]; ok {
		return name
	}
	return string(id)
}

// event prints what the master tells. Rows that only repeat what another line says are left out.
func (t *timeline) event(e master.Event) {
	switch e := e.(type) {
	case master.AgentAdded:
		t.agents[e.Agent.Info.ID] = e.Agent.Info.Hostname
		t.say("agent", "%s registers: %s", e.Agent.Info.Hostname, brief(e.Agent.Total))
		if a := e.Agent.Info.Attributes; a.Len() > 0 {
			t.say("", "%s is %s", e.Agent.Info.Hostname, shorten(a.String(), 150))
		}
	case master.FrameworkAdded:
		t.frameworks[e.Framework.Info.ID] = e.Framework.Info.Name
		t.say("framework", "%s subscribes to %v%s", e.Framework.Info.Name, e.Framework.Info.Roles[0], capable(e.Framework.Info))
	case master.OfferMade:
		o := e.Offer
		t.offered[pair{o.Framework, o.Agent}] = true
		t.offers[o.ID] = fmt.Sprintf("%s's offer on %s", t.framework(o.Framework), t.agent(o.Agent))
		t.say("offer", "%s (%s) is offered %s: %s", t.framework(o.Framework), o.Role, t.agent(o.Agent), brief(o.Resources))
	case master.OfferEnded:
		t.offerEnded(e)
	case master.TaskAdded:
		k := e.Task
		t.say("task", "%s goes to %s with %s", k.ID, t.agent(k.Agent), brief(k.Resources))
	case master.TaskUpdated:
		if e.Task.State != msg.TaskStaging && e.Task.Forwarded.State == e.Task.State {
			t.say("task", "%s is %s on %s", e.Task.ID, word(e.Task.State), t.agent(e.Task.Agent))
		}
	case master.TaskRefused:
		t.say("task", "%s of %s is refused: %s", e.Status.Task, t.framework(e.Framework), e.Status.Message)
	case master.OperationAdded:
		o := e.Operation
		t.say("operation", "%s %s on %s", t.framework(o.Framework), operation(o.Op), t.agent(o.Agent))
	case master.OperationRefused:
		t.say("operation", "%s may not: it %s: %s", t.framework(e.Framework), operation(e.Op), e.Why)
	}
}

func (t *timeline) offerEnded(e master.OfferEnded) {
	what := t.offers[e.Offer]
	delete(t.offers, e.Offer)
	if e.How == master.OfferRescinded {
		t.say("offer", "%s is taken back", what)
		return
	}
	t.say("offer", "%s is %s", what, e.How)
}

// operation words an operation for people.
func operation(op reservation.Op) string {
	switch o := op.(type) {
	case reservation.Reserve:
		return "reserves " + brief(o.Resources)
	case reservation.Unreserve:
		return "unreserves " + brief(o.Resources)
	case reservation.Create:
		return "creates a volume: " + brief(o.Volumes)
	case reservation.Destroy:
		return "destroys a volume: " + brief(o.Volumes)
	}
	return fmt.Sprintf("%T", op)
}

func word(s msg.TaskState) string { return strings.TrimPrefix(s.String(), "TASK_") }

func capable(f msg.FrameworkInfo) string {
	if f.Capabilities.GPUResources {
		return ", able to use gpus"
	}
	return ""
}

// brief prints resources without the words that the diagnostic form repeats.
func brief(r resource.Resources) string {
	var parts []string
	for x := range r.All() {
		s := x.String()
		s = strings.ReplaceAll(s, "(reservations: [", "(")
		s = strings.ReplaceAll(s, ")])", "))")
		s = strings.ReplaceAll(s, "((STATIC,", "(static ")
		s = strings.ReplaceAll(s, "((DYNAMIC,", "(dynamic ")
		parts = append(parts, strings.ReplaceAll(s, "))", ")"))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, "; ")
}

// shorten cuts a text at n bytes, with dots.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + " …"
}
