package inproc_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// A schedule is data: its text says all of it, and nothing is drawn twice differently.
//
// docs/protocol.md §19
func TestSchedulesAreText(t *testing.T) {
	targets := inproc.Targets{Masters: []msg.Node{"master"}, Agents: []msg.Node{"agent-1", "agent-2"}, Schedulers: []msg.Node{"web"}, Over: time.Hour}
	seen := map[inproc.Kind]bool{}
	for seed := range uint64(50) {
		s := inproc.RandomSchedule(seed, 20, targets)
		require.Equal(t, s, inproc.RandomSchedule(seed, 20, targets))
		read, err := inproc.ParseSchedule("# drawn\n\n" + s.String())
		require.NoError(t, err)
		require.Equal(t, s, read)
		for _, f := range s {
			seen[f.Kind] = true
		}
	}
	require.Len(t, seen, len(inproc.Kinds()), "every kind is drawn")
}

// A line that is no fault is refused, with what is wrong.
//
// docs/protocol.md §19
func TestLinesThatAreNoFaults(t *testing.T) {
	for line, what := range map[string]string{
		"cut":                            "write a time and a kind",
		"soon cut a b for 1s":            `"soon" is no time`,
		"-1s cut a b for 1s":             "is no time since the beginning",
		"1s melt a":                      `no kind "melt"`,
		"1s cut a":                       "cut needs 2 nodes",
		"1s cut a b":                     `cut needs "for" and a value`,
		"1s cut a b for ever":            `for "ever" is not one`,
		"1s break a b for 1s":            `"for 1s" is too much`,
		"1s slow a b for 1s":             `slow needs "by"`,
		"1s narrow a b number x for 1s":  `number "x" is not one`,
		"1s narrow a b number -1 for 1s": "less than nothing",
	} {
		_, err := inproc.ParseSchedule("\n" + line)
		require.ErrorIs(t, err, inproc.ErrSchedule, line)
		require.ErrorContains(t, err, what)
		require.ErrorContains(t, err, "line 2")
	}
}

// played runs a schedule on a cluster with one task of a lasting framework, and returns its player.
func played(t *testing.T, lines ...string) (*inproc.Cluster, *recorder, *inproc.Player, *[]string) {
	t.Helper()
	c, _ := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	text, err := inproc.ParseSchedule(strings.Join(lines, "\n"))
	require.NoError(t, err)
	told := &[]string{}
	p := c.Play(text, func(f inproc.Fault) {
		switch n := f.A; n {
		case "master":
			c.AddMaster(master.Config{})
		case "agent-1":
			if f.Kind == inproc.Destroy {
				c.AddAgent(n, machine(), workers)
				return
			}
			c.RestartAgent(n)
		default:
			f := lasting()
			f.ID = s.id
			c.AddSchedulerAs(n, f, s)
		}
	}, func(f inproc.Fault, begins bool) {
		word := map[bool]string{true: "begins ", false: "ends "}[begins]
		*told = append(*told, word+string(f.Kind))
	})
	return c, s, p, told
}

// Faults begin and end at their times; the pair stays cut until the last cut has ended.
//
// docs/protocol.md §19
func TestFaultsThatOverlap(t *testing.T) {
	c, _, p, told := played(t, "1s cut agent-1 master for 20s", "5s cut master agent-1 for 40s")
	c.Advance(30 * time.Second)
	require.Equal(t, []string{"begins cut", "begins cut", "ends cut"}, *told)
	require.False(t, c.Network().Linked("agent-1", "master"))
	c.Advance(2 * time.Minute)
	require.True(t, c.Network().Linked("agent-1", "master"))
	require.Equal(t, map[inproc.Kind]int{inproc.Cut: 2}, p.Injected())
}

// Of two delays the latest that is in force counts.
//
// docs/protocol.md §19
func TestDelaysThatOverlap(t *testing.T) {
	c, s, _, _ := played(t, "1s slow scheduler-1 master by 7s for 20s", "2s slow scheduler-1 master by 2s for 10s")
	c.Advance(5 * time.Second)
	ask := func(within time.Duration) string {
		require.NoError(t, s.worker.d.SendStatus(msg.TaskStatus{Task: "task-1", State: msg.TaskRunning}))
		c.Advance(within)
		return s.heard()
	}
	require.Empty(t, ask(1900*time.Millisecond))
	c.Advance(time.Second)
	require.Equal(t, "task-1 TASK_RUNNING ", s.heard())
	c.Advance(5 * time.Second) // at 12.9 s
	require.Empty(t, ask(6*time.Second), "the first is in force again")
	c.Advance(2 * time.Second)
	require.Equal(t, "task-1 TASK_RUNNING ", s.heard())
}

// A snip loses the message that it waits for in the milliseconds before it arrives: an executor's report, a launch on its way to
// an executor, one on its way to an agent. Without that message nothing breaks.
//
// docs/protocol.md §19
func TestSnip(t *testing.T) {
	for line, want := range map[string]struct {
		breaks bool
		told   string
	}{
		"1s snip agent-1/* agent-1 number 1 for 1m":    {true, "task-2 TASK_RUNNING "},
		"1s snip agent-1 agent-1/* number 1 for 1m":    {true, "task-2 TASK_DROPPED AGENT_RESTARTED"},
		"1s snip master agent-1 number 1 for 1m":       {true, "task-2 TASK_DROPPED RECONCILIATION"},
		"1s snip master agent-1 number 100 for 1m":     {false, "task-2 TASK_RUNNING "},
		"1s snip master agent-1 number 1 for 100ms":    {false, "task-2 TASK_RUNNING "},
		"1s snip scheduler-1 agent-1 number 1 for 10m": {false, "task-2 TASK_RUNNING "},
	} {
		c, s, p, _ := played(t, line)
		broken := false
		c.Observe(func(o host.Observation) {
			d, ok := o.What.(host.LinkDown)
			broken = broken || ok && strings.Contains(d.Cause, inproc.ErrCut.Error())
		})
		c.Advance(2 * time.Second)
		s.launch(task("task-2", "worker"))
		c.Advance(2 * time.Minute)
		require.Contains(t, s.heard(), want.told, line)
		require.Equal(t, want.breaks, broken, line)
		require.Equal(t, map[inproc.Kind]int{inproc.Snip: 1}, p.Injected())
	}
}

// What a mutes the other way still arrives, and what waited arrives in order afterwards.
//
// docs/protocol.md §2.1
func TestMuteIsOneWay(t *testing.T) {
	c, s, p, _ := played(t, "0s mute agent-1 master for 30s")
	c.Advance(time.Second)
	for _, state := range []msg.TaskState{msg.TaskRunning, msg.TaskFinished} {
		require.NoError(t, s.worker.d.SendStatus(msg.TaskStatus{Task: "task-1", State: state}))
	}
	c.Advance(5 * time.Second)
	require.Empty(t, s.heard())
	p.Heal()
	c.Advance(2 * time.Second)
	require.Equal(t, "task-1 TASK_RUNNING ; task-1 TASK_FINISHED ", s.heard())
	c.Advance(time.Minute) // the mute's own end finds nothing to end
	require.NoError(t, c.Check())
}

// A dial waits while its question or its answer would pass a mute.
//
// docs/protocol.md §2.1
func TestMuteHoldsDials(t *testing.T) {
	for _, way := range []string{"scheduler-1 master", "master scheduler-1"} {
		c, s, _, _ := played(t, "0s break scheduler-1 master", "0s mute "+way+" for 1m")
		c.Advance(30 * time.Second)
		require.Equal(t, "disconnected", s.heard(), way)
		c.Advance(time.Minute)
		require.Equal(t, "reregistered", s.heard(), way)
	}
}

// A reader that is too slow is disconnected.
//
// docs/protocol.md §2.1
func TestNarrowHangsUp(t *testing.T) {
	c, s, p, _ := played(t, "0s slow master scheduler-1 by 2s for 20s", "0s narrow master scheduler-1 number 2 for 20s")
	c.Advance(time.Second)
	for range 4 {
		_ = s.worker.d.SendMessage([]byte("x"))
	}
	c.Advance(10 * time.Second)
	require.Contains(t, s.heard(), "disconnected")
	p.Heal()
	c.Advance(time.Minute)
	require.Contains(t, s.heard(), "reregistered")
}

// A killed node is started again by whoever knows how; one that is down is not killed twice.
//
// docs/protocol.md §19
func TestKillsAndRestarts(t *testing.T) {
	c, s, p, told := played(t,
		"1s kill master for 10s", "5s kill master for 1h", "1m kill scheduler-1 for 5s", "2m kill agent-1 for 5s", "4m kill nobody for 1s")
	c.Advance(20 * time.Second)
	require.NotNil(t, c.Master())
	c.Advance(5 * time.Minute)
	require.Equal(t, []string{"begins kill", "begins kill", "begins kill"}, *told)
	require.Equal(t, map[inproc.Kind]int{inproc.Kill: 3}, p.Injected())
	require.Contains(t, c.Nodes(), msg.Node("scheduler-1"))
	require.NotNil(t, c.Agent("agent-1"))
	require.NotContains(t, s.heard(), "task-1", "the agent goes on from its checkpoint")
}

// A destroyed machine takes its executors along; Heal starts at once what is down.
//
// docs/protocol.md §19
func TestDestroy(t *testing.T) {
	c, _, p, _ := played(t, "1s destroy agent-1 for 1h")
	c.Advance(2 * time.Second)
	require.Equal(t, []msg.Node{"master", "scheduler-1"}, c.Nodes())
	p.Heal()
	require.NotNil(t, c.Agent("agent-1"))
	c.Advance(2 * time.Hour)
	require.Len(t, c.Nodes(), 3)
}

// An executor that is killed is one of those on the agent; where there is none nothing is hit.
//
// docs/protocol.md §19
func TestKillExecutor(t *testing.T) {
	c, s, p, _ := played(t, "1s kill-executor agent-1 number 3", "10s kill-executor agent-1 number 1", "10s break agent-1 agent-1/*")
	c.Advance(20 * time.Second)
	require.Contains(t, s.heard(), "task-1 TASK_FAILED EXECUTOR_TERMINATED")
	require.Equal(t, map[inproc.Kind]int{inproc.KillExecutor: 1}, p.Injected())
}

// A registry that fails ends the master; one that is slow only delays it.
//
// docs/protocol.md §5
func TestCommitsThatFail(t *testing.T) {
	for kind, survives := range map[string]bool{
		"commit-lost": false, "commit-refused": false, "commit-unsure": false, "commit-slow by 2s": true, "commit-late by 2s": true,
	} {
		c, _, _, _ := played(t, "1s "+kind+" for 5m")
		c.Advance(2 * time.Second)
		c.AddAgent("agent-2", machine(), workers)
		c.Advance(time.Minute)
		require.Equal(t, survives, c.Master() != nil, kind)
	}
}

// A checkpoint that fails ends its agent; one that is slow only delays it.
//
// docs/protocol.md §4.1
func TestRecordsThatFail(t *testing.T) {
	for kind, survives := range map[string]bool{
		"record-lost agent-1": false, "record-refused agent-1": false, "record-unsure agent-1": false,
		"record-slow agent-1 by 2s": true, "record-late agent-1 by 2s": true, "record-lost agent-2": true,
	} {
		c, s, _, _ := played(t, "1s "+kind+" for 5m")
		c.Advance(2 * time.Second)
		require.NoError(t, s.worker.d.SendStatus(msg.TaskStatus{Task: "task-1", State: msg.TaskFinished}))
		c.Advance(2 * time.Minute)
		require.Equal(t, survives, c.Agent("agent-1") != nil, kind)
	}
}

// Leaders are deposed, with and without their notice; who is blind follows the old one until the fault has ended.
//
// docs/protocol.md §5
func TestFaultsOfElections(t *testing.T) {
	c := inproc.NewCluster(1)
	e := c.HoldElections()
	for _, n := range []msg.Node{"master-1", "master-2", "master-3"} {
		c.AddMaster(master.Config{Node: n})
	}
	c.AddAgent("agent-1", machine(), workers)
	c.Advance(5 * time.Second)
	s, err := inproc.ParseSchedule("1s blind agent-1 for 1m\n2s depose\n20s isolate for 30s")
	require.NoError(t, err)
	p := c.Play(s, func(inproc.Fault) {}, nil)
	c.Advance(10 * time.Second)
	require.Equal(t, msg.Node("master-2"), e.Leader())
	require.Empty(t, c.Master().Agents(), "the agent does not know")
	c.Advance(15 * time.Second)
	require.Equal(t, msg.Node("master-3"), e.Leader())
	require.Contains(t, c.Nodes(), msg.Node("master-2"), "it does not know either")
	c.Advance(2 * time.Minute)
	require.NotContains(t, c.Nodes(), msg.Node("master-2"))
	require.True(t, c.Network().Linked("agent-1", "master-3"))
	require.Equal(t, map[inproc.Kind]int{inproc.Blind: 1, inproc.Depose: 1, inproc.Isolate: 1}, p.Injected())
	require.NoError(t, c.Check())
	require.NoError(t, c.Err())
}

// A clock that leaps makes timers fire early, and nothing else; it stays ahead.
//
// docs/protocol.md §19
func TestClockLeaps(t *testing.T) {
	c, s, p, _ := played(t, "0s clock master by 30s", "1m0s clock agent-1 by 10m0s")
	c.Advance(5 * time.Minute)
	require.Empty(t, s.heard(), "30 s are less than the pings, and an agent that misses them comes back")
	require.True(t, c.Network().Linked("agent-1", "master"))
	require.Equal(t, map[inproc.Kind]int{inproc.Clock: 2}, p.Injected())
}

// Whoever watches may stop the cluster: time stands still.
//
// docs/protocol.md §19
func TestFailStopsTheCluster(t *testing.T) {
	c := inproc.NewCluster(1)
	c.AddMaster(master.Config{})
	enough := errors.New("enough")
	c.After(time.Second, func() { c.Fail(enough) })
	before := c.Now()
	c.Advance(time.Hour)
	require.Equal(t, offer.Time(time.Second), c.Now()-before)
	require.ErrorIs(t, c.Err(), enough)
	require.ErrorIs(t, c.Check(), enough)
}
