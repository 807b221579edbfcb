package master

import (
	"cmp"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// Snapshot is everything an operator can read, as plain rows in the order of their ids. The events that follow it are its
// complete delta (docs/protocol.md §16.1).
type Snapshot struct {
	Master     msg.MasterInfo
	Agents     []AgentReport     // registered ones
	Frameworks []FrameworkReport // those that are not completed
	Executors  []ExecutorReport
	Tasks      []TaskReport // live ones, terminal ones that are not acknowledged, and those out of contact
	Offers     []msg.Offer

	InverseOffers []msg.InverseOffer
	Operations    []OperationReport // by agent, then UUID
	Machines      []MachineReport   // of the schedule
	Schedule      []msg.MaintenanceWindow
	Weights       []role.Weight // that are not 1
	Quota         []quota.Config

	Recovered   []RecoveredRow   // agents known from the registry, not here yet
	Unreachable []UnreachableRow // agents out of contact
	Gone        []GoneRow        // agents that were given up
}

// Snapshot lists the books.
func (m *Machine) Snapshot() Snapshot {
	s := Snapshot{Master: m.Info(), Agents: m.Agents(), Frameworks: m.Frameworks(), Tasks: m.Tasks()}
	for _, a := range sortedAgents(m.agents) {
		for _, e := range a.sortedExecutors() {
			s.Executors = append(s.Executors, e.ExecutorReport)
		}
	}
	for _, f := range m.sortedFrameworks() {
		s.Offers = append(s.Offers, sortedValues(f.offers, cmp.Compare[offer.OfferID])...)
		s.InverseOffers = append(s.InverseOffers, sortedValues(f.asks, cmp.Compare[offer.OfferID])...)
	}
	slices.SortFunc(s.Offers, compareOffers)
	slices.SortFunc(s.InverseOffers, compareAsks)
	s.Operations, s.Machines, s.Schedule = m.operations(), m.machineReports(), m.schedule
	s.Weights, s.Quota = m.weightsAndQuota()
	s.Recovered, s.Unreachable, s.Gone = m.absentAgents()
	return s
}

// Agents lists the registered agents by id.
func (m *Machine) Agents() []AgentReport {
	var out []AgentReport
	for _, a := range sortedAgents(m.agents) {
		out = append(out, a.report())
	}
	return out
}

// UnreachableAgents lists agents that are out of contact, by id.
func (m *Machine) UnreachableAgents() []offer.AgentID {
	var out []offer.AgentID
	m.unreachable.all(func(id offer.AgentID, _ lostAgent) bool {
		out = append(out, id)
		return true
	})
	slices.Sort(out)
	return out
}

// GoneAgents lists agents that an operator gave up, by id.
func (m *Machine) GoneAgents() []offer.AgentID {
	var out []offer.AgentID
	m.gone.all(func(id offer.AgentID, _ GoneRow) bool {
		out = append(out, id)
		return true
	})
	slices.Sort(out)
	return out
}

// Books tells what the allocator holds of an agent: total, free, offered and allocated.
func (m *Machine) Books(id offer.AgentID) (offer.AgentReport, bool) { return m.alloc.Agent(id) }

// Frameworks lists the frameworks that are not completed, by id.
func (m *Machine) Frameworks() []FrameworkReport {
	var out []FrameworkReport
	for _, f := range m.sortedFrameworks() {
		out = append(out, f.report())
	}
	return out
}

// CompletedFrameworks lists the latest removed frameworks, oldest first.
func (m *Machine) CompletedFrameworks() []FrameworkReport {
	var out []FrameworkReport
	m.completed.all(func(_ offer.FrameworkID, c *completedFramework) bool {
		out = append(out, c.report)
		return true
	})
	return out
}

// Tasks lists the tasks of all frameworks that are not completed, by framework, id and agent: live ones, terminal ones
// that are not acknowledged, and those out of contact.
func (m *Machine) Tasks() []TaskReport {
	var out []TaskReport
	for _, a := range sortedAgents(m.agents) {
		for _, t := range a.sortedTasks() {
			out = append(out, *t.TaskReport)
		}
	}
	for _, f := range m.sortedFrameworks() {
		f.unreachable.all(func(_ msg.TaskID, t *task) bool {
			out = append(out, *t.TaskReport)
			return true
		})
	}
	slices.SortFunc(out, func(a, b TaskReport) int { return a.key().compare(b.key()) })
	return out
}

// CompletedTasks lists the latest completed tasks of a framework, completed or not, oldest first.
func (m *Machine) CompletedTasks(id offer.FrameworkID) []TaskReport {
	if c, ok := m.completed.get(id); ok {
		return rows(c.tasks)
	}
	var out []TaskReport
	if f := m.frameworks[id]; f != nil {
		f.history.all(func(_ uint64, t *TaskReport) bool {
			out = append(out, *t)
			return true
		})
	}
	return out
}

func rows(shown []*TaskReport) []TaskReport {
	out := make([]TaskReport, len(shown))
	for i, row := range shown {
		out[i] = *row
	}
	return out
}

// Roles lists all known roles with their quota, weight and use.
func (m *Machine) Roles() []offer.RoleReport { return m.alloc.Roles() }

// Explain tells why a framework gets nothing of an agent for a role: the first gate that refuses, or what it would get.
func (m *Machine) Explain(f offer.FrameworkID, r role.Name, a offer.AgentID) offer.Verdict {
	return m.alloc.Explain(f, r, a)
}

func compareOffers(a, b msg.Offer) int {
	return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), strings.Compare(string(a.ID), string(b.ID)))
}

// Apply brings s from before e to after it. Rows are replaced, never changed in place, so copies of s stay as they were.
func (s *Snapshot) Apply(e Event) {
	switch e := e.(type) {
	case FrameworkAdded:
		s.Frameworks = put(s.Frameworks, e.Framework, compareFrameworks)
	case FrameworkUpdated:
		s.Frameworks = put(s.Frameworks, e.Framework, compareFrameworks)
	case FrameworkRemoved:
		s.Frameworks = drop(s.Frameworks, FrameworkReport{Info: msg.FrameworkInfo{ID: e.Framework}}, compareFrameworks)
	case ExecutorAdded:
		s.Executors = put(s.Executors, e.Executor, compareExecutors)
	case ExecutorRemoved:
		row := ExecutorReport{Agent: e.Executor.Agent, Info: msg.ExecutorInfo{ID: e.Executor.Executor, Framework: e.Executor.Framework}}
		s.Executors = drop(s.Executors, row, compareExecutors)
	case TaskAdded:
		s.Tasks = put(s.Tasks, *e.Task, compareTasks)
	case TaskUpdated:
		s.Tasks = put(s.Tasks, *e.Task, compareTasks)
	case TaskRemoved:
		s.Tasks = drop(s.Tasks, *e.Task, compareTasks)
	case OfferMade:
		s.Offers = put(s.Offers, e.Offer, compareOffers)
	case OfferEnded:
		s.Offers = drop(s.Offers, msg.Offer{ID: e.Offer}, compareOffers)
	case AgentAdded, AgentUpdated, AgentRemoved, AgentsInherited, AgentRecovered, AgentUnreachable, AgentGone, AgentForgotten:
		s.applyAgent(e)
	default:
		s.applyMore(e)
	}
}

// applyAgent is Apply for where agents are: an id is in one list at a time.
func (s *Snapshot) applyAgent(e Event) {
	switch e := e.(type) {
	case AgentAdded:
		s.found(e.Agent.Info.ID)
		s.Agents = put(s.Agents, e.Agent, compareAgents)
	case AgentUpdated:
		s.Agents = put(s.Agents, e.Agent, compareAgents)
	case AgentRemoved:
		s.Agents = drop(s.Agents, AgentReport{Info: msg.AgentInfo{ID: e.Agent}}, compareAgents)
	case AgentsInherited:
		s.Recovered, s.Unreachable, s.Gone = e.Recovered, e.Unreachable, e.Gone
	case AgentRecovered:
		s.found(e.Agent.Info.ID)
		s.Recovered = put(s.Recovered, e.Agent, compareRecovered)
	case AgentUnreachable:
		s.found(e.Agent.ID)
		s.Unreachable = put(s.Unreachable, e.Agent, compareUnreachable)
	case AgentGone:
		s.found(e.Agent.ID)
		s.Gone = put(s.Gone, e.Agent, compareGone)
	case AgentForgotten:
		s.found(e.Agent)
		s.Gone = drop(s.Gone, GoneRow{ID: e.Agent}, compareGone)
	}
}

// found takes an agent out of those that are awaited or out of contact.
func (s *Snapshot) found(id offer.AgentID) {
	s.Recovered = drop(s.Recovered, RecoveredRow{Info: msg.AgentInfo{ID: id}}, compareRecovered)
	s.Unreachable = drop(s.Unreachable, UnreachableRow{ID: id}, compareUnreachable)
}

// applyMore is Apply for what operators do, and what follows from that.
func (s *Snapshot) applyMore(e Event) {
	switch e := e.(type) {
	case InverseOfferMade:
		s.InverseOffers = put(s.InverseOffers, e.Offer, compareAsks)
	case InverseOfferEnded:
		s.InverseOffers = drop(s.InverseOffers, msg.InverseOffer{ID: e.Offer}, compareAsks)
	case OperationAdded:
		s.Operations = put(s.Operations, e.Operation, compareOperations)
	case OperationUpdated:
		s.Operations = put(s.Operations, e.Operation, compareOperations)
	case OperationRemoved:
		s.Operations = drop(s.Operations, e.Operation, compareOperations)
	case MachineUpdated:
		if s.Machines = put(s.Machines, e.Machine, compareMachines); e.Machine.Mode == registry.Up {
			s.Machines = drop(s.Machines, e.Machine, compareMachines)
		}
	case ScheduleChanged:
		s.Schedule = e.Windows
	case WeightsChanged:
		for _, w := range e.Weights {
			if s.Weights = put(s.Weights, w, compareWeights); w.Weight == 1 {
				s.Weights = drop(s.Weights, w, compareWeights)
			}
		}
	case QuotaChanged:
		for _, q := range e.Configs {
			if s.Quota = put(s.Quota, q, compareQuota); q.IsDefault() {
				s.Quota = drop(s.Quota, q, compareQuota)
			}
		}
	}
}

// operations lists what agents have not answered, and what of their answers is not acknowledged. An operation with an id that
// is under way is in both books of its agent.
func (m *Machine) operations() (out []OperationReport) {
	for _, a := range sortedAgents(m.agents) {
		for _, p := range a.pending {
			if a.ops[p.uuid] == nil {
				out = append(out, p.row(a))
			}
		}
		for _, o := range a.sortedOps() {
			out = append(out, o.row())
		}
	}
	slices.SortFunc(out, compareOperations)
	return out
}

func (m *Machine) machineReports() (out []MachineReport) {
	for _, x := range sortedPairs(m.machines) {
		out = append(out, x.report())
	}
	return out
}

func compareAsks(a, b msg.InverseOffer) int {
	return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), strings.Compare(string(a.ID), string(b.ID)))
}

func compareMachines(a, b MachineReport) int { return strings.Compare(a.ID.String(), b.ID.String()) }

func compareWeights(a, b role.Weight) int { return cmp.Compare(a.Role, b.Role) }

func compareQuota(a, b quota.Config) int { return cmp.Compare(a.Role, b.Role) }

func compareOperations(a, b OperationReport) int {
	return cmp.Or(cmp.Compare(a.Agent, b.Agent), compareUUIDs(a.UUID, b.UUID))
}

func compareAgents(a, b AgentReport) int { return cmp.Compare(a.Info.ID, b.Info.ID) }

func compareFrameworks(a, b FrameworkReport) int { return cmp.Compare(a.Info.ID, b.Info.ID) }

func compareTasks(a, b TaskReport) int { return a.key().compare(b.key()) }

func compareExecutors(a, b ExecutorReport) int {
	return cmp.Or(cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Info.Framework, b.Info.Framework), cmp.Compare(a.Info.ID, b.Info.ID))
}

// put returns rows with row in its place, in a slice of its own.
func put[T any](rows []T, row T, order func(a, b T) int) []T {
	rows = slices.Clone(rows)
	i, there := slices.BinarySearchFunc(rows, row, order)
	if there {
		rows[i] = row
		return rows
	}
	return slices.Insert(rows, i, row)
}

// drop returns rows without row, in a slice of its own; nil if none is left.
func drop[T any](rows []T, row T, order func(a, b T) int) []T {
	i, there := slices.BinarySearchFunc(rows, row, order)
	switch {
	case !there:
		return rows
	case len(rows) == 1:
		return nil
	}
	return slices.Delete(slices.Clone(rows), i, i+1)
}
