package framework

import (
	"fmt"
	"strconv"
	"strings"
)

func (p *peering) dump(line func(key, value string)) {
	line("peer", string(p.peer))
	line("peer link", strconv.FormatUint(uint64(p.link), 10))
	line("peer dialing", strconv.FormatBool(p.dialing))
	line("peer tries", strconv.Itoa(p.tries))
}

// Dump tells what the session holds, a fact at a time, for people and for comparing: equal states give equal lines. Keys are
// unique; they come in no useful order. It changes nothing.
func (s *SchedulerSession) Dump(line func(key, value string)) {
	line("session status", statusText(s.status))
	line("session subscribed", strconv.FormatBool(s.subscribed))
	line("session registered", strconv.FormatBool(s.registered))
	line("framework id", string(s.cfg.Framework.ID))
	line("framework name", s.cfg.Framework.Name)
	line("framework roles", join(s.cfg.Framework.Roles))
	line("framework suppressed", join(s.suppressed))
	s.peering.dump(line)
}

// Dump tells what the session holds; see SchedulerSession.Dump.
func (s *ExecutorSession) Dump(line func(key, value string)) {
	line("session status", statusText(s.status))
	line("session subscribed", strconv.FormatBool(s.subscribed))
	line("session registered", strconv.FormatBool(s.registered))
	line("session closing", strconv.FormatBool(s.closing))
	line("executor", fmt.Sprintf("%s/%s", s.cfg.Framework, s.cfg.Executor))
	line("statuses sent", strconv.FormatUint(s.sent, 10))
	for _, t := range s.tasks {
		line("task "+string(t.ID), "not acknowledged")
	}
	for i, u := range s.updates {
		line(fmt.Sprintf("update %06d of %s", i+1, u.Task), u.State.String())
	}
	s.peering.dump(line)
}

// join writes names with commas between them.
func join[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, x := range list {
		texts[i] = string(x)
	}
	return strings.Join(texts, ",")
}
