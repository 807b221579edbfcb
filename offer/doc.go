// Package offer takes agents, frameworks, weights, quota, answers to offers and the time, and gives offers: who is
// offered what.
//
// An Allocator is a plain value machine: no goroutine, no clock, no lock. Commands go in through its methods, or as data
// through Do, each with the time; offers, inverse offers and what is taken back of both come out of Poll alone; NextDeadline
// says how long a caller may wait before the next Poll.
// Equal calls give equal offers, byte for byte.
//
// Fair share is weighted dominant-resource fairness over the tree of roles and over the frameworks of each role, within
// guarantees and limits, reservations and refusals (docs/allocation.md §2). Rules says in which points the allocator keeps
// to the reference's behaviour (StrictDRF) and where it does better (DefaultRules).
//
// Resource sets are immutable values, so nobody needs to copy what is passed here. Slices that are passed in are not kept.
// An Allocator is used by one goroutine at a time; give readers a Fork.
package offer
