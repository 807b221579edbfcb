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
// A decision takes effect at once: nothing is stored yet. Each change that a registry has to remember before anybody
// hears of it is a function of its own in registry.go.
package master
