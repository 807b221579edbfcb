package framework

import (
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// SchedulerSession is the machine under a Driver.
type SchedulerSession struct{}

// NewScheduler returns a session that has not started.
func NewScheduler(cfg SchedulerConfig) (*SchedulerSession, error) { panic("todo") }

// Step takes one input.
func (s *SchedulerSession) Step(now offer.Time, in msg.Input) error { panic("todo") }

// NextDeadline tells when to step a Tick at the latest.
func (s *SchedulerSession) NextDeadline() (offer.Time, bool) { panic("todo") }

// Ready moves pending effects into rd and reports whether there were any.
func (s *SchedulerSession) Ready(rd *SchedulerReady) bool { panic("todo") }

// Status tells the driver's status.
func (s *SchedulerSession) Status() msg.DriverStatus { panic("todo") }

// Check reports a broken invariant.
func (s *SchedulerSession) Check() error { panic("todo") }

// ExecutorSession is the machine under an ExecutorDriver.
type ExecutorSession struct{}

// NewExecutor returns a session that has not started.
func NewExecutor(cfg ExecutorConfig) (*ExecutorSession, error) { panic("todo") }

// Step takes one input.
func (s *ExecutorSession) Step(now offer.Time, in msg.Input) error { panic("todo") }

// NextDeadline tells when to step a Tick at the latest.
func (s *ExecutorSession) NextDeadline() (offer.Time, bool) { panic("todo") }

// Ready moves pending effects into rd and reports whether there were any.
func (s *ExecutorSession) Ready(rd *ExecutorReady) bool { panic("todo") }

// Status tells the driver's status.
func (s *ExecutorSession) Status() msg.DriverStatus { panic("todo") }

// Check reports a broken invariant.
func (s *ExecutorSession) Check() error { panic("todo") }
