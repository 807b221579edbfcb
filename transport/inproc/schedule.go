package inproc

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
)

// Kind says what goes wrong. The word is the one that a line of a Schedule has.
type Kind string

// The kinds of faults. Those that last do so for Fault.For and then end by themselves.
const (
	// Break ends the links between A and B, with what is on the way; they may dial again at once.
	Break Kind = "break"
	// Cut is a partition that is noticed: A and B lose their links and cannot dial.
	Cut Kind = "cut"
	// Stall is a partition that nobody notices: what passes between A and B waits.
	Stall Kind = "stall"
	// Mute is a Stall of what A says to B alone.
	Mute Kind = "mute"
	// Slow makes everything between A and B take By longer.
	Slow Kind = "slow"
	// Narrow lets Number messages be on the way between A and B; at one more the link is hung up.
	Narrow Kind = "narrow"
	// Snip ends the links between A and B while the message that is Number from now on is on its way from A to B, heartbeats
	// aside: what is lost then is lost in the milliseconds before it arrives. It waits for that message for For at most.
	Snip Kind = "snip"
	// Kill ends A as a crash of its process would, and starts it again after For. An agent's executors run on.
	Kill Kind = "kill"
	// Destroy is Kill of an agent's machine: its executors end too, and what was on its disk is lost.
	Destroy Kind = "destroy"
	// KillExecutor ends the process of one executor of agent A: the one that is Number, modulo how many there are, in the
	// order of their containers.
	KillExecutor Kind = "kill-executor"
	// CommitLost: no commit of a master reaches its registry, or is answered.
	CommitLost Kind = "commit-lost"
	// CommitRefused: commits are answered with an error and are not made.
	CommitRefused Kind = "commit-refused"
	// CommitUnsure: commits are answered with an error and made all the same.
	CommitUnsure Kind = "commit-unsure"
	// CommitSlow: commits are made, and answered By later.
	CommitSlow Kind = "commit-slow"
	// CommitLate: commits are made By later, and answered then.
	CommitLate Kind = "commit-late"
	// RecordLost: nothing that agent A writes into its checkpoint gets there, or is answered.
	RecordLost Kind = "record-lost"
	// RecordRefused: what agent A writes is answered with an error and is not written.
	RecordRefused Kind = "record-refused"
	// RecordUnsure: it is answered with an error and written all the same.
	RecordUnsure Kind = "record-unsure"
	// RecordSlow: it is written, and answered By later.
	RecordSlow Kind = "record-slow"
	// RecordLate: it is written By later, and answered then.
	RecordLate Kind = "record-late"
	// Depose ends the lead of the master that leads, which hears of it, where the cluster holds elections.
	Depose Kind = "depose"
	// Isolate is Depose of a leader that does not hear of it for For: it goes on as if it led.
	Isolate Kind = "isolate"
	// Blind keeps from A who leads.
	Blind Kind = "blind"
	// Clock lets the clock of A leap ahead by By.
	Clock Kind = "clock"
)

// Fault is one thing that goes wrong, as data. A name that ends in * stands for every node whose name begins so: agent-1/*
// are the executors of agent-1.
type Fault struct {
	At     time.Duration // since the schedule began
	Kind   Kind
	A, B   msg.Node      // whom it hits; what a kind does not use is zero, here and below
	By     time.Duration // how much
	Number int
	For    time.Duration // how long it lasts
}

// Schedule is what goes wrong and when: data, to be drawn, printed, parsed, cut down and carried out by Cluster.Play.
type Schedule []Fault

// ErrSchedule: a line of a schedule is not one.
var ErrSchedule = errors.New("inproc: not a fault")

// use says which fields a kind has.
type use struct {
	nodes  int
	by     bool
	number bool
	lasts  bool
}

var uses = map[Kind]use{
	Break:         {nodes: 2},
	Cut:           {nodes: 2, lasts: true},
	Stall:         {nodes: 2, lasts: true},
	Mute:          {nodes: 2, lasts: true},
	Slow:          {nodes: 2, by: true, lasts: true},
	Narrow:        {nodes: 2, number: true, lasts: true},
	Snip:          {nodes: 2, number: true, lasts: true},
	Kill:          {nodes: 1, lasts: true},
	Destroy:       {nodes: 1, lasts: true},
	KillExecutor:  {nodes: 1, number: true},
	CommitLost:    {lasts: true},
	CommitRefused: {lasts: true},
	CommitUnsure:  {lasts: true},
	CommitSlow:    {by: true, lasts: true},
	CommitLate:    {by: true, lasts: true},
	RecordLost:    {nodes: 1, lasts: true},
	RecordRefused: {nodes: 1, lasts: true},
	RecordUnsure:  {nodes: 1, lasts: true},
	RecordSlow:    {nodes: 1, by: true, lasts: true},
	RecordLate:    {nodes: 1, by: true, lasts: true},
	Depose:        {},
	Isolate:       {lasts: true},
	Blind:         {nodes: 1, lasts: true},
	Clock:         {nodes: 1, by: true},
}

// Kinds lists all kinds, in order of their words.
func Kinds() []Kind {
	list := make([]Kind, 0, len(uses))
	for k := range uses {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// String gives the fault on one line, as ParseFault takes it: 12.5s slow agent-1 master by 2s for 1m0s.
func (f Fault) String() string {
	u, b := uses[f.Kind], &strings.Builder{}
	fmt.Fprintf(b, "%v %s", f.At, f.Kind)
	for _, n := range []msg.Node{f.A, f.B}[:u.nodes] {
		fmt.Fprintf(b, " %s", n)
	}
	if u.number {
		fmt.Fprintf(b, " number %d", f.Number)
	}
	if u.by {
		fmt.Fprintf(b, " by %v", f.By)
	}
	if u.lasts {
		fmt.Fprintf(b, " for %v", f.For)
	}
	return b.String()
}

// String gives a line for each fault.
func (s Schedule) String() string {
	var b strings.Builder
	for _, f := range s {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

// ParseSchedule reads a fault from each line; empty lines and those that begin with # are skipped. It returns them in order
// of their times. Errors wrap ErrSchedule and name the line.
func ParseSchedule(text string) (Schedule, error) {
	var s Schedule
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		f, err := ParseFault(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		s = append(s, f)
	}
	s.sort()
	return s, nil
}

func (s Schedule) sort() {
	slices.SortStableFunc(s, func(a, b Fault) int { return int(min(max(a.At-b.At, -1), 1)) })
}

// ParseFault reads one line. Errors wrap ErrSchedule and say what is wrong.
func ParseFault(line string) (f Fault, err error) {
	words := strings.Fields(line)
	fail := func(format string, args ...any) (Fault, error) {
		return Fault{}, fmt.Errorf("%w: %q: %s", ErrSchedule, line, fmt.Sprintf(format, args...))
	}
	if len(words) < 2 {
		return fail("write a time and a kind, such as 10s cut agent-1 master for 30s")
	}
	if f.At, err = time.ParseDuration(words[0]); err != nil || f.At < 0 {
		return fail("%q is no time since the beginning", words[0])
	}
	f.Kind = Kind(words[1])
	u, known := uses[f.Kind]
	if !known {
		return fail("no kind %q; there are %v", words[1], Kinds())
	}
	if words = words[2:]; len(words) < u.nodes {
		return fail("%s needs %d nodes", f.Kind, u.nodes)
	}
	for i, n := range words[:u.nodes] {
		*[]*msg.Node{&f.A, &f.B}[i] = msg.Node(n)
	}
	words = words[u.nodes:]
	for _, p := range []struct {
		has  bool
		name string
		set  func(string) error
	}{
		{u.number, "number", func(w string) (err error) { f.Number, err = strconv.Atoi(w); return err }},
		{u.by, "by", func(w string) (err error) { f.By, err = time.ParseDuration(w); return err }},
		{u.lasts, "for", func(w string) (err error) { f.For, err = time.ParseDuration(w); return err }},
	} {
		if !p.has {
			continue
		}
		if len(words) < 2 || words[0] != p.name {
			return fail("%s needs %q and a value", f.Kind, p.name)
		}
		if err := p.set(words[1]); err != nil {
			return fail("%s %q is not one", p.name, words[1])
		}
		words = words[2:]
	}
	if len(words) > 0 {
		return fail("%q is too much", strings.Join(words, " "))
	}
	if f.By < 0 || f.For < 0 || f.Number < 0 {
		return fail("less than nothing")
	}
	return f, nil
}
