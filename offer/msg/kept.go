package msg

import (
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// A Kept is one value of an agent's checkpoint: what it must still know after its process was restarted
// (docs/protocol.md §4.1, §9). The set is sealed: all of it is in this package.
type Kept interface{ isKept() }

type (
	// KeptAgent is who the agent was: its description, with the id that a master gave it.
	KeptAgent struct{ Info AgentInfo }
	// KeptTotal is what operations made of the agent's resources: dynamic reservations and volumes
	// (docs/resource-model.md §6.7). Last is the operation that made it, if that has an id and is not acknowledged: its own
	// record follows, and counts as written with this one.
	KeptTotal struct {
		Saved resource.Resources
		Last  *KeptOperation
	}
	// KeptDrain is what the agent was told about draining; without one it is not draining.
	KeptDrain struct{ Drain Drain }
	// KeptFramework is a checkpointing framework that has something at the agent.
	KeptFramework struct{ Info FrameworkInfo }
	// KeptExecutor is a run of an executor that was started and has not ended.
	KeptExecutor struct {
		Info      ExecutorInfo // Framework is set
		Role      role.Name    // its resources are allocated to
		Container ContainerID
		Command   bool // made for one command task
		Used      bool // a task was delivered to it
	}
	// KeptTask is a task until its last update is acknowledged. Container is the run that it is for, "" none. Its state is
	// that of its newest KeptUpdate, TASK_STAGING without one.
	KeptTask struct {
		Framework offer.FrameworkID
		Role      role.Name
		Executor  ExecutorID
		Container ContainerID
		Info      TaskInfo
	}
	// KeptUpdate is the N-th status of a task, counted from 1. Acked: by the scheduler; then its Data is gone.
	KeptUpdate struct {
		Framework offer.FrameworkID
		N         uint64
		Status    TaskStatus
		Acked     bool
	}
	// KeptOperation is an operation with an id that has ended, until its status is acknowledged.
	KeptOperation struct{ Report OperationReport }
)

func (KeptAgent) isKept()     {}
func (KeptTotal) isKept()     {}
func (KeptDrain) isKept()     {}
func (KeptFramework) isKept() {}
func (KeptExecutor) isKept()  {}
func (KeptTask) isKept()      {}
func (KeptUpdate) isKept()    {}
func (KeptOperation) isKept() {}

// MarshalKept writes a value of a checkpoint as Marshal does a message.
func MarshalKept(k Kept, bounds ...CodecBounds) ([]byte, error) { return marshal(kept, k, bounds) }

// UnmarshalKept reads what MarshalKept writes, as Unmarshal does a message.
func UnmarshalKept(b []byte, bounds ...CodecBounds) (Kept, error) {
	return unmarshal[Kept](kept, b, bounds)
}
