// Package filestore keeps a registry in a directory: commits go in, and once they are answered they are there after any
// crash. It is a registry.Store.
//
// The directory holds three files.
//
//   - log: one record per commit, appended and fsynced before the commit is answered.
//   - snapshot: everything at one revision. When the log outgrows it, a new one is written beside the old, fsynced, renamed
//     over it, and then an empty log takes the place of the old one, in the same way.
//   - lock: held as long as the store is open, so that two openers do not meet. It goes with its process.
//
// Every byte that counts is covered by a checksum. A record at the end of the log that was not written as a whole was never
// answered, and is cut off on opening; anything else that does not add up is registry.ErrCorrupt and names the file and the
// byte, and nothing is changed (docs/protocol.md §5).
//
// A Store is for one caller at a time, but Close may be called whenever.
package filestore
