package master

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// Results of reads (docs/http-v1.md §9.1), each named after its call. Lists are in the order of their ids.
type (
	// HealthResult answers GetHealth, also of a master that does not lead yet.
	HealthResult struct{ Healthy bool }
	// FlagsResult answers GetFlags: the settings in force, by name. Durations are as Go writes them.
	FlagsResult struct{ Flags []Flag }
	// VersionResult answers GetVersion.
	VersionResult struct{ Version string }
	// MetricsResult answers GetMetrics, by name (see Metric).
	MetricsResult struct{ Metrics []Metric }
	// StateResult answers GetState: the four lists at one instant.
	StateResult struct {
		Tasks      TasksResult
		Executors  ExecutorsResult
		Frameworks FrameworksResult
		Agents     AgentsResult
	}
	// AgentsResult answers GetAgents.
	AgentsResult struct {
		Agents      []AgentRow
		Recovered   []RecoveredRow   // known from the registry, not here yet
		Unreachable []UnreachableRow // out of contact
		Gone        []GoneRow        // given up
	}
	// FrameworksResult answers GetFrameworks. Completed ones are the oldest first.
	FrameworksResult struct {
		Frameworks []FrameworkRow
		Completed  []FrameworkReport
	}
	// ExecutorsResult answers GetExecutors.
	ExecutorsResult struct{ Executors []ExecutorReport }
	// TasksResult answers GetTasks. Tasks are live, or wait for their last update to be acknowledged; Completed are those
	// that the frameworks remember, completed frameworks first, each framework's oldest first.
	TasksResult struct{ Tasks, Unreachable, Completed []TaskReport }
	// OperationsResult answers GetOperations, by agent, then UUID.
	OperationsResult struct{ Operations []OperationReport }
	// RolesResult answers GetRoles.
	RolesResult struct{ Roles []offer.RoleReport }
	// WeightsResult answers GetWeights: those that are not 1.
	WeightsResult struct{ Weights []role.Weight }
	// QuotaResult answers GetQuota.
	QuotaResult struct{ Configs []quota.Config }
	// MasterResult answers GetMaster.
	MasterResult struct {
		Info             msg.MasterInfo
		Started, Elected offer.Time // its first input; when its name was in the registry
	}
	// MaintenanceStatusResult answers GetMaintenanceStatus.
	MaintenanceStatusResult struct {
		Draining []DrainingMachine
		Down     []msg.MachineID
	}
	// MaintenanceScheduleResult answers GetMaintenanceSchedule.
	MaintenanceScheduleResult struct{ Windows []msg.MaintenanceWindow }
	// EventsResult answers SubscribeEvents: Snapshot, and all events that are numbered above After, are the whole story
	// (Ready.FirstEvent). The stream is idle no longer than HeartbeatInterval (Ready.Beats).
	EventsResult struct {
		Stream            uint64
		Snapshot          Snapshot
		After             uint64
		HeartbeatInterval time.Duration
	}
)

// Parts of results.
type (
	// Flag is one setting.
	Flag struct{ Name, Value string }
	// AgentRow is an agent with what is in use there.
	AgentRow struct {
		AgentReport
		Allocated, Offered resource.Resources
	}
	// RecoveredRow is an agent that this master knows from the registry only.
	RecoveredRow struct {
		Info        msg.AgentInfo
		Deactivated bool
		Drain       *registry.Drain // nil: not draining. Nobody changes it
	}
	// UnreachableRow is an agent that is out of contact.
	UnreachableRow struct {
		ID          offer.AgentID
		Since       offer.Time
		Deactivated bool
		Drain       *registry.Drain
	}
	// GoneRow is an agent that was given up.
	GoneRow struct {
		ID    offer.AgentID
		Since offer.Time
	}
	// FrameworkRow is a framework with what it holds.
	FrameworkRow struct {
		FrameworkReport
		Offers             []msg.Offer
		InverseOffers      []msg.InverseOffer
		Allocated, Offered resource.Resources // together, on all agents
	}
	// DrainingMachine is a machine of the schedule that is not down, with what frameworks said to leaving its agents; one
	// that was asked and said nothing has offer.NoAnswer.
	DrainingMachine struct {
		ID      msg.MachineID
		Answers []InverseAnswer // by framework, then time
	}
)

// String names the agent.
func (r RecoveredRow) String() string {
	return fmt.Sprintf("%s (%s) to come back%s", r.Info.ID, r.Info.Hostname, flags(flag{r.Deactivated, "deactivated"}, flag{r.Drain != nil, r.Drain.String()}))
}

// String names the agent.
func (r UnreachableRow) String() string {
	return fmt.Sprintf("%s out of contact%s", r.ID, flags(flag{r.Deactivated, "deactivated"}, flag{r.Drain != nil, r.Drain.String()}))
}

// String names the agent.
func (r GoneRow) String() string { return string(r.ID) + " gone" }

func (HealthResult) isResult()              {}
func (FlagsResult) isResult()               {}
func (VersionResult) isResult()             {}
func (MetricsResult) isResult()             {}
func (StateResult) isResult()               {}
func (AgentsResult) isResult()              {}
func (FrameworksResult) isResult()          {}
func (ExecutorsResult) isResult()           {}
func (TasksResult) isResult()               {}
func (OperationsResult) isResult()          {}
func (RolesResult) isResult()               {}
func (WeightsResult) isResult()             {}
func (QuotaResult) isResult()               {}
func (MasterResult) isResult()              {}
func (MaintenanceStatusResult) isResult()   {}
func (MaintenanceScheduleResult) isResult() {}
func (EventsResult) isResult()              {}

// read answers a read at once: it shows what is durable, and waits for no write. known: it is one.
func (m *Machine) read(in msg.Operate) (known bool, err error) {
	r := m.readAnytime(in.Call)
	if r == nil {
		if !isRead(in.Call) {
			return false, nil
		}
		if m.phase != phaseLeading {
			return true, fmt.Errorf("%w: try again soon", ErrNotLeading)
		}
		if r, err = m.readBooks(in); err != nil {
			return true, err
		}
	}
	m.out.Answers = append(m.out.Answers, Answer{Seq: in.Seq, Result: r})
	return true, nil
}

// readAnytime answers what a master that does not lead tells as well; nil for anything else.
func (m *Machine) readAnytime(c msg.OperatorCall) Result {
	switch c.(type) {
	case msg.GetHealth:
		return HealthResult{Healthy: m.phase != phaseResigned}
	case msg.GetFlags:
		return FlagsResult{m.flags()}
	case msg.GetVersion:
		return VersionResult{m.cfg.Version}
	case msg.GetMetrics:
		return MetricsResult{m.metrics()}
	}
	return nil
}

// isRead reports a call that only reads the books, and streams of events.
func isRead(c msg.OperatorCall) bool {
	switch c.(type) {
	case msg.GetState, msg.GetAgents, msg.GetFrameworks, msg.GetExecutors, msg.GetTasks, msg.GetOperations, msg.GetRoles, msg.GetWeights,
		msg.GetQuota, msg.GetMaster, msg.GetMaintenanceStatus, msg.GetMaintenanceSchedule, msg.SubscribeEvents, msg.UnsubscribeEvents:
		return true
	}
	return false
}

func (m *Machine) readBooks(in msg.Operate) (Result, error) {
	switch c := in.Call.(type) {
	case msg.GetState:
		return StateResult{m.readTasks(), m.readExecutors(), m.readFrameworks(), m.readAgents()}, nil
	case msg.GetAgents:
		return m.readAgents(), nil
	case msg.GetFrameworks:
		return m.readFrameworks(), nil
	case msg.GetExecutors:
		return m.readExecutors(), nil
	case msg.GetTasks:
		return m.readTasks(), nil
	case msg.GetOperations:
		return OperationsResult{m.operations()}, nil
	case msg.GetRoles:
		return RolesResult{m.alloc.Roles()}, nil
	case msg.GetWeights:
		ws, _ := m.weightsAndQuota()
		return WeightsResult{ws}, nil
	case msg.GetQuota:
		_, qs := m.weightsAndQuota()
		return QuotaResult{qs}, nil
	case msg.GetMaster:
		return MasterResult{m.Info(), m.started, m.elected}, nil
	case msg.GetMaintenanceStatus:
		return m.maintenanceStatus(), nil
	case msg.GetMaintenanceSchedule:
		return MaintenanceScheduleResult{m.schedule}, nil
	case msg.SubscribeEvents:
		return m.openStream(in.Seq)
	case msg.UnsubscribeEvents:
		m.closeStream(c)
	}
	return nil, nil
}

func (m *Machine) readAgents() (r AgentsResult) {
	for _, a := range sortedAgents(m.agents) {
		books, _ := m.alloc.Agent(a.info.ID)
		r.Agents = append(r.Agents, AgentRow{a.report(), books.Allocated.Unallocate(), books.Offered.Unallocate()})
	}
	r.Recovered, r.Unreachable, r.Gone = m.absentAgents()
	return r
}

// absentAgents lists the agents that are known and not registered, each list by id.
func (m *Machine) absentAgents() (recovered []RecoveredRow, unreachable []UnreachableRow, gone []GoneRow) {
	for _, a := range m.sortedRecovered() {
		recovered = append(recovered, recoveredRow(a))
	}
	m.unreachable.all(func(_ offer.AgentID, l lostAgent) bool {
		unreachable = append(unreachable, l.row())
		return true
	})
	m.gone.all(func(_ offer.AgentID, g GoneRow) bool {
		gone = append(gone, g)
		return true
	})
	slices.SortFunc(unreachable, compareUnreachable)
	slices.SortFunc(gone, compareGone)
	return recovered, unreachable, gone
}

func recoveredRow(a registry.Agent) RecoveredRow { return RecoveredRow{a.Info, a.Deactivated, a.Drain} }

func (l lostAgent) row() UnreachableRow { return UnreachableRow{l.id, l.since, l.deactivated, l.drain} }

func compareRecovered(a, b RecoveredRow) int { return cmp.Compare(a.Info.ID, b.Info.ID) }

func compareUnreachable(a, b UnreachableRow) int { return cmp.Compare(a.ID, b.ID) }

func compareGone(a, b GoneRow) int { return cmp.Compare(a.ID, b.ID) }

func (m *Machine) readFrameworks() (r FrameworksResult) {
	used := m.usedByFramework()
	for _, f := range m.sortedFrameworks() {
		row := FrameworkRow{FrameworkReport: f.report(), Offers: sortedValues(f.offers, cmp.Compare[offer.OfferID]),
			InverseOffers: sortedValues(f.asks, cmp.Compare[offer.OfferID]), Allocated: used[f.info.ID]}
		for _, o := range row.Offers {
			row.Offered = row.Offered.Add(o.Resources)
		}
		r.Frameworks = append(r.Frameworks, row)
	}
	r.Completed = m.CompletedFrameworks()
	return r
}

// usedByFramework adds up what tasks and executors hold.
func (m *Machine) usedByFramework() map[offer.FrameworkID]resources {
	used := map[offer.FrameworkID]resources{}
	for _, a := range sortedAgents(m.agents) {
		for _, t := range a.sortedTasks() {
			if t.holds() {
				used[t.Framework] = used[t.Framework].Add(t.Resources)
			}
		}
		for _, e := range a.sortedExecutors() {
			used[e.Info.Framework] = used[e.Info.Framework].Add(e.Info.Resources)
		}
	}
	return used
}

func (m *Machine) readExecutors() (r ExecutorsResult) {
	for _, a := range sortedAgents(m.agents) {
		for _, e := range a.sortedExecutors() {
			r.Executors = append(r.Executors, e.ExecutorReport)
		}
	}
	return r
}

func (m *Machine) readTasks() (r TasksResult) {
	for _, t := range m.Tasks() {
		if t.Unreachable != 0 {
			r.Unreachable = append(r.Unreachable, t)
		} else {
			r.Tasks = append(r.Tasks, t)
		}
	}
	m.completed.all(func(_ offer.FrameworkID, c *completedFramework) bool {
		r.Completed = append(r.Completed, rows(c.tasks)...)
		return true
	})
	for _, f := range m.sortedFrameworks() {
		r.Completed = append(r.Completed, m.CompletedTasks(f.info.ID)...)
	}
	return r
}

// maintenanceStatus tells how far machines of the schedule are (docs/protocol.md §16).
func (m *Machine) maintenanceStatus() (r MaintenanceStatusResult) {
	said := map[string][]InverseAnswer{}
	for _, a := range sortedAgents(m.agents) {
		if x := m.machineOf(a.info); x != nil {
			said[x.id.String()] = append(said[x.id.String()], m.saidOf(a)...)
		}
	}
	for k, x := range sortedPairs(m.machines) {
		if x.mode == registry.Down {
			r.Down = append(r.Down, x.id)
			continue
		}
		slices.SortStableFunc(said[k], func(a, b InverseAnswer) int {
			return cmp.Or(cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.At, b.At))
		})
		r.Draining = append(r.Draining, DrainingMachine{x.id, said[k]})
	}
	return r
}

// saidOf lists what frameworks that were asked to leave an agent said, and that they said nothing.
func (m *Machine) saidOf(a *agent) []InverseAnswer {
	out := slices.Clone(a.answers)
	for _, f := range m.sortedFrameworks() {
		for _, o := range sortedPairs(f.asks) {
			row := InverseAnswer{Framework: f.info.ID}
			if _, said := slices.BinarySearchFunc(out, row, compareAnswers); o.Agent == a.info.ID && !said {
				out = put(out, row, compareAnswers)
			}
		}
	}
	return out
}
