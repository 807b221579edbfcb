package offer

// offerTable finds offers by id. Ids only grow, so they are kept in pages of neighbours: what is offered in one run costs
// a few entries of the map, and a page goes when the last offer of it has gone.
type offerTable struct {
	pages  map[OfferID]*offerPage
	last   *offerPage // the one used last
	lastNo OfferID
	count  int
}

const pageSize = 64

type offerPage struct {
	at    [pageSize]*offer
	count int
}

func newOfferTable() offerTable { return offerTable{pages: make(map[OfferID]*offerPage)} }

func (t *offerTable) page(no OfferID) *offerPage {
	if t.last == nil || t.lastNo != no {
		p, ok := t.pages[no]
		if !ok {
			return nil
		}
		t.last, t.lastNo = p, no
	}
	return t.last
}

// get returns the offer of an id, nil where there is none.
func (t *offerTable) get(id OfferID) *offer {
	p := t.page(id / pageSize)
	if p == nil {
		return nil
	}
	return p.at[id%pageSize]
}

// put enters an offer whose id is new.
func (t *offerTable) put(o *offer) {
	no := o.id / pageSize
	p := t.page(no)
	if p == nil {
		p = new(offerPage)
		t.pages[no] = p
		t.last, t.lastNo = p, no
	}
	p.at[o.id%pageSize] = o
	p.count++
	t.count++
}

// remove takes an offer out that is there.
func (t *offerTable) remove(id OfferID) {
	no := id / pageSize
	p := t.page(no)
	p.at[id%pageSize] = nil
	p.count--
	t.count--
	if p.count == 0 {
		delete(t.pages, no)
		t.last = nil
	}
}
