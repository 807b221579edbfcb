package agent

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// framework is what an agent knows of a framework that has something here.
type framework struct {
	info      msg.FrameworkInfo
	ending    bool   // being shut down: nothing new, nothing reported
	bare      bool   // only its id is known, from a master's question
	written   []byte // its record in the checkpoint, nil none
	executors map[msg.ExecutorID]*executor
	tasks     map[msg.TaskID]*task // until their last update is acknowledged
}

// framework returns the record of a framework, made if there is none, with its newest description. Whether it checkpoints
// does not change (docs/protocol.md §3.1).
func (m *Machine) framework(i msg.FrameworkInfo) *framework {
	f := m.frameworks[i.ID]
	if f == nil {
		f = &framework{executors: map[msg.ExecutorID]*executor{}, tasks: map[msg.TaskID]*task{}}
		m.frameworks[i.ID] = f
	} else if !f.bare {
		i.Checkpoint = f.info.Checkpoint
	}
	f.info, f.bare = i, false
	m.keepFramework(f)
	return f
}

// frameworkUpdated takes changed info, or learns of a new scheduler: what is not acknowledged is sent again.
func (m *Machine) frameworkUpdated(i msg.FrameworkInfo) error {
	f := m.frameworks[i.ID]
	if f == nil {
		if i.ID != "" {
			m.resumeOutcomes(i.ID)
		}
		return nil
	}
	if !f.bare && f.info.Checkpoint {
		if err := m.writable(msg.KeptFramework{Info: i}); err != nil {
			return fmt.Errorf("framework %s: %w", i.ID, err)
		}
	}
	m.framework(i)
	m.resumeUpdates(i.ID)
	return nil
}

// executor finds one that has not ended, nil if there is none.
func (m *Machine) executor(f offer.FrameworkID, e msg.ExecutorID) *executor {
	if fw := m.frameworks[f]; fw != nil {
		return fw.executors[e]
	}
	return nil
}

// shutdownFramework ends a framework here: its executors, then its updates (docs/protocol.md §9, §10).
func (m *Machine) shutdownFramework(id offer.FrameworkID) {
	f := m.frameworks[id]
	if f == nil {
		return
	}
	f.ending = true
	for _, e := range sortedKeys(f.executors) {
		m.shutdown(f.executors[e], "the framework ends")
	}
	m.sweep(f)
}

// sweep forgets a framework that has nothing left here. One that is being shut down takes its updates along.
func (m *Machine) sweep(f *framework) {
	if m.frameworks[f.info.ID] != f || len(f.executors) > 0 {
		return
	}
	if f.ending {
		for _, id := range sortedKeys(f.tasks) {
			m.forget(f.tasks[id])
		}
	}
	if len(f.tasks) == 0 {
		delete(m.frameworks, f.info.ID)
		if f.written != nil {
			m.unrecord(frameworkKey(f.info.ID))
		}
		m.event(Event{Kind: EventFrameworkRemoved, Framework: f.info.ID})
	}
}

// told lists the frameworks of which a master is told, by id: those that were described and are not being shut down. How the
// latter end nobody hears, so that a new master would wait for that without end (docs/protocol.md §4.4).
func (m *Machine) told() []*framework {
	var fs []*framework
	for _, id := range sortedKeys(m.frameworks) {
		if f := m.frameworks[id]; !f.bare && !f.ending {
			fs = append(fs, f)
		}
	}
	return fs
}

// Frameworks lists those that have something here, were described and are not being shut down, by id.
func (m *Machine) Frameworks() []msg.FrameworkInfo {
	var fs []msg.FrameworkInfo
	for _, f := range m.told() {
		fs = append(fs, f.info)
	}
	return fs
}

// Executors lists the executors that a re-registration reports: all that have not ended, but for those of command
// tasks, by framework and id (docs/protocol.md §4.4).
func (m *Machine) Executors() []msg.ExecutorReport {
	var es []msg.ExecutorReport
	for _, f := range m.told() {
		for _, id := range sortedKeys(f.executors) {
			if e := f.executors[id]; !e.command {
				es = append(es, msg.ExecutorReport{Info: e.info, Role: e.role})
			}
		}
	}
	return es
}

// Tasks lists the tasks that a re-registration reports, by framework and id: those that wait or run, and those whose
// last update is not acknowledged (docs/protocol.md §4.4). Left out are tasks that were never here and for which the
// agent only answers: it knows no role of theirs, and their update goes out anyhow.
func (m *Machine) Tasks() []msg.TaskReport {
	var ts []msg.TaskReport
	for _, f := range m.told() {
		for _, id := range sortedKeys(f.tasks) {
			t := f.tasks[id]
			if t.role == "" {
				continue
			}
			ts = append(ts, msg.TaskReport{
				Framework: f.info.ID,
				Role:      t.role,
				Info:      t.info,
				Executor:  t.executor,
				State:     t.state,
				Forwarded: t.stream.forwarded,
			})
		}
	}
	return ts
}
