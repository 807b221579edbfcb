package registry

import (
	"fmt"
	"strconv"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// A Record is one thing that a master must remember (docs/protocol.md §5). The set is sealed: the types of this file.
type Record interface {
	// Key is where the record is stored; equal keys replace each other.
	Key() string
	isRecord()
}

type (
	// Master is who wrote last. Every commit writes it.
	Master struct{ Info msg.MasterInfo }
	// Agent is an admitted agent.
	Agent struct {
		Info        msg.AgentInfo // ID is set
		Deactivated bool          // by an operator: not offered
		Drain       *Drain        // nil: not draining
	}
	// Unreachable is an agent that is out of contact.
	Unreachable struct {
		ID          offer.AgentID
		Since       offer.Time
		Deactivated bool
		Drain       *Drain
	}
	// Gone is an agent that an operator gave up for good.
	Gone struct {
		ID    offer.AgentID
		Since offer.Time
	}
	// Machine is a machine that is in a maintenance schedule (docs/protocol.md §16).
	Machine struct {
		ID     MachineID
		Mode   Mode
		Window offer.Window // zero while Mode is Up
	}
	// Schedule is one window of the maintenance schedule, counted from 0.
	Schedule struct {
		Number   uint32
		Machines []MachineID
		Window   offer.Window
	}
	// Quota is the quota of a role; a default one is not stored.
	Quota struct{ Config quota.Config }
	// Weight is the weight of a role; 1 is not stored.
	Weight struct{ Weight role.Weight }
	// Capability is a feature that a master which reads this store has to understand.
	Capability struct{ Name string }
)

// MachineID names a machine.
type MachineID = msg.MachineID

// Mode is what is done with a machine.
type Mode uint8

// The modes of a machine.
const (
	Up Mode = iota
	Draining
	Down
)

var modeNames = [...]string{"UP", "DRAINING", "DOWN"}

// String gives the word for m.
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("Mode(%d)", uint8(m))
}

// Drain says how an agent is drained.
type Drain struct {
	MaxGrace time.Duration // upper bound of the kill graces; 0: the tasks' own
	MarkGone bool          // when it is empty
	Drained  bool          // it is empty
}

// String gives it in words.
func (d *Drain) String() string {
	if d == nil {
		return "not draining"
	}
	out := "draining"
	if d.Drained {
		out = "drained"
	}
	if d.MaxGrace > 0 {
		out += fmt.Sprintf(" with at most %v of grace", d.MaxGrace)
	}
	if d.MarkGone {
		out += ", then gone"
	}
	return out
}

// Capabilities that are stored by this version. A store that names another one is not led (docs/protocol.md §5).
const (
	// CapabilityDraining: an agent is deactivated or draining.
	CapabilityDraining = "AGENT_DRAINING"
	// CapabilityQuota: there are quota of any form of docs/resource-model.md §5.
	CapabilityQuota = "QUOTA_V2"
)

// Understood reports whether this version may lead a store that names the capability.
func Understood(capability string) bool {
	return capability == CapabilityDraining || capability == CapabilityQuota
}

// Prefixes of keys. What follows is the record's own name, which may hold slashes.
const (
	keyMaster     = "master"
	inAgents      = "agents/"
	inUnreachable = "unreachable/"
	inGone        = "gone/"
	inMachines    = "machines/"
	inSchedules   = "schedules/"
	inQuota       = "quota_configs/"
	inWeights     = "weights/"
	inCapability  = "minimum_capabilities/"
)

// AgentKey is where an admitted agent is stored.
func AgentKey(id offer.AgentID) string { return inAgents + string(id) }

// UnreachableKey is where an agent that is out of contact is stored.
func UnreachableKey(id offer.AgentID) string { return inUnreachable + string(id) }

// GoneKey is where an agent that was given up is stored.
func GoneKey(id offer.AgentID) string { return inGone + string(id) }

// QuotaKey is where the quota of a role is stored.
func QuotaKey(r role.Name) string { return inQuota + string(r) }

// WeightKey is where the weight of a role is stored.
func WeightKey(r role.Name) string { return inWeights + string(r) }

// MachineKey is where a machine is stored.
func MachineKey(id MachineID) string { return inMachines + id.String() }

// ScheduleKey is where a window of the maintenance schedule is stored.
func ScheduleKey(number uint32) string { return inSchedules + strconv.FormatUint(uint64(number), 10) }

// CapabilityKey is where a capability is stored.
func CapabilityKey(name string) string { return inCapability + name }

// Key is master.
func (Master) Key() string { return keyMaster }

// Key is agents/<id>.
func (a Agent) Key() string { return AgentKey(a.Info.ID) }

// Key is unreachable/<id>.
func (u Unreachable) Key() string { return UnreachableKey(u.ID) }

// Key is gone/<id>.
func (g Gone) Key() string { return GoneKey(g.ID) }

// Key is machines/<host name in lower case>/<ip>.
func (m Machine) Key() string { return MachineKey(m.ID) }

// Key is schedules/<number>.
func (s Schedule) Key() string { return ScheduleKey(s.Number) }

// Key is quota_configs/<role>.
func (q Quota) Key() string { return QuotaKey(q.Config.Role) }

// Key is weights/<role>.
func (w Weight) Key() string { return WeightKey(w.Weight.Role) }

// Key is minimum_capabilities/<name>.
func (c Capability) Key() string { return CapabilityKey(c.Name) }

func (Master) isRecord()      {}
func (Agent) isRecord()       {}
func (Unreachable) isRecord() {}
func (Gone) isRecord()        {}
func (Machine) isRecord()     {}
func (Schedule) isRecord()    {}
func (Quota) isRecord()       {}
func (Weight) isRecord()      {}
func (Capability) isRecord()  {}
