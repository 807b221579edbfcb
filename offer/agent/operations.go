package agent

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// operation changes the total. Operations are done one at a time in the order they came; one with volumes waits for
// the host, and counts only when its work is done (docs/protocol.md §16.2).
type operation struct {
	call    msg.ApplyOperation
	link    msg.Link           // that it came by
	next    resource.Resources // the total after it
	waiting int                // volume work not answered
	done    []Volume           // volume work that succeeded
	undoing bool
	failed  string
	outcome *outcome // once it has ended, if it has an id
}

func (m *Machine) applyOperation(a msg.ApplyOperation) error {
	if a.Op == nil {
		return fmt.Errorf("%w: operation %v: nothing to do", ErrMalformed, a.UUID)
	}
	o := &operation{call: a, link: m.master.link}
	if err := m.mayTake(o); err != nil { // said once
		o.failed = err.Error()
		m.event(Event{Kind: EventOperationFailed, Framework: a.Framework, Operation: a.UUID, Text: o.failed})
		m.answerOperation(o)
		return nil
	}
	m.opsIn++
	m.ops = append(m.ops, o)
	if len(m.ops) == 1 {
		m.runOperations()
	}
	return nil
}

// mayTake checks that there is room for an operation, and for how it will end.
func (m *Machine) mayTake(o *operation) error {
	if n := len(m.ops) + len(m.outcomes); n >= m.cfg.Bounds.Operations {
		return fmt.Errorf("%w: %d operations wait or are not acknowledged", ErrBound, n)
	}
	if o.call.ID == "" {
		return nil
	}
	if o.call.UUID.IsZero() || m.outcomes[o.call.UUID] != nil {
		return fmt.Errorf("%w: operation %v has ended, or has no name", ErrMalformed, o.call.UUID)
	}
	return m.writable(msg.KeptOperation{Report: o.report(m.id)})
}

// runOperations begins operations until one has to wait for the host.
func (m *Machine) runOperations() {
	for len(m.ops) > 0 && m.beginOperation(m.ops[0]) {
		m.finishOperation(m.ops[0])
	}
}

// beginOperation reports whether o has nothing to wait for.
func (m *Machine) beginOperation(o *operation) bool {
	op := reservation.Unallocated(o.call.Op)
	if id := m.usedVolume(op); id != "" {
		o.failed = fmt.Sprintf("volume %s is in use", id)
		return true
	}
	next, err := reservation.Convert(m.total, op)
	if err != nil {
		o.failed = err.Error()
		return true
	}
	if err := m.writableTotal(next); err != nil {
		o.failed = err.Error()
		return true
	}
	o.next = next
	var volumes resource.Resources
	kind := VolumeCreate
	switch op := op.(type) {
	case reservation.Create:
		volumes = op.Volumes
	case reservation.Destroy:
		volumes, kind = op.Volumes, VolumeRemove
	}
	todo, err := m.volumeWork(kind, volumes)
	if err != nil {
		o.failed = err.Error()
		return true
	}
	m.askAll(o, todo)
	return o.waiting == 0
}

func (m *Machine) askAll(o *operation, todo []Volume) {
	o.waiting = len(todo)
	for _, v := range todo {
		m.ask(&work{volume: v, op: o})
	}
}

func (m *Machine) volumeWork(kind VolumeKind, volumes resource.Resources) ([]Volume, error) {
	var todo []Volume
	for r := range volumes.PersistentVolumes().All() {
		at, mounted, err := volumePath(m.cfg.WorkDir, r)
		if err != nil {
			return nil, err
		}
		todo = append(todo, Volume{Kind: kind, Path: at, Mount: mounted})
	}
	return todo, nil
}

// operationStep takes the answer to one piece of an operation's work. If a piece of a creation failed, what the others
// made is removed again; then the operation has failed.
func (m *Machine) operationStep(w *work, failed string) {
	o := w.op
	o.waiting--
	if failed == "" {
		o.done = append(o.done, w.volume)
	} else if o.failed == "" {
		o.failed = failed
	}
	if o.waiting > 0 {
		return
	}
	if o.failed != "" && !o.undoing {
		o.undoing = true
		var undo []Volume
		for _, v := range o.done {
			if v.Kind == VolumeCreate {
				undo = append(undo, Volume{Kind: VolumeRemove, Path: v.Path, Mount: v.Mount})
			}
		}
		m.askAll(o, undo)
		if o.waiting > 0 {
			return
		}
	}
	m.finishOperation(o)
	m.runOperations()
}

// finishOperation answers the first operation, and lets go what waited for it. The new total is recorded, so that all of this
// is seen only when that is durable.
func (m *Machine) finishOperation(o *operation) {
	m.ops = m.ops[1:]
	m.opsDone++
	ev := Event{Kind: EventOperationApplied, Framework: o.call.Framework, Operation: o.call.UUID}
	if o.failed == "" {
		m.total = o.next
		o.conclude(m, msg.OperationFinished)
		m.lastOutcome = o.outcome
		m.keepTotal()
	} else {
		ev.Kind, ev.Text = EventOperationFailed, o.failed
		o.conclude(m, msg.OperationFailed)
	}
	if o.outcome != nil {
		m.keepOutcome(o.outcome)
	}
	m.event(ev)
	m.answerOperation(o)
	if m.master.registered && m.opsDone <= m.master.opsAsked {
		m.tellTotal()
	}
	for _, e := range m.allExecutors() {
		m.advance(e)
	}
}

// answerOperation tells the master that has admitted the agent how an operation ended. One that came by this link is answered
// there also while the agent asks for admission anew: the master still waits for it, and the order of the link tells it that
// a total asked with later has the operation and one from before has not.
func (m *Machine) answerOperation(o *operation) {
	switch {
	case m.master.registered && o.outcome != nil:
		m.tell(o.outcome)
	case m.master.registered || m.master.served && o.link == m.master.link:
		m.send(m.master.link, o.answer())
	}
}

func (o *operation) answer() msg.OperationUpdate {
	if o.outcome != nil {
		return o.outcome.message()
	}
	return msg.OperationUpdate{UUID: o.call.UUID, Error: o.failed}
}

// conclude makes the outcome of an operation that has an id.
func (o *operation) conclude(m *Machine, s msg.OperationState) {
	if o.call.ID != "" {
		o.outcome = m.conclude(o.report(m.id), s, o.failed)
	}
}

// usedVolume finds a volume that op would destroy or resize while a task or an executor here uses it, "" none.
func (m *Machine) usedVolume(op reservation.Op) string {
	var wanted resource.Resources
	switch op := op.(type) {
	case reservation.Destroy:
		wanted = op.Volumes
	case reservation.Resize:
		if r, err := resource.New(op.Volume); err == nil {
			wanted = r
		}
	default:
		return ""
	}
	for _, e := range m.allExecutors() {
		if id := shared(wanted, e.info.Resources); id != "" {
			return id
		}
		for _, t := range sortedKeys(e.live) {
			if id := shared(wanted, e.live[t].info.Resources); id != "" {
				return id
			}
		}
	}
	return ""
}

// shared finds the id of a volume that both hold.
func shared(a, b resource.Resources) string {
	for v := range a.PersistentVolumes().All() {
		if id := v.Disk.Persistence.ID; msg.HoldsVolume(b, v.Owner(), id) {
			return id
		}
	}
	return ""
}
