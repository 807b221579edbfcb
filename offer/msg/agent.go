package msg

import (
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Messages of an agent to the master (docs/protocol.md §2). ToExecutor and FromExecutor pass here too.
type (
	// RegisterAgent asks for admission. Total is Info.Resources with the agent's own reservations and volumes applied.
	RegisterAgent struct {
		Info         AgentInfo
		Total        resource.Resources
		Capabilities AgentCapabilities
	}
	// ReregisterAgent reports an agent that has an id, with everything it runs, and the operations with an id that are under
	// way or not acknowledged (docs/protocol.md §14).
	ReregisterAgent struct {
		Info         AgentInfo
		Total        resource.Resources
		Frameworks   []FrameworkInfo
		Executors    []ExecutorReport
		Tasks        []TaskReport
		Operations   []OperationReport
		Capabilities AgentCapabilities
	}
	// UpdateAgent tells the agent's own total. Operations that the agent has not answered before are not in it.
	UpdateAgent struct{ Total resource.Resources }
	// UnregisterAgent is a clean goodbye.
	UnregisterAgent struct{ Agent offer.AgentID }
	// Pong answers Ping.
	Pong struct{}
	// StatusUpdate carries the head of a task's stream; Latest is the newest state the agent knows.
	StatusUpdate struct {
		Framework offer.FrameworkID
		Status    TaskStatus
		Latest    TaskState
	}
	// OperationUpdate tells how an operation ended at the agent. With Status.UUID set it is sent again until that is
	// acknowledged (docs/protocol.md §14).
	OperationUpdate struct {
		UUID   UUID
		Error  string          // "" applied
		Status OperationStatus // zero for operations without an id
	}
	// ExitedExecutor tells that an executor ended; Status is its raw exit status, -1 unknown.
	ExitedExecutor struct {
		Framework offer.FrameworkID
		Executor  ExecutorID
		Status    int
	}
)

// ExecutorReport is an executor that an agent runs.
type ExecutorReport struct {
	Info ExecutorInfo
	Role role.Name // the role its resources are allocated to
}

// TaskReport is a task that an agent holds: its newest state, and the last update it forwarded.
type TaskReport struct {
	Framework offer.FrameworkID
	Role      role.Name
	Info      TaskInfo
	Executor  ExecutorID
	State     TaskState
	Forwarded TaskStatus // UUID zero: none yet
}

// Messages of the master to an agent.
type (
	// AgentRegistered admits; without a Ping for PingTimeout the agent looks for the master again.
	AgentRegistered struct {
		Agent       offer.AgentID
		PingTimeout time.Duration
	}
	// AgentReregistered admits again; Reconcile lists tasks that the agent did not report, Operations those operations.
	AgentReregistered struct {
		Agent       offer.AgentID
		PingTimeout time.Duration
		Reconcile   []RunningTask
		Operations  []OperationReport
	}
	// Ping asks for a Pong; Connected is the master's view of the agent.
	Ping struct{ Connected bool }
	// ShutdownAgent tells the agent to kill everything and stop for good.
	ShutdownAgent struct{ Message string }
	// RunTasks launches tasks under one executor: one task, or with Group all of them or none. Role is what their
	// resources are allocated to. LaunchExecutor: by the master's books the executor does not run there yet.
	RunTasks struct {
		Framework      FrameworkInfo
		Role           role.Name
		Executor       ExecutorInfo
		Tasks          []TaskInfo
		Group          bool
		LaunchExecutor bool
	}
	// KillTask asks to end a task.
	KillTask struct {
		Framework offer.FrameworkID
		Task      TaskID
		Policy    KillPolicy
	}
	// StopExecutor asks to end an executor.
	StopExecutor struct {
		Framework offer.FrameworkID
		Executor  ExecutorID
	}
	// ShutdownFramework ends all of a framework's executors.
	ShutdownFramework struct{ Framework offer.FrameworkID }
	// FrameworkUpdated tells of changed info or a new scheduler: pending updates are sent again.
	FrameworkUpdated struct{ Framework FrameworkInfo }
	// StatusAck passes an acknowledgement on.
	StatusAck struct {
		Framework offer.FrameworkID
		Task      TaskID
		UUID      UUID
	}
	// Drain has the agent kill its tasks and refuse new ones until EndDrain comes, or an AgentReregistered without a Drain
	// after it (docs/protocol.md §16).
	Drain struct {
		MaxGrace time.Duration // upper bound of the tasks' kill graces; 0: none
		MarkGone bool          // tasks end as gone by operator, where the framework knows that state
	}
	// EndDrain has it take tasks again.
	EndDrain struct{}
	// ApplyOperation changes the agent's total; answered by OperationUpdate.
	ApplyOperation struct {
		UUID      UUID
		Framework offer.FrameworkID // "" an operator's
		Op        reservation.Op
		ID        OperationID // "": no feedback wanted
	}
)

// RunningTask names a task of a framework in messages between master and agent. Capabilities are the framework's: they
// decide how an agent that knows neither words its answer.
type RunningTask struct {
	Framework    offer.FrameworkID
	Task         TaskID
	Executor     ExecutorID
	Capabilities Capabilities
}

func (RegisterAgent) isMessage()     {}
func (ReregisterAgent) isMessage()   {}
func (UpdateAgent) isMessage()       {}
func (UnregisterAgent) isMessage()   {}
func (Pong) isMessage()              {}
func (StatusUpdate) isMessage()      {}
func (OperationUpdate) isMessage()   {}
func (ExitedExecutor) isMessage()    {}
func (AgentRegistered) isMessage()   {}
func (AgentReregistered) isMessage() {}
func (Ping) isMessage()              {}
func (ShutdownAgent) isMessage()     {}
func (RunTasks) isMessage()          {}
func (KillTask) isMessage()          {}
func (StopExecutor) isMessage()      {}
func (ShutdownFramework) isMessage() {}
func (FrameworkUpdated) isMessage()  {}
func (StatusAck) isMessage()         {}
func (ApplyOperation) isMessage()    {}
func (Drain) isMessage()             {}
func (EndDrain) isMessage()          {}

// Results of an agent's effects, stepped back into it by its host (docs/protocol.md §16.2).
type (
	// VolumeDone answers a volume effect; Err "" means done.
	VolumeDone struct {
		Seq uint64
		Err string
	}
	// Started answers a start effect.
	Started struct{ Container ContainerID }
	// StartFailed answers a start effect; nothing runs.
	StartFailed struct {
		Container ContainerID
		Err       string
	}
	// Exited tells that a started container ended; Status is its raw exit status, -1 unknown. Reason is one of those that
	// Container reports, where the host knows more of the end than the agent can: it decides what the tasks end with. Any other
	// counts as "" (docs/protocol.md §11, §16.2). Message is added to what their updates say.
	Exited struct {
		Container ContainerID
		Status    int
		Reason    Reason
		Message   string
	}
	// StopAgent asks the agent to end its executors, say goodbye and terminate.
	StopAgent struct{}
)

func (VolumeDone) isInput()  {}
func (Started) isInput()     {}
func (StartFailed) isInput() {}
func (Exited) isInput()      {}
func (StopAgent) isInput()   {}
