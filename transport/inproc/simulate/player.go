package simulate

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// taskKey names a task among those of all frameworks.
type taskKey struct {
	framework offer.FrameworkID
	task      msg.TaskID
}

func (k taskKey) compare(o taskKey) int {
	return cmp.Or(cmp.Compare(k.framework, o.framework), cmp.Compare(k.task, o.task))
}

// player is an executor: its tasks run for the time that their data says, and end when told.
type player struct {
	framework.NopExecutor
	w       *world
	info    host.StartInfo
	node    msg.Node
	d       framework.ExecutorDriver
	running map[msg.TaskID]msg.TaskInfo
}

func newPlayer(w *world, i host.StartInfo) *player {
	p := &player{w: w, info: i, node: executorNode(i.Agent, i.Container), running: map[msg.TaskID]msg.TaskInfo{}}
	w.players[p.node] = p
	return p
}

func (p *player) key(id msg.TaskID) taskKey { return taskKey{p.info.Framework.ID, id} }

func (p *player) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	p.d = d
	p.running[t.ID] = t
	for _, x := range p.w.watchers {
		p.w.judge(x, x.began(p, t))
	}
	_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
	if run, err := time.ParseDuration(string(t.Data)); err == nil && run > 0 {
		p.finishIn(run, t.ID)
	}
}

// finishIn lets a task end well after d, or later while the world holds its breath.
func (p *player) finishIn(d time.Duration, id msg.TaskID) {
	p.w.c.After(d, func() {
		if p.w.still {
			p.finishIn(time.Minute, id)
			return
		}
		p.end(id, msg.TaskFinished)
	})
}

// KillTask ends a task at once, or after a while, as its id says; within its grace if it was given one.
func (p *player) KillTask(_ framework.ExecutorDriver, id msg.TaskID, k msg.KillPolicy) {
	d := time.Duration(id[len(id)-1]%4) * time.Second
	if k.Grace > 0 {
		d = min(d, k.Grace)
	}
	if d == 0 {
		p.end(id, msg.TaskKilled)
		return
	}
	p.w.c.After(d, func() { p.end(id, msg.TaskKilled) })
}

func (p *player) FrameworkMessage(d framework.ExecutorDriver, data []byte) { _ = d.SendMessage(data) }

func (p *player) Shutdown(framework.ExecutorDriver) {
	for _, id := range slices.Sorted(maps.Keys(p.running)) {
		p.end(id, msg.TaskKilled)
	}
}

// end ends a task that runs.
func (p *player) end(id msg.TaskID, s msg.TaskState) {
	t, ok := p.running[id]
	if !ok {
		return
	}
	delete(p.running, id)
	for _, x := range p.w.watchers {
		x.ended(p, t)
	}
	_ = p.d.SendStatus(msg.TaskStatus{Task: id, State: s}) // refused where the executor has ended: its agent tells of it
}
