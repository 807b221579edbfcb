package msg

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// CheckInfo tells a task's executor what to look at while the task runs, and when; what it sees goes into TaskStatus.Check, and
// decides nothing. Just one of Command, HTTP and TCP is set. No machine of Proffer runs a check: a master sees that it is well
// formed, and it is carried to the executor as it is (docs/protocol.md §7).
type CheckInfo struct {
	Command  *CommandInfo  // its exit status counts
	HTTP     *HTTPCheck    // the status of the answer to a GET counts
	TCP      *TCPCheck     // whether a connection comes about counts
	Delay    time.Duration // from the start of the task to the first check; 0: 15 s
	Interval time.Duration // between one check and the next; 0: 10 s
	Timeout  time.Duration // how long one may take; 0: 20 s
}

// HTTPCheck asks for http://<the task's own address>:Port/Path.
type HTTPCheck struct {
	Port   int    // 1 to 65535
	Path   string // "", or it begins with "/"
	Scheme string // of health checks only: "http" or "https"; "" is the first
	// Statuses, of health checks only, are the answers of a healthy task, each from 100 to 599; none: the executor's choice,
	// which is 200 to 399 in Mesos.
	Statuses []int
}

// TCPCheck connects to the task's own address.
type TCPCheck struct{ Port int } // 1 to 65535

// HealthCheckInfo tells a task's executor how to see whether the task does its work. What it sees goes into
// TaskStatus.Healthy, and a task that failed too often is killed by its executor. Like a check it is only carried.
type HealthCheckInfo struct {
	CheckInfo
	Failures int           // one after the other, until the task is killed; 0: 3
	Grace    time.Duration // from the start of the task, within which a failure does not count; 0: 10 s
}

// The defaults of docs/protocol.md §18.
const (
	checkDelay    = 15 * time.Second
	checkInterval = 10 * time.Second
	checkTimeout  = 20 * time.Second
	healthFails   = 3
	healthGrace   = 10 * time.Second
)

// WithDefaults is c with the defaults in the place of times that are 0: for executors.
func (c CheckInfo) WithDefaults() CheckInfo {
	c.Delay, c.Interval, c.Timeout = cmp.Or(c.Delay, checkDelay), cmp.Or(c.Interval, checkInterval), cmp.Or(c.Timeout, checkTimeout)
	return c
}

// WithDefaults is h with the defaults in the place of times and numbers that are 0: for executors.
func (h HealthCheckInfo) WithDefaults() HealthCheckInfo {
	h.CheckInfo = h.CheckInfo.WithDefaults()
	h.Failures, h.Grace = cmp.Or(h.Failures, healthFails), cmp.Or(h.Grace, healthGrace)
	return h
}

// CheckKind is a kind of check, numbered as on the wire.
type CheckKind uint8

// The kinds of checks.
const (
	CheckUnknown CheckKind = 0 // none of them; a status cannot have it
	CheckCommand CheckKind = 1
	CheckHTTP    CheckKind = 2
	CheckTCP     CheckKind = 3
)

var checkKinds = [...]string{"UNKNOWN", "COMMAND", "HTTP", "TCP"}

// String prints the wire name, such as COMMAND.
func (k CheckKind) String() string {
	if int(k) < len(checkKinds) {
		return checkKinds[k]
	}
	return fmt.Sprintf("CheckKind(%d)", uint8(k))
}

// Kind is the kind of the check; CheckUnknown if not just one is set.
func (c CheckInfo) Kind() CheckKind {
	switch [3]bool{c.Command != nil, c.HTTP != nil, c.TCP != nil} {
	case [3]bool{true, false, false}:
		return CheckCommand
	case [3]bool{false, true, false}:
		return CheckHTTP
	case [3]bool{false, false, true}:
		return CheckTCP
	}
	return CheckUnknown
}

// CheckStatus is what a task's last check said. Only the field of its kind may be set; nil: no check has ended yet, or the last
// one took too long.
type CheckStatus struct {
	Kind       CheckKind
	ExitCode   *int  // CheckCommand: the raw exit status
	HTTPStatus *int  // CheckHTTP: of the answer
	Connected  *bool // CheckTCP
}

// ErrCheckStatus: a CheckStatus has no kind, or the result of another one.
var ErrCheckStatus = errors.New("malformed result of a check")

// Validate refuses a result that fits no kind of check; errors wrap ErrCheckStatus. nil is fine.
func (s *CheckStatus) Validate() error {
	if s == nil {
		return nil
	}
	if s.Kind == CheckUnknown || int(s.Kind) >= len(checkKinds) {
		return fmt.Errorf("%w: its kind is %v; name COMMAND, HTTP or TCP", ErrCheckStatus, s.Kind)
	}
	if s.ExitCode != nil && s.Kind != CheckCommand || s.HTTPStatus != nil && s.Kind != CheckHTTP || s.Connected != nil && s.Kind != CheckTCP {
		return fmt.Errorf("%w: it is of kind %v, and has the result of another one", ErrCheckStatus, s.Kind)
	}
	return nil
}
