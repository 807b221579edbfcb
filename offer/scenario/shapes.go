package scenario

import "github.com/proffer-go/proffer/offer"

// shape lists the fields of an operation beside those that every step may have.
type shape struct {
	need, may []string
}

// shapes are the operations that there are.
var shapes = map[string]shape{
	"add_agent":               {need: []string{"agent", "resources"}, may: []string{"used", "capabilities", "hostname", "attributes"}},
	"update_agent":            {need: []string{"agent"}, may: []string{"resources", "used", "capabilities", "hostname", "attributes"}},
	"remove_agent":            {need: []string{"agent"}},
	"activate_agent":          {need: []string{"agent"}},
	"deactivate_agent":        {need: []string{"agent"}},
	"add_framework":           {need: []string{"framework", "roles"}, may: frameworkFields},
	"update_framework":        {need: []string{"framework", "roles"}, may: frameworkFields},
	"remove_framework":        {need: []string{"framework"}},
	"activate_framework":      {need: []string{"framework"}},
	"deactivate_framework":    {need: []string{"framework"}},
	"recover":                 {need: []string{"framework", "role", "agent", "resources"}, may: []string{"refuse_seconds", "default_filter", "is_allocated"}},
	"decline_all":             {may: []string{"framework", "role", "agent", "refuse_seconds", "default_filter", "expanded"}},
	"transition_to_allocated": {need: []string{"framework", "role", "agent", "resources"}},
	"update_allocation":       {need: []string{"framework", "role", "agent", "offered", "operations"}, may: []string{"resulting"}},
	"update_available":        {need: []string{"agent", "operations"}, may: []string{"result"}},
	"suppress":                {need: []string{"framework"}, may: []string{"roles"}},
	"revive":                  {need: []string{"framework"}, may: []string{"roles"}},
	"update_weights":          {need: []string{"weights"}},
	"update_quota":            {need: []string{"role"}, may: []string{"guarantees", "limits"}},
	"whitelist":               {may: []string{"hosts"}},
	"pause":                   {},
	"resume":                  {},
	"recover_state":           {may: []string{"expected_agents", "quotas"}},
	"advance":                 {need: []string{"seconds"}},
	"atomic":                  {need: []string{"ops"}},
}

var frameworkFields = []string{"suppressed_roles", "capabilities", "active", "used", "min_allocatable", "constraints"}

// everywhere are the fields that any step may have: records, and what is for people.
var everywhere = []string{"op", "allocation_runs", "offers", "nondeterministic", "alternatives", "comment"}

// frameworkCapabilities are the names that a framework may list; 0: accepted, and of no consequence to offers.
var frameworkCapabilities = map[string]offer.Capability{
	"MULTI_ROLE": 0, "TASK_KILLING_STATE": 0, "PARTITION_AWARE": 0, "QUOTA_V2": 0,
	"GPU_RESOURCES": offer.GPUResources, "REVOCABLE_RESOURCES": offer.RevocableResources,
	"SHARED_RESOURCES": offer.SharedResources, "RESERVATION_REFINEMENT": offer.ReservationRefinement,
	"REGION_AWARE": offer.RegionAware,
}

// The agent capabilities that decide who is offered what under the reference's rules (docs/allocation.md §2.3, gate 10).
const (
	multiRole        = "MULTI_ROLE"
	hierarchicalRole = "HIERARCHICAL_ROLE"
)

// agentCapabilities are the names that an agent may list.
var agentCapabilities = map[string]bool{
	multiRole: true, hierarchicalRole: true, "RESERVATION_REFINEMENT": true, "RESOURCE_PROVIDER": true,
	"RESIZE_VOLUME": true, "AGENT_OPERATION_FEEDBACK": true, "AGENT_DRAINING": true, "TASK_RESOURCE_LIMITS": true,
}
