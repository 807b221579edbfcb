package agent

import (
	"cmp"
	"errors"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
)

// end begins the end: executors first, then the agent (endIfEmpty).
func (m *Machine) end(err error) {
	if m.ending {
		return
	}
	m.ending, m.err = true, err
	for _, e := range m.allExecutors() {
		m.shutdown(e, "the agent ends")
	}
}

// endIfEmpty ends an ending agent when its last executor has gone. One that said goodbye, or was told to go for good, is
// not the same agent when it is started again: its reservations and volumes are all that it keeps.
func (m *Machine) endIfEmpty() {
	if !m.ending || m.gone || len(m.containers) > 0 {
		return
	}
	text := "asked to stop"
	if m.err == nil {
		m.toMaster(msg.UnregisterAgent{Agent: m.id})
	} else {
		text = m.err.Error()
	}
	if m.id != "" && (m.err == nil || errors.Is(m.err, ErrShutdown)) {
		m.unrecord(keyAgent)
	}
	m.leave(text)
}

func (m *Machine) allExecutors() []*executor {
	var es []*executor
	for _, c := range sortedKeys(m.containers) {
		es = append(es, m.containers[c])
	}
	slices.SortFunc(es, func(a, b *executor) int { return cmp.Compare(a.number, b.number) })
	return es
}
