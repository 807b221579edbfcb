package master

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// Metric is one figure. The names are those that tools of this field ask for (docs/http-v1.md §10), where "slave" stands for
// agent:
//
//   - master/elected (0 or 1), master/uptime_secs;
//   - master/slaves_{active,inactive,connected,disconnected,unreachable,recovered,gone,draining};
//   - master/frameworks_{active,inactive,connected,disconnected,recovered,completed};
//   - master/outstanding_offers, master/outstanding_inverse_offers, master/operations_pending, master/operator_event_streams;
//   - master/tasks_… for each state, of those in the books and those that are out of contact;
//   - master/{cpus,mem,disk,gpus}_{total,used,percent}, in units, not thousandths;
//   - master/machines_{draining,down};
//   - allocator/{runs,visits,skips,grants,offers,rescinds,expired,accepted,declined,filters,unmet_guarantees,roles}.
type Metric struct {
	Name  string
	Value float64
}

// metrics computes all figures; the cost grows with the books.
func (m *Machine) metrics() []Metric {
	var out []Metric
	add := func(name string, v float64) { out = append(out, Metric{name, v}) }
	m.masterMetrics(add)
	m.agentMetrics(add)
	m.taskMetrics(add)
	m.frameworkMetrics(add)
	m.allocatorMetrics(add)
	slices.SortFunc(out, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (m *Machine) masterMetrics(add func(string, float64)) {
	elected := 0.0
	if m.phase == phaseLeading {
		elected = 1
	}
	add("master/elected", elected)
	add("master/uptime_secs", float64(m.now-m.started)/1e9)
	add("master/operator_event_streams", float64(len(m.streams)))
	draining := 0
	for _, k := range sortedKeys(m.machines) {
		if !m.machines[k].isDown() {
			draining++
		}
	}
	add("master/machines_draining", float64(draining))
	add("master/machines_down", float64(len(m.machines)-draining))
}

func (m *Machine) agentMetrics(add func(string, float64)) {
	var total, used resources
	var active, connected, draining, pending int
	for _, a := range sortedAgents(m.agents) {
		books, _ := m.alloc.Agent(a.info.ID)
		total, used = total.Add(books.Total), used.Add(books.Allocated)
		active += count(books.Active)
		connected += count(a.link != nil)
		draining += count(a.drain != nil)
		pending += len(a.pending)
	}
	add("master/slaves_active", float64(active))
	add("master/slaves_inactive", float64(len(m.agents)-active))
	add("master/slaves_connected", float64(connected))
	add("master/slaves_disconnected", float64(len(m.agents)-connected))
	add("master/slaves_draining", float64(draining))
	add("master/slaves_recovered", float64(len(m.recovered)))
	add("master/slaves_unreachable", float64(m.unreachable.len()))
	add("master/slaves_gone", float64(m.gone.len()))
	add("master/operations_pending", float64(pending))
	for _, name := range []string{"cpus", "mem", "disk", "gpus"} {
		has, holds := amount(total, name), amount(used, name)
		add("master/"+name+"_total", has)
		add("master/"+name+"_used", holds)
		share := 0.0
		if has > 0 {
			share = holds / has
		}
		add("master/"+name+"_percent", share)
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// amount is how much of a name there is, in units.
func amount(r resources, name string) float64 {
	var sum resource.Scalar
	for e := range r.All() {
		if e.Name == name {
			sum += e.Scalar
		}
	}
	return float64(sum) / 1000
}

func (m *Machine) taskMetrics(add func(string, float64)) {
	in := make([]int, int(msg.TaskUnknown))
	for _, t := range m.Tasks() {
		if int(t.State) < len(in) {
			in[t.State]++
		}
	}
	for s, n := range in {
		word := strings.TrimPrefix(msg.TaskState(s).String(), "TASK_")
		add("master/tasks_"+strings.ToLower(word), float64(n))
	}
}

func (m *Machine) frameworkMetrics(add func(string, float64)) {
	n := map[FrameworkState]int{}
	offers, asks := 0, 0
	for _, f := range m.sortedFrameworks() {
		n[f.state]++
		offers += len(f.offers)
		asks += len(f.asks)
	}
	add("master/frameworks_active", float64(n[FrameworkConnected]))
	add("master/frameworks_inactive", float64(len(m.frameworks)-n[FrameworkConnected]))
	add("master/frameworks_connected", float64(n[FrameworkConnected]))
	add("master/frameworks_disconnected", float64(n[FrameworkDisconnected]))
	add("master/frameworks_recovered", float64(n[FrameworkRecovered]))
	add("master/frameworks_completed", float64(m.completed.len()))
	add("master/outstanding_offers", float64(offers))
	add("master/outstanding_inverse_offers", float64(asks))
}

func (m *Machine) allocatorMetrics(add func(string, float64)) {
	x := m.alloc.Metrics()
	for _, c := range []struct {
		name  string
		value uint64
	}{
		{"runs", x.Runs}, {"visits", x.Visits}, {"skips", x.Skips}, {"grants", x.Grants}, {"offers", x.Offers}, {"rescinds", x.Rescinds},
		{"expired", x.Expired}, {"accepted", x.Accepted}, {"declined", x.Declined}, {"filters", uint64(x.Filters)},
		{"unmet_guarantees", uint64(x.Unmet)}, {"roles", uint64(x.Roles)},
	} {
		add("allocator/"+c.name, float64(c.value))
	}
}

// flags are the settings in force.
func (m *Machine) flags() []Flag {
	c := &m.cfg
	out := []Flag{
		{"agent_ping_timeout", c.PingTimeout.String()},
		{"max_agent_ping_timeouts", fmt.Sprint(c.MaxPings)},
		{"agent_removal_rate_limit", c.AgentRemovalRate.String()},
		{"agent_reregister_timeout", c.ReregisterTimeout.String()},
		{"recovery_agent_removal_limit", fmt.Sprintf("%d%%", c.RecoveryRemovalLimit)},
		{"registry_gc_interval", c.RegistryGC.String()},
		{"registry_max_agent_age", c.RegistryMaxAge.String()},
		{"registry_max_agent_count", fmt.Sprint(c.Bounds.UnreachableAgents)},
		{"registry_store_timeout", c.StoreTimeout.String()},
		{"heartbeat_interval", c.HeartbeatInterval.String()},
		{"max_completed_frameworks", fmt.Sprint(c.Bounds.CompletedFrameworks)},
		{"max_completed_tasks_per_framework", fmt.Sprint(c.Bounds.CompletedTasks)},
		{"max_unreachable_tasks_per_framework", fmt.Sprint(c.Bounds.UnreachableTasks)},
		{"max_operator_event_stream_subscribers", fmt.Sprint(c.Bounds.Streams)},
	}
	slices.SortFunc(out, func(a, b Flag) int { return strings.Compare(a.Name, b.Name) })
	return out
}
