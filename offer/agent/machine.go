package agent

import (
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// Machine is an agent.
type Machine struct{}

// New returns an agent that knows no master yet.
func New(cfg Config) (*Machine, error) { panic("todo") }

// Step takes one input.
func (m *Machine) Step(now offer.Time, in msg.Input) error { panic("todo") }

// NextDeadline tells when to step a Tick at the latest.
func (m *Machine) NextDeadline() (offer.Time, bool) { panic("todo") }

// Ready moves pending effects into rd and reports whether there were any.
func (m *Machine) Ready(rd *Ready) bool { panic("todo") }

// Check reports a broken invariant.
func (m *Machine) Check() error { panic("todo") }

// ID is the id that a master gave, "" none yet.
func (m *Machine) ID() offer.AgentID { panic("todo") }
