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

// A Launcher starts and stops executors for one agent: functions of this program, processes, or what a host program
// likes (docs/protocol.md §11, §16.2). Calls come from the agent's goroutine, one at a time, and must return soon.
type Launcher interface {
	// Start starts an executor in s.Directory, which is there. Its session dials s.Agent. After a nil result exited is
	// called once when it has ended, from any goroutine, with its raw exit status, -1 unknown.
	Start(s agent.Start, exited func(status int)) error
	// Stop ends an executor at once; exited follows. One that is not there is nothing.
	Stop(c msg.ContainerID)
	// Close ends every executor that still runs and waits for it.
	Close() error
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

// local launches Executors.
type local struct {
	tr   transport.Transport
	ex   Executors
	opts options

	mu   sync.Mutex
	runs map[msg.ContainerID]*ExecutorNode
	live sync.WaitGroup
}

var _ Launcher = (*local)(nil)

func newLocal(tr transport.Transport, ex Executors, o options) *local {
	return &local{tr: tr, ex: ex, opts: o, runs: map[msg.ContainerID]*ExecutorNode{}}
}

func (l *local) Start(s agent.Start, exited func(status int)) error {
	f, err := l.find(s)
	if err != nil {
		return err
	}
	n, err := l.open(s, f)
	if err != nil {
		return err
	}
	n.onEnd = func() {
		l.mu.Lock()
		delete(l.runs, s.Container)
		l.mu.Unlock()
		exited(n.status())
	}
	l.mu.Lock()
	l.runs[s.Container] = n
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

// open opens an executor's node; nothing runs yet.
func (l *local) open(s agent.Start, f func(StartInfo) framework.Executor) (*ExecutorNode, error) {
	e := f(StartInfo{Container: s.Container, Framework: s.Framework, Executor: s.Executor, Agent: s.Agent, Directory: s.Directory})
	if e == nil {
		return nil, fmt.Errorf("%w: the function registered as %q made none", ErrNoExecutor, nameOf(s.Executor))
	}
	cfg := framework.ExecutorConfig{Agent: s.Agent, Framework: s.Framework.ID, Executor: s.Executor.ID, Container: s.Container,
		Checkpoint: s.Framework.Checkpoint}
	opts := []Option{Entropy(l.opts.draw()), Observe(l.opts.observe), AfterStep(l.opts.stepped), Inbound(l.opts.inbound), As(s.Agent + "/" + msg.Node(s.Container))}
	if l.opts.hand {
		opts = append(opts, ByHand(nil, nil))
	}
	return OpenExecutor(context.Background(), l.tr, cfg, e, opts...)
}

// find returns the function for s, or says what to register.
func (l *local) find(s agent.Start) (func(StartInfo) framework.Executor, error) {
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

func (l *local) Stop(c msg.ContainerID) {
	l.mu.Lock()
	n := l.runs[c]
	l.mu.Unlock()
	if n != nil {
		n.kill()
	}
}

func (l *local) Close() error {
	l.mu.Lock()
	all := slices.Sorted(maps.Keys(l.runs))
	l.mu.Unlock()
	for _, c := range all {
		l.Stop(c)
	}
	l.live.Wait()
	return nil
}
