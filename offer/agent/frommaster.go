package agent

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// fromMaster takes a message of the master that the agent believes in.
func (m *Machine) fromMaster(b msg.Message) error {
	switch b := b.(type) {
	case msg.AgentRegistered:
		return m.admitted(b.Agent, b.PingTimeout, false)
	case msg.AgentReregistered:
		if err := m.checkAsked(b.Operations); err != nil {
			return err
		}
		if err := m.admitted(b.Agent, b.PingTimeout, true); err != nil {
			return err
		}
		m.endDrain() // a Drain that still holds comes after this
		if m.master.registered {
			m.reconcileOperations(b.Operations)
		}
		return m.reconcile(b.Reconcile)
	case msg.Ping:
		m.pinged(b)
		return nil
	case msg.ShutdownAgent:
		m.end(fmt.Errorf("%w: %s", ErrShutdown, b.Message))
		return nil
	case msg.RunTasks:
		return m.runTasks(b)
	case msg.KillTask:
		return m.kill(b)
	case msg.StopExecutor:
		if e := m.executor(b.Framework, b.Executor); e != nil {
			m.shutdown(e, "asked to stop")
		}
		return nil
	case msg.ShutdownFramework:
		m.shutdownFramework(b.Framework)
		return nil
	case msg.FrameworkUpdated:
		return m.frameworkUpdated(b.Framework)
	case msg.StatusAck:
		m.acknowledged(b)
		return nil
	case msg.AckOperation:
		m.operationAcked(b)
		return nil
	case msg.Drain:
		return m.startDrain(b)
	case msg.EndDrain:
		m.endDrain()
		return nil
	case msg.ApplyOperation:
		return m.applyOperation(b)
	case msg.ToExecutor:
		return m.down(b)
	}
	return fmt.Errorf("%w: a master sends an agent no %T", ErrInput, b)
}

// down passes a scheduler's bytes on, where everything on the way runs (docs/protocol.md §13).
func (m *Machine) down(b msg.ToExecutor) error {
	if len(b.Data) > m.cfg.Bounds.DataBytes {
		return fmt.Errorf("%w: message of %d bytes; %d are allowed", ErrBound, len(b.Data), m.cfg.Bounds.DataBytes)
	}
	e := m.executor(b.Executor.Framework, b.Executor.Executor)
	if m.master.registered && e != nil && e.state == execRunning && e.link != 0 && !e.framework.ending {
		m.send(e.link, msg.ExecutorMessage{Data: b.Data})
	}
	return nil
}
