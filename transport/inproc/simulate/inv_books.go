package simulate

// books: every machine's own account of itself agrees (master, agents, sessions: their Check).
type books struct {
	nothing
	w     *world
	check func() error // of the machine that was stepped
	n     int
}

func (*books) name() string { return "books" }

func (b *books) stepped() error {
	if b.n++; b.n%b.w.check != 0 {
		return nil
	}
	return b.check()
}

func (b *books) quiet() error { return b.w.c.Check() }
func (b *books) over() error  { return b.w.c.Check() }
