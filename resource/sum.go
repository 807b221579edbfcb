package resource

// Sum is a mutable accumulator for hot loops: adding scalars to a Sum that already has their
// keys does not allocate. The zero value is empty and ready. A Sum has one owner;
// it must not be copied after its first use.
type Sum struct {
	e, spare []entry
}

// Reset empties the sum and keeps its memory.
func (s *Sum) Reset() { s.e = s.e[:0] }

// Add adds r, as Resources.Add does.
func (s *Sum) Add(r Resources) {
	if len(r.e) == 0 {
		return
	}
	if s.inPlace(r.e) {
		return
	}
	s.spare = add(s.room(len(s.e)+len(r.e)), s.e, r.e)
	s.e, s.spare = s.spare, s.e[:0]
}

// Sub takes r, which the sum must contain: ErrNotContained otherwise, and nothing changes.
func (s *Sum) Sub(r Resources) error {
	if !contains(s.e, r.e) {
		return why(ErrNotContained, "%s does not hold %s", brief(s.View()), brief(r))
	}
	s.SubSaturating(r)
	return nil
}

// SubSaturating takes r, as Resources.SubSaturating does.
func (s *Sum) SubSaturating(r Resources) {
	s.spare = sub(s.room(len(s.e)), s.e, r.e)
	s.e, s.spare = s.spare, s.e[:0]
}

// Contains reports whether the sum contains r.
func (s *Sum) Contains(r Resources) bool { return contains(s.e, r.e) }

// Resources is the sum so far, as a value of its own.
func (s *Sum) Resources() Resources {
	if len(s.e) == 0 {
		return Resources{}
	}
	return Resources{e: append([]entry(nil), s.e...)}
}

// View is the sum so far without a copy: it is valid only until the sum changes.
func (s *Sum) View() Resources {
	if len(s.e) == 0 {
		return Resources{}
	}
	return Resources{e: s.e}
}

// inPlace adds to entries that are there already; false, and nothing done, if some are not.
func (s *Sum) inPlace(b []entry) bool {
	i := 0
	for j := range b {
		for i < len(s.e) && s.e[i].m != b[j].m {
			i++
		}
		if i == len(s.e) || b[j].m.class != divisible {
			return false
		}
	}
	i = 0
	for j := range b {
		for s.e[i].m != b[j].m {
			i++
		}
		s.e[i] = s.e[i].plus(&b[j])
	}
	return true
}

// room is an empty slice for n entries that shares nothing with the sum's entries.
func (s *Sum) room(n int) []entry {
	if cap(s.spare) < n || s.spare == nil {
		s.spare = make([]entry, 0, n+4)
	}
	return s.spare[:0]
}
