package replay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/offer/replay"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/inproc/simulate"
)

// shelf keeps tapes in memory.
type shelf struct {
	mu    sync.Mutex
	tapes map[string]*tape
}

// tape is one of them.
type tape struct {
	bytes.Buffer
	closed bool
}

func (t *tape) Close() error {
	t.closed = true
	return nil
}

func newShelf() *shelf { return &shelf{tapes: map[string]*tape{}} }

func (s *shelf) open(h *replay.Header) (io.WriteCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &tape{}
	s.tapes[fmt.Sprintf("%s %s %d", h.Machine(), h.Node, len(s.tapes))] = t
	return t, nil
}

// play plays a whole tape and returns the player, how many steps had a digest to compare, and what ended it.
func play(tb require.TestingT, text []byte) (p *replay.Player, compared int, err error) {
	r, err := replay.NewReader(bytes.NewReader(text))
	require.NoError(tb, err)
	p, err = replay.NewPlayer(r, replay.Known{})
	require.NoError(tb, err)
	err = p.To(context.Background(), replay.End, func(s replay.Step) error {
		if s.Known {
			compared++
		}
		return nil
	})
	return p, compared, err
}

// plan is a short one with plenty of faults.
func plan(seed uint64) simulate.Plan {
	return simulate.NewPlan(simulate.Config{Seed: seed, Agents: 2, Frameworks: 2, Duration: 2 * time.Minute, Quiet: 2 * time.Minute, Work: 15, Faults: 6})
}

// Every node of a cluster under random work and faults, executors and those that were killed included, does again at every step
// what it did.
// docs/protocol.md §21
func TestRandomRunsReplay(t *testing.T) {
	kinds := map[string]int{}
	steps := 0
	rapid.Check(t, func(t *rapid.T) {
		s := newShelf()
		plan(rapid.Uint64().Draw(t, "seed")).Run(context.Background(), simulate.Options{CheckEvery: 1 << 30, Record: s.open})
		for _, name := range slices.Sorted(maps.Keys(s.tapes)) {
			text := s.tapes[name]
			require.True(t, text.closed, "%s is closed with its node", name)
			p, compared, err := play(t, text.Bytes())
			require.NoError(t, err, name)
			require.LessOrEqual(t, p.Step()-uint64(compared), uint64(1), "%s: only the last step may have no outcome", name)
			require.NoError(t, p.Machine().Check())
			kinds[strings.Fields(name)[0]]++
			steps += compared
		}
	})
	for _, kind := range []string{"master", "agent", "scheduler", "executor"} {
		require.NotZero(t, kinds[kind], kind)
	}
	t.Logf("%d steps of %v", steps, kinds)
}

// run records one plan and returns the tape of its first node of that kind.
func run(tb testing.TB, seed uint64, kind string) []byte {
	s := newShelf()
	plan(seed).Run(context.Background(), simulate.Options{CheckEvery: 1 << 30, Record: s.open})
	for _, name := range slices.Sorted(maps.Keys(s.tapes)) {
		if strings.HasPrefix(name, kind+" ") {
			return s.tapes[name].Bytes()
		}
	}
	tb.Fatalf("no %s", kind)
	return nil
}

// A tape that is cut off anywhere plays up to its last whole record: all its digests agree, and the note tells what is missing.
// docs/protocol.md §21
func TestTapeCutAnywhere(t *testing.T) {
	text := run(t, 1, "agent")
	whole, _, err := play(t, text)
	require.NoError(t, err)
	header := bytes.IndexByte(text[20:], '}') // somewhere in the header
	first := 0                                // the shortest prefix that has a header
	for n := range text {
		if _, err := replay.NewReader(bytes.NewReader(text[:n])); err == nil {
			first = n
			break
		}
		require.ErrorIs(t, err2(replay.NewReader(bytes.NewReader(text[:n]))), replay.ErrTape)
	}
	require.Greater(t, first, header)
	cuts := []int{first, first + 1, len(text) - 1}
	for n := first; n < min(first+600, len(text)); n++ {
		cuts = append(cuts, n)
	}
	for n := first; n < len(text); n += 997 {
		cuts = append(cuts, n)
	}
	last := uint64(0)
	for _, n := range slices.Sorted(slices.Values(cuts)) {
		r, err := replay.NewReader(bytes.NewReader(text[:n]))
		require.NoError(t, err)
		p, err := replay.NewPlayer(r, replay.Known{})
		require.NoError(t, err)
		require.NoError(t, p.To(t.Context(), replay.End, nil), "cut at byte %d", n)
		require.GreaterOrEqual(t, p.Step(), last)
		last = p.Step()
		if r.Offset() < int64(n) {
			require.Contains(t, r.Note(), "cut off", "at byte %d", n)
		}
	}
	require.LessOrEqual(t, last, whole.Step())
	require.NotZero(t, last)
}

func err2[T any](_ T, err error) error { return err }

// A byte that changed is found: nothing is played beyond it as if it were whole.
// docs/protocol.md §21
func TestDamageIsFound(t *testing.T) {
	text := run(t, 1, "scheduler")
	_, err := replay.NewReader(bytes.NewReader(text))
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		bad := bytes.Clone(text)
		bad[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		r, err := replay.NewReader(bytes.NewReader(bad))
		for err == nil {
			_, err = r.Next()
		}
		if err == io.EOF { // a length that now seems to go on beyond the end
			require.Contains(t, r.Note(), "cut off")
			return
		}
		known := errors.Is(err, replay.ErrCorrupt) || errors.Is(err, replay.ErrTape) || errors.Is(err, replay.ErrVersion) || errors.Is(err, replay.ErrBound)
		require.True(t, known, "%v", err)
	})
}

// Replaying names the first step that differs: here one whose machine was made with another seed, and one whose input was
// changed.
// docs/protocol.md §21
func TestFirstDifferenceIsNamed(t *testing.T) {
	var out bytes.Buffer
	h := replay.Header{Node: "master", Master: &master.Config{Entropy: [16]byte{1}}}
	w, err := replay.NewWriter(&out, h)
	require.NoError(t, err)
	m, err := master.New(*h.Master)
	require.NoError(t, err)
	var rd master.Ready
	step := func(now offer.Time, recorded, done msg.Input) {
		w.Step(now, recorded)
		err := m.Step(now, done)
		at, any := m.NextDeadline()
		w.Outcome(err, at, any)
		for m.Ready(&rd) {
			w.Effects(&rd)
		}
		w.Settled()
	}
	same := func(now offer.Time, in msg.Input) { step(now, in, in) }
	same(1, msg.Loaded{})
	same(2, msg.Committed{Seq: 1, Revision: 1})
	same(3, msg.LinkUp{Link: 1, Peer: "scheduler"})
	step(4, msg.Envelope{Link: 1, Body: msg.Subscribe{Framework: msg.FrameworkInfo{Name: "b", Roles: nil}}},
		msg.Envelope{Link: 1, Body: msg.Subscribe{Framework: msg.FrameworkInfo{Name: "a", Roles: []role.Name{"web"}}}})
	require.NoError(t, w.Close())
	require.Equal(t, uint64(4), w.Steps())
	p, _, err := play(t, out.Bytes())
	var d *replay.Difference
	require.ErrorAs(t, err, &d)
	require.ErrorIs(t, err, replay.ErrDiffers)
	require.Equal(t, uint64(4), d.Step)
	require.Contains(t, err.Error(), "step 4 (Envelope Subscribe)")
	require.Equal(t, uint64(4), p.Step())
}

// A step that is asked for beyond the end is an error; a context that ends stops.
// docs/protocol.md §21
func TestPlayerStops(t *testing.T) {
	text := run(t, 2, "scheduler")
	r, err := replay.NewReader(bytes.NewReader(text))
	require.NoError(t, err)
	p, err := replay.NewPlayer(r, replay.Known{})
	require.NoError(t, err)
	require.NoError(t, p.To(t.Context(), 3, nil))
	require.Equal(t, uint64(3), p.Step())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.To(ctx, replay.End, nil), context.Canceled)
	require.ErrorIs(t, p.To(t.Context(), 1<<40, nil), replay.ErrNoStep)
}

// Equal runs give equal states, line by line; Diff tells what changed between two steps, and applying it gives the later one.
// docs/protocol.md §21
func TestStatesAndDifferences(t *testing.T) {
	for _, kind := range []string{"master", "agent", "scheduler", "executor"} {
		text := run(t, 3, kind)
		var states [2][][]replay.Line
		for i := range states {
			r, err := replay.NewReader(bytes.NewReader(text))
			require.NoError(t, err)
			p, err := replay.NewPlayer(r, replay.Known{})
			require.NoError(t, err)
			require.NoError(t, p.To(t.Context(), replay.End, func(s replay.Step) error {
				if s.N%50 == 1 || s.N == 2 || s.N == 4 {
					states[i] = append(states[i], p.Machine().State())
				}
				return nil
			}))
			states[i] = append(states[i], p.Machine().State())
		}
		require.Equal(t, states[0], states[1], kind)
		changes := 0
		for i, after := range states[0] {
			require.True(t, slices.IsSortedFunc(after, func(a, b replay.Line) int { return strings.Compare(a.Key, b.Key) }))
			keys := map[string]string{}
			for _, l := range after {
				require.NotContains(t, keys, l.Key, "keys are unique")
				keys[l.Key] = l.Value
			}
			if i == 0 {
				continue
			}
			before := map[string]string{}
			for _, l := range states[0][i-1] {
				before[l.Key] = l.Value
			}
			for _, c := range replay.Diff(states[0][i-1], after) {
				changes++
				delete(before, c.Key)
				if c.Is {
					before[c.Key] = c.After
				}
			}
			require.Equal(t, keys, before)
		}
		require.NotZero(t, changes, kind)
		require.Empty(t, replay.Diff(states[0][0], states[0][0]))
	}
}

// The state of a master is its whole snapshot: also agents that are not here, operations and the maintenance schedule.
// docs/protocol.md §16.1, §21
func TestStateOfAMaster(t *testing.T) {
	store := registry.NewMemory()
	cpus := resource.MustParse("cpus:4")
	var ops []registry.Op
	for _, r := range []registry.Record{registry.Agent{Info: msg.AgentInfo{ID: "r", Hostname: "h", Resources: cpus}, Deactivated: true, Drain: &registry.Drain{MarkGone: true}},
		registry.Unreachable{ID: "u", Since: 3}, registry.Gone{ID: "g", Since: 4}} {
		op, err := registry.Put(r)
		require.NoError(t, err)
		ops = append(ops, op)
	}
	_, err := store.Commit(t.Context(), 0, ops)
	require.NoError(t, err)

	var out bytes.Buffer
	h := replay.Header{Node: "master", Master: &master.Config{Entropy: [16]byte{1}}}
	w, err := replay.NewWriter(&out, h)
	require.NoError(t, err)
	m, err := master.New(*h.Master)
	require.NoError(t, err)
	var rd master.Ready
	var step func(in msg.Input)
	step = func(in msg.Input) {
		w.Step(1, in)
		err := m.Step(1, in)
		require.NoError(t, err)
		at, any := m.NextDeadline()
		w.Outcome(err, at, any)
		var commits []registry.Commit
		for m.Ready(&rd) {
			w.Effects(&rd)
			commits = append(commits, rd.Commits...)
		}
		w.Settled()
		for _, c := range commits {
			step(c.Answer(store.Commit(t.Context(), c.At, c.Ops)))
		}
	}
	step(registry.Load(t.Context(), store))
	step(msg.LinkUp{Link: 1, Peer: "a"})
	step(msg.Envelope{Link: 1, Body: msg.RegisterAgent{Info: msg.AgentInfo{Hostname: "a", Resources: cpus}, Total: cpus}})
	step(msg.Operate{Seq: 1, Call: msg.UpdateMaintenance{Windows: []msg.MaintenanceWindow{{Machines: []msg.MachineID{{Hostname: "x"}},
		Window: offer.Window{Start: 5, Duration: time.Hour}}}}})
	a := m.Agents()[0].Info.ID
	reserved, err := resource.MustParse("cpus:1").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "web"})
	require.NoError(t, err)
	step(msg.Operate{Seq: 2, Call: msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: reserved}}})
	require.NoError(t, w.Close())
	p, _, err := play(t, out.Bytes())
	require.NoError(t, err)

	lines := map[string]string{}
	for _, l := range p.Machine().State() {
		lines[l.Key] = l.Value
	}
	operation := fmt.Sprintf("operation %s on %s", m.Snapshot().Operations[0].UUID, a)
	for key, want := range map[string]string{"recovered agent r info hostname": "h", "recovered agent r drain": "draining, then gone",
		"unreachable agent u since": "3", "gone agent g since": "4", "machine x/ mode": "DRAINING",
		operation + " state": "OPERATION_PENDING", operation + " agent": string(a), "window 0 window start": "5"} {
		require.Equal(t, want, lines[key], key)
	}
	require.Contains(t, lines[operation+" op"], "Reserve {")
}

// BenchmarkRecord tells what recording adds to a run: the same plan, recorded and not.
func BenchmarkRecord(b *testing.B) {
	for _, recorded := range []bool{false, true} {
		b.Run(fmt.Sprintf("recorded=%t", recorded), func(b *testing.B) {
			steps, size := 0, 0
			for b.Loop() {
				o := simulate.Options{CheckEvery: 1 << 30}
				s := newShelf()
				if recorded {
					o.Record = s.open
				}
				steps += int(plan(1).Run(context.Background(), o).Steps)
				for _, t := range s.tapes {
					size += t.Len()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps), "ns/step")
			b.ReportMetric(float64(size)/float64(steps), "B/step")
		})
	}
}
