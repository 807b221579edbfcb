package master

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

func masterID(entropy [16]byte) msg.MasterID {
	return msg.MasterID(msg.DeriveUUID(entropy, "master", 0).String())
}

// newUUID names an operation between this master and an agent.
func (m *Machine) newUUID() msg.UUID {
	m.nextUUID++
	return msg.DeriveUUID(m.cfg.Entropy, "operation", m.nextUUID)
}

// newFrameworkID counts from 0000; an id that a framework brought along is passed over.
func (m *Machine) newFrameworkID() offer.FrameworkID {
	for {
		id := offer.FrameworkID(fmt.Sprintf("%s-%04d", m.id, m.nextFramework))
		m.nextFramework++
		if m.frameworks[id] == nil && !m.completed.has(id) {
			return id
		}
	}
}

// newAgentID counts from S0; an id that an agent brought along is passed over.
func (m *Machine) newAgentID() offer.AgentID {
	for {
		id := offer.AgentID(fmt.Sprintf("%s-S%d", m.id, m.nextAgent))
		m.nextAgent++
		if m.whereIs(id) == agentUnknown && !m.moving[id] {
			return id
		}
	}
}

// offerPrefix stands between a master's id and the number of an offer.
const offerPrefix = "-O"

func (m *Machine) wireOffer(n offer.OfferID) msg.OfferID {
	return msg.OfferID(string(m.id) + offerPrefix + strconv.FormatUint(uint64(n), 10))
}

// parseOffer undoes wireOffer, and takes nothing else.
func (m *Machine) parseOffer(id msg.OfferID) (offer.OfferID, bool) {
	digits, ok := strings.CutPrefix(string(id), string(m.id)+offerPrefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || m.wireOffer(offer.OfferID(n)) != id {
		return 0, false
	}
	return offer.OfferID(n), true
}
