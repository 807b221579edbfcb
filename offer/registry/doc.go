// Package registry turns what a master must remember into keys and values, and back: records in, a store's operations out.
//
// A registry is a keyed store with one revision. A Commit is a set of puts and deletes that holds as a whole, if the store
// is at the revision the commit names, or not at all: so a leader whose successor has written is fenced
// (docs/protocol.md §5). Frameworks, tasks, executors, offers and filters are not in it: they are rebuilt from agents and
// frameworks.
//
// The package holds no file and no socket. Memory is a Store in memory; package filestore keeps one in a directory;
// package registrytest tests any Store. Equal records give equal bytes.
//
// Memory: the keys and values of an Op belong to nobody and are never changed, neither by a Store nor by whoever reads
// them.
package registry
