package simulate

import (
	"maps"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// An invariant is something that holds at every moment of every run. It is told of what happens, and answers with an error
// when it no longer holds: it follows changes and seldom looks at everything. Each is in a file of its own, and embeds
// nothing for what it does not care about. Those that care about what happens often are observers, or steppers.
type invariant interface {
	name() string
	// began and ended are told of tasks that an executor runs.
	began(*player, msg.TaskInfo) error
	ended(*player, msg.TaskInfo)
	// died is told that the process of a node is there no longer.
	died(msg.Node)
	// wiped is told that an agent begins on an empty disk.
	wiped(msg.Node)
	// asked is told of an operator's call before it is made, answered of its answer; calls are numbered.
	asked(int, msg.OperatorCall)
	answered(int, msg.OperatorCall, error) error
	// sated is called when all faults are healed and every framework had time to use what is free.
	sated() error
	// quiet is called when all faults are healed and the cluster had time to come to rest.
	quiet() error
	// over is called when all frameworks have ended as well.
	over() error
}

// observer is an invariant that is told of everything that happens at a node, before the node's machine is stepped with it.
type observer interface {
	invariant
	observe(host.Observation) error
}

// stepper is an invariant that is called after every step, with its effects carried out.
type stepper interface {
	invariant
	stepped() error
}

// watch adds an invariant to those that watch a run.
func (w *world) watch(x invariant) {
	w.watchers = append(w.watchers, x)
	if o, ok := x.(observer); ok {
		w.observers = append(w.observers, o)
	}
	if s, ok := x.(stepper); ok {
		w.steppers = append(w.steppers, s)
	}
}

// nothing is an invariant that nothing can break.
type nothing struct{}

func (nothing) began(*player, msg.TaskInfo) error           { return nil }
func (nothing) ended(*player, msg.TaskInfo)                 {}
func (nothing) died(msg.Node)                               {}
func (nothing) wiped(msg.Node)                              {}
func (nothing) asked(int, msg.OperatorCall)                 {}
func (nothing) answered(int, msg.OperatorCall, error) error { return nil }
func (nothing) sated() error                                { return nil }
func (nothing) quiet() error                                { return nil }
func (nothing) over() error                                 { return nil }

// invariants makes those that watch a run.
func invariants(w *world) []invariant {
	return []invariant{
		&books{w: w, check: func() error { return w.c.CheckStepped() }}, newOnce(w), newSpace(w), newUpdates(w), &durable{w: w}, newLimits(w), &reserved{w: w}, newBounded(w), &agreement{w: w},
		&hungry{w: w}, newOrders(w), newIdle(w), newFeedback(w), newHoldings(w),
	}
}

// Invariants lists the names of all invariants, as a Violation tells them.
func Invariants() []string {
	var names []string
	for _, x := range invariants(&world{}) {
		names = append(names, x.name())
	}
	return names
}

// agentOf is the node of the agent that an executor's node belongs to.
func agentOf(n msg.Node) msg.Node {
	for i := range n {
		if n[i] == '/' {
			return n[:i]
		}
	}
	return n
}

// nodeOf is the node that has an agent's id now, "" none.
func (w *world) nodeOf(id offer.AgentID) msg.Node {
	for _, a := range w.plan.Agents {
		if id != "" && w.agentID(a.Node) == id {
			return a.Node
		}
	}
	return ""
}

// lately remembers keys for at least as long as a span of the cluster's time, and at most three times as long.
type lately[K comparable] struct {
	span     offer.Time
	turned   offer.Time
	now, old map[K]bool
}

func newLately[K comparable](span offer.Time) lately[K] {
	return lately[K]{span: span, now: map[K]bool{}, old: map[K]bool{}}
}

func (l *lately[K]) add(k K, at offer.Time) {
	if at-l.turned >= l.span {
		l.turned, l.old, l.now = at, l.now, map[K]bool{}
	}
	l.now[k] = true
}

func (l *lately[K]) has(k K) bool { return l.now[k] || l.old[k] }

// forget drops the keys that which names.
func (l *lately[K]) forget(which func(K) bool) {
	for _, m := range []map[K]bool{l.now, l.old} {
		maps.DeleteFunc(m, func(k K, _ bool) bool { return which(k) })
	}
}
