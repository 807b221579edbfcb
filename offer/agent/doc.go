// Package agent is the machine of an agent: messages of the master and of executors, link events, results of effects
// and the time go in; messages, dials, volume work, executor starts and stops come out as plain values, equal for equal
// inputs (docs/protocol.md §4, §8–§13).
//
// It registers with the leading master and keeps doing so, queues tasks until their executor has subscribed, keeps
// status updates until they are acknowledged, ends executors, and applies operations to its own total. It never judges
// who may have what: that is the master's.
//
// With Config.Checkpoint it remembers, across the end of its process, who it is, its reservations and volumes, and what belongs
// to frameworks that checkpoint: records go to a Store, no effect goes out before the records that it follows from are durable,
// and a machine that is given what the store holds goes on from there (docs/protocol.md §4.1).
//
// Memory: what is stepped in belongs to the machine and what Ready gives to the host; see package msg. A Machine is for
// one goroutine.
package agent
