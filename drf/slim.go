package drf

// slim is the number of quantities a Slim holds without a Vec of its own.
const slim = 4

// A Slim is a Vec in less than half the room, for records that are many: the names 0 to 3 are held in place, which are
// those that every cluster has, and the others in a Vec that is made when the first of them is held.
// The zero value is "nothing of anything". A plain copy shares that Vec: use Clone where both copies live on.
type Slim struct {
	n    [slim]int64
	rest *Vec // names from 4 on, each at its own index; nil: never held any
}

// Get returns the quantity of name i, 0 where s holds none. i must not be negative.
func (s *Slim) Get(i int) int64 {
	switch {
	case i < slim:
		return s.n[i]
	case s.rest == nil:
		return 0
	default:
		return s.rest.Get(i)
	}
}

// Set makes q the quantity of name i. i must not be negative.
func (s *Slim) Set(i int, q int64) {
	switch {
	case i < slim:
		s.n[i] = q
	case s.rest != nil || q != 0:
		s.others().Set(i, q)
	}
}

// Add adds d to s in place. The caller sees to it that no sum wraps.
func (s *Slim) Add(d *Vec) {
	for i := range s.n {
		s.n[i] += d.N[i]
	}
	if d.hasOthers() {
		tail := d.others()
		s.others().Add(&tail)
	}
}

// Sub takes d from s in place; what s lacks becomes negative.
func (s *Slim) Sub(d *Vec) {
	for i := range s.n {
		s.n[i] -= d.N[i]
	}
	if d.hasOthers() {
		tail := d.others()
		s.others().Sub(&tail)
	}
}

// IsZero reports whether every quantity is 0.
func (s *Slim) IsZero() bool { return s.n == [slim]int64{} && (s.rest == nil || s.rest.IsZero()) }

// Equal reports whether s and d hold the same quantities.
func (s *Slim) Equal(d *Vec) bool {
	v := s.View()
	return v.Equal(d)
}

// View is what s holds, to be read until s changes: its More is that of s.
func (s *Slim) View() Vec {
	var v Vec
	if s.rest != nil {
		v = *s.rest
	}
	copy(v.N[:slim], s.n[:])
	return v
}

// Vec returns what s holds as a Vec that shares nothing with s.
func (s *Slim) Vec() Vec {
	v := s.View()
	return v.Clone()
}

// Clone returns a copy that shares nothing with s.
func (s *Slim) Clone() Slim {
	c := *s
	if s.rest != nil {
		rest := s.rest.Clone()
		c.rest = &rest
	}
	return c
}

func (s *Slim) others() *Vec {
	if s.rest == nil {
		s.rest = new(Vec)
	}
	return s.rest
}

// hasOthers reports whether v may hold anything of names that a Slim has no place for.
func (v *Vec) hasOthers() bool {
	return [inline - slim]int64(v.N[slim:]) != [inline - slim]int64{} || len(v.More) > 0
}

// others is v without the names that a Slim has a place for; its More is that of v.
func (v *Vec) others() Vec {
	tail := *v
	clear(tail.N[:slim])
	return tail
}
