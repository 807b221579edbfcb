package msg

// Inputs of a program to the session under its driver (docs/protocol.md §17).
type (
	// Call asks a session to send one of a scheduler's calls, or an executor's update or message.
	Call struct{ Body Message }
	// StopDriver ends a session: with Failover a scheduler only disconnects, else it tears its framework down.
	StopDriver struct{ Failover bool }
	// AbortDriver ends a session's callbacks and nothing else.
	AbortDriver struct{}
)

func (Call) isInput()        {}
func (StopDriver) isInput()  {}
func (AbortDriver) isInput() {}

// DriverStatus is a driver's state, numbered as in the article's API.
type DriverStatus uint8

// The states of a driver.
const (
	DriverNotStarted DriverStatus = 1
	DriverRunning    DriverStatus = 2
	DriverAborted    DriverStatus = 3
	DriverStopped    DriverStatus = 4
)
