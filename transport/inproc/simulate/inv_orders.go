package simulate

import (
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/transport/host"
)

// orders: what an operator was told is done is written down then, and holds under every later master until an operator says
// otherwise: weights, quota, windows of maintenance and machines that are down, agents that are deactivated, draining or given
// up (docs/protocol.md §5, §16). When everything came to rest the master remembers what its registry holds, and nothing else.
//
// A call of which nothing is known leaves open what it would have set.
type orders struct {
	nothing
	w    *world
	said map[fact]*order
}

// fact is one thing that operators decide about.
type fact struct{ kind, about string }

// The kinds of facts.
const (
	factWeight = "weight"
	factQuota  = "quota"
	factOff    = "deactivated" // an agent, "yes"
	factDrain  = "drain"       // of an agent
	factGone   = "gone"        // an agent, "yes"
	factWindow = "window"      // of a machine
	factDown   = "down"        // a machine, "yes"
)

// order is what operators said of a fact last.
type order struct {
	value string // "" as it is by default
	last  int    // the latest call about it
	sure  bool   // which was answered, and done
}

func newOrders(w *world) *orders {
	w.orders = &orders{w: w, said: map[fact]*order{}}
	return w.orders
}

func (*orders) name() string { return "operator's word forgotten" }

// is reports what surely holds of a fact, as operators were told.
func (x *orders) is(kind, about string) (value string, sure bool) {
	o := x.said[fact{kind, about}]
	if o == nil || !o.sure {
		return "", false
	}
	return o.value, true
}

// observe: an agent that is removed, and kept nowhere, takes its orders along: should it come back all the same, it is a new one
// in all but its name.
func (x *orders) observe(o host.Observation) error {
	e, ok := o.What.(host.MasterEvent)
	if !ok || !x.w.leads(o.Node) {
		return nil
	}
	if gone, ok := e.Event.(master.AgentRemoved); ok {
		id, has := gone.Agent, x.w.store.has
		if !has(registry.AgentKey(id)) && !has(registry.UnreachableKey(id)) && !has(registry.GoneKey(id)) {
			delete(x.said, fact{factOff, string(id)})
			delete(x.said, fact{factDrain, string(id)})
		}
	}
	return nil
}

func (x *orders) asked(n int, call msg.OperatorCall) {
	for f := range x.sets(call) {
		if x.said[f] == nil {
			x.said[f] = &order{}
		}
		x.said[f].last, x.said[f].sure = n, false
	}
}

func (x *orders) answered(n int, call msg.OperatorCall, err error) error {
	if err != nil {
		return nil
	}
	sets := x.sets(call)
	for f, value := range sets {
		if o := x.said[f]; o != nil && o.last == n {
			o.value, o.sure = value, true
		}
	}
	if len(sets) == 0 {
		return nil
	}
	return x.compare(x.stored(), "the operator was told that %s of %s is %q, and what is written down is %q", func(f fact) bool {
		_, ok := sets[f]
		return ok
	})
}

// sets tells which facts a call decides, and how.
func (x *orders) sets(call msg.OperatorCall) map[fact]string {
	sets := map[fact]string{}
	switch c := call.(type) {
	case msg.UpdateWeights:
		for _, v := range c.Weights {
			sets[fact{factWeight, string(v.Role)}] = weightText(v.Weight)
		}
	case msg.UpdateQuota:
		for _, q := range c.Configs {
			sets[fact{factQuota, string(q.Role)}] = ""
			if !noQuota(q) {
				sets[fact{factQuota, string(q.Role)}] = fmt.Sprint(q)
			}
		}
	case msg.DeactivateAgent:
		sets[fact{factOff, string(c.Agent)}] = "yes"
	case msg.ReactivateAgent:
		sets[fact{factOff, string(c.Agent)}], sets[fact{factDrain, string(c.Agent)}] = "", ""
	case msg.DrainAgent:
		sets[fact{factOff, string(c.Agent)}] = "yes"
		sets[fact{factDrain, string(c.Agent)}] = drainText(registry.Drain{MaxGrace: c.MaxGrace, MarkGone: c.MarkGone})
	case msg.MarkAgentGone:
		sets[fact{factGone, string(c.Agent)}] = "yes"
	case msg.UpdateMaintenance:
		for _, a := range x.w.plan.Agents {
			sets[fact{factWindow, string(a.Node)}] = ""
		}
		for _, v := range c.Windows {
			for _, m := range v.Machines {
				sets[fact{factWindow, m.Hostname}] = windowText(v.Window)
			}
		}
	case msg.StartMaintenance:
		for _, m := range c.Machines {
			sets[fact{factDown, m.Hostname}] = "yes"
		}
	case msg.StopMaintenance:
		for _, m := range c.Machines {
			sets[fact{factDown, m.Hostname}], sets[fact{factWindow, m.Hostname}] = "", ""
		}
	}
	return sets
}

func weightText(v float64) string {
	if v == 1 {
		return ""
	}
	return fmt.Sprint(v)
}

func windowText(v offer.Window) string { return fmt.Sprint(v.Start, v.Duration) }

func drainText(d registry.Drain) string { return fmt.Sprint(d.MaxGrace, d.MarkGone) }

// facts are what a registry, or a master, holds of what operators decide. Of agents that are nowhere any more there are none.
type facts struct {
	values map[fact]string
	agents map[offer.AgentID]bool
}

func factsOf(c registry.Contents) facts {
	f := facts{map[fact]string{}, map[offer.AgentID]bool{}}
	agent := func(id offer.AgentID, off bool, d *registry.Drain) {
		f.agents[id] = true
		if off {
			f.values[fact{factOff, string(id)}] = "yes"
		}
		if d != nil {
			f.values[fact{factDrain, string(id)}] = drainText(*d)
		}
	}
	for _, a := range c.Agents {
		agent(a.Info.ID, a.Deactivated, a.Drain)
	}
	for _, a := range c.Unreachable {
		agent(a.ID, a.Deactivated, a.Drain)
	}
	for _, a := range c.Gone {
		f.values[fact{factGone, string(a.ID)}] = "yes"
	}
	for _, m := range c.Machines {
		f.values[fact{factWindow, m.ID.Hostname}] = windowText(m.Window)
		if m.Mode == registry.Down {
			f.values[fact{factDown, m.ID.Hostname}] = "yes"
		}
	}
	for _, q := range c.Quota {
		f.values[fact{factQuota, string(q.Role)}] = fmt.Sprint(q)
	}
	for _, v := range c.Weights {
		f.values[fact{factWeight, string(v.Role)}] = weightText(v.Weight)
	}
	return f
}

// stored is what the registry holds.
func (x *orders) stored() registry.Contents {
	var c registry.Contents
	for _, k := range slices.Sorted(maps.Keys(x.w.store.data)) {
		if err := c.Add(registry.Op{Key: k, Value: x.w.store.data[k]}); err != nil {
			x.w.c.Fail(fmt.Errorf("simulate: registry: %w", err))
		}
	}
	return c
}

// compare holds what operators surely said against what is held; about says of which facts, nil of all.
func (x *orders) compare(c registry.Contents, format string, about func(fact) bool) error {
	held := factsOf(c)
	for _, f := range slices.SortedFunc(maps.Keys(x.said), fact.compare) {
		o := x.said[f]
		if !o.sure || about != nil && !about(f) || !held.knows(f) {
			continue
		}
		if is := held.values[f]; is != o.value {
			return fmt.Errorf(format, f.kind, f.about, o.value, is)
		}
	}
	return nil
}

// knows reports whether there is anything to say of a fact: orders about agents end with them.
func (f facts) knows(x fact) bool {
	return x.kind != factOff && x.kind != factDrain || f.agents[offer.AgentID(x.about)]
}

func (f fact) compare(o fact) int {
	return slices.Compare([]string{f.kind, f.about}, []string{o.kind, o.about})
}

func (x *orders) quiet() error {
	m := x.w.c.Master()
	if m == nil {
		return nil // others tell
	}
	if err := x.compare(m.Remembered(), "the operator was told that %s of %s is %q, and for the master it is %q", nil); err != nil {
		return err
	}
	holds, remembers := x.stored(), m.Remembered()
	holds.Capabilities = nil
	if one, other := fmt.Sprintf("%+v", plain(holds)), fmt.Sprintf("%+v", plain(remembers)); one != other {
		return fmt.Errorf("the registry holds\n%s\nand the master remembers\n%s", one, other)
	}
	return nil
}

// plain is a registry's contents without pointers, to be printed and compared.
func plain(c registry.Contents) []string {
	lines := []string{fmt.Sprintf("%+v", c.Master)}
	for _, a := range c.Agents {
		lines = append(lines, fmt.Sprintf("%+v %t %s", a.Info, a.Deactivated, a.Drain))
	}
	for _, a := range c.Unreachable {
		lines = append(lines, fmt.Sprintf("unreachable %s %d %t %s", a.ID, a.Since, a.Deactivated, a.Drain))
	}
	return append(lines, fmt.Sprintf("%v %v %v %v %v", c.Gone, c.Machines, c.Schedules, c.Quota, c.Weights))
}
