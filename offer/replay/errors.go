package replay

import (
	"errors"
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
)

// Errors of tapes, each wrapped with what and where.
var (
	// ErrTape: no tape, or its header is not whole.
	ErrTape = errors.New("replay: not a tape")
	// ErrVersion: a tape of another version.
	ErrVersion = errors.New("replay: unknown version of a tape")
	// ErrCorrupt: a record that is damaged, or out of place.
	ErrCorrupt = errors.New("replay: damaged tape")
	// ErrBound: a record beyond Bounds.
	ErrBound = errors.New("replay: over a bound")
	// ErrNoStep: the tape ends before the step asked for.
	ErrNoStep = errors.New("replay: the tape has no such step")
	// ErrUnrecordable: a configuration or an input has no form on a tape.
	ErrUnrecordable = errors.New("replay: cannot be recorded")
	// ErrUnnamed: a policy or an order of the program's own has no name, or nothing is known under that name.
	ErrUnnamed = errors.New("replay: unknown policy or order")
	// ErrPanic: the machine panicked. It is a defect of the machine.
	ErrPanic = errors.New("replay: the machine panicked")
	// ErrDiffers: a step's effects are not those recorded; see Difference.
	ErrDiffers = errors.New("replay: the machine does not do again what was recorded")
)

// Difference is the first step whose effects are not those recorded. It wraps ErrDiffers.
type Difference struct {
	Step           uint64 // counted from 1
	Input          msg.Input
	Recorded, Here uint64 // digests
}

// Error names the step and its input.
func (d *Difference) Error() string {
	return fmt.Sprintf("%v: step %d (%s): digest %016x, recorded %016x", ErrDiffers, d.Step, Kind(d.Input), d.Here, d.Recorded)
}

// Unwrap returns ErrDiffers.
func (d *Difference) Unwrap() error { return ErrDiffers }

// Kind names an input in one or two words, such as "Tick" or "Envelope Accept".
func Kind(in msg.Input) string {
	switch in := in.(type) {
	case msg.Envelope:
		return "Envelope " + name(in.Body)
	case msg.Call:
		return "Call " + name(in.Body)
	case msg.Operate:
		return "Operate " + name(in.Call)
	}
	return name(in)
}
