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
// Values handed out belong to the caller; resource sets are immutable. A Replay is used by one goroutine at a time, a
// parsed File by any number.
package scenario
