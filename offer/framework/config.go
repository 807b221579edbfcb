package framework

import (
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// SchedulerConfig says whom a SchedulerSession subscribes and how.
type SchedulerConfig struct {
	// Entropy is drawn anew for every session; zero is refused.
	Entropy [16]byte
	// Framework describes the framework. With its ID set the session takes over that framework (docs/protocol.md §3.1).
	Framework msg.FrameworkInfo
	// Suppressed are the roles that want no offers from the start.
	Suppressed []role.Name
	// ExplicitAck leaves acknowledging to the scheduler; else it is done when StatusUpdate returns.
	ExplicitAck bool
	// SubscribeBackoff is the first bound of the random time between attempts, doubled up to SubscribeBackoffCap; never
	// above a tenth of the failover timeout. 0: 2 seconds and 1 minute (docs/protocol.md §18).
	SubscribeBackoff, SubscribeBackoffCap time.Duration
	// MissedHeartbeats in a row end a connection. 0: 5.
	MissedHeartbeats int
}

// ExecutorConfig says for whom an ExecutorSession speaks. Agent, Framework, Executor, Container and Checkpoint are what
// the agent's start effect says.
type ExecutorConfig struct {
	// Entropy is drawn anew for every session; zero is refused.
	Entropy   [16]byte
	Agent     msg.Node
	Framework offer.FrameworkID
	Executor  msg.ExecutorID
	Container msg.ContainerID
	// Checkpoint makes the session wait for a lost agent, for Recovery; else a lost link ends it.
	Checkpoint bool
	// SubscribeBackoff bounds the random time between attempts. 0: 2 seconds (docs/protocol.md §18).
	SubscribeBackoff time.Duration
	// Recovery is how long an agent is waited for. 0: 15 minutes.
	Recovery time.Duration
	// MaxUpdates bounds the updates that the agent has not taken. 0: 100,000.
	MaxUpdates int
}
