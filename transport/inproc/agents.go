package inproc

import (
	"context"
	"fmt"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// agentMachine is what outlives an agent's process: how it is described, its executors, and its disk.
type agentMachine struct {
	cfg      agent.Config
	launcher *host.Local
	store    agent.Store
}

// AddAgent adds an agent with the executors that may run there; its host name is its name unless info has one. Without
// WorkDir its executors' volumes and sandboxes are names only. It keeps a checkpoint in memory, a new one: an agent of that
// name that was there before is forgotten. It returns nil where it fails.
func (c *Cluster) AddAgent(name msg.Node, info msg.AgentInfo, executors host.Executors, adjust ...func(*agent.Config)) *host.AgentNode {
	return c.AddAgentOn(agent.NewMemory(), name, info, executors, adjust...)
}

// AddAgentOn is AddAgent with a checkpoint of the caller's, such as a directory; nil: it keeps none, and whatever it knows
// ends with its process.
func (c *Cluster) AddAgentOn(store agent.Store, name msg.Node, info msg.AgentInfo, executors host.Executors, adjust ...func(*agent.Config)) *host.AgentNode {
	if info.Hostname == "" {
		info.Hostname = string(name)
	}
	m := &agentMachine{cfg: agent.Config{Node: name, Info: info}, launcher: host.NewLocal(c.net, executors, c.options()...), store: store}
	for _, f := range adjust {
		f(&m.cfg)
	}
	return c.openAgent("add", name, m)
}

// RestartAgent starts the process of an agent again after Kill, or kills it first: with the checkpoint that it had, and with
// those of its executors that still run (docs/protocol.md §4.1). adjust changes how it is described from now on. It returns
// nil where it fails; where the agent cannot go on from its checkpoint, its node has ended after the next Settle and says why.
func (c *Cluster) RestartAgent(name msg.Node, adjust ...func(*agent.Config)) *host.AgentNode {
	m := c.machines[name]
	if m == nil {
		c.fail("restart agent "+string(name), fmt.Errorf("%w of that name; use AddAgent", ErrNoAgent))
		return nil
	}
	c.Kill(name)
	for _, f := range adjust {
		f(&m.cfg)
	}
	return c.openAgent("restart", name, m)
}

func (c *Cluster) openAgent(what string, name msg.Node, m *agentMachine) *host.AgentNode {
	opts := append(c.options(), host.WithLauncher(m.launcher), host.WithRecordFaults(func(save int) host.StoreFault {
		if c.records == nil {
			return host.StoreFault{}
		}
		return c.records(name, save)
	}))
	if m.store != nil {
		opts = append(opts, host.WithCheckpoint(m.store))
	}
	n, err := host.OpenAgent(context.Background(), c.net, m.cfg, nil, opts...)
	if c.fail(what+" agent "+string(name), err) {
		return nil
	}
	c.machines[name], c.agents[name] = m, n
	c.roster.add(n)
	return n
}

// FailRecords asks f, for every time that an agent writes its checkpoint, what goes wrong with it; each run of an agent
// counts from 1. nil: nothing goes wrong.
func (c *Cluster) FailRecords(f func(agent msg.Node, save int) host.StoreFault) { c.records = f }

// Checkpoint is where an agent keeps what outlives its process; nil if it keeps nothing, or there never was one.
func (c *Cluster) Checkpoint(name msg.Node) agent.Store {
	if m := c.machines[name]; m != nil {
		return m.store
	}
	return nil
}
