package drf_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/drf"
)

// ordered collects a whole order.
func ordered(o drf.Orderer) []drf.Client {
	var list []drf.Client
	o.Ascend(func(c drf.Client) bool {
		list = append(list, c)
		return true
	})
	return list
}

// A pair is the sorter and the plain one under the same calls, and clones of both that may come back into play.
type pair struct {
	sorter  *drf.Sorter
	plain   *plain
	version uint64
	clones  []clone
}

type clone struct {
	sorter *drf.Sorter
	plain  *plain
}

var someNames = []string{"a", "b", "c-d", "-", "zz", "+"}

func drawPair(t *rapid.T) *pair {
	r := plainRules{
		count:       rapid.Bool().Draw(t, "count"),
		strictShare: rapid.Bool().Draw(t, "strict share"),
		lateLost:    rapid.Bool().Draw(t, "late weight lost"),
		rescale:     rapid.Bool().Draw(t, "rescale"),
		excluded:    map[int]bool{},
	}
	for _, i := range rapid.SliceOfN(rapid.IntRange(0, 9), 0, 2).Draw(t, "excluded") {
		r.excluded[i] = true
	}
	opts := []drf.Option{drf.Exclude(slices.Collect(maps.Keys(r.excluded))...)}
	if r.count {
		opts = append(opts, drf.WithTieBreak(drf.Count))
	}
	if r.strictShare {
		opts = append(opts, drf.WithStrictShare())
	}
	if r.lateLost {
		opts = append(opts, drf.WithLateWeightLost())
	}
	if r.rescale {
		opts = append(opts, drf.WithRescaling())
	}
	return &pair{sorter: drf.New(opts...), plain: newPlain(r)}
}

func drawPath(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(someNames), 1, 3).Draw(t, "path"), "/")
}

// drawVec draws small quantities, so that ties are common, of a few of ten names.
func drawVec(t *rapid.T, atMost *drf.Vec) drf.Vec {
	var v drf.Vec
	for _, i := range rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 2, 7, 8, 9}), 0, 3).Draw(t, "names") {
		most := int64(9)
		if atMost != nil {
			most = atMost.Get(i)
		}
		v.Set(i, rapid.Int64Range(0, most).Draw(t, "quantity"))
	}
	return v
}

// drawClient draws one of the clients; false if there is none, and the step does nothing.
func (p *pair) drawClient(t *rapid.T) (*plainClient, bool) {
	if len(p.plain.clients) == 0 {
		return nil, false
	}
	return rapid.SampledFrom(p.plain.clients).Draw(t, "client"), true
}

func (p *pair) add(t *rapid.T) {
	id := drf.Client(rapid.Uint32Range(0, 30).Draw(t, "id"))
	path := drawPath(t)
	active := rapid.Bool().Draw(t, "active")
	err := p.sorter.Add(id, path, active)
	if p.plain.client(id) != nil || p.plain.at(path) != nil {
		require.ErrorIs(t, err, drf.ErrExists)
		return
	}
	require.NoError(t, err)
	p.plain.add(id, path, active)
}

func (p *pair) remove(t *rapid.T) {
	c, ok := p.drawClient(t)
	if !ok {
		return
	}
	require.NoError(t, p.sorter.Remove(c.id))
	p.plain.remove(c.id)
}

func (p *pair) setActive(t *rapid.T) {
	c, ok := p.drawClient(t)
	if !ok {
		return
	}
	c.active = rapid.Bool().Draw(t, "active")
	require.NoError(t, p.sorter.SetActive(c.id, c.active))
}

func (p *pair) setBlocked(t *rapid.T) {
	c, ok := p.drawClient(t)
	if !ok {
		return
	}
	c.blocked = rapid.Bool().Draw(t, "blocked")
	require.NoError(t, p.sorter.SetBlocked(c.id, c.blocked))
}

func (p *pair) setWeight(t *rapid.T) {
	path := drawPath(t)
	w := rapid.SampledFrom([]float64{.1, .25, .5, 1, 2, 3}).Draw(t, "weight")
	require.NoError(t, p.sorter.SetWeight(path, w))
	p.plain.setWeight(path, w)
}

func (p *pair) grant(t *rapid.T) {
	c, ok := p.drawClient(t)
	if !ok {
		return
	}
	d := drawVec(t, nil)
	require.NoError(t, p.sorter.Grant(c.id, &d))
	p.plain.grant(c.id, &d)
}

func (p *pair) release(t *rapid.T) {
	c, ok := p.drawClient(t)
	if !ok {
		return
	}
	d := drawVec(t, &c.held)
	require.NoError(t, p.sorter.Release(c.id, &d))
	c.held.Sub(&d)
}

func (p *pair) update(t *rapid.T) {
	c, ok := p.drawClient(t)
	if !ok {
		return
	}
	old, fresh := drawVec(t, &c.held), drawVec(t, nil)
	require.NoError(t, p.sorter.Update(c.id, &old, &fresh))
	c.held.Sub(&old)
	c.held.Add(&fresh)
}

func (p *pair) setTotals(t *rapid.T) {
	p.version++
	p.plain.totals = drawVec(t, nil)
	require.NoError(t, p.sorter.SetTotals(&p.plain.totals, p.version))
}

func (p *pair) scaleTotals(t *rapid.T) {
	p.version++
	p.plain.totals.Set(0, p.plain.totals.Get(0)+rapid.Int64Range(1, 3).Draw(t, "more"))
	require.NoError(t, p.sorter.SetTotals(&p.plain.totals, p.version))
}

func (p *pair) read(t *rapid.T) {
	require.Equal(t, p.plain.order(), ordered(p.sorter), "%s", p.plain)
}

// clone goes on with either the original or the clone.
func (p *pair) clone(t *rapid.T) {
	if len(p.clones) == 3 {
		return
	}
	other := clone{p.sorter.Clone().(*drf.Sorter), p.plain.clone()}
	if rapid.Bool().Draw(t, "go on with the clone") {
		p.sorter, other.sorter = other.sorter, p.sorter
	}
	p.clones = append(p.clones, other)
}

// change goes on with a clone made earlier.
func (p *pair) change(t *rapid.T) {
	if len(p.clones) == 0 {
		return
	}
	i := rapid.IntRange(0, len(p.clones)-1).Draw(t, "clone")
	now := clone{p.sorter, p.plain}
	p.sorter, p.plain = p.clones[i].sorter, p.clones[i].plain
	p.clones[i] = now
}

func (p *pair) check(t *rapid.T) {
	require.NoError(t, p.sorter.Check())
	for _, c := range p.plain.clients {
		weight := 1.0
		if !p.plain.isInternal(c.path) {
			weight = p.plain.nodes[c.path].weight
		}
		require.Equal(t, p.plain.share(&c.held, weight), p.sorter.Share(c.id), c.path)
	}
	for i, c := range p.clones {
		require.NoError(t, c.sorter.Check())
		if !p.plain.rules.lateLost { // reading its order would change what it does
			require.Equal(t, c.plain.order(), ordered(c.sorter), "clone %d", i)
		}
	}
}

func (p *pair) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"add": p.add, "add one more": p.add, "remove": p.remove, "set active": p.setActive, "set blocked": p.setBlocked,
		"set weight": p.setWeight, "grant": p.grant, "grant again": p.grant, "release": p.release, "update": p.update,
		"set totals": p.setTotals, "scale totals": p.scaleTotals, "read": p.read, "clone": p.clone, "change": p.change,
		"": p.check,
	}
}

// docs/allocation.md §6: P11, for the order alone.
func TestAgreesWithPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPair(t)
		require.NoError(t, p.sorter.SetTotals(&drf.Vec{N: [8]int64{20, 20, 20}}, 0))
		p.plain.totals = drf.Vec{N: [8]int64{20, 20, 20}}
		t.Repeat(p.actions())
		p.read(t)
	})
}

// docs/allocation.md §1.6: in trees, with quantities large enough for rounding to show.
func TestAgreesWithPlainWhenRescaling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &pair{sorter: drf.New(drf.WithRescaling()), plain: newPlain(plainRules{rescale: true})}
		p.plain.totals = drf.Vec{N: [8]int64{60, 50}}
		require.NoError(t, p.sorter.SetTotals(&p.plain.totals, 1))
		p.version = 1
		for i, path := range []string{"a/b/c", "a/b/d", "a/b", "a/e", "f/g", "f/h", "k"} {
			require.NoError(t, p.sorter.Add(drf.Client(i), path, true))
			p.plain.add(drf.Client(i), path, true)
			d := drf.Vec{N: [8]int64{rapid.Int64Range(0, 30).Draw(t, "cpus"), rapid.Int64Range(0, 30).Draw(t, "mem")}}
			require.NoError(t, p.sorter.Grant(drf.Client(i), &d))
			p.plain.grant(drf.Client(i), &d)
		}
		p.read(t)
		actions := p.actions()
		delete(actions, "add one more")
		t.Repeat(actions)
		p.read(t)
	})
}

// docs/allocation.md §7.3: new totals move few keys of a large level, and all of them now and then.
func TestAgreesWithPlainOnLargeLevels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPair(t)
		n := rapid.IntRange(50, 200).Draw(t, "clients")
		for i := range n {
			path := fmt.Sprintf("r%03d", i)
			require.NoError(t, p.sorter.Add(drf.Client(i), path, true))
			p.plain.add(drf.Client(i), path, true)
			d := drf.Vec{N: [8]int64{rapid.Int64Range(0, 400).Draw(t, "cpus"), rapid.Int64Range(0, 400).Draw(t, "mem")}}
			require.NoError(t, p.sorter.Grant(drf.Client(i), &d))
			p.plain.grant(drf.Client(i), &d)
		}
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			p.version++
			p.plain.totals = drf.Vec{N: [8]int64{
				rapid.Int64Range(1000, 1100).Draw(t, "all cpus"), rapid.Int64Range(1000, 1100).Draw(t, "all mem")}}
			require.NoError(t, p.sorter.SetTotals(&p.plain.totals, p.version))
			if rapid.Bool().Draw(t, "grant before the read") {
				p.grant(t)
			}
			if rapid.Bool().Draw(t, "remove before the read") {
				p.remove(t)
			}
			p.read(t)
			require.NoError(t, p.sorter.Check())
		}
	})
}
