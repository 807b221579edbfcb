package agent

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// execState is a state of docs/protocol.md §11; one that terminated has no record any more.
type execState uint8

const (
	execRegistering execState = iota // asked for, or waiting for its volumes; tasks queue
	execRunning                      // subscribed
	execTerminating                  // told to end, or being stopped
)

// String names the state.
func (s execState) String() string {
	return [...]string{"REGISTERING", "RUNNING", "TERMINATING"}[min(s, execTerminating)]
}

// executor is one run of an executor.
type executor struct {
	framework *framework
	number    uint64 // of its container: the order of making
	id        msg.ExecutorID
	info      msg.ExecutorInfo
	role      role.Name
	command   bool // made for one command task
	container msg.ContainerID
	directory string
	state     execState
	link      msg.Link
	asked     bool // its start was asked for
	stopping  bool // its stop was asked for
	setup     *launch
	queue     []*launch            // not delivered, in order of arrival
	live      map[msg.TaskID]*task // not terminal, queued ones too
	ever      bool                 // a task was delivered
	mounts    map[string]*mount    // links in the sandbox, by path
	finished  []msg.TaskID         // forgotten tasks, the newest last
	verdict   msg.TaskState        // of the terminal updates when it exits
	reason    msg.Reason
	text      string
	// patience is the one time that runs in a state: to subscribe, to end gently, or to come back.
	patience  *timer
	heartbeat *timer
	recorded  bool // in the checkpoint
	restored  bool // of a former run of the agent
	awaited   bool // restored, and may still come back
}

// finishedRing is how many forgotten tasks an executor's run remembers (docs/protocol.md §18).
const finishedRing = 200

// remember notes a forgotten task, so that a late update of it is known for what it is.
func (e *executor) remember(id msg.TaskID) {
	e.finished = append(e.finished, id)
	if extra := len(e.finished) - finishedRing; extra > 0 {
		e.finished = slices.Delete(e.finished, 0, extra)
	}
}

// newExecutor books a run. It is started by advance, when its volumes are there.
func (m *Machine) newExecutor(f *framework, r role.Name, i msg.ExecutorInfo, command bool) *executor {
	n := m.counters.containers + 1
	return m.bookExecutor(f, r, i, command, msg.ContainerID(msg.DeriveUUID(m.cfg.Entropy, "container", n).String()))
}

func (m *Machine) bookExecutor(f *framework, r role.Name, i msg.ExecutorInfo, command bool, c msg.ContainerID) *executor {
	m.counters.containers++
	i.Framework = f.info.ID
	e := &executor{
		framework: f,
		number:    m.counters.containers,
		id:        i.ID,
		info:      i,
		role:      r,
		command:   command,
		container: c,
		live:      map[msg.TaskID]*task{},
		mounts:    map[string]*mount{},
		verdict:   msg.TaskFailed,
		reason:    msg.ReasonExecutorTerminated,
		text:      "its executor ended",
	}
	e.directory = m.sandbox(e)
	e.setup = &launch{exec: e, after: m.opsIn, resources: i.Resources}
	e.patience = m.timers.timer(func() { m.outOfPatience(e) })
	e.heartbeat = m.timers.timer(func() { m.beat(e) })
	f.executors[e.id] = e
	m.containers[e.container] = e
	return e
}

// start asks the host to run e. It must subscribe before its patience ends.
func (m *Machine) start(e *executor) {
	e.asked = true
	m.keepExecutor(e)
	m.out.Starts = append(m.out.Starts, Start{
		Container: e.container,
		Framework: e.framework.info,
		Executor:  e.allowed(),
		Command:   e.command,
		Agent:     m.cfg.Node,
		Directory: e.directory,
	})
	m.timers.set(e.patience, m.now.Add(m.cfg.Timeouts.ExecutorRegistration))
	m.event(e.event(EventExecutorStarted, ""))
}

// allowed is e's info with what it may use: one that was made for a command task is charged for nothing, and yet needs a bit.
func (e *executor) allowed() msg.ExecutorInfo {
	i := e.info
	if e.command {
		i.Resources = commandExtra
	}
	return i
}

func (e *executor) event(k EventKind, text string) Event {
	return Event{Kind: k, Framework: e.framework.info.ID, Executor: e.id, Container: e.container, Text: text}
}

// shutdown ends e gently: SHUTDOWN, then the grace period, then the stop. One that nobody can talk to is stopped at
// once (docs/protocol.md §10).
func (m *Machine) shutdown(e *executor, why string) {
	if e.state == execTerminating {
		return
	}
	was := e.state
	e.state = execTerminating
	m.back(e)
	m.timers.stop(e.heartbeat)
	m.event(e.event(EventExecutorStopping, why))
	switch {
	case !e.asked:
		m.terminated(e, -1)
	case was == execRunning && e.link != 0:
		m.send(e.link, msg.ExecutorShutdown{})
		grace := e.info.ShutdownGrace
		if grace <= 0 {
			grace = m.cfg.Timeouts.ExecutorShutdownGrace
		}
		m.timers.set(e.patience, m.now.Add(grace))
	default:
		m.stop(e)
	}
}

// stop ends e without mercy.
func (m *Machine) stop(e *executor) {
	e.state = execTerminating
	m.back(e)
	m.timers.stop(e.patience)
	m.timers.stop(e.heartbeat)
	if !e.stopping {
		e.stopping = true
		m.out.Stops = append(m.out.Stops, Stop{Container: e.container})
	}
}

// outOfPatience is what happens when the time of e's state has passed.
func (m *Machine) outOfPatience(e *executor) {
	switch e.state {
	case execRegistering:
		if e.awaited {
			m.tooLate(e)
			break
		}
		e.reason = msg.ReasonExecutorRegistrationTimeout
		e.text = fmt.Sprintf("its executor did not subscribe within %v", m.cfg.Timeouts.ExecutorRegistration)
		m.event(e.event(EventExecutorStopping, "did not subscribe in time"))
	case execRunning:
		e.text = "its executor was out of reach for too long"
		m.event(e.event(EventExecutorStopping, "out of reach"))
	}
	m.stop(e)
}

// beat tells an executor that the link stands.
func (m *Machine) beat(e *executor) {
	if e.link != 0 {
		m.send(e.link, msg.Heartbeat{})
		m.timers.set(e.heartbeat, m.now.Add(m.cfg.Timeouts.ExecutorHeartbeat))
	}
}

// executorLinkLost waits for a checkpointing framework's executor to come back. Any other must end by itself; it is
// stopped if it lingers (docs/protocol.md §11).
func (m *Machine) executorLinkLost(e *executor) {
	e.link = 0
	m.timers.stop(e.heartbeat)
	if e.state != execRunning {
		return
	}
	wait := m.cfg.Timeouts.ExecutorShutdownGrace
	if e.framework.info.Checkpoint {
		wait = m.cfg.Timeouts.ExecutorRecovery
	}
	m.timers.set(e.patience, m.now.Add(wait))
}

// terminated forgets an executor that has ended, or never began, and ends what it still had to do: each live task gets
// a terminal update, then the master hears of the executor (docs/protocol.md §11).
func (m *Machine) terminated(e *executor, status int) {
	e.state = execTerminating
	m.back(e)
	m.timers.stop(e.patience)
	m.timers.stop(e.heartbeat)
	m.closeLink(e.link)
	e.link = 0
	f := e.framework
	delete(m.containers, e.container)
	delete(f.executors, e.id)
	exited := e.event(EventExecutorExited, fmt.Sprintf("status %d", status))
	if _, known := e.reason.Container(); known {
		exited.Reason = e.reason
	}
	m.event(exited)
	e.setup.over = true
	for _, l := range e.queue {
		l.over = true
	}
	for _, id := range sortedKeys(e.live) {
		t := e.live[id]
		t.launch = nil
		if f.ending {
			m.forget(t)
			continue
		}
		m.report(t, e.verdict, e.reason, e.text)
	}
	if e.recorded {
		m.unrecord(executorKey(f.info.ID, e.id))
	}
	if !e.command && !f.ending {
		m.toMaster(msg.ExitedExecutor{Framework: f.info.ID, Executor: e.id, Status: status})
	}
	m.sweep(f)
}

// ended takes a task that is terminal off its executor's work.
func (m *Machine) ended(t *task) {
	t.launch, t.kill = nil, nil
	if t.exec == nil {
		return
	}
	delete(t.exec.live, t.info.ID)
	for _, path := range t.mounts {
		if mt := t.exec.mounts[path]; mt != nil {
			mt.users--
		}
	}
	t.mounts = nil
}

func (m *Machine) byContainer(c msg.ContainerID) (*executor, error) {
	e := m.containers[c]
	if e == nil {
		return nil, fmt.Errorf("%w: container %q is none of mine", ErrInput, c)
	}
	if !e.asked {
		return nil, fmt.Errorf("%w: container %q was not asked for yet", ErrInput, c)
	}
	return e, nil
}

func (m *Machine) started(in msg.Started) error {
	_, err := m.byContainer(in.Container)
	return err
}

func (m *Machine) startFailed(in msg.StartFailed) error {
	e, err := m.byContainer(in.Container)
	if err != nil {
		return err
	}
	if e.state == execRegistering {
		e.reason, e.text = msg.ReasonContainerLaunchFailed, "its executor did not start: "+in.Err
	}
	m.terminated(e, -1)
	return nil
}

func (m *Machine) containerExited(in msg.Exited) error {
	e, err := m.byContainer(in.Container)
	if err != nil {
		return err
	}
	e.learn(in)
	m.terminated(e, in.Status)
	return nil
}

// learn takes in what the host knows of a run's end, and the agent does not: it wins over what the agent ended it for.
func (e *executor) learn(in msg.Exited) {
	if state, known := in.Reason.Container(); known {
		e.verdict, e.reason = state, in.Reason
		e.text = containerEnds[in.Reason]
	}
	if in.Message != "" {
		e.text += ": " + in.Message
	}
}

// containerEnds words the reasons that only a host knows.
var containerEnds = map[msg.Reason]string{
	msg.ReasonContainerLimitation:       "its executor went over a limit",
	msg.ReasonContainerLimitationDisk:   "its executor used more disk than it may",
	msg.ReasonContainerLimitationMemory: "its executor used more memory than it may",
	msg.ReasonContainerPreempted:        "its executor was ended in favour of others",
	msg.ReasonContainerUpdateFailed:     "what its executor may use could not be changed",
}
