package simulate

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/role/quota"
	"github.com/proffer-go/proffer/transport/host"
)

// durable: nothing is announced before the registry holds it (docs/protocol.md §4.5, §5): no agent is lost for a framework,
// admitted, or given up, and no operator's call done, that a master after this one would not know of.
type durable struct {
	nothing
	w *world
}

func (*durable) name() string { return "announced before it was durable" }

func (d *durable) observe(o host.Observation) error {
	sent, ok := o.What.(host.Sent)
	if !ok || !d.w.leads(o.Node) {
		return nil // what one says that was deposed was true when it was written
	}
	switch b := sent.Body.(type) {
	case msg.Failure:
		if b.Executor == "" {
			return d.lost(b.Agent, "it is told as lost")
		}
	case msg.Update:
		switch {
		case b.Status.Source != msg.SourceMaster:
		case b.Status.Reason == msg.ReasonAgentRemoved:
			return d.lost(b.Status.Agent, fmt.Sprintf("%s of %s is told", b.Status.State, b.Status.Task))
		case b.Status.Reason == msg.ReasonAgentRemovedByOperator && !d.w.store.has(registry.GoneKey(b.Status.Agent)):
			return fmt.Errorf("agent %s is not written down as gone, and %s of %s is told", b.Status.Agent, b.Status.State, b.Status.Task)
		}
	case msg.AgentRegistered:
		return d.admitted(b.Agent)
	case msg.AgentReregistered:
		return d.admitted(b.Agent)
	}
	return nil
}

func (d *durable) lost(id offer.AgentID, what string) error {
	if d.w.store.has(registry.AgentKey(id)) {
		return fmt.Errorf("agent %s is written down as admitted, and %s", id, what)
	}
	return nil
}

func (d *durable) admitted(id offer.AgentID) error {
	if !d.w.store.has(registry.AgentKey(id)) {
		return fmt.Errorf("agent %s is told that it is admitted, and that is not written down", id)
	}
	return nil
}

func (d *durable) answered(_ int, call msg.OperatorCall, err error) error {
	if err != nil {
		return nil
	}
	switch c := call.(type) {
	case msg.MarkAgentGone:
		if !d.w.store.has(registry.GoneKey(c.Agent)) {
			return fmt.Errorf("the operator was told that agent %s is gone, and that is not written down", c.Agent)
		}
	case msg.UpdateQuota:
		for _, q := range c.Configs {
			if kept := d.w.store.has(registry.Quota{Config: q}.Key()); kept == noQuota(q) {
				return fmt.Errorf("the operator was told that the quota of %s is set, and what is written down differs: %t", q.Role, kept)
			}
		}
	case msg.UpdateWeights:
		for _, x := range c.Weights {
			if kept := d.w.store.has(registry.Weight{Weight: x}.Key()); kept == (x.Weight == 1) {
				return fmt.Errorf("the operator was told that the weight of %s is %v, and what is written down differs: %t", x.Role, x.Weight, kept)
			}
		}
	}
	return nil
}

func noQuota(q quota.Config) bool {
	return q.Guarantees.IsEmpty() && q.Limits.IsEmpty()
}
