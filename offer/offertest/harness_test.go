package offertest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/offertest"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// runner is a scheduler that launches its tasks, one on each offer that is large enough, and keeps what it was told.
type runner struct {
	framework.NopScheduler
	todo []msg.TaskInfo
	id   offer.FrameworkID
	log  []string
}

func (r *runner) note(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf(format, args...))
}

func (r *runner) Registered(_ framework.Driver, id offer.FrameworkID, _ msg.MasterInfo) {
	r.id = id
	r.note("registered")
}
func (r *runner) Reregistered(framework.Driver, msg.MasterInfo) { r.note("reregistered") }
func (r *runner) Disconnected(framework.Driver)                 { r.note("disconnected") }
func (r *runner) AgentLost(framework.Driver, offer.AgentID)     { r.note("agent lost") }

func (r *runner) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		if len(r.todo) == 0 || !o.Resources.Contains(r.todo[0].Resources) {
			_ = d.Decline(msg.Filters{}, o.ID)
			continue
		}
		t := r.todo[0]
		r.todo, t.Agent = r.todo[1:], o.Agent
		_ = d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, t)
	}
}

func (r *runner) StatusUpdate(_ framework.Driver, s msg.TaskStatus) { r.note("%s %s", s.Task, s.State) }

// heard returns what r was told since it was asked last.
func (r *runner) heard() []string {
	log := r.log
	r.log = nil
	return log
}

// task describes a task of an executor; command one without.
func task(id msg.TaskID) msg.TaskInfo {
	return msg.TaskInfo{ID: id, Resources: resource.MustParse("cpus:1;mem:128"), Executor: &msg.ExecutorInfo{ID: "any"}}
}

func command(id msg.TaskID) msg.TaskInfo {
	return msg.TaskInfo{ID: id, Resources: resource.MustParse("cpus:1;mem:128"), Command: &msg.CommandInfo{Value: "sleep 100", Shell: true}}
}

// web describes a framework that survives what can be survived.
func web() msg.FrameworkInfo {
	return msg.FrameworkInfo{Name: "web", Roles: []role.Name{"web"}, FailoverTimeout: time.Hour, Checkpoint: true,
		Capabilities: msg.Capabilities{PartitionAware: true}}
}

// bothWays runs a test by hand and live.
func bothWays(t *testing.T, test func(t *testing.T, start func(offertest.TB, ...offertest.Option) *offertest.Cluster)) {
	t.Run("by hand", func(t *testing.T) { test(t, offertest.New) })
	t.Run("live", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(t, offertest.Live) })
	})
}

// A task's life: offered, launched, running, finished; and all that is checked on the way.
// docs/protocol.md §17
func TestTasksFromLaunchToEnd(t *testing.T) {
	bothWays(t, func(t *testing.T, start func(offertest.TB, ...offertest.Option) *offertest.Cluster) {
		c := start(t)
		s := &runner{todo: []msg.TaskInfo{task("task-1"), command("task-2"), task("task-3")}}
		c.Scheduler(web(), s)
		c.Advance(10 * time.Second)
		c.CheckTask("task-1", msg.TaskRunning)
		c.CheckTask("task-2", msg.TaskRunning)
		c.CheckAllocated("web", "web", "cpus:3;mem:384")
		c.Finish("task-1")
		c.Finish("task-2")
		c.Fail("task-3", "out of luck")
		c.CheckTask("task-1", msg.TaskFinished)
		c.CheckTask("task-2", msg.TaskFinished)
		c.CheckTask("task-3", msg.TaskFailed)
		c.CheckAllocated("web", "web", "")
		c.CheckBooks()
		require.Equal(t, []string{"registered", "task-1 TASK_RUNNING", "task-2 TASK_RUNNING", "task-3 TASK_RUNNING",
			"task-1 TASK_FINISHED", "task-2 TASK_FINISHED", "task-3 TASK_FAILED"}, s.heard())
	})
}
