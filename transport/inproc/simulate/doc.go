// Package simulate takes a seed and runs a whole cluster in virtual time: agents, frameworks of several kinds, their work,
// operators' calls and faults, all drawn from that seed. What comes out is a Report: figures, and the first invariant that did
// not hold, if any. Equal configurations give equal reports, to the byte; in another version of this package a seed may stand for
// another run.
//
// A Plan is the drawn run as data. A run that fails is made small by Shrink, which leaves out faults, work and frameworks as
// long as the same invariant fails. The invariants are listed by Invariants; each is in a file of its own, and what they
// stand on is docs/protocol.md §2.1, §4.5, §5, §8, §9, §14, §16, §18.1 and §19.
//
// Nothing here is for concurrent use, but runs share nothing: several may go on at the same time.
package simulate
