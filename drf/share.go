package drf

// A Pool is what shares are fractions of: the totals of the whole cluster without the excluded names, ready to divide by.
// The framework sorter of a role divides by the whole cluster too, not by the role's part (docs/allocation.md §1.1).
// The zero value is an empty cluster, in which every share is 0.
type Pool struct {
	totals  Vec
	by      []float64 // by index of the name: the divisor, 0 where the name does not count
	strict  bool
	options *config // NewPool's, for SetTotals; nil: none
}

// NewPool returns the pool of the totals t under the options that concern shares: Exclude and WithStrictShare.
func NewPool(t *Vec, opts ...Option) Pool {
	c := newConfig(opts)
	p := Pool{options: &c}
	p.set(t, &c)
	return p
}

// SetTotals replaces the totals and keeps the options. It allocates nothing once the pool has had as many names.
func (p *Pool) SetTotals(t *Vec) {
	c := p.options
	if c == nil {
		c = new(config)
	}
	p.set(t, c)
}

// Share is the dominant share of a holder of this weight: the largest fraction of any one name, divided by the weight
// (docs/allocation.md §1.1). It is a pure function of integers but for the two divisions, each correctly rounded, so it
// has the same bits everywhere; equal fractions give equal shares while quantities are below 2^53 (§1.3).
func (p *Pool) Share(held *Vec, weight float64) float64 {
	return max(p.largest(held.N[:], 0), p.largest(held.More, inline)) / weight
}

// SlimShare is Share of what a Slim holds.
func (p *Pool) SlimShare(held *Slim, weight float64) float64 {
	largest := p.largest(held.n[:], 0)
	if r := held.rest; r != nil {
		largest = max(largest, p.largest(r.N[:], 0), p.largest(r.More, inline))
	}
	return largest / weight
}

// largest is the largest fraction among the names from first on.
func (p *Pool) largest(quantities []int64, first int) float64 {
	most := 0.0
	for i, q := range quantities {
		if q > 0 {
			most = max(most, p.part(first+i, q))
		}
	}
	return most
}

func (p *Pool) part(i int, q int64) float64 {
	if i >= len(p.by) || p.by[i] == 0 {
		return 0
	}
	if p.strict {
		return (float64(q) / 1000) / p.by[i]
	}
	return float64(q) / p.by[i]
}

// set replaces the totals, reusing the memory of the old ones.
func (p *Pool) set(t *Vec, c *config) {
	p.strict = c.strictShare
	p.totals.Reset()
	p.totals.Add(t)
	p.by = p.by[:0]
	for i := range t.Len() {
		p.by = append(p.by, c.divisor(i, t.Get(i)))
	}
}

func (c *config) divisor(i int, total int64) float64 {
	switch {
	case total <= 0, i < len(c.excluded) && c.excluded[i]:
		return 0
	case c.strictShare:
		return float64(total) / 1000
	default:
		return float64(total)
	}
}

func (p *Pool) clone() Pool {
	return Pool{totals: p.totals.Clone(), by: append([]float64(nil), p.by...), strict: p.strict, options: p.options}
}
