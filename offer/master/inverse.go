package master

import (
	"cmp"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// InverseAnswer is what a framework said about leaving an agent (docs/protocol.md §16).
type InverseAnswer struct {
	Framework offer.FrameworkID
	Answer    offer.Answer // the latest that counted
	At        offer.Time
}

// sendAsks asks frameworks to leave agents, and takes back what the allocator no longer asks.
func (m *Machine) sendAsks() {
	over := map[offer.OfferID]bool{} // asked and taken back within one poll: nobody heard of it
	for _, o := range m.batch.Unasked {
		f := m.frameworks[o.Framework]
		if f == nil || !f.isAsked(o.ID) {
			over[o.ID] = true
			continue
		}
		m.toFramework(f, msg.RescindInverse{Offer: m.wireOffer(o.ID)})
		m.endAsk(f, o.ID, OfferRescinded)
	}
	for _, o := range m.batch.Asks {
		f, a := m.frameworks[o.Framework], m.agents[o.Agent]
		if f == nil || a == nil || over[o.ID] {
			continue
		}
		shown := msg.InverseOffer{ID: m.wireOffer(o.ID), Framework: o.Framework, Agent: o.Agent, Hostname: a.info.Hostname, Window: o.Window}
		f.asks[o.ID] = shown
		m.toFramework(f, msg.InverseOffers{Offers: []msg.InverseOffer{shown}})
		m.emit(InverseOfferMade{shown})
	}
}

func (f *framework) isAsked(id offer.OfferID) bool { _, ok := f.asks[id]; return ok }

// endAsk takes an inverse offer out of the books.
func (m *Machine) endAsk(f *framework, id offer.OfferID, how OfferEnd) {
	m.emit(InverseOfferEnded{Offer: f.asks[id].ID, Framework: f.info.ID, Agent: f.asks[id].Agent, How: how})
	delete(f.asks, id)
}

// forgetAsks drops all of a framework's without a word: it is not there to hear it.
func (m *Machine) forgetAsks(f *framework) {
	for _, id := range sortedKeys(f.asks) {
		m.endAsk(f, id, OfferDiscarded)
	}
}

// answerInverse takes a framework's answer to inverse offers; those that are not out are passed over.
func (m *Machine) answerInverse(f *framework, ids []msg.OfferID, accept bool, filters msg.Filters) error {
	for _, wire := range ids {
		id, ok := m.parseOffer(wire)
		if !ok || !f.isAsked(id) {
			continue
		}
		a := m.agents[f.asks[id].Agent]
		counted, err := m.alloc.AnswerInverse(m.now, offer.InverseOffer{ID: id, Framework: f.info.ID, Agent: a.info.ID}, accept, filters.Offer())
		m.must(err)
		if !counted {
			continue // taken back just now: the next poll tells
		}
		how, said := OfferDeclined, offer.Declined
		if accept {
			how, said = OfferAccepted, offer.Accepted
		}
		m.endAsk(f, id, how)
		a.answers = put(a.answers, InverseAnswer{f.info.ID, said, m.now}, compareAnswers)
		m.emit(AgentUpdated{a.report()})
	}
	return nil
}

// forgetAnswers drops what a framework said, on its removal.
func (m *Machine) forgetAnswers(a *agent, f offer.FrameworkID) {
	row := InverseAnswer{Framework: f}
	if _, said := slices.BinarySearchFunc(a.answers, row, compareAnswers); said {
		a.answers = drop(a.answers, row, compareAnswers)
		m.emit(AgentUpdated{a.report()})
	}
}

func compareAnswers(a, b InverseAnswer) int { return cmp.Compare(a.Framework, b.Framework) }
