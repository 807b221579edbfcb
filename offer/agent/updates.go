package agent

import (
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// stream is a task's status updates on their way to the scheduler (docs/protocol.md §9). Only the head is in flight.
type stream struct {
	pending   []msg.TaskStatus // not acknowledged, in the order they came
	recent    []msg.UUID       // acknowledged by the scheduler, the newest last: at most as many as may be pending
	forwarded msg.TaskStatus   // the last head that was sent
	first     uint64           // number of the oldest in recent and pending; they are numbered in order, from 1
	count     uint64           // number of the newest update, 0 none
	wait      time.Duration    // until the head is sent again; doubles
	retry     *timer
}

// has reports whether an update of this uuid was kept before.
func (s *stream) has(u msg.UUID) bool {
	return slices.Contains(s.recent, u) ||
		slices.ContainsFunc(s.pending, func(p msg.TaskStatus) bool { return p.UUID == u })
}

// keep puts an update into its task's stream: it is the task's state now, and goes out when it is the head. Before anybody
// hears of it, its executor included, it is recorded: value is what writtenUpdate made of it.
func (m *Machine) keep(t *task, st msg.TaskStatus, value []byte) {
	t.state = st.State
	t.stream.pending = append(t.stream.pending, st)
	t.stream.count++
	m.updates++
	if t.recorded {
		m.recordValue(updateKey(t.framework.info.ID, t.info.ID, t.stream.count), value)
	}
	m.event(Event{
		Kind: EventTaskUpdated, Framework: t.framework.info.ID, Executor: t.executor, Task: t.info.ID,
		State: st.State, Reason: st.Reason, Text: st.Message,
	})
	if st.State.Terminal() {
		m.ended(t)
	}
	if len(t.stream.pending) == 1 {
		m.sendHead(t)
	}
}

// sendHead sends a stream's head for the first time, or anew after a pause.
func (m *Machine) sendHead(t *task) {
	t.stream.wait = m.cfg.Timeouts.UpdateRetry
	m.forward(t)
}

// resend repeats a head that nobody acknowledged, after a time that doubles.
func (m *Machine) resend(t *task) {
	t.stream.wait = min(msg.Times(t.stream.wait, 2), m.cfg.Timeouts.UpdateRetryCap)
	m.forward(t)
}

func (m *Machine) forward(t *task) {
	if !m.master.registered || len(t.stream.pending) == 0 {
		return
	}
	t.stream.forwarded = t.stream.pending[0]
	m.toMaster(msg.StatusUpdate{Framework: t.framework.info.ID, Status: t.stream.forwarded, Latest: t.state})
	m.timers.set(t.stream.retry, m.now.Add(t.stream.wait))
}

// pauseUpdates stops all repeating while there is no master to hear it.
func (m *Machine) pauseUpdates() {
	m.eachTask("", func(t *task) { m.timers.stop(t.stream.retry) })
	m.pauseOutcomes()
}

// resumeUpdates sends every head at once: all after a registration, one framework's for its new scheduler.
func (m *Machine) resumeUpdates(f offer.FrameworkID) {
	m.eachTask(f, m.sendHead)
	m.resumeOutcomes(f)
}

// eachTask visits the tasks of a framework, of all with "", by framework and id.
func (m *Machine) eachTask(only offer.FrameworkID, visit func(*task)) {
	for _, fid := range sortedKeys(m.frameworks) {
		if only != "" && fid != only {
			continue
		}
		f := m.frameworks[fid]
		for _, id := range sortedKeys(f.tasks) {
			visit(f.tasks[id])
		}
	}
}

// acknowledged takes the head off a stream if it is the one meant. A terminal one closes the stream, and what is behind
// it goes too. An agent that is not admitted ignores it: it has just reported the task as not acknowledged (§4.1).
func (m *Machine) acknowledged(a msg.StatusAck) {
	f := m.frameworks[a.Framework]
	if !m.master.registered || f == nil {
		return
	}
	t := f.tasks[a.Task]
	if t == nil || len(t.stream.pending) == 0 || t.stream.pending[0].UUID != a.UUID {
		return
	}
	s := &t.stream
	head, number := s.pending[0], s.count-uint64(len(s.pending))+1
	s.pending = slices.Delete(s.pending, 0, 1)
	m.updates--
	m.timers.stop(s.retry)
	if head.State.Terminal() {
		m.forget(t)
		m.sweep(f)
		return
	}
	m.keepAck(t, number, head)
	s.recent = append(s.recent, a.UUID)
	m.trimRecent(t)
	if len(s.pending) > 0 {
		m.sendHead(t)
	}
}

// trimRecent forgets the oldest uuids that were acknowledged, beyond as many as may be pending.
func (m *Machine) trimRecent(t *task) {
	s := &t.stream
	for len(s.recent) > m.cfg.Bounds.UpdatesPerTask {
		if t.recorded {
			m.unrecord(updateKey(t.framework.info.ID, t.info.ID, s.first))
		}
		s.recent = slices.Delete(s.recent, 0, 1)
		s.first++
	}
}
