package resource

import "slices"

// ShrinkTo cuts r to at most q, visiting entries in the given order (nil: that of docs/resource-model.md
// §4.1; order compares as slices.SortFunc wants, ties stay in that order). Divisible scalars are cut;
// what cannot be cut and does not fit is dropped, and so are names absent from q (§4.4).
func (r Resources) ShrinkTo(q Quantities, order func(a, b Resource) int) Resources {
	return r.shrink(slices.Clone(q.q), false, order)
}

// ShrinkToLimits is ShrinkTo, but that names absent from l are kept whole.
func (r Resources) ShrinkToLimits(l Limits, order func(a, b Resource) int) Resources {
	return r.shrink(slices.Clone(l.q), true, order)
}

// shrink spends left, which it owns.
func (r Resources) shrink(left []Quantity, keepAbsent bool, order func(a, b Resource) int) Resources {
	es := r.e
	if order != nil {
		es = slices.Clone(es)
		slices.SortStableFunc(es, func(a, b entry) int { return order(a.resource(), b.resource()) })
	}
	out := make([]entry, 0, len(es))
	for _, e := range es {
		i, ok := search(left, e.m.name)
		if !ok {
			if keepAbsent {
				out = append(out, e)
			}
			continue
		}
		if fit(&e, left[i].Amount) {
			left[i].Amount -= e.quantity()
			out = append(out, e)
		}
	}
	return Resources{e: canon(out)}
}

// fit cuts e to most if it can; false: nothing of it fits.
func fit(e *entry, most Scalar) bool {
	if e.quantity() <= most {
		return true
	}
	if most <= 0 || e.m.kind != KindScalar || e.m.class != divisible {
		return false
	}
	e.n = int64(most)
	return true
}
