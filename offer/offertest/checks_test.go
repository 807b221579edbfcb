package offertest_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/offertest"
)

var (
	_ offertest.TB = (*testing.T)(nil)
	_ offertest.TB = (*testing.B)(nil)
	_ offertest.TB = (*rapid.T)(nil)
	_ offertest.TB = (*fakeTest)(nil)
)

// fakeTest is a test that keeps what is said, and goes on.
type fakeTest struct {
	said, logged []string
	fatal        bool
	cleanups     []func()
}

func (r *fakeTest) Helper()      {}
func (r *fakeTest) Name() string { return "fake" }
func (r *fakeTest) Logf(format string, args ...any) {
	r.logged = append(r.logged, fmt.Sprintf(format, args...))
}
func (r *fakeTest) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}
func (r *fakeTest) Fatalf(format string, args ...any) { r.Errorf(format, args...); r.fatal = true }
func (r *fakeTest) Failed() bool                      { return len(r.said) > 0 }
func (r *fakeTest) Cleanup(f func())                  { r.cleanups = append(r.cleanups, f) }

// end does the cleanups.
func (r *fakeTest) end() {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
}

// recorded starts a cluster by hand, with task-1 of web running, whose failures are kept.
func recorded(t *testing.T, opts ...offertest.Option) (*fakeTest, *offertest.Cluster) {
	t.Helper()
	r := &fakeTest{}
	t.Cleanup(r.end)
	c := offertest.New(r, opts...)
	s := &runner{todo: []msg.TaskInfo{task("task-1")}}
	c.Scheduler(web(), s)
	c.Settle()
	require.Empty(t, r.said)
	return r, c
}

// Every check fails on what is not so, and says what is.
// docs/design.md "package offertest"
func TestChecksFail(t *testing.T) {
	for name, x := range map[string]struct {
		check func(*offertest.Cluster)
		want  string
		fatal bool
	}{
		"allocated":            {func(c *offertest.Cluster) { c.CheckAllocated("web", "web", "cpus:2;mem:128") }, "web has cpus:1; mem:128 allocated for web, not cpus:2; mem:128", false},
		"allocated, role":      {func(c *offertest.Cluster) { c.CheckAllocated("web", "db", "cpus:1;mem:128") }, "web has {} allocated for db", false},
		"allocated, framework": {func(c *offertest.Cluster) { c.CheckAllocated("db", "db", "") }, `the master has 0 frameworks "db"; it has: M1-0000 (web) connected`, true},
		"allocated, text":      {func(c *offertest.Cluster) { c.CheckAllocated("web", "web", "cpus") }, "CheckAllocated", true},
		"task":                 {func(c *offertest.Cluster) { c.CheckTask("task-1", msg.TaskFinished) }, "task task-1 is TASK_RUNNING, not TASK_FINISHED", false},
		"no task":              {func(c *offertest.Cluster) { c.CheckTask("task-9", msg.TaskFinished) }, "the master knows no task task-9", false},
		"offers":               {func(c *offertest.Cluster) { c.CheckOffers("web", 1) }, "web has 0 offers, not 1\nagent-1 for web: ", false},
		"no master":            {func(c *offertest.Cluster) { c.KillLeader(); c.CheckTask("task-1", msg.TaskRunning) }, "no master leads", true},
		"no master to kill":    {func(c *offertest.Cluster) { c.KillLeader(); c.KillLeader() }, "there is no master to kill", true},
		"two masters":          {func(c *offertest.Cluster) { c.StartMaster() }, "there is a master; use KillLeader first", true},
		"finish":               {func(c *offertest.Cluster) { c.Finish("task-9") }, `0 tasks "task-9" are played; all that are: task-1`, true},
		"fail":                 {func(c *offertest.Cluster) { c.Fail("task-9", "") }, `0 tasks "task-9" are played`, true},
		"kill agent":           {func(c *offertest.Cluster) { c.KillAgent("agent-9") }, `there is no agent "agent-9"`, true},
		"crash agent":          {func(c *offertest.Cluster) { c.CrashAgent("agent-9") }, `there is no agent "agent-9"`, true},
		"replace agent":        {func(c *offertest.Cluster) { c.ReplaceAgent("agent-9") }, `there is no agent "agent-9"`, true},
		"restart agent":        {func(c *offertest.Cluster) { c.RestartAgent("agent-9") }, `there is no agent "agent-9"`, true},
		"stop agent":           {func(c *offertest.Cluster) { c.StopAgent("agent-9") }, `there is no agent "agent-9"`, true},
		"add agent":            {func(c *offertest.Cluster) { c.AddAgent("agent-9", "cpus") }, "add agent agent-9", true},
		"add it twice":         {func(c *offertest.Cluster) { c.AddAgent("agent-1", "cpus:1") }, "start agent agent-1", true},
		"kill scheduler":       {func(c *offertest.Cluster) { c.KillScheduler("db") }, `no scheduler of a framework named "db" was added`, true},
		"stop scheduler":       {func(c *offertest.Cluster) { c.StopScheduler("db", true) }, `no scheduler of a framework named "db" was added`, true},
		"partition":            {func(c *offertest.Cluster) { c.Partition("master", "agent-9")() }, `there is no node "agent-9"`, true},
		"stall":                {func(c *offertest.Cluster) { c.Stall("agent-9", "master")() }, `there is no node "agent-9"`, true},
		"link":                 {func(c *offertest.Cluster) { c.LoseLink("agent-9", "master") }, `there is no node "agent-9"`, true},
		"explain":              {func(c *offertest.Cluster) { c.Explain("web", "web", "agent-9") }, `the master has no agent "agent-9"; it has: agent-1`, true},
		"explain to nobody":    {func(c *offertest.Cluster) { c.Explain("db", "web", "agent-1") }, `0 frameworks "db"`, true},
		"scheduler":            {func(c *offertest.Cluster) { c.SchedulerOf(framework.SchedulerConfig{MissedHeartbeats: -1}, nil) }, "add scheduler", true},
		"names":                {func(c *offertest.Cluster) { c.Scheduler(web(), &runner{}); c.CheckOffers("web", 0) }, `the master has 2 frameworks "web"`, true},
	} {
		t.Run(name, func(t *testing.T) {
			r, c := recorded(t)
			x.check(c)
			require.NotEmpty(t, r.said)
			require.Contains(t, r.said[0], "offertest: ")
			require.Contains(t, r.said[0], x.want)
			require.Equal(t, x.fatal, r.fatal)
		})
	}
}

// What cannot be started is said when it is started.
// docs/design.md "package offertest"
func TestOptionsThatCannotBe(t *testing.T) {
	for name, x := range map[string]struct {
		opt  offertest.Option
		want string
	}{
		"resources": {offertest.WithAgents(1, "cpus"), "resources of agents"},
		"names":     {offertest.WithAgent("master", msg.AgentInfo{}), "start agent master"},
		"master":    {offertest.WithMaster(func(cfg *master.Config) { cfg.PingTimeout = time.Nanosecond }), "start master"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &fakeTest{}
			defer r.end()
			offertest.New(r, x.opt)
			require.NotEmpty(t, r.said)
			require.Contains(t, r.said[0], x.want)
		})
	}
}

// Checks that hold say nothing; offers are counted, and explained where there are none.
// docs/allocation.md §5
func TestChecksHold(t *testing.T) {
	r, c := recorded(t)
	c.Scheduler(msg.FrameworkInfo{Name: "idle", Roles: web().Roles}, framework.NopScheduler{})
	c.CheckOffers("idle", 1)
	c.CheckOffers("web", 0)
	id := string(c.Snapshot().Master.Frameworks[1].Info.ID)
	c.CheckOffers(id, 1)
	c.CheckAllocated("web", "web", "mem:128;cpus:1")
	c.CheckTask("task-1", msg.TaskRunning)
	c.CheckBooks()
	require.NotZero(t, c.Explain("web", "web", "agent-1").Gate)
	r.end()
	require.Empty(t, r.said)
	require.Empty(t, r.logged, "nothing is told of a test that passed")
	r.cleanups = nil
}

// A test that failed is told what the cluster was like.
// docs/design.md "package offertest"
func TestDump(t *testing.T) {
	r, c := recorded(t, offertest.WithAgents(2, "cpus:2;mem:512"), offertest.WithEvents(12))
	c.Scheduler(msg.FrameworkInfo{Name: "idle", Roles: web().Roles}, framework.NopScheduler{})
	c.Advance(time.Second)
	c.Partition("agent-2", "master")
	c.Finish("task-1")
	c.Advance(500 * time.Millisecond)
	r.Errorf("something is wrong")
	r.end()
	r.cleanups = nil
	require.Len(t, r.logged, 1)
	if os.Getenv("PROFFER_REWRITE") != "" {
		require.NoError(t, os.WriteFile("testdata/dump.txt", []byte(r.logged[0]), 0o644))
	}
	want, err := os.ReadFile("testdata/dump.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), r.logged[0], "PROFFER_REWRITE=1 writes it anew")
}

// Equal seeds and equal calls give equal lines; another seed others.
// docs/design.md "Rules that decide the rest"
func TestEqualRuns(t *testing.T) {
	run := func(seed uint64) string {
		_, c := recorded(t, offertest.WithSeed(seed), offertest.WithAgents(3, "cpus:2;mem:512"), offertest.WithLatency(10*time.Millisecond, 20*time.Millisecond))
		c.Advance(time.Minute)
		c.KillAgent("agent-2")
		c.Stall("agent-1", "master")
		c.Advance(10 * time.Minute)
		c.KillLeader()
		c.StartMaster()
		c.Advance(10 * time.Minute)
		return strings.Join(c.Events(), "\n") + c.Dump()
	}
	first := run(1)
	require.Greater(t, strings.Count(first, "\n"), 50)
	require.Equal(t, first, run(1))
	require.NotEqual(t, first, run(2))
}

// Rules and policies of one's own decide what is offered.
// docs/allocation.md §6
func TestRulesAndPolicies(t *testing.T) {
	r, c := recorded(t, offertest.WithRules(offer.DefaultRules(offer.V1)))
	c.Advance(time.Minute)
	c.CheckBooks()
	r.end()
	require.Empty(t, r.said)
	r.cleanups = nil

	r = &fakeTest{}
	c = offertest.New(r, offertest.WithPolicy(func() offer.Policy { return lazy{} }), offertest.WithAgents(4, "cpus:1"))
	c.Scheduler(web(), framework.NopScheduler{})
	c.CheckOffers("web", 2)
	r.end()
	require.Empty(t, r.said)
}
