package scenario

import (
	"errors"
	"fmt"
)

// Errors, each wrapped in an Error that says where.
var (
	ErrFormat       = errors.New("scenario: not in the format of scenario files")
	ErrUnknownOp    = errors.New("scenario: no such operation")
	ErrUnknownField = errors.New("scenario: unknown field, which might change what the step means: remove or rename it")
	ErrMissing      = errors.New("scenario: a field is missing")
	ErrBound        = errors.New("scenario: bound reached: split the file or raise it in Bounds")
	ErrDiffers      = errors.New("differs from the record")
)

// NoStep is the Step of an Error about a whole case, or about the file where Case is empty too.
const NoStep = -1

// Error is an error with its place.
type Error struct {
	Case string // name of the case; empty: the file
	Step int    // from 0; NoStep: the whole case
	Op   string // of the step
	Err  error
}

// Error tells the place and the error in one line.
func (e *Error) Error() string {
	switch {
	case e.Case == "":
		return e.Err.Error()
	case e.Step == NoStep:
		return fmt.Sprintf("case %q: %v", e.Case, e.Err)
	case e.Op == "":
		return fmt.Sprintf("case %q: step %d: %v", e.Case, e.Step, e.Err)
	}
	return fmt.Sprintf("case %q: step %d (%s): %v", e.Case, e.Step, e.Op, e.Err)
}

// Unwrap returns the error without its place.
func (e *Error) Unwrap() error { return e.Err }

// within says which of the steps inside a step err is about.
func within(i int, op string, err error) error {
	if op == "" {
		return fmt.Errorf("%d: %w", i, err)
	}
	return fmt.Errorf("%d (%s): %w", i, op, err)
}

// join puts two errors, either of which may be nil, on one line.
func join(a, b error) error {
	if a == nil || b == nil {
		return errors.Join(a, b)
	}
	return fmt.Errorf("%w; %w", a, b)
}

// at gives err its place within a case.
func at(name string, step int, op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Case: name, Step: step, Op: op, Err: err}
}
