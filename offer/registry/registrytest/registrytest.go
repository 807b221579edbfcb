// Package registrytest takes a registry.Store and tells which promise of that interface it breaks: every Store runs this
// suite in its own tests.
//
//	func TestPromises(t *testing.T) {
//		registrytest.Run(t, registrytest.Harness{Open: func(t registrytest.TB) registry.Store { return mine.New() }})
//	}
//
// The rules are those of docs/protocol.md §5.
package registrytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-go/proffer/offer/registry"
)

// TB is what a check needs of a test; *testing.T, *testing.B and *rapid.T fit.
type TB interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
	Cleanup(func())
}

// Harness says how to reach the store under test.
type Harness struct {
	// Open makes a fresh, empty store. What it needs must end with t.
	Open func(t TB) registry.Store
	// Reopen ends a store that Open or Reopen made, as a crash would, and opens what it kept. nil: the store keeps nothing.
	Reopen func(t TB, s registry.Store) registry.Store
}

// Check is one promise.
type Check struct {
	Name    string // for t.Run
	Promise string // one sentence
	run     func(*probe)
}

// Run checks the promise and fails t if it is broken.
func (c Check) Run(t TB, h Harness) {
	t.Helper()
	if h.Open == nil {
		t.Fatalf("registrytest: Harness.Open is nil; give it a func that makes an empty store")
	}
	c.run(&probe{TB: t, h: h, Store: h.Open(t)})
}

// Run runs every check as a subtest.
func Run(t *testing.T, h Harness) {
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, h) })
	}
}

// Checks lists the suite in a fixed order.
func Checks() []Check {
	return []Check{
		{"Empty", "a fresh store is at revision 0 and holds nothing", empty},
		{"LoadAfterCommit", "a load yields what was committed, once per key, in order", loadAfterCommit},
		{"PutReplaces", "a put replaces what its key had", putReplaces},
		{"Delete", "a delete takes a key away, and may name one that is not there", deletes},
		{"Values", "any bytes are a value, none included", values},
		{"EmptyCommit", "a commit of nothing is a commit", emptyCommit},
		{"RevisionGrows", "every commit brings the store to a greater revision, and a load tells it", revisionGrows},
		{"Stale", "a commit at another revision, older or newer, is refused and writes nothing", stale},
		{"Fence", "of two leaders that loaded one revision, the second to write is refused for good", fence},
		{"Malformed", "operations that are not well formed are refused as a whole", malformed},
		{"Bounds", "keys, values and commits over the bounds are refused, at the bounds taken", bounds},
		{"Ended", "a context that has ended before a commit writes nothing", ended},
		{"EachError", "an error of each ends the load and is returned", eachError},
		{"Keeps", "the caller may use its slice of operations again", keeps},
		{"Durable", "what was committed is there after a crash, with its revision", durable},
		{"Random", "any run of commits, refusals and crashes gives what a plain map gives", random},
	}
}

// probe is a store under test.
type probe struct {
	TB
	registry.Store
	h Harness
}

func put(key, value string) registry.Op { return registry.Op{Key: key, Value: []byte(value)} }

// commit commits what has to be taken.
func (p *probe) commit(at registry.Revision, ops ...registry.Op) registry.Revision {
	p.Helper()
	next, err := p.Commit(context.Background(), at, ops)
	if err != nil {
		p.Fatalf("commit of %v at revision %d: %v", ops, at, err)
	}
	return next
}

// refused commits what has to be refused with want, if that is not nil.
func (p *probe) refused(want error, at registry.Revision, ops ...registry.Op) {
	p.Helper()
	if _, err := p.Commit(context.Background(), at, ops); !errors.Is(err, want) {
		p.Errorf("a commit of %d operations at revision %d answered %v, want %v", len(ops), at, err, want)
	}
}

// load reads everything and checks the order.
func (p *probe) load() (map[string]string, registry.Revision) {
	p.Helper()
	got, last := map[string]string{}, ""
	at, err := p.Load(context.Background(), func(o registry.Op) error {
		switch {
		case o.Delete:
			p.Errorf("a load yields a delete of %q", o.Key)
		case len(got) > 0 && o.Key <= last:
			p.Errorf("a load yields %q after %q", o.Key, last)
		}
		got[o.Key], last = string(o.Value), o.Key
		return nil
	})
	if err != nil {
		p.Fatalf("load: %v", err)
	}
	return got, at
}

// holds compares everything with want; "" as a number of pairs, key=value.
func (p *probe) holds(at registry.Revision, pairs ...string) {
	p.Helper()
	want := map[string]string{}
	for _, pair := range pairs {
		k, v, _ := strings.Cut(pair, "=")
		want[k] = v
	}
	p.is(at, want)
}

func (p *probe) is(at registry.Revision, want map[string]string) {
	p.Helper()
	got, is := p.load()
	if !maps.Equal(got, want) {
		p.Errorf("the store holds %s, want %s", text(got), text(want))
	}
	if is != at {
		p.Errorf("the store is at revision %d, want %d", is, at)
	}
}

func text(m map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "%.40q=%.40q ", k, m[k])
	}
	return "{" + strings.TrimSpace(b.String()) + "}"
}

func empty(p *probe) { p.holds(0) }

func loadAfterCommit(p *probe) {
	at := p.commit(0, put("b", "2"), put("a", "1"), put("a/b", "3"))
	p.holds(at, "a=1", "a/b=3", "b=2")
	at = p.commit(at, put("c", "4"))
	p.holds(at, "a=1", "a/b=3", "b=2", "c=4")
}

func putReplaces(p *probe) {
	at := p.commit(0, put("a", "1"), put("b", "1"))
	at = p.commit(at, put("a", "longer than before"))
	p.holds(at, "a=longer than before", "b=1")
	at = p.commit(at, put("a", ""))
	p.holds(at, "a=", "b=1")
}

func deletes(p *probe) {
	at := p.commit(0, put("a", "1"), put("b", "1"))
	at = p.commit(at, registry.Delete("a"), registry.Delete("never there"))
	p.holds(at, "b=1")
	at = p.commit(at, put("a", "2"), registry.Delete("b"))
	p.holds(at, "a=2")
}

func values(p *probe) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	at := p.commit(0, registry.Op{Key: "nil"}, registry.Op{Key: string(all[1:]), Value: all}, put("lines", "\n\r\n\x00"))
	p.is(at, map[string]string{"nil": "", string(all[1:]): string(all), "lines": "\n\r\n\x00"})
}

func emptyCommit(p *probe) {
	at := p.commit(0)
	if at == 0 {
		p.Errorf("a commit of nothing leaves the store at revision 0")
	}
	p.holds(at)
	at = p.commit(at, put("a", "1"))
	next := p.commit(at)
	if next <= at {
		p.Errorf("a commit of nothing brings the store from revision %d to %d", at, next)
	}
	p.holds(next, "a=1")
	p.refused(registry.ErrStale, at)
}

func revisionGrows(p *probe) {
	var at registry.Revision
	for i := range 20 {
		next := p.commit(at, put("a", fmt.Sprint(i)))
		if next <= at {
			p.Errorf("a commit at revision %d brings the store to %d", at, next)
		}
		if _, is := p.load(); is != next {
			p.Errorf("a commit answered revision %d, a load %d", next, is)
		}
		at = next
	}
}

func stale(p *probe) {
	p.refused(registry.ErrStale, 1, put("a", "0"))
	p.holds(0)
	first := p.commit(0, put("a", "1"))
	second := p.commit(first, put("a", "2"))
	for _, at := range []registry.Revision{0, first, second + 1, 1<<64 - 1} {
		p.refused(registry.ErrStale, at, put("a", "3"), put("b", "3"))
		p.refused(registry.ErrStale, at)
		p.refused(registry.ErrStale, at, registry.Delete("a"))
	}
	p.holds(second, "a=2")
}

func fence(p *probe) {
	start := p.commit(0, put("master", "none"))
	old := p.commit(start, put("master", "old"))
	at := p.commit(old, put("master", "new"))
	for range 3 { // the old one goes on at what it knows
		p.refused(registry.ErrStale, old, put("master", "old"), put("agents/a", "by old"))
		at = p.commit(at, put("agents/b", "by new"))
	}
	p.holds(at, "agents/b=by new", "master=new")
}

func malformed(p *probe) {
	at := p.commit(0, put("a", "1"))
	for _, bad := range [][]registry.Op{
		{put("", "2")},
		{put("b", "2"), put("b", "3")},
		{put("b", "2"), registry.Delete("b")},
		{{Key: "a", Value: []byte("2"), Delete: true}},
		{{Key: "", Delete: true}},
	} {
		p.refused(registry.ErrOps, at, append([]registry.Op{put("good", "2")}, bad...)...)
		p.refused(registry.ErrOps, at, append(slices.Clone(bad), put("good", "2"))...)
	}
	p.holds(at, "a=1")
}

func bounds(p *probe) {
	at := p.commit(0, put("a", "1"))
	large := bytes.Repeat([]byte("x"), registry.MaxValue+1)
	p.refused(registry.ErrBound, at, put("good", "2"), put(strings.Repeat("k", registry.MaxKey+1), ""))
	p.refused(registry.ErrBound, at, put("good", "2"), registry.Op{Key: "b", Value: large})
	many := make([]registry.Op, registry.MaxOps+1)
	for i := range many {
		many[i] = put(fmt.Sprint("many/", i), "")
	}
	p.refused(registry.ErrBound, at, many...)
	heavy := make([]registry.Op, registry.MaxCommit/registry.MaxValue+1)
	for i := range heavy {
		heavy[i] = registry.Op{Key: fmt.Sprint("heavy/", i), Value: large[:registry.MaxValue]}
	}
	p.refused(registry.ErrBound, at, heavy...)
	p.holds(at, "a=1")
	at = p.commit(at, registry.Op{Key: strings.Repeat("k", registry.MaxKey), Value: large[:registry.MaxValue]})
	at = p.commit(at, many[1:]...)
	if got, is := p.load(); len(got) != registry.MaxOps+2 || is != at {
		p.Errorf("after commits at the bounds there are %d keys at revision %d, want %d at %d", len(got), is, registry.MaxOps+2, at)
	}
}

func ended(p *probe) {
	at := p.commit(0, put("a", "1"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Commit(ctx, at, []registry.Op{put("a", "2")}); !errors.Is(err, context.Canceled) {
		p.Errorf("a commit under a context that has ended answered %v", err)
	}
	if _, err := p.Load(ctx, func(registry.Op) error { return nil }); !errors.Is(err, context.Canceled) {
		p.Errorf("a load under a context that has ended answered %v", err)
	}
	p.holds(at, "a=1")
}

func eachError(p *probe) {
	p.commit(0, put("a", "1"), put("b", "2"), put("c", "3"))
	stop, n := errors.New("enough"), 0
	_, err := p.Load(context.Background(), func(registry.Op) error {
		if n++; n == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || n != 2 {
		p.Errorf("a load whose second key is refused answered %v after %d keys", err, n)
	}
}

func keeps(p *probe) {
	ops := []registry.Op{put("a", "1"), put("b", "2")}
	at := p.commit(0, ops...)
	ops[0], ops[1] = put("x", "9"), registry.Delete("b")
	p.holds(at, "a=1", "b=2")
}

func durable(p *probe) {
	if p.h.Reopen == nil {
		return // a store that keeps nothing promises nothing
	}
	var at registry.Revision
	for i := range 5 {
		at = p.commit(at, put("a", fmt.Sprint(i)), put(fmt.Sprint("k", i), "v"), registry.Delete(fmt.Sprint("k", i-1)))
		p.refused(registry.ErrStale, at+1, put("a", "stale"))
		p.Store = p.h.Reopen(p.TB, p.Store)
		p.holds(at, fmt.Sprint("a=", i), fmt.Sprint("k", i, "=v"))
	}
	p.refused(registry.ErrStale, at-1, put("a", "x"))
	at = p.commit(at)
	p.Store = p.h.Reopen(p.TB, p.Store)
	p.holds(at, "a=4", "k4=v")
}

// random drives the store beside a plain map, with a generator of its own: equal runs on every platform.
func random(p *probe) {
	plain, at, seed := map[string]string{}, registry.Revision(0), uint64(1)
	next := func(n int) int { seed = seed*6364136223846793005 + 1442695040888963407; return int(seed>>33) % n }
	for step := range 400 {
		var ops []registry.Op
		then := maps.Clone(plain)
		for k := range 5 {
			key := fmt.Sprint("k", k*7+next(7))
			switch next(3) {
			case 0:
				v := strings.Repeat("v", next(40))
				ops, then[key] = append(ops, put(key, v)), v
			case 1:
				ops = append(ops, registry.Delete(key))
				delete(then, key)
			}
		}
		switch next(8) {
		case 0:
			p.refused(registry.ErrStale, at+1, ops...)
		case 1:
			p.refused(registry.ErrOps, at, append(ops, put("", ""))...)
		default:
			at, plain = p.commit(at, ops...), then
		}
		if p.h.Reopen != nil && next(20) == 0 {
			p.Store = p.h.Reopen(p.TB, p.Store)
		}
		if step%10 == 0 {
			p.is(at, plain)
		}
	}
	p.is(at, plain)
}
