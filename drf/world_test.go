package drf_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/drf"
)

// Names of the worked examples.
const (
	cpus = iota
	mem
	gpus
	disk
)

// units makes whole units of cpus, mem, gpus and disk into a vector.
func units(q ...int64) *drf.Vec {
	var v drf.Vec
	for i, n := range q {
		v.Set(i, n*1000)
	}
	return &v
}

// A world is an orderer with readable clients.
type world struct {
	t     testing.TB
	o     *drf.Sorter
	ids   map[string]drf.Client
	paths []string
	runs  uint64
}

func newWorld(t testing.TB, totals *drf.Vec, opts ...drf.Option) *world {
	w := &world{t: t, o: drf.New(opts...), ids: map[string]drf.Client{}}
	w.totals(totals)
	return w
}

func (w *world) totals(v *drf.Vec) {
	w.runs++
	require.NoError(w.t, w.o.SetTotals(v, w.runs))
}

func (w *world) add(paths ...string) *world {
	for _, path := range paths {
		id, ok := w.ids[path]
		if !ok {
			id = drf.Client(len(w.paths))
			w.ids[path], w.paths = id, append(w.paths, path)
		}
		require.NoError(w.t, w.o.Add(id, path, true))
	}
	return w
}

func (w *world) remove(path string)          { require.NoError(w.t, w.o.Remove(w.ids[path])) }
func (w *world) active(path string, on bool) { require.NoError(w.t, w.o.SetActive(w.ids[path], on)) }
func (w *world) weight(path string, weight float64) {
	require.NoError(w.t, w.o.SetWeight(path, weight))
}
func (w *world) grant(path string, q ...int64)    { w.grantVec(path, units(q...)) }
func (w *world) grantVec(path string, d *drf.Vec) { require.NoError(w.t, w.o.Grant(w.ids[path], d)) }
func (w *world) release(path string, q ...int64) {
	require.NoError(w.t, w.o.Release(w.ids[path], units(q...)))
}
func (w *world) update(path string, old, new *drf.Vec) {
	require.NoError(w.t, w.o.Update(w.ids[path], old, new))
}

func (w *world) order() []string {
	require.NoError(w.t, w.o.Check())
	list := []string{}
	w.o.Ascend(func(c drf.Client) bool {
		list = append(list, w.paths[c])
		return true
	})
	return list
}

func (w *world) first() string { return w.order()[0] }

func (w *world) wantOrder(want ...string) {
	w.t.Helper()
	require.Equal(w.t, want, w.order())
}

// wantShare takes the expected share as a fraction and allows the two roundings.
func (w *world) wantShare(path string, num, den int64) {
	w.t.Helper()
	exact, _ := big.NewRat(num, den).Float64()
	require.InEpsilon(w.t, 1+exact, 1+w.o.Share(w.ids[path]), 1e-15, path)
}
