package master_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// docs/protocol.md §6 what operators do takes outstanding offers back, where it touches them: quota, a weight under rules that
// rescind for it, DESTROY of a volume in the offer, a new maintenance schedule. The framework is told once, and what was in the
// offer is free again.
func TestOffersTakenBackForOperators(t *testing.T) {
	strict := func(c *master.Config) { c.Allocator.Rules = offer.StrictDRF() }
	weight := role.Weight{Role: "web", Weight: 3}
	guarantee, err := quota.Parse("db", "cpus:3", "")
	require.NoError(t, err)
	limit, err := quota.Parse("web", "", "cpus:1")
	require.NoError(t, err)
	set := func(c quota.Config) msg.OperatorCall {
		return msg.UpdateQuota{Configs: []quota.Config{c}, Force: true}
	}
	for _, c := range []struct {
		event   string
		call    func(a agentID) msg.OperatorCall
		change  func(*master.Config)
		rescind bool
	}{
		{"quota: a limit below what is offered", func(agentID) msg.OperatorCall { return set(limit) }, nil, true},
		{"quota: a guarantee of others that lacks room", func(agentID) msg.OperatorCall { return set(guarantee) }, nil, true},
		{"weight, rules of the reference", func(agentID) msg.OperatorCall { return msg.UpdateWeights{Weights: []role.Weight{weight}} }, strict, true},
		{"weight", func(agentID) msg.OperatorCall { return msg.UpdateWeights{Weights: []role.Weight{weight}} }, nil, false},
		{"DESTROY of a volume in it", func(a agentID) msg.OperatorCall {
			return msg.ChangeAgent{Agent: a, Op: reservation.Destroy{Volumes: volume("v", 64, "web", false)}}
		}, nil, true},
		{"maintenance of its machine", func(agentID) msg.OperatorCall {
			return msg.UpdateMaintenance{Windows: []msg.MaintenanceWindow{{
				Machines: []msg.MachineID{{Hostname: "a.example"}}, Window: offer.Window{Start: 1e15, Duration: offer.Endless},
			}}}
		}, nil, true},
		{"maintenance of another machine", func(agentID) msg.OperatorCall {
			return msg.UpdateMaintenance{Windows: []msg.MaintenanceWindow{{
				Machines: []msg.MachineID{{Hostname: "b.example"}}, Window: offer.Window{Start: 1e15, Duration: offer.Endless},
			}}}
		}, nil, false},
	} {
		t.Run(c.event, func(t *testing.T) {
			change := c.change
			if change == nil {
				change = func(*master.Config) {}
			}
			r := newRig(t, change)
			r.up("a")
			b := registration("a", "cpus:4;mem:1024;disk:64")
			b.Total = b.Total.SubSaturating(b.Total.Named("disk")).Add(volume("v", 64, "web", false))
			r.say("a", b)
			a := last[msg.AgentRegistered](r, "a").Agent
			f := r.scheduler("s", info("web"))
			o := r.offer(f)
			require.False(t, o.Resources.PersistentVolumes().IsEmpty())
			r.took("s")
			require.NoError(t, r.operate(c.call(a)))
			if !c.rescind {
				require.Empty(t, r.ends(o.ID))
				require.Empty(t, all[msg.Rescind](r, "s"))
				require.Equal(t, o.ID, r.offer(f).ID)
				return
			}
			require.Equal(t, []master.OfferEnd{master.OfferRescinded}, r.ends(o.ID))
			require.Equal(t, []msg.Rescind{{Offer: o.ID}}, all[msg.Rescind](r, "s"))
			r.say("s", accept([]msg.Operation{msg.Launch(task("late", a, "cpus:1;mem:32"))}, o))
			require.Equal(t, []string{"late TASK_DROPPED INVALID_OFFERS"}, r.states("s"), "an ACCEPT that crosses the RESCIND")
		})
	}
}
