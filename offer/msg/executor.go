package msg

import "github.com/proffer-go/proffer/offer"

// Messages of an executor to its agent (docs/protocol.md §11).
type (
	// SubscribeExecutor opens the stream. Container is the run it belongs to, as its environment says. Tasks and
	// Updates are what is not acknowledged yet, oldest first.
	SubscribeExecutor struct {
		Framework offer.FrameworkID
		Executor  ExecutorID
		Container ContainerID
		Tasks     []TaskInfo
		Updates   []TaskStatus
	}
	// ExecutorUpdate reports a task's state.
	ExecutorUpdate struct{ Status TaskStatus }
	// ExecutorMessage carries bytes, up to the scheduler or down from it.
	ExecutorMessage struct{ Data []byte }
)

// Events of an agent to its executor.
type (
	// ExecutorSubscribed answers SubscribeExecutor.
	ExecutorSubscribed struct {
		Executor  ExecutorInfo
		Framework FrameworkInfo
		Agent     AgentInfo
		Container ContainerID
	}
	// LaunchOnExecutor brings one task, or a group of them.
	LaunchOnExecutor struct{ Tasks []TaskInfo }
	// KillOnExecutor asks to end a task.
	KillOnExecutor struct {
		Task   TaskID
		Policy KillPolicy
	}
	// UpdateAcked tells that the agent holds an update, not that the scheduler has it.
	UpdateAcked struct {
		Task TaskID
		UUID UUID
	}
	// ExecutorShutdown asks the executor to end its tasks and itself.
	ExecutorShutdown struct{}
)

func (SubscribeExecutor) isMessage()  {}
func (ExecutorUpdate) isMessage()     {}
func (ExecutorMessage) isMessage()    {}
func (ExecutorSubscribed) isMessage() {}
func (LaunchOnExecutor) isMessage()   {}
func (KillOnExecutor) isMessage()     {}
func (UpdateAcked) isMessage()        {}
func (ExecutorShutdown) isMessage()   {}
