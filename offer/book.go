package offer

// A book is a vec that most roles never need: the zero value counts nothing, and takes no room for it.
// A copy shares what is counted: use clone where both live on.
type book struct{ v *vec }

// none is what books that count nothing are read as. Nobody writes to it.
var none vec

// vec is what is counted, to be read only.
func (b *book) vec() *vec {
	if b.v == nil {
		return &none
	}
	return b.v
}

func (b *book) Get(i int) int64 { return b.vec().Get(i) }
func (b *book) IsZero() bool    { return b.vec().IsZero() }

// Set makes q the quantity of name i.
func (b *book) Set(i int, q int64) {
	if b.v == nil && q != 0 {
		b.v = new(vec)
	}
	if b.v != nil {
		b.v.Set(i, q)
	}
}

// add adds sign times d.
func (b *book) add(d *vec, sign int) {
	if b.v == nil {
		if d.IsZero() {
			return
		}
		b.v = new(vec)
	}
	addSigned(b.v, d, sign)
}

// put makes v, which b owns from then on, what is counted.
func (b *book) put(v vec) {
	if b.v == nil {
		if v.IsZero() {
			return
		}
		b.v = new(vec)
	}
	*b.v = v
}

func (b book) clone() book {
	if b.v == nil {
		return b
	}
	v := b.v.Clone()
	return book{&v}
}
