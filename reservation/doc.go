// Package reservation turns a total and an operation on it into the total afterwards, or the reason why not; equal input gives equal answers.
//
// The operations reserve and unreserve resources and create, destroy and resize persistent volumes. None of them makes
// or loses anything: what goes in comes out under another reservation or as another piece of disk.
//
//   - Apply is one operation, validated for who asks and why. ApplyAll is several.
//   - Pool is one accept under way: operations and launches in order on a remainder that shrinks.
//   - Convert is the bare conversion, for replaying what was validated before.
//   - Saved and Restore carry reservations and volumes over a restart of an agent.
//   - UseTracker and Available keep the books of shared volumes.
//
// The package knows no offers and no tasks; the rules are docs/resource-model.md §6 and §7.
//
// Operations, contexts and resources are values: they are read, never kept and never changed, so everything but Pool and
// UseTracker may be used by any number of goroutines at once. A Pool and a UseTracker belong to one goroutine.
package reservation
