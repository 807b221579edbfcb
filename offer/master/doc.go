// Package master turns messages, operators' calls and the time into offers, launches, updates and answers: the machine
// of the leading master.
//
// A Machine holds the agents, frameworks, tasks and executors of a cluster and owns an offer.Allocator, which decides
// who is offered what. It does nothing by itself: Step takes one input, Ready hands out the effects, NextDeadline tells
// how long the host may sleep. Equal configurations and equal inputs give equal effects, byte for byte.
//
// Memory: what is stepped in belongs to the machine, what Ready hands out belongs to the host; neither side changes it
// afterwards (see package msg). A Machine is not safe for concurrent use.
//
// What a new leader would have to know is in a registry (package registry, docs/protocol.md §5): admitted, unreachable and
// gone agents, weights and quota. A change of it is written down first: it comes out as one of Ready.Commits, and only when
// msg.Committed answers that, it happens and somebody hears of it. A machine begins with msg.Loaded, what the registry
// holds, and leads when its first commit is durable. After a commit that failed, or was not answered in time, it resigns and
// says nothing more.
package master
