package offertest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// Task is a task that the harness plays: what an executor would do, without one. Its methods may be called from any
// goroutine. Once the task has ended they do nothing.
type Task struct {
	Info      msg.TaskInfo
	Framework offer.FrameworkID
	Agent     msg.Node

	c       *Cluster
	d       framework.ExecutorDriver
	command bool // made for this task alone
}

// taskKey names a task among all that are played.
type taskKey struct {
	framework offer.FrameworkID
	task      msg.TaskID
	agent     msg.Node
}

func (t *Task) key() taskKey { return taskKey{t.Framework, t.Info.ID, t.Agent} }

// UntilTold plays a task that runs until Cluster.Finish, Cluster.Fail, or a kill.
func UntilTold(t *Task) { t.Running() }

// RunFor plays tasks that run for d and finish.
func RunFor(d time.Duration) func(*Task) {
	return func(t *Task) {
		t.Running()
		t.After(d, t.Finish)
	}
}

// Send reports a status; its Task is filled in. A terminal one ends the task.
func (t *Task) Send(s msg.TaskStatus) {
	if !t.c.playing(t, s.State.Terminal()) {
		return
	}
	s.Task = t.Info.ID
	_ = t.d.SendStatus(s) // refused where the executor has ended: its agent tells of the task then
	if t.command && s.State.Terminal() {
		t.d.Stop()
	}
}

// Running reports TASK_RUNNING.
func (t *Task) Running() { t.Send(msg.TaskStatus{State: msg.TaskRunning}) }

// Finish reports TASK_FINISHED.
func (t *Task) Finish() { t.Send(msg.TaskStatus{State: msg.TaskFinished}) }

// Fail reports TASK_FAILED.
func (t *Task) Fail(why string) { t.Send(msg.TaskStatus{State: msg.TaskFailed, Message: why}) }

// Message sends bytes to the scheduler.
func (t *Task) Message(data []byte) { _ = t.d.SendMessage(data) }

// After calls f when d of the cluster's time has passed, unless the task has ended by then.
func (t *Task) After(d time.Duration, f func()) {
	t.c.engine.after(d, func() {
		if t.c.playing(t, false) {
			f()
		}
	})
}

// player is the executor that plays tasks.
type player struct {
	framework.NopExecutor
	c    *Cluster
	info host.StartInfo
}

func (p *player) LaunchTask(d framework.ExecutorDriver, info msg.TaskInfo) {
	t := &Task{Info: info, Framework: p.info.Framework.ID, Agent: p.info.Agent, c: p.c, d: d, command: info.Executor == nil}
	p.c.mu.Lock()
	p.c.played[t.key()] = t
	p.c.mu.Unlock()
	p.c.cfg.play(t)
}

func (p *player) KillTask(_ framework.ExecutorDriver, id msg.TaskID, _ msg.KillPolicy) {
	p.end(func(t *Task) bool { return t.Info.ID == id })
}

func (p *player) Shutdown(framework.ExecutorDriver) {
	p.end(func(t *Task) bool { return t.executor() == p.info.Executor.ID })
}

// executor is who runs the task; a command task's is named like it.
func (t *Task) executor() msg.ExecutorID {
	if t.Info.Executor == nil {
		return msg.ExecutorID(t.Info.ID)
	}
	return t.Info.Executor.ID
}

// end reports the tasks of this executor that which names as killed.
func (p *player) end(which func(*Task) bool) {
	for _, t := range p.c.playedTasks() {
		if t.Framework == p.info.Framework.ID && t.Agent == p.info.Agent && which(t) {
			t.Send(msg.TaskStatus{State: msg.TaskKilled})
		}
	}
}

// playing reports whether t is played, and with end forgets it.
func (c *Cluster) playing(t *Task, end bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.played[t.key()] != t {
		return false
	}
	if end {
		delete(c.played, t.key())
	}
	return true
}

// playedTasks lists the tasks that are played, in order.
func (c *Cluster) playedTasks() []*Task {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Values(c.played), func(a, b *Task) int {
		return cmp.Or(cmp.Compare(a.Info.ID, b.Info.ID), cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.Agent, b.Agent))
	})
}

// forget drops the tasks of an agent that is gone.
func (c *Cluster) forget(agent msg.Node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.played, func(k taskKey, _ *Task) bool { return k.agent == agent })
}

// Task returns the task of that id that is played now, settled before. It fails the test if there is none, or more than one,
// and then returns nil.
func (c *Cluster) Task(id msg.TaskID) *Task {
	c.t.Helper()
	c.Settle()
	var found []*Task
	var names []string
	for _, t := range c.playedTasks() {
		names = append(names, string(t.Info.ID))
		if t.Info.ID == id {
			found = append(found, t)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	c.t.Fatalf("offertest: %d tasks %q are played; all that are: %s", len(found), id, orNone(strings.Join(names, ", ")))
	return nil
}

// Finish lets a task end well.
func (c *Cluster) Finish(id msg.TaskID) {
	c.t.Helper()
	if t := c.Task(id); t != nil {
		c.note(fmt.Sprintf("finishes %s", id))
		t.Finish()
	}
}

// Fail lets a task fail.
func (c *Cluster) Fail(id msg.TaskID, why string) {
	c.t.Helper()
	if t := c.Task(id); t != nil {
		c.note(fmt.Sprintf("fails %s: %s", id, why))
		t.Fail(why)
	}
}
