package simulate

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// fussy is an invariant that breaks when the link of one agent to its master is cut.
type fussy struct{ nothing }

func (fussy) name() string { return "fussy" }

func (fussy) observe(o host.Observation) error {
	if d, ok := o.What.(host.LinkDown); ok && o.Node == "agent-2" && d.Peer == "master-1" && d.Link != 0 && strings.Contains(d.Cause, inproc.ErrCut.Error()) {
		return errors.New("cut")
	}
	return nil
}

// What a failure does not need is left out: one fault and one agent remain.
//
// docs/protocol.md §19
func TestShrink(t *testing.T) {
	o := Options{sabotage: func(w *world) { w.watch(fussy{}) }}
	p := NewPlan(Config{Seed: 2, Masters: 1, Duration: 10 * time.Minute, Faults: 40, Kinds: []inproc.Kind{inproc.Cut, inproc.Slow, inproc.Break}})
	r := p.Run(context.Background(), o)
	require.NotNil(t, r.Violation)
	small, report := p.Shrink(context.Background(), o, r.Violation)
	require.Equal(t, "fussy", report.Violation.Invariant)
	require.Len(t, small.Faults, 1, "%v", small)
	require.Len(t, small.Agents, 1)
	require.Empty(t, small.Work)
	require.Empty(t, small.Frameworks)
	require.Less(t, len(small.String()), len(p.String())/4)
	require.NotEmpty(t, p.Work, "what was drawn is as it was")

	ended, cancel := context.WithCancel(context.Background())
	cancel()
	same, report := p.Shrink(ended, o, r.Violation)
	require.Equal(t, p, same, "nothing is left out without time to try")
	require.Equal(t, r.Violation, report.Violation)
}
