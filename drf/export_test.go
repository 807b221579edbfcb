package drf

// Slots is the room taken by nodes and levels, in use or free.
func (s *Sorter) Slots() [2]int { return [2]int{len(s.nodes), len(s.levels)} }
