package framework

import "github.com/proffer-go/proffer/offer/msg"

// Executor is the program that runs a framework's tasks on an agent (docs/protocol.md §17). Its callbacks come strictly
// one at a time and none comes after ExecutorDriver.Stop or ExecutorDriver.Abort. They must not wait for a task to end:
// a task that takes time runs beside them and reports by the driver.
//
// Embed NopExecutor to write only the callbacks of interest.
type Executor interface {
	// Registered tells, at the first subscription, whom the executor serves and where.
	Registered(d ExecutorDriver, e msg.ExecutorInfo, f msg.FrameworkInfo, a msg.AgentInfo)
	// Reregistered tells of every later subscription.
	Reregistered(d ExecutorDriver, a msg.AgentInfo)
	// Disconnected tells that the agent is out of reach; it comes only where the framework checkpoints. Tasks run on.
	Disconnected(d ExecutorDriver)
	// LaunchTask brings a task; a group comes as one call for each of its tasks. Report at least its end by SendStatus.
	LaunchTask(d ExecutorDriver, t msg.TaskInfo)
	// KillTask asks to end a task; the answer is its terminal status. p.Grace 0 leaves the time to the task's own policy.
	KillTask(d ExecutorDriver, id msg.TaskID, p msg.KillPolicy)
	// FrameworkMessage brings the scheduler's bytes, at most once (docs/protocol.md §13).
	FrameworkMessage(d ExecutorDriver, data []byte)
	// Shutdown asks the executor to end its tasks and itself. It may still send statuses; the driver aborts after the call.
	Shutdown(d ExecutorDriver)
	// Error tells why the session ended. The driver is already aborted; nothing follows.
	Error(d ExecutorDriver, err error)
}

// NopExecutor is an Executor whose callbacks do nothing. Embed it.
type NopExecutor struct{}

var _ Executor = NopExecutor{}

// Registered does nothing.
func (NopExecutor) Registered(ExecutorDriver, msg.ExecutorInfo, msg.FrameworkInfo, msg.AgentInfo) {}

// Reregistered does nothing.
func (NopExecutor) Reregistered(ExecutorDriver, msg.AgentInfo) {}

// Disconnected does nothing.
func (NopExecutor) Disconnected(ExecutorDriver) {}

// LaunchTask does nothing.
func (NopExecutor) LaunchTask(ExecutorDriver, msg.TaskInfo) {}

// KillTask does nothing.
func (NopExecutor) KillTask(ExecutorDriver, msg.TaskID, msg.KillPolicy) {}

// FrameworkMessage does nothing.
func (NopExecutor) FrameworkMessage(ExecutorDriver, []byte) {}

// Shutdown does nothing.
func (NopExecutor) Shutdown(ExecutorDriver) {}

// Error does nothing.
func (NopExecutor) Error(ExecutorDriver, error) {}
