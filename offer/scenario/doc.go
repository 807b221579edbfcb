// Package scenario takes files that tell what happened to an allocator, step by step, and gives what was offered after
// each step: equal files, rules and seed give equal answers, byte for byte.
//
// A file is JSON, {"cases":[…]}, each case with a name, options, steps and, where it was recorded, what followed each step
// and the books at the end. Parse turns it into values and refuses what it does not know; New and Replay.Next play one case
// on an allocator of its own, one step at a time; Result.Compare and Final.Compare hold the outcome against the record.
// The simulator, golden tests and fuzzing all use these.
//
// A step is one event, or several under atomic. The clock stands still but for advance, which is one jump; after each step
// all work that is due is done before the next. Under rules that rescind nothing, as Strict has them, an offer is booked as
// used when it is made, since nothing but a step gives it back; under all others it stays an outstanding offer until a
// step answers it or the allocator takes it back (docs/allocation.md §0).
//
// # The format
//
// A case is {"name","seed","options","steps","final"}. Options are allocation_interval in seconds, fairness_exclude (names
// that count in no share), min_allocatable (a list of quantities as text) and no_min_allocatable. A step is {"op",…}; its
// further fields are, those with ? may be absent:
//
//	add_agent                  agent, resources, used?, capabilities?, hostname?, attributes?
//	update_agent               agent, resources?, capabilities?, hostname?, attributes?  (used? is not read: what is used there stays)
//	remove_agent, activate_agent, deactivate_agent                    agent
//	add_framework              framework, roles, suppressed_roles?, capabilities?, active?, used?, min_allocatable?,
//	                           constraints?
//	update_framework           the same; active and used are not read
//	remove_framework, activate_framework, deactivate_framework        framework
//	suppress, revive           framework, roles? (none: all)
//	recover                    framework, role, agent, resources, refuse_seconds? or default_filter?, is_allocated?
//	decline_all                framework?, role?, agent?, refuse_seconds? or default_filter?, expanded? (recorded recovers)
//	transition_to_allocated    framework, role, agent, resources
//	update_allocation          framework, role, agent, offered, operations
//	update_available           agent, operations
//	update_weights             weights (role → number)
//	update_quota               role, guarantees?, limits? (quantities as text; neither: no quota)
//	whitelist                  hosts? (absent: everything)
//	pause, resume
//	recover_state              expected_agents?, quotas? (role → guarantees and limits)
//	advance                    seconds
//	atomic                     ops
//
// Resources are text or a list of Resource messages. Operations are {"type","resources"} with RESERVE, UNRESERVE, CREATE or
// DESTROY. Used maps a framework, under add_framework an agent, to {"role","resources"}. A framework that lists no
// capabilities has RESERVATION_REFINEMENT; an agent that lists none has all. Attributes are text, "rack:r1;disks:4".
// Constraints are those of offer.Constraints, {"role_constraints":{role:{"groups":[…]}}}; a framework that names none is
// offered every agent. Is_allocated is read and makes no difference.
// A field that is null is absent, and one that is not listed is refused.
//
// What is recorded of a step stands in it: allocation_runs and offers (framework → role → agent → {"text","json"}) of any
// step but those inside atomic and expanded, whose runs and offers are the whole step's; result (ok, error or failed, with
// why after a colon if known) of update_available; resulting of update_allocation. Inside atomic the last two are compared
// as well, and a step that is refused there is told in the result of the whole. See Recorded and Final. Any step may have
// comment, nondeterministic and alternatives, which are for people and not looked at.
//
// Values handed out belong to the caller; resource sets are immutable. A Replay is used by one goroutine at a time, a
// parsed File by any number.
package scenario
