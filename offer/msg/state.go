package msg

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
)

// TaskState is a state of docs/protocol.md §8, numbered as on the wire.
type TaskState uint8

// The states.
const (
	TaskStarting       TaskState = 0
	TaskRunning        TaskState = 1
	TaskFinished       TaskState = 2
	TaskFailed         TaskState = 3
	TaskKilled         TaskState = 4
	TaskLost           TaskState = 5
	TaskStaging        TaskState = 6
	TaskError          TaskState = 7
	TaskKilling        TaskState = 8
	TaskDropped        TaskState = 9
	TaskUnreachable    TaskState = 10
	TaskGone           TaskState = 11
	TaskGoneByOperator TaskState = 12
	TaskUnknown        TaskState = 13
)

var taskStates = [...]string{"STARTING", "RUNNING", "FINISHED", "FAILED", "KILLED", "LOST", "STAGING", "ERROR", "KILLING", "DROPPED",
	"UNREACHABLE", "GONE", "GONE_BY_OPERATOR", "UNKNOWN"}

// String prints the wire name, such as TASK_RUNNING.
func (s TaskState) String() string {
	if int(s) < len(taskStates) {
		return "TASK_" + taskStates[s]
	}
	return fmt.Sprintf("TaskState(%d)", uint8(s))
}

// Terminal reports whether nothing follows s but, for a task that was out of contact, its return.
func (s TaskState) Terminal() bool {
	switch s {
	case TaskFinished, TaskFailed, TaskKilled, TaskLost, TaskError, TaskDropped, TaskGone, TaskGoneByOperator:
		return true
	}
	return false
}

// FromExecutor reports whether an executor may tell s: it is a state at all, and not one that only masters and agents give.
func (s TaskState) FromExecutor() bool {
	switch s {
	case TaskStaging, TaskUnreachable, TaskGoneByOperator, TaskUnknown:
		return false
	}
	return s <= TaskUnknown
}

// For returns the state a framework is told: without PARTITION_AWARE the newer states are all TASK_LOST
// (docs/protocol.md §3.3).
func (s TaskState) For(c Capabilities) TaskState {
	if !c.PartitionAware && s >= TaskDropped {
		return TaskLost
	}
	return s
}

// Source says who made a status.
type Source uint8

// The sources, numbered as on the wire.
const (
	SourceMaster   Source = 0
	SourceAgent    Source = 1
	SourceExecutor Source = 2
)

// String prints the wire name, such as SOURCE_MASTER.
func (s Source) String() string {
	switch s {
	case SourceMaster:
		return "SOURCE_MASTER"
	case SourceAgent:
		return "SOURCE_AGENT"
	case SourceExecutor:
		return "SOURCE_EXECUTOR"
	}
	return fmt.Sprintf("Source(%d)", uint8(s))
}

// Reason says why a status came to be: the wire name without REASON_ (docs/protocol.md §8); "" none.
type Reason string

// The reasons that masters, agents and drivers of Proffer give (docs/protocol.md §8). What a task ends with is the state that
// the table there names beside each.
const (
	ReasonTaskInvalid                   Reason = "TASK_INVALID"
	ReasonTaskGroupInvalid              Reason = "TASK_GROUP_INVALID"
	ReasonTaskUnauthorized              Reason = "TASK_UNAUTHORIZED"       // whoever launches it may not: ERROR
	ReasonTaskGroupUnauthorized         Reason = "TASK_GROUP_UNAUTHORIZED" // the same of one task of a group: ERROR for all
	ReasonInvalidOffers                 Reason = "INVALID_OFFERS"
	ReasonAgentRemoved                  Reason = "AGENT_REMOVED"
	ReasonAgentRemovedByOperator        Reason = "AGENT_REMOVED_BY_OPERATOR"
	ReasonAgentDisconnected             Reason = "AGENT_DISCONNECTED"
	ReasonAgentReregistered             Reason = "AGENT_REREGISTERED"
	ReasonAgentRestarted                Reason = "AGENT_RESTARTED"
	ReasonReconciliation                Reason = "RECONCILIATION"
	ReasonFrameworkRemoved              Reason = "FRAMEWORK_REMOVED"
	ReasonMasterDisconnected            Reason = "MASTER_DISCONNECTED"
	ReasonExecutorTerminated            Reason = "EXECUTOR_TERMINATED"
	ReasonExecutorRegistrationTimeout   Reason = "EXECUTOR_REGISTRATION_TIMEOUT"
	ReasonExecutorReregistrationTimeout Reason = "EXECUTOR_REREGISTRATION_TIMEOUT"
	ReasonContainerLaunchFailed         Reason = "CONTAINER_LAUNCH_FAILED"
	ReasonTaskKilledDuringLaunch        Reason = "TASK_KILLED_DURING_LAUNCH"
	ReasonResourcesUnknown              Reason = "RESOURCES_UNKNOWN"
	ReasonAgentDraining                 Reason = "AGENT_DRAINING"
)

// The reasons of an executor's end that the host of an agent may know, and the agent does not (docs/protocol.md §11, §16.2).
const (
	ReasonContainerLimitation       Reason = "CONTAINER_LIMITATION"        // it went over a limit that no other reason names: FAILED
	ReasonContainerLimitationDisk   Reason = "CONTAINER_LIMITATION_DISK"   // it used more disk than it may: FAILED
	ReasonContainerLimitationMemory Reason = "CONTAINER_LIMITATION_MEMORY" // it used more memory than it may: FAILED
	ReasonContainerPreempted        Reason = "CONTAINER_PREEMPTED"         // ended so that others could have its resources: GONE/LOST
	ReasonContainerUpdateFailed     Reason = "CONTAINER_UPDATE_FAILED"     // what it may use could not be changed: GONE/LOST
)

// Reasons that executors and agents elsewhere give. Proffer's machines pass them on and decide nothing by them; an executor may
// make up others.
const (
	ReasonGCError                      Reason = "GC_ERROR"                         // an old sandbox could not be kept from being removed: DROPPED/LOST
	ReasonTaskHealthCheckStatusUpdated Reason = "TASK_HEALTH_CHECK_STATUS_UPDATED" // TaskStatus.Healthy has changed: RUNNING
	ReasonTaskCheckStatusUpdated       Reason = "TASK_CHECK_STATUS_UPDATED"        // TaskStatus.Check has changed: RUNNING
	ReasonMaxCompletionTimeReached     Reason = "MAX_COMPLETION_TIME_REACHED"      // TaskInfo.MaxCompletion has passed: FAILED
)

// TaskStatus tells a task's state. A scheduler acknowledges it if and only if UUID is not zero (docs/protocol.md §9).
type TaskStatus struct {
	Task      TaskID
	State     TaskState
	Source    Source
	Reason    Reason
	Message   string
	Data      []byte
	Agent     offer.AgentID
	Executor  ExecutorID
	Container ContainerID
	UUID      UUID
	Time      offer.Time
	Healthy   *bool        // what the last health check said; nil: there was none, or there is none
	Check     *CheckStatus // what the last check said; nil: the task has none
	Labels    []resource.Label
	// UnreachableTime is when the task's agent was lost, where the master tells of that; 0 otherwise.
	UnreachableTime offer.Time
}

// Container reports whether r is one that an agent's host may give for the end of an executor, and the state that it brings
// the executor's tasks: TASK_FAILED, or TASK_GONE, which is LOST where that is not known (docs/protocol.md §8).
func (r Reason) Container() (s TaskState, ok bool) {
	switch r {
	case ReasonContainerLimitation, ReasonContainerLimitationDisk, ReasonContainerLimitationMemory:
		return TaskFailed, true
	case ReasonContainerPreempted, ReasonContainerUpdateFailed:
		return TaskGone, true
	}
	return TaskFailed, false
}
