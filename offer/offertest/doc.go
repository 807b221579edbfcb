// Package offertest takes an allocation policy, or a whole configuration of an allocator, and tells by random and by fixed
// sequences of calls which properties of docs/allocation.md §6 it breaks; equal seeds give equal sequences.
//
// CheckPolicy is the one line for a test of one's own policy. What it finds it prints as a script, one call a line, made
// as small as possible; ReplayPolicy runs such a script again.
//
// Agents, Frameworks, Roles, Resources, Quotas and Calls are generators for pgregory.net/rapid over a tiny cluster: up to 6
// agents, 6 roles of depth 3 and 6 frameworks, whole quantities, names that collide. Calls are values: they can be
// printed, read back with ParseScript and run on any allocator.
//
// Everything runs on the goroutine that calls, in the time of the script; nothing sleeps.
package offertest
