package master

import (
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

type resources = resource.Resources

// pollAllocator lets the allocator do what is due and tells the frameworks.
func (m *Machine) pollAllocator() {
	m.batch.Reset()
	m.alloc.Poll(m.now, &m.batch)
	for _, r := range m.batch.Rescinded {
		m.rescind(r)
	}
	if len(m.batch.Offers) > 0 {
		m.sendOffers(m.batch.Offers)
	}
	if len(m.batch.Unasked)+len(m.batch.Asks) > 0 {
		m.sendAsks()
	}
}

// rescind tells a framework that an offer was taken back, if it was told of that offer.
func (m *Machine) rescind(r offer.Rescind) {
	f := m.frameworks[r.Framework]
	if f == nil || !f.holds(r.Offer) {
		return
	}
	m.toFramework(f, msg.Rescind{Offer: m.wireOffer(r.Offer)})
	m.endOffer(f, r.Offer, OfferRescinded, r.Reason)
}

// holds reports whether an offer is out with f.
func (f *framework) holds(id offer.OfferID) bool { _, ok := f.offers[id]; return ok }

// endOffer takes an offer out of the books.
func (m *Machine) endOffer(f *framework, id offer.OfferID, how OfferEnd, why offer.RescindReason) {
	m.emit(OfferEnded{Offer: m.wireOffer(id), Framework: f.info.ID, How: how, Why: why})
	delete(f.offers, id)
}

// sendOffers sends offers to their frameworks, at most OffersPerMessage at a time; frameworks come in the order of their
// first offer, offers in the allocator's order.
func (m *Machine) sendOffers(list []offer.Offer) {
	var order []offer.FrameworkID
	byFramework := map[offer.FrameworkID][]msg.Offer{}
	for _, o := range list {
		if _, out := m.alloc.Outstanding(o.ID); !out {
			continue // made and taken back within one poll
		}
		if byFramework[o.Framework] == nil {
			order = append(order, o.Framework)
		}
		shown := m.present(o)
		byFramework[o.Framework] = append(byFramework[o.Framework], shown)
		m.frameworks[o.Framework].offers[o.ID] = shown
	}
	for _, id := range order {
		for list := byFramework[id]; len(list) > 0; {
			part := list[:m.fitting(list)]
			list = list[len(part):]
			m.toFramework(m.frameworks[id], msg.Offers{Offers: slices.Clip(part)})
			for _, o := range part {
				m.emit(OfferMade{o})
			}
		}
	}
}

// fitting is how many offers of list go into one message: at least one.
func (m *Machine) fitting(list []msg.Offer) int {
	bytes := 0
	for i, o := range list {
		bytes += estimate(o)
		if i == m.cfg.Bounds.OffersPerMessage || i > 0 && bytes > m.cfg.Bounds.OfferBytes {
			return i
		}
	}
	return len(list)
}

// estimate is about how many bytes an offer takes on a wire, rather more than fewer.
func estimate(o msg.Offer) int {
	n := 512 + len(o.Hostname) + len(o.Domain.Region) + len(o.Domain.Zone) + 256*len(o.Executors)
	for a := range o.Attributes.All() {
		n += 64 + len(a.Name) + len(a.Text) + 48*a.Ranges.Len()
	}
	for r := range o.Resources.All() {
		n += 256 + 48*r.Ranges.Len() + 512*len(r.Reservations)
		for item := range r.Set.All() {
			n += 16 + len(item)
		}
	}
	return n
}

// present is an offer as its framework sees it.
func (m *Machine) present(o offer.Offer) msg.Offer {
	a := m.agents[o.Agent]
	return msg.Offer{ID: m.wireOffer(o.ID), Framework: o.Framework, Role: o.Role, Agent: o.Agent, Hostname: a.info.Hostname,
		Domain: a.info.Domain, Resources: o.Resources, Attributes: a.info.Attributes, Executors: a.sortedExecutorIDs(o.Framework), Window: a.window}
}
