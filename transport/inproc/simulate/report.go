package simulate

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/transport/inproc"
)

// Report tells what a run did.
type Report struct {
	Seed      uint64
	Steps     int           // of all machines
	Simulated time.Duration // cluster's time
	Faults    map[inproc.Kind]int
	Launched  int // tasks
	Finished  int // those that ended well, and whose framework heard of it
	// Operations are those of frameworks that have an id, and of which an end was heard. Orders are operators' calls, and those
	// that were done.
	Operations, Orders Tally
	Checks             int // judgements of invariants
	Violation          *Violation
}

// Tally counts what was begun, and what of it came to an end.
type Tally struct{ Begun, Ended int }

// Add adds what another run did.
func (t *Tally) Add(o Tally) {
	t.Begun += o.Begun
	t.Ended += o.Ended
}

// Violation is an invariant that did not hold. It is an error.
type Violation struct {
	Invariant string        // its name, see Invariants
	At        time.Duration // of the cluster's time
	Step      int
	Text      string
}

// Error says what did not hold, and when.
func (v *Violation) Error() string {
	return fmt.Sprintf("simulate: invariant %q broken at %v, step %d: %s", v.Invariant, v.At, v.Step, v.Text)
}
