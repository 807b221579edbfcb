package inproc

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
)

// Targets are what RandomSchedule may hit.
type Targets struct {
	Masters    []msg.Node
	Agents     []msg.Node
	Schedulers []msg.Node
	Kinds      []Kind        // none: all
	Over       time.Duration // faults begin within this
}

// RandomSchedule draws n faults. Equal seeds and targets give equal schedules. Most faults are short, some outlast the
// pings (75 s) and some the agents' time to return (10 min): docs/protocol.md §18. A master is not down, and no
// clock ahead, for longer than a few minutes.
func RandomSchedule(seed uint64, n int, t Targets) Schedule {
	g := &generator{rng: rand.New(rand.NewPCG(seed, 0xfa017)), Targets: t}
	if len(g.Kinds) == 0 {
		g.Kinds = Kinds()
	}
	s := make(Schedule, 0, n)
	for range n {
		s = append(s, g.fault())
	}
	s.sort()
	return s
}

type generator struct {
	rng *rand.Rand
	Targets
}

func (g *generator) fault() Fault {
	f := Fault{At: g.within(g.Over), Kind: pick(g, g.Kinds)}
	u := uses[f.Kind]
	if u.nodes == 2 {
		f.A, f.B = g.between()
	}
	if f.Kind == Snip && g.rng.IntN(2) == 0 {
		f.A = pick(g, g.Agents)
		f.B = f.A + "/*"
	}
	if u.number {
		f.Number = 1 + g.rng.IntN(4)
	}
	if u.lasts {
		f.For = g.length()
	}
	switch f.Kind {
	case Kill:
		f.A = g.mortal()
		if slices.Contains(g.Masters, f.A) {
			f.For = g.within(2 * time.Minute)
		}
	case Destroy, KillExecutor:
		f.A = pick(g, g.Agents)
	case Clock:
		f.A, f.By = g.mortal(), g.within(4*time.Minute)
	case Blind:
		if f.A = pick(g, g.Agents); g.rng.IntN(2) == 0 {
			f.A = pick(g, g.Schedulers)
		}
	case Slow:
		f.By = g.within(15 * time.Second)
	case RecordSlow, RecordLate:
		f.A, f.By, f.For = pick(g, g.Agents), g.within(10*time.Second), g.within(time.Minute)
	case RecordLost, RecordRefused, RecordUnsure:
		f.A, f.For = pick(g, g.Agents), g.within(time.Minute)
	case CommitSlow, CommitLate:
		f.By, f.For = g.within(30*time.Second), g.within(time.Minute)
	case CommitLost, CommitRefused, CommitUnsure:
		f.For = g.within(time.Minute)
	}
	return f
}

// between draws two nodes that talk to each other, in either order.
func (g *generator) between() (a, b msg.Node) {
	switch g.rng.IntN(6) {
	case 0, 1:
		a, b = pick(g, g.Schedulers), pick(g, g.Masters)
	case 2:
		a = pick(g, g.Agents)
		b = a + "/*"
	default:
		a, b = pick(g, g.Agents), pick(g, g.Masters)
	}
	if g.rng.IntN(2) == 0 {
		a, b = b, a
	}
	return a, b
}

// mortal draws a node that may end, or lose its sense of time.
func (g *generator) mortal() msg.Node {
	switch g.rng.IntN(4) {
	case 0:
		return pick(g, g.Masters)
	case 1:
		return pick(g, g.Schedulers)
	}
	return pick(g, g.Agents)
}

// length draws how long something lasts.
func (g *generator) length() time.Duration {
	switch g.rng.IntN(6) {
	case 0:
		return 0
	case 1:
		return g.within(2 * time.Second)
	case 2, 3:
		return g.within(time.Minute)
	case 4:
		return time.Minute + g.within(4*time.Minute)
	}
	return 9*time.Minute + g.within(6*time.Minute)
}

// within draws up to d, in milliseconds.
func (g *generator) within(d time.Duration) time.Duration {
	return time.Duration(g.rng.Int64N(int64(d/time.Millisecond)+1)) * time.Millisecond
}

func pick[T any](g *generator, list []T) T {
	if len(list) == 0 {
		panic(fmt.Sprintf("inproc: RandomSchedule without any %T to hit", *new(T)))
	}
	return list[g.rng.IntN(len(list))]
}
