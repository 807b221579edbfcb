// Package checkpointtest takes an agent.Store and tells which promise of that interface it breaks: every Store runs this
// suite in its own tests.
//
//	func TestPromises(t *testing.T) {
//		checkpointtest.Run(t, checkpointtest.Harness{Open: func(t checkpointtest.TB) agent.Store { return mine.New() }})
//	}
//
// The rules are those of docs/protocol.md §9.
package checkpointtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-go/proffer/offer/agent"
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
	Open func(t TB) agent.Store
	// Reopen ends a store that Open or Reopen made, as a crash would, and opens what it kept. nil: the same store is asked
	// again.
	Reopen func(t TB, s agent.Store) agent.Store
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
		t.Fatalf("checkpointtest: Harness.Open is nil; give it a func that makes an empty store")
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
		{"Empty", "a fresh store holds nothing", func(p *probe) { p.holds() }},
		{"LoadAfterSave", "a load yields what was saved, once per key, in order", loadAfterSave},
		{"InOrder", "of several records of one key in one save the last counts", inOrder},
		{"Delete", "a deletion takes a key away, and may name one that is not there", deletes},
		{"Values", "any bytes are a value, none included", values},
		{"Nothing", "a save of nothing changes nothing", nothing},
		{"Malformed", "a record that is not well formed has its save refused as a whole", malformed},
		{"Bounds", "keys and values over the bounds are refused, at the bounds taken", bounds},
		{"Ended", "a context that has ended before a save writes nothing", ended},
		{"EachError", "an error of each ends the load and is returned", eachError},
		{"Keeps", "the caller may use its slice of records again", keeps},
		{"Many", "one save may have more records than there is room for in one step", many},
		{"Durable", "what was saved is there after a crash", durable},
	}
}

// probe is a store under test.
type probe struct {
	TB
	agent.Store
	h Harness
}

func put(key, value string) agent.Record { return agent.Record{Key: key, Value: []byte(value)} }
func del(key string) agent.Record        { return agent.Record{Key: key, Delete: true} }

// save saves what has to be taken.
func (p *probe) save(records ...agent.Record) {
	p.Helper()
	for i := range records {
		records[i].Seq = uint64(i + 1)
	}
	if err := p.Save(context.Background(), records); err != nil {
		p.Fatalf("a save of %d records: %v", len(records), err)
	}
}

// refused saves what has to be refused.
func (p *probe) refused(records ...agent.Record) {
	p.Helper()
	if err := p.Save(context.Background(), records); !errors.Is(err, agent.ErrStoreRecord) {
		p.Errorf("a save of %d records, one not well formed, answered %v", len(records), err)
	}
}

// holds compares everything with pairs, key=value, in the order of their keys.
func (p *probe) holds(pairs ...string) {
	p.Helper()
	var got []string
	err := p.Load(context.Background(), func(k string, v []byte) error {
		got = append(got, k+"="+string(v))
		return nil
	})
	if err != nil {
		p.Fatalf("load: %v", err)
	}
	if !slices.Equal(got, pairs) {
		p.Errorf("the store holds %.400q, want %.400q", got, pairs)
	}
}

func (p *probe) crash() {
	p.Helper()
	if p.h.Reopen != nil {
		p.Store = p.h.Reopen(p.TB, p.Store)
	}
}

func loadAfterSave(p *probe) {
	p.save(put("b", "2"), put("a", "1"), put("a/b", "3"))
	p.holds("a=1", "a/b=3", "b=2")
	p.save(put("a", "longer than before"), put("c", ""))
	p.holds("a=longer than before", "a/b=3", "b=2", "c=")
}

func inOrder(p *probe) {
	p.save(put("a", "1"), put("a", "2"), put("b", "1"), del("b"), del("c"), put("c", "3"))
	p.holds("a=2", "c=3")
}

func deletes(p *probe) {
	p.save(put("a", "1"), put("b", "1"))
	p.save(del("a"), del("never there"))
	p.holds("b=1")
}

func values(p *probe) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	p.save(agent.Record{Key: "nil"}, agent.Record{Key: string(all[1:]), Value: all})
	p.holds(string(all[1:])+"="+string(all), "nil=")
}

func nothing(p *probe) {
	p.save(put("a", "1"))
	p.save()
	p.holds("a=1")
}

func malformed(p *probe) {
	p.save(put("a", "1"))
	p.refused(put("b", "1"), put("", "1"))
	p.refused(put("b", "1"), agent.Record{Key: "a", Value: []byte{}, Delete: true})
	p.holds("a=1")
	p.save(put("b", "2"))
	p.holds("a=1", "b=2")
}

func bounds(p *probe) {
	key, value := strings.Repeat("k", agent.MaxKey), string(make([]byte, agent.MaxValue))
	p.refused(put(key+"k", ""))
	p.refused(put("v", value+"v"))
	p.save(put(key, value))
	p.holds(key + "=" + value)
}

func ended(p *probe) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Save(ctx, []agent.Record{put("a", "1")}); err == nil {
		p.Errorf("a save with a context that had ended was answered")
	}
	p.crash()
	p.holds()
}

func eachError(p *probe) {
	p.save(put("a", "1"), put("b", "2"))
	enough, n := errors.New("enough"), 0
	err := p.Load(context.Background(), func(string, []byte) error { n++; return enough })
	if !errors.Is(err, enough) || n != 1 {
		p.Errorf("a load whose each fails answered %v after %d calls", err, n)
	}
}

func keeps(p *probe) {
	records := []agent.Record{put("a", "1"), put("b", "2")}
	p.save(records...)
	records[0], records[1] = put("x", "x"), del("b")
	p.holds("a=1", "b=2")
}

func many(p *probe) {
	var records []agent.Record
	want := map[string]string{}
	for i := range 20_500 {
		k, v := fmt.Sprintf("k%d", i%20_200), fmt.Sprint(i)
		records, want[k] = append(records, put(k, v)), v
	}
	p.save(records...)
	p.crash()
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(want)) {
		pairs = append(pairs, k+"="+want[k])
	}
	p.holds(pairs...)
}

func durable(p *probe) {
	for i := range 30 {
		p.save(put("a", strings.Repeat("a", i)), put(fmt.Sprintf("k%02d", i), "v"), del(fmt.Sprintf("k%02d", i-1)))
		p.crash()
		p.holds("a="+strings.Repeat("a", i), fmt.Sprintf("k%02d=v", i))
	}
}
