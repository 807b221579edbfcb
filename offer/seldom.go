package offer

import "github.com/proffer-go/proffer/resource"

// This file keeps what few agents have out of the records of all of them (docs/allocation.md §7.3: memory).

// tags are where an agent is and what it is like.
type tags struct {
	region string
	zone   string
	attrs  resource.Attributes
}

// untagged is what an agent without tags is read as. Nobody writes to it.
var untagged tags

// tagged is what g is tagged with, to be read only.
func (g *agent) tagged() *tags {
	if g.tags == nil {
		return &untagged
	}
	return g.tags
}

// retag replaces the tags of g; they are never written to in place.
func (g *agent) retag(t tags) {
	g.tags = nil
	if t.region != "" || t.zone != "" || t.attrs.Len() > 0 {
		kept := t // so that t is not on the heap where it is not kept
		g.tags = &kept
	}
}

// setAttributes replaces the attributes of g.
func (g *agent) setAttributes(at resource.Attributes) {
	t := *g.tagged()
	t.attrs = at
	g.retag(t)
}

// seldom is what is held on an agent in ways that are seldom.
type seldom struct {
	late   []Use // by frameworks not yet known, not charged to anyone (ChargeUnknownLate)
	shared []hold
}

// neverHeld is what an agent is read as that has nothing of it. Nobody writes to it.
var neverHeld seldom

// rare is what is held on g in ways that are seldom, to be read only.
func (g *agent) rare() *seldom {
	if g.seldom == nil {
		return &neverHeld
	}
	return g.seldom
}

// setLate replaces the use of g that is charged to nobody yet.
func (g *agent) setLate(late []Use) { g.setRare(seldom{late: late, shared: g.rare().shared}) }

// setShared replaces the counts of copies held on g.
func (g *agent) setShared(shared []hold) { g.setRare(seldom{late: g.rare().late, shared: shared}) }

func (g *agent) setRare(s seldom) {
	switch {
	case len(s.late)+len(s.shared) == 0:
		g.seldom = nil
	case g.seldom == nil:
		kept := s
		g.seldom = &kept
	default:
		*g.seldom = s
	}
}
