package msg

import (
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// Operate steps an operator's call into a master (docs/protocol.md §16.1). The master's answer carries the same Seq.
type Operate struct {
	Seq       uint64
	Principal string // "" nobody
	Call      OperatorCall
}

func (Operate) isInput() {}

// An OperatorCall is one of the calls below: every write and every read of docs/http-v1.md §9 (logging and files left out).
// The set is sealed. What a read gives is part of the master's answer: package master has the types, named after the calls.
type OperatorCall interface{ isOperatorCall() }

// Writes of operators. Each happens as a whole, or not at all.
type (
	// UpdateWeights sets weights of roles, all or none.
	UpdateWeights struct{ Weights []role.Weight }
	// UpdateQuota sets quota of roles, all or none; Force skips the checks that docs/resource-model.md §5.4 marks.
	UpdateQuota struct {
		Configs []quota.Config
		Force   bool
	}
	// ChangeAgent reserves, unreserves, creates, destroys or resizes on the unused resources of an agent.
	ChangeAgent struct {
		Agent offer.AgentID
		Op    reservation.Op
	}
	// TeardownFramework ends a framework and its tasks.
	TeardownFramework struct{ Framework offer.FrameworkID }
	// DeactivateAgent stops offering an agent; its tasks run on.
	DeactivateAgent struct{ Agent offer.AgentID }
	// ReactivateAgent offers it again. One that is draining has to be empty first; then this ends the drain.
	ReactivateAgent struct{ Agent offer.AgentID }
	// MarkAgentGone gives an agent up for good: its tasks count as ended, and it is never taken in again.
	MarkAgentGone struct{ Agent offer.AgentID }
	// DrainAgent stops offering an agent and has it kill its tasks (docs/protocol.md §16).
	DrainAgent struct {
		Agent    offer.AgentID
		MaxGrace time.Duration // upper bound of the tasks' kill graces; 0: none, so one nanosecond is for "at once"
		MarkGone bool          // once it is empty
	}
	// UpdateMaintenance replaces the whole maintenance schedule; without windows nothing is planned any more.
	UpdateMaintenance struct{ Windows []MaintenanceWindow }
	// StartMaintenance takes machines of the schedule down: their agents are shut down and turned away.
	StartMaintenance struct{ Machines []MachineID }
	// StopMaintenance brings machines up that are down, and out of the schedule.
	StopMaintenance struct{ Machines []MachineID }
)

// Reads of operators.
type (
	// GetHealth asks whether the master serves.
	GetHealth struct{}
	// GetFlags asks for the settings in force.
	GetFlags struct{}
	// GetVersion asks for the version of the master.
	GetVersion struct{}
	// GetMetrics asks for its figures.
	GetMetrics struct{}
	// GetState asks for tasks, executors, frameworks and agents at one instant.
	GetState struct{}
	// GetAgents asks for the agents, wherever they are kept.
	GetAgents struct{}
	// GetFrameworks asks for the frameworks, completed ones included.
	GetFrameworks struct{}
	// GetExecutors asks for the executors.
	GetExecutors struct{}
	// GetTasks asks for the tasks: live, unreachable and completed ones.
	GetTasks struct{}
	// GetOperations asks for the operations that are under way.
	GetOperations struct{}
	// GetRoles asks for the known roles.
	GetRoles struct{}
	// GetWeights asks for the weights that were set.
	GetWeights struct{}
	// GetQuota asks for the quota that were set.
	GetQuota struct{}
	// GetMaster asks who leads, and since when.
	GetMaster struct{}
	// GetMaintenanceStatus asks which machines are draining or down, and what frameworks answered.
	GetMaintenanceStatus struct{}
	// GetMaintenanceSchedule asks for the schedule.
	GetMaintenanceSchedule struct{}
	// SubscribeEvents asks for a snapshot and everything that changes afterwards (docs/http-v1.md §9.3). The stream has the
	// number of the Operate that asked.
	SubscribeEvents struct{}
	// UnsubscribeEvents tells that a stream is read no more.
	UnsubscribeEvents struct{ Stream uint64 }
)

// MachineID names a machine by host name (case counts for nothing), by address, or by both.
type MachineID struct {
	Hostname string
	IP       string
}

// String is <host name in lower case>/<ip>.
func (m MachineID) String() string { return strings.ToLower(m.Hostname) + "/" + m.IP }

// MaintenanceWindow plans a time in which machines will not be there.
type MaintenanceWindow struct {
	Machines []MachineID
	Window   offer.Window // Duration offer.Endless: until somebody says otherwise
}

func (UpdateWeights) isOperatorCall()          {}
func (UpdateQuota) isOperatorCall()            {}
func (ChangeAgent) isOperatorCall()            {}
func (TeardownFramework) isOperatorCall()      {}
func (DeactivateAgent) isOperatorCall()        {}
func (ReactivateAgent) isOperatorCall()        {}
func (MarkAgentGone) isOperatorCall()          {}
func (DrainAgent) isOperatorCall()             {}
func (UpdateMaintenance) isOperatorCall()      {}
func (StartMaintenance) isOperatorCall()       {}
func (StopMaintenance) isOperatorCall()        {}
func (GetHealth) isOperatorCall()              {}
func (GetFlags) isOperatorCall()               {}
func (GetVersion) isOperatorCall()             {}
func (GetMetrics) isOperatorCall()             {}
func (GetState) isOperatorCall()               {}
func (GetAgents) isOperatorCall()              {}
func (GetFrameworks) isOperatorCall()          {}
func (GetExecutors) isOperatorCall()           {}
func (GetTasks) isOperatorCall()               {}
func (GetOperations) isOperatorCall()          {}
func (GetRoles) isOperatorCall()               {}
func (GetWeights) isOperatorCall()             {}
func (GetQuota) isOperatorCall()               {}
func (GetMaster) isOperatorCall()              {}
func (GetMaintenanceStatus) isOperatorCall()   {}
func (GetMaintenanceSchedule) isOperatorCall() {}
func (SubscribeEvents) isOperatorCall()        {}
func (UnsubscribeEvents) isOperatorCall()      {}
