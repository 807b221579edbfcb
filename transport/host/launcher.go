package host

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
)

// Exit tells how an executor ended. The zero value is one that ended by itself with status 0.
type Exit struct {
	Status int // raw exit status, -1 unknown
	// Reason is one of those that msg.Reason.Container reports, such as msg.ReasonContainerLimitationMemory, where the launcher
	// knows why the executor had to end; the executor's tasks end with it. Any other counts as "" (docs/protocol.md §11).
	Reason  msg.Reason
	Message string // what else there is to say of it, added to what the tasks' last updates say
}

// input is what the agent's machine is told.
func (e Exit) input(c msg.ContainerID) msg.Exited {
	return msg.Exited{Container: c, Status: e.Status, Reason: e.Reason, Message: recordable(e.Message)}
}

// recordable is a text of the program's that a tape can hold (docs/protocol.md §21): a file's name, for one, need not be UTF-8.
func recordable(text string) string { return strings.ToValidUTF8(text, "?") }

// A Launcher starts and stops executors for one agent: functions of this program, processes, or what a host program
// likes (docs/protocol.md §11, §16.2). Calls come from the agent's goroutine, one at a time, and must return soon.
type Launcher interface {
	// Start starts an executor in s.Directory, which is there. Its session dials s.Agent. After a nil result exited is
	// called once when it has ended, from any goroutine.
	Start(s agent.Start, exited func(Exit)) error
	// Stop ends an executor at once; exited follows. One that is not there is nothing.
	Stop(c msg.ContainerID)
	// Close ends every executor that still runs and waits for it.
	Close() error
}

// An Adopter is a Launcher whose executors outlive the agent that they were started for, as processes do, or functions of
// a program that starts its agent again. It serves one agent, run after run, one run at a time (docs/protocol.md §4.1).
type Adopter interface {
	Launcher
	// Adopt ends all executors but those that keep names, and reports nothing of those to anybody. It returns which of keep
	// still run: after that exited is called once for each of them when it has ended, from any goroutine, in place of what its
	// Start was given.
	Adopt(keep []msg.ContainerID, exited func(msg.ContainerID, Exit)) (running []msg.ContainerID)
}

// StartInfo tells a function of Executors what it runs for.
type StartInfo struct {
	Container msg.ContainerID
	Framework msg.FrameworkInfo
	Executor  msg.ExecutorInfo
	Agent     msg.Node
	Directory string // the sandbox; no directory is there if the agent has no WorkDir
}

// Executors says which executors run as functions of this program. The key is the executor's Command.Value if it has a
// Command, else its Name, else its ID. A function under the key "" makes all executors that no other key names, and plays
// the part of those of command tasks, which nothing else here runs: they need it, or a Launcher that runs commands.
//
// Each executor is a node of its own on the agent's transport, named <agent>/<container>. Its callbacks come on its own
// goroutine live, and in Poll by hand. When it stops its driver, or aborts it after Shutdown, it has ended with status
// 0; with 1 when it aborts otherwise or its agent is lost, with 9 when it was stopped.
type Executors map[string]func(StartInfo) framework.Executor

// Raw exit statuses of executors that run as functions.
const (
	exitClean   = 0
	exitAborted = 1
	exitStopped = 9
)

// Local launches Executors, each on a goroutine of its own, or by hand. It is what an agent uses that is given no Launcher.
type Local struct {
	tr   transport.Transport
	ex   Executors
	opts options

	mu   sync.Mutex
	runs map[msg.ContainerID]*localRun
	live sync.WaitGroup
}

// localRun is an executor that has not ended.
type localRun struct {
	node   *ExecutorNode
	exited func(Exit)
}

var _ Adopter = (*Local)(nil)

// NewLocal makes a launcher of ex that outlives the agent it is given to: an agent that is opened again with it and the same
// checkpoint finds its executors. Of opts, Observe, AfterStep, Inbound, Recording and ByHand count. Close it when it is not needed.
func NewLocal(tr transport.Transport, ex Executors, opts ...Option) *Local {
	o := options{}
	for _, f := range opts {
		f(&o)
	}
	if o.draw == nil {
		o.draw = drawEntropy
	}
	return newLocal(tr, ex, o)
}

func newLocal(tr transport.Transport, ex Executors, o options) *Local {
	return &Local{tr: tr, ex: ex, opts: o, runs: map[msg.ContainerID]*localRun{}}
}

// Start starts an executor's function.
func (l *Local) Start(s agent.Start, exited func(Exit)) error {
	f, err := l.find(s)
	if err != nil {
		return err
	}
	n, err := l.open(s, f)
	if err != nil {
		return err
	}
	n.onEnd = func() { l.ended(s.Container, n.status()) }
	l.mu.Lock()
	l.runs[s.Container] = &localRun{n, exited}
	l.mu.Unlock()
	if l.opts.hand {
		if l.opts.spawn != nil {
			l.opts.spawn(n)
		}
		return nil
	}
	l.live.Go(func() { _ = n.Run(context.Background()) })
	return nil
}

func (l *Local) ended(c msg.ContainerID, status int) {
	l.mu.Lock()
	exited := l.runs[c].exited
	delete(l.runs, c)
	l.mu.Unlock()
	exited(Exit{Status: status})
}

// Adopt keeps those that still run.
func (l *Local) Adopt(keep []msg.ContainerID, exited func(msg.ContainerID, Exit)) (running []msg.ContainerID) {
	var others []*ExecutorNode
	l.mu.Lock()
	for _, c := range slices.Sorted(maps.Keys(l.runs)) {
		r := l.runs[c]
		if !slices.Contains(keep, c) {
			r.exited = func(Exit) {}
			others = append(others, r.node)
			continue
		}
		r.exited = func(e Exit) { exited(c, e) }
		running = append(running, c)
	}
	l.mu.Unlock()
	for _, n := range others {
		n.kill()
	}
	return running
}

// open opens an executor's node; nothing runs yet.
func (l *Local) open(s agent.Start, f func(StartInfo) framework.Executor) (*ExecutorNode, error) {
	e := f(StartInfo{Container: s.Container, Framework: s.Framework, Executor: s.Executor, Agent: s.Agent, Directory: s.Directory})
	if e == nil {
		return nil, fmt.Errorf("%w: the function registered as %q made none", ErrNoExecutor, nameOf(s.Executor))
	}
	cfg := framework.ExecutorConfig{Agent: s.Agent, Framework: s.Framework.ID, Executor: s.Executor.ID, Container: s.Container,
		Checkpoint: s.Framework.Checkpoint}
	opts := []Option{Entropy(l.opts.draw()), ObserveWhile(l.opts.observed, l.opts.observe), AfterStep(l.opts.stepped), Woken(l.opts.woken), Inbound(l.opts.inbound), Recording(l.opts.tape), As(s.Agent + "/" + msg.Node(s.Container))}
	if l.opts.hand {
		opts = append(opts, ByHand(nil, nil))
	}
	return OpenExecutor(context.Background(), l.tr, cfg, e, opts...)
}

// find returns the function for s, or says what to register.
func (l *Local) find(s agent.Start) (func(StartInfo) framework.Executor, error) {
	if other := l.ex[""]; other != nil && (s.Command || l.ex[nameOf(s.Executor)] == nil) {
		return other, nil
	}
	if s.Command {
		return nil, fmt.Errorf("%w: task %q is a command, and functions run none; give the agent a Launcher that does, or the task an Executor",
			ErrNoExecutor, s.Executor.ID)
	}
	name := nameOf(s.Executor)
	if f := l.ex[name]; f != nil {
		return f, nil
	}
	return nil, fmt.Errorf("%w: register a function as %q with agent %q; there are: %s", ErrNoExecutor, name, s.Agent,
		strings.Join(slices.Sorted(maps.Keys(l.ex)), ", "))
}

// nameOf is an executor's key in Executors.
func nameOf(e msg.ExecutorInfo) string {
	switch {
	case e.Command != nil:
		return e.Command.Value
	case e.Name != "":
		return e.Name
	}
	return string(e.ID)
}

// Stop ends an executor at once.
func (l *Local) Stop(c msg.ContainerID) {
	l.mu.Lock()
	r := l.runs[c]
	l.mu.Unlock()
	if r != nil {
		r.node.kill()
	}
}

// Close ends all executors and waits for them.
func (l *Local) Close() error {
	l.mu.Lock()
	all := slices.Sorted(maps.Keys(l.runs))
	l.mu.Unlock()
	for _, c := range all {
		l.Stop(c)
	}
	l.live.Wait()
	return nil
}
