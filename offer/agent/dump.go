package agent

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Dump tells what the agent holds, a fact at a time, for people and for comparing: equal states give equal lines. Keys are
// unique; they come in no useful order. It changes nothing.
func (m *Machine) Dump(line func(key, value string)) {
	say := func(key, value string) {
		if value != "" && value != "0" {
			line(key, value)
		}
	}
	say("agent id", string(m.id))
	say("agent state", m.State().String())
	say("agent total", m.total.String())
	say("agent updates", strconv.Itoa(m.updates))
	say("master leader", string(m.master.leader))
	say("master link", strconv.FormatUint(uint64(m.master.link), 10))
	say("master registered", strconv.FormatBool(m.master.registered))
	for _, id := range slices.Sorted(maps.Keys(m.frameworks)) {
		m.frameworks[id].dump(say)
	}
	for i, o := range m.ops {
		say("operation "+o.call.UUID.String(), fmt.Sprintf("number %d in the queue, %d volumes to go", i+1, o.waiting))
	}
	for _, seq := range slices.Sorted(maps.Keys(m.work)) {
		say(fmt.Sprintf("volume work %d", seq), "asked for")
	}
}

func (f *framework) dump(say func(key, value string)) {
	say("framework "+string(f.info.ID), map[bool]string{false: "known", true: "ending"}[f.ending])
	for _, id := range slices.Sorted(maps.Keys(f.executors)) {
		e := f.executors[id]
		key := fmt.Sprintf("executor %s/%s", f.info.ID, id)
		say(key+" state", e.state.String())
		say(key+" container", string(e.container))
		say(key+" link", strconv.FormatUint(uint64(e.link), 10))
		say(key+" queued launches", strconv.Itoa(len(e.queue)))
	}
	for _, id := range slices.Sorted(maps.Keys(f.tasks)) {
		t := f.tasks[id]
		key := fmt.Sprintf("task %s/%s", f.info.ID, id)
		say(key+" state", t.state.String())
		say(key+" executor", string(t.executor))
		say(key+" resources", t.info.Resources.String())
		var pending []string
		for _, s := range t.stream.pending {
			pending = append(pending, s.State.String())
		}
		say(key+" updates", strings.Join(pending, " "))
	}
}
