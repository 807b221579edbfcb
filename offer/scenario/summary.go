package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// String tells the step in one line for people.
func (s *Step) String() string {
	words := []string{s.Op}
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	for _, w := range []string{string(s.Framework), string(s.Role), string(s.Agent), joined(s.Roles)} {
		if w != "" {
			add("%s", w)
		}
	}
	if len(s.Suppressed) > 0 {
		add("suppressed=%s", joined(s.Suppressed))
	}
	if s.Inactive {
		add("inactive")
	}
	if s.Hostname != "" {
		add("host=%s", s.Hostname)
	}
	if s.Attributes != nil {
		add("attributes=%s", s.Attributes)
	}
	if s.Resources != nil {
		add("{%s}", Text(*s.Resources))
	}
	if s.Op == "update_allocation" {
		add("{%s}", Text(s.Offered))
	}
	for _, op := range s.Operations {
		add("%s", opText(op))
	}
	for _, u := range s.Used {
		add("used=%s/%s/%s{%s}", u.Framework, u.Role, u.Agent, Text(u.Resources))
	}
	words = append(words, s.settings()...)
	return strings.Join(words, " ")
}

// settings tells what a step sets.
func (s *Step) settings() (words []string) {
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	for _, r := range slices.Sorted(maps.Keys(s.MinAllocatable)) {
		add("minimum(%s)=%s", r, anyOf(s.MinAllocatable[r]))
	}
	if s.Constraints != nil {
		text, _ := json.Marshal(s.Constraints) // what was read is written
		add("constraints=%s", text)
	}
	switch {
	case s.Refuse.Refuse < 0:
		add("refused by default")
	case s.Refuse.Refuse > 0:
		add("refused for %v", s.Refuse.Refuse)
	}
	for _, w := range s.Weights {
		add("%s=%v", w.Role, w.Weight)
	}
	for _, q := range s.Quota {
		add("%s", quotaText(q, s.Op == "recover_state"))
	}
	switch s.Op {
	case "whitelist":
		add("%s", hostsText(s.Hosts))
	case "recover_state":
		add("%d agents", s.Expected)
	case "advance":
		add("%v", s.Advance)
	case "atomic":
		for i := range s.Ops {
			add("[%s]", &s.Ops[i])
		}
	}
	return words
}

// opText names an operation and what it is about.
func opText(op reservation.Op) string {
	var about resource.Resources
	switch op := op.(type) {
	case reservation.Reserve:
		about = op.Resources
	case reservation.Unreserve:
		about = op.Resources
	case reservation.Create:
		about = op.Volumes
	case reservation.Destroy:
		about = op.Volumes
	}
	return fmt.Sprintf("%s{%s}", reservation.Name(op), Text(about))
}

func joined(list []role.Name) string {
	texts := make([]string, 0, len(list))
	for _, n := range list {
		texts = append(texts, string(n))
	}
	return strings.Join(texts, ",")
}

func anyOf(sets []resource.Quantities) string {
	if len(sets) == 0 {
		return "anything"
	}
	texts := make([]string, 0, len(sets))
	for _, q := range sets {
		texts = append(texts, q.String())
	}
	return strings.Join(texts, "|")
}

func quotaText(q quota.Config, named bool) string {
	text := fmt.Sprintf("guarantees={%s} limits={%s}", q.Guarantees, q.Limits)
	if named {
		text = string(q.Role) + " " + text
	}
	return text
}

func hostsText(hosts []string) string {
	switch {
	case hosts == nil:
		return "everything"
	case len(hosts) == 0:
		return "nothing"
	}
	return strings.Join(hosts, ",")
}
