package master

// fifo is a bounded memory of what is gone: adding beyond the bound forgets the oldest. The zero value is empty.
// Removal from the middle leaves a hole that is passed over later, so every call is cheap.
type fifo[K comparable, V any] struct {
	byKey map[K]fifoEntry[V]
	order []fifoPlace[K] // oldest first, with holes
	added uint64
}

type fifoEntry[V any] struct {
	n uint64 // tells a place from an older one of the same key
	v V
}

type fifoPlace[K comparable] struct {
	key K
	n   uint64
}

func (f *fifo[K, V]) has(k K) bool { _, ok := f.byKey[k]; return ok }

func (f *fifo[K, V]) get(k K) (V, bool) { e, ok := f.byKey[k]; return e.v, ok }

func (f *fifo[K, V]) len() int { return len(f.byKey) }

// add remembers v, in the place of what k was before, and returns what it had to forget for that.
func (f *fifo[K, V]) add(k K, v V, bound int) (forgotten V, full bool) {
	if f.byKey == nil {
		f.byKey = map[K]fifoEntry[V]{}
	}
	f.remove(k)
	for len(f.byKey) >= bound {
		oldest := f.order[0]
		f.order = f.order[1:]
		if e, ok := f.byKey[oldest.key]; ok && e.n == oldest.n {
			delete(f.byKey, oldest.key)
			forgotten, full = e.v, true
		}
	}
	f.added++
	f.byKey[k] = fifoEntry[V]{f.added, v}
	f.order = append(f.order, fifoPlace[K]{k, f.added})
	return forgotten, full
}

func (f *fifo[K, V]) remove(k K) {
	delete(f.byKey, k)
	if len(f.order) > 2*len(f.byKey)+16 {
		f.compact()
	}
}

func (f *fifo[K, V]) compact() {
	kept := make([]fifoPlace[K], 0, len(f.byKey))
	for _, p := range f.order {
		if e, ok := f.byKey[p.key]; ok && e.n == p.n {
			kept = append(kept, p)
		}
	}
	f.order = kept
}

// all yields what is remembered, oldest first.
func (f *fifo[K, V]) all(yield func(K, V) bool) {
	for _, p := range f.order {
		if e, ok := f.byKey[p.key]; ok && e.n == p.n && !yield(p.key, e.v) {
			return
		}
	}
}

// replace changes what is remembered under k, in its place.
func (f *fifo[K, V]) replace(k K, v V) {
	if e, ok := f.byKey[k]; ok {
		e.v = v
		f.byKey[k] = e
	}
}
