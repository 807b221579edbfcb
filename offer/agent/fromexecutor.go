package agent

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
)

// fromExecutor takes a message on a link that is not the master's. Until an executor subscribed on it, it is a
// stranger's, who may do nothing else.
func (m *Machine) fromExecutor(l msg.Link, p *peer, b msg.Message) error {
	if s, ok := b.(msg.SubscribeExecutor); ok {
		return m.subscribeExecutor(l, p, s)
	}
	if p.exec == nil {
		return fmt.Errorf("%w: %T from %s, which has not subscribed", ErrInput, b, p.node)
	}
	switch b := b.(type) {
	case msg.ExecutorUpdate:
		return m.executorUpdate(p.exec, b.Status)
	case msg.ExecutorMessage:
		return m.up(p.exec, b.Data)
	}
	return fmt.Errorf("%w: an executor sends no %T", ErrInput, b)
}

// up passes an executor's bytes on, while a master is there to take them (docs/protocol.md §13).
func (m *Machine) up(e *executor, data []byte) error {
	if len(data) > m.cfg.Bounds.DataBytes {
		return fmt.Errorf("%w: message of %d bytes; %d are allowed", ErrBound, len(data), m.cfg.Bounds.DataBytes)
	}
	m.toMaster(msg.FromExecutor{
		Executor: msg.ExecutorRef{Framework: e.framework.info.ID, Agent: m.id, Executor: e.id},
		Data:     data,
	})
	return nil
}

// subscribeExecutor opens an executor's stream, in the order of docs/protocol.md §11. One that may not run any more is
// told to end.
func (m *Machine) subscribeExecutor(l msg.Link, p *peer, s msg.SubscribeExecutor) error {
	if p.exec != nil {
		return fmt.Errorf("%w: link %d is subscribed already", ErrInput, l)
	}
	e := m.executor(s.Framework, s.Executor)
	if e == nil || e.container != s.Container || !e.asked || e.state == execTerminating || e.framework.ending || m.ending {
		m.send(l, msg.ExecutorShutdown{})
		m.closeLink(l)
		return nil
	}
	m.closeLink(e.link)
	e.link, p.exec = l, e
	e.state = execRunning
	m.back(e)
	m.timers.stop(e.patience)
	m.timers.set(e.heartbeat, m.now.Add(m.cfg.Timeouts.ExecutorHeartbeat))
	for _, u := range s.Updates {
		_ = m.executorUpdate(e, u) // one that is wrong does not spoil the others
		if e.link != l {
			return nil // it sent more than it may
		}
	}
	m.dropUndelivered(e, s.Tasks)
	if len(s.Tasks) > 0 {
		m.used(e)
	}
	m.send(l, msg.ExecutorSubscribed{Executor: e.allowed(), Framework: e.framework.info, Agent: m.info(), Container: e.container})
	m.event(e.event(EventExecutorSubscribed, ""))
	m.repeatKills(e)
	m.advance(e)
	if e.restored && !e.ever && len(e.live) == 0 {
		m.shutdown(e, "no task is left for it")
	}
	return nil
}

// dropUndelivered ends the tasks that were sent and of which the executor has heard nothing.
func (m *Machine) dropUndelivered(e *executor, has []msg.TaskInfo) {
	for _, id := range sortedKeys(e.live) {
		t := e.live[id]
		known := slices.ContainsFunc(has, func(i msg.TaskInfo) bool { return i.ID == id })
		if t.delivered() && t.state == msg.TaskStaging && !known {
			m.report(t, msg.TaskDropped, msg.ReasonAgentRestarted, "it was lost on its way to the executor")
		}
	}
}

// repeatKills passes on what was asked for while the executor was out of reach, or may have been lost with its link.
func (m *Machine) repeatKills(e *executor) {
	for _, id := range sortedKeys(e.live) {
		if t := e.live[id]; t.kill != nil {
			m.send(e.link, msg.KillOnExecutor{Task: id, Policy: *t.kill})
		}
	}
}

// executorUpdate takes an executor's word on a task (docs/protocol.md §9). It is acknowledged once it is kept, and so is
// one that needs no keeping: a repeated one, or one after the task's end.
func (m *Machine) executorUpdate(e *executor, st msg.TaskStatus) error {
	if err := m.checkStatus(st); err != nil {
		return err
	}
	t := e.framework.tasks[st.Task]
	if (t == nil || t.exec != e) && (e.restored || slices.Contains(e.finished, st.Task)) {
		m.ackUpdate(e, st)
		return nil
	}
	if t == nil || t.exec != e || t.launch != nil {
		return fmt.Errorf("%w: executor %s reports %v of %s", ErrNoTask, e.id, st.State, st.Task)
	}
	if t.state.Terminal() || t.stream.has(st.UUID) || e.framework.ending {
		m.ackUpdate(e, st)
		return nil
	}
	if len(t.stream.pending) >= m.cfg.Bounds.UpdatesPerTask || m.updates >= m.cfg.Bounds.Updates {
		m.disconnect(e)
		return nil
	}
	st = m.tellDrained(t, st)
	st.Source = msg.SourceExecutor
	st.Agent, st.Executor, st.Container = m.id, e.id, e.container
	if st.Time == 0 {
		st.Time = m.now
	}
	value, err := writtenUpdate(t, st)
	if err != nil {
		return fmt.Errorf("update of %s: %w", st.Task, err)
	}
	m.keep(t, st, value)
	m.ackUpdate(e, st)
	return nil
}

func (m *Machine) ackUpdate(e *executor, st msg.TaskStatus) {
	if e.link != 0 {
		m.send(e.link, msg.UpdateAcked{Task: st.Task, UUID: st.UUID})
	}
}

// disconnect hangs up on an executor that sent more than it may; it keeps its updates and comes back with them (§18.1).
func (m *Machine) disconnect(e *executor) {
	m.closeLink(e.link)
	m.executorLinkLost(e)
}

func (m *Machine) checkStatus(st msg.TaskStatus) error {
	switch {
	case st.UUID.IsZero():
		return fmt.Errorf("%w: update of %s has no uuid", ErrMalformed, st.Task)
	case !st.State.FromExecutor():
		return fmt.Errorf("%w: an executor may not report %v", ErrMalformed, st.State)
	}
	if err := st.Check.Validate(); err != nil {
		return fmt.Errorf("%w: update of %s: %w", ErrMalformed, st.Task, err)
	}
	if err := m.cfg.Bounds.status().Check(st); err != nil {
		return fmt.Errorf("%w: %w", ErrBound, err)
	}
	return nil
}
