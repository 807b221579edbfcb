package inproc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// recorder is a Scheduler that writes down its callbacks and answers offers with a function.
type recorder struct {
	log     []string
	id      offer.FrameworkID
	agents  []offer.AgentID
	status  []msg.TaskStatus
	worker  *worker                                    // the last that was started by running
	onOffer func(d framework.Driver, o msg.Offer) bool // true: answered
}

func (r *recorder) note(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf(format, args...))
}

func (r *recorder) Registered(_ framework.Driver, id offer.FrameworkID, _ msg.MasterInfo) {
	r.id = id
	r.note("registered")
}
func (r *recorder) Reregistered(framework.Driver, msg.MasterInfo) { r.note("reregistered") }
func (r *recorder) Disconnected(framework.Driver)                 { r.note("disconnected") }
func (r *recorder) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		r.agents = append(r.agents, o.Agent)
		if r.onOffer == nil || !r.onOffer(d, o) {
			_ = d.Decline(msg.Filters{}, o.ID)
		}
	}
}
func (r *recorder) OfferRescinded(framework.Driver, msg.OfferID) { r.note("rescinded") }
func (r *recorder) StatusUpdate(_ framework.Driver, s msg.TaskStatus) {
	r.status = append(r.status, s)
	r.note("%s %v %s", s.Task, s.State, s.Reason)
}
func (r *recorder) FrameworkMessage(_ framework.Driver, from msg.ExecutorRef, data []byte) {
	r.note("message from %s: %s", from.Executor, data)
}
func (r *recorder) AgentLost(framework.Driver, offer.AgentID) { r.note("agent lost") }
func (r *recorder) ExecutorLost(_ framework.Driver, e msg.ExecutorRef, status int) {
	r.note("executor %s lost %d", e.Executor, status)
}
func (r *recorder) Error(_ framework.Driver, err error) { r.note("error %v", err) }

// heard returns the log on one line, and forgets it.
func (r *recorder) heard() string {
	s := strings.Join(r.log, "; ")
	r.log = nil
	return s
}

// launch answers the first offer with tasks, each under the executor that it names, and declines all others.
func (r *recorder) launch(tasks ...msg.TaskInfo) {
	r.onOffer = func(d framework.Driver, o msg.Offer) bool {
		r.onOffer = nil
		for i := range tasks {
			tasks[i].Agent = o.Agent
		}
		return d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, tasks...) == nil
	}
}

// task describes a task under an executor.
func task(id msg.TaskID, executor msg.ExecutorID) msg.TaskInfo {
	return msg.TaskInfo{ID: id, Resources: resource.MustParse("cpus:1;mem:64"), Executor: &msg.ExecutorInfo{ID: executor}}
}

// worker is an Executor that keeps its tasks running, tells messages back, and ends tasks when told "end <task>".
type worker struct {
	framework.NopExecutor
	info host.StartInfo
	d    framework.ExecutorDriver
}

func (w *worker) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	w.d = d
	if f, ok := strings.CutPrefix(string(t.Data), "write "); ok {
		w.file(d, t, os.WriteFile(filepath.Join(w.info.Directory, f), []byte("written by "+string(w.info.Framework.ID)), 0o600), nil)
		return
	}
	if f, ok := strings.CutPrefix(string(t.Data), "read "); ok {
		data, err := os.ReadFile(filepath.Join(w.info.Directory, f))
		w.file(d, t, err, data)
		return
	}
	_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
}

func (w *worker) file(d framework.ExecutorDriver, t msg.TaskInfo, err error, data []byte) {
	s := msg.TaskStatus{Task: t.ID, State: msg.TaskFinished, Data: data}
	if err != nil {
		s.State, s.Message = msg.TaskFailed, err.Error()
	}
	_ = d.SendStatus(s)
}

func (w *worker) KillTask(d framework.ExecutorDriver, id msg.TaskID, _ msg.KillPolicy) {
	_ = d.SendStatus(msg.TaskStatus{Task: id, State: msg.TaskKilled})
}

func (w *worker) FrameworkMessage(d framework.ExecutorDriver, data []byte) {
	_ = d.SendMessage(append([]byte("echo "), data...))
	if id, ok := strings.CutPrefix(string(data), "end "); ok {
		_ = d.SendStatus(msg.TaskStatus{Task: msg.TaskID(id), State: msg.TaskFinished})
	}
	if string(data) == "stop" {
		d.Stop()
	}
}

var workers = host.Executors{"worker": func(s host.StartInfo) framework.Executor { return &worker{info: s} }}

// newCluster makes a cluster with a master whose books are checked after every step, and a timeline of it.
func newCluster(t *testing.T, seed uint64) (*inproc.Cluster, *strings.Builder) {
	t.Helper()
	c, timeline := inproc.NewCluster(seed), &strings.Builder{}
	c.Observe(func(o host.Observation) { fmt.Fprintln(timeline, o) })
	steps := 0
	c.AfterStep(func() {
		steps++
		require.NoError(t, c.Check(), "after step %d", steps)
	})
	t.Cleanup(func() {
		c.Close()
		require.Empty(t, c.Nodes())
		require.NotZero(t, steps)
		if t.Failed() {
			t.Log(timeline.String())
		}
	})
	require.NotNil(t, c.AddMaster(master.Config{}))
	return c, timeline
}

// info describes a framework of one role.
func info(r role.Name) msg.FrameworkInfo {
	return msg.FrameworkInfo{Name: string(r), Roles: []role.Name{r}, Capabilities: msg.Capabilities{PartitionAware: true}}
}

// machine describes an agent's machine.
func machine() msg.AgentInfo {
	return msg.AgentInfo{Resources: resource.MustParse("cpus:4;mem:1024;disk:1000")}
}
