package msg_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/msg"
)

// docs/protocol.md §18 checks: delay 15, interval 10, timeout 20 s; health: 3 failures, grace 10 s. What is told stays.
func TestCheckDefaults(t *testing.T) {
	want := msg.CheckInfo{TCP: &msg.TCPCheck{Port: 80}, Delay: 15 * time.Second, Interval: 10 * time.Second, Timeout: 20 * time.Second}
	require.Equal(t, want, msg.CheckInfo{TCP: want.TCP}.WithDefaults())
	require.Equal(t, msg.HealthCheckInfo{CheckInfo: want, Failures: 3, Grace: 10 * time.Second},
		msg.HealthCheckInfo{CheckInfo: msg.CheckInfo{TCP: want.TCP}}.WithDefaults())
	told := msg.HealthCheckInfo{CheckInfo: msg.CheckInfo{Delay: 1, Interval: 2, Timeout: 3}, Failures: 4, Grace: 5}
	require.Equal(t, told, told.WithDefaults())
}

// docs/protocol.md §8: the result of a check has a kind, and the value of that kind or none yet.
func TestCheckStatus(t *testing.T) {
	require.NoError(t, (*msg.CheckStatus)(nil).Validate())
	for kind, value := range map[msg.CheckKind]func(*msg.CheckStatus){
		msg.CheckCommand: func(s *msg.CheckStatus) { s.ExitCode = new(1) },
		msg.CheckHTTP:    func(s *msg.CheckStatus) { s.HTTPStatus = new(404) },
		msg.CheckTCP:     func(s *msg.CheckStatus) { s.Connected = new(false) },
	} {
		for other := range msg.CheckKind(5) {
			s := msg.CheckStatus{Kind: other}
			if known := other >= msg.CheckCommand && other <= msg.CheckTCP; known {
				require.NoError(t, s.Validate(), other)
			} else {
				require.ErrorIs(t, s.Validate(), msg.ErrCheckStatus, other)
			}
			value(&s)
			if other == kind {
				require.NoError(t, s.Validate(), kind)
			} else {
				require.ErrorIs(t, s.Validate(), msg.ErrCheckStatus, "%v with the value of %v", other, kind)
			}
		}
	}
	require.Equal(t, "TCP CheckKind(4)", msg.CheckTCP.String()+" "+msg.CheckKind(4).String())
}

// docs/protocol.md §7: a check is of just one kind.
func TestKindOfACheck(t *testing.T) {
	command, http, tcp := &msg.CommandInfo{}, &msg.HTTPCheck{}, &msg.TCPCheck{}
	require.Equal(t, msg.CheckCommand, msg.CheckInfo{Command: command}.Kind())
	require.Equal(t, msg.CheckHTTP, msg.CheckInfo{HTTP: http}.Kind())
	require.Equal(t, msg.CheckTCP, msg.CheckInfo{TCP: tcp}.Kind())
	for _, c := range []msg.CheckInfo{{}, {Command: command, HTTP: http}, {Command: command, TCP: tcp}, {HTTP: http, TCP: tcp},
		{Command: command, HTTP: http, TCP: tcp}} {
		require.Equal(t, msg.CheckUnknown, c.Kind())
	}
}

// docs/protocol.md §8 AGENT (1): the state that each reason brings which a host may give; it gives no others.
func TestReasonsOfHosts(t *testing.T) {
	for r, want := range map[msg.Reason]msg.TaskState{
		msg.ReasonContainerLimitation: msg.TaskFailed, msg.ReasonContainerLimitationDisk: msg.TaskFailed,
		msg.ReasonContainerLimitationMemory: msg.TaskFailed, msg.ReasonContainerPreempted: msg.TaskGone,
		msg.ReasonContainerUpdateFailed: msg.TaskGone,
	} {
		s, ok := r.Container()
		require.True(t, ok, r)
		require.Equal(t, want, s, r)
	}
	for _, r := range []msg.Reason{"", msg.ReasonContainerLaunchFailed, msg.ReasonExecutorTerminated, msg.ReasonGCError, "OF_MY_OWN"} {
		_, ok := r.Container()
		require.False(t, ok, r)
	}
}

// A task says how to see that it is well. Its executor looks, with the defaults for what the task leaves open, and tells what it
// saw in the status of a task that still runs.
func ExampleHealthCheckInfo_WithDefaults() {
	task := msg.TaskInfo{ID: "web", HealthCheck: &msg.HealthCheckInfo{
		CheckInfo: msg.CheckInfo{HTTP: &msg.HTTPCheck{Port: 8080, Path: "/up"}, Interval: time.Second},
	}}

	// In the executor:
	h := task.HealthCheck.WithDefaults()
	fmt.Printf("%v on port %d every %v, at most %v each; killed after %d failures\n", h.Kind(), h.HTTP.Port, h.Interval, h.Timeout, h.Failures)
	s := msg.TaskStatus{Task: task.ID, State: msg.TaskRunning, Reason: msg.ReasonTaskHealthCheckStatusUpdated, Healthy: new(false)}
	fmt.Println(s.State, s.Reason, *s.Healthy)
	// Output:
	// HTTP on port 8080 every 1s, at most 20s each; killed after 3 failures
	// TASK_RUNNING TASK_HEALTH_CHECK_STATUS_UPDATED false
}
