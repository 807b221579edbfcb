package offer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// noon is a window that begins long after every test.
var noon = offer.Window{Start: offer.Time(12 * time.Hour), Duration: time.Hour}

// busy adds a framework in role r and agent A1, which it uses whole.
func (l *loop) busy(f offer.FrameworkID) {
	l.t.Helper()
	l.framework(f, "r")
	require.NoError(l.t, l.a.AddAgent(l.now, offer.AgentSpec{ID: "A1", Total: resource.MustParse("cpus:4;mem:1024")}))
	got := l.wait(0)
	require.Len(l.t, got, 1)
	l.use(got)
}

// asked waits and returns the inverse offers made meanwhile.
func (l *loop) asked(d time.Duration) []offer.InverseOffer {
	l.t.Helper()
	l.wait(d)
	return append([]offer.InverseOffer{}, l.batch.Asks...)
}

func (l *loop) window(g offer.AgentID, w offer.Window) {
	l.t.Helper()
	require.NoError(l.t, l.a.SetUnavailability(l.now, g, w))
}

func (l *loop) answer(o offer.InverseOffer, accept bool, refuse time.Duration) {
	l.t.Helper()
	counted, err := l.a.AnswerInverse(l.now, o, accept, offer.Filter{Refuse: refuse})
	require.NoError(l.t, err)
	require.True(l.t, counted)
}

// eachRules runs a test under both sets of rules, offers never timing out and without a cap.
func eachRules(t *testing.T, test func(t *testing.T, l *loop, strict bool)) {
	for name, rules := range atOnce(func(r *offer.Rules) { r.OfferLifetime, r.CapOffers = 0, false }) {
		t.Run(name, func(t *testing.T) { test(t, newLoop(t, byName(rules)), name == "strict") })
	}
}

// M1: A1 is in use by F, A2 was refused by F for a day; both are scheduled: one inverse offer, for A1.
//
// docs/allocation.md §4
func TestExampleM1(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		l.busy("F")
		require.NoError(t, l.a.AddAgent(l.now, offer.AgentSpec{ID: "A2", Total: resource.MustParse("cpus:4;mem:1024")}))
		got := l.wait(0)
		require.Len(t, got, 1)
		require.NoError(t, l.a.Decline(l.now, offer.Filter{Refuse: 24 * time.Hour}, got[0].ID))
		require.Empty(t, l.asked(2*time.Second), "nothing is planned yet")
		l.window("A1", noon)
		l.window("A2", noon)
		asks := l.asked(3 * time.Second)
		require.Len(t, asks, 1)
		require.Equal(t, offer.InverseOffer{ID: got[0].ID + 1, Framework: "F", Agent: "A1", Window: noon}, asks[0])
		require.Empty(t, l.asked(time.Hour), "one is open")
	})
}

// M2: F accepts with the default filter of 5 s: the reference asks again when that is over, we do not until the window
// changes.
//
// docs/allocation.md §4
func TestExampleM2(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, strict bool) {
		l.busy("F")
		l.window("A1", noon)
		asks := l.asked(0)
		require.Len(t, asks, 1)
		l.answer(asks[0], true, -1)
		require.Empty(t, l.asked(5*time.Second-1))
		if strict {
			require.Len(t, l.asked(1), 1)
			return
		}
		require.Empty(t, l.asked(time.Hour))
		require.NoError(t, l.a.Revive(l.now, "F"))
		require.Empty(t, l.asked(time.Hour), "a revive clears filters, and there is none")
		l.window("A1", offer.Window{Start: noon.Start, Duration: offer.Endless})
		require.Len(t, l.asked(0), 1)
	})
}

// M3: the window is set again, changed or not: old answers and filters go, and F is asked again at once.
//
// docs/allocation.md §4
func TestExampleM3(t *testing.T) {
	for _, accept := range []bool{true, false} {
		for _, next := range []offer.Window{noon, {Start: noon.Start + 1, Duration: time.Hour}} {
			eachRules(t, func(t *testing.T, l *loop, _ bool) {
				l.busy("F")
				l.window("A1", noon)
				l.answer(l.asked(0)[0], accept, time.Hour)
				require.Empty(t, l.asked(time.Minute))
				l.window("A1", next)
				report, ok := l.a.Unavailability("A1")
				require.True(t, ok)
				require.Equal(t, offer.UnavailabilityReport{Window: next}, report)
				asks := l.asked(0)
				require.Len(t, asks, 1)
				require.Equal(t, next, asks[0].Window)
			})
		}
	}
}

// A framework that declines is asked again when its filter ends, under all rules.
//
// docs/allocation.md §4
func TestDeclinedInverseOfferIsAskedAgain(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		l.busy("F")
		l.window("A1", noon)
		l.answer(l.asked(0)[0], false, 10*time.Second)
		require.Empty(t, l.asked(10*time.Second-1))
		require.Len(t, l.asked(time.Second), 1)
	})
}

// An answer without a filter leaves it to the next run to ask again.
//
// docs/allocation.md §4
func TestInverseAnswerWithoutFilter(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		l.busy("F")
		l.window("A1", noon)
		l.answer(l.asked(0)[0], false, 0)
		require.Empty(t, l.asked(0))
		require.Len(t, l.asked(time.Second), 1)
	})
}

// Inverse filters have the default and the cap of all filters, and are not raised to the interval; they are over at
// their end by the clock.
//
// docs/allocation.md §3.3
func TestInverseFilterTimes(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, test := range []struct{ refuse, back time.Duration }{
		{-1, 5 * time.Second}, {300 * time.Millisecond, 300 * time.Millisecond}, {3 * year, year},
	} {
		rules := offer.DefaultRules(offer.V1)
		rules.Coalesce, rules.Interval, rules.OfferLifetime = 0, 0, 0
		l := newLoop(t, byName(rules))
		l.busy("F")
		l.window("A1", noon)
		l.answer(l.asked(0)[0], false, test.refuse)
		require.Empty(t, l.asked(test.back-1))
		require.Len(t, l.asked(1), 1, "%v", test.refuse)
		_, due := l.a.NextDeadline()
		require.False(t, due)
	}
	strict := offer.StrictDRF()
	l := newLoop(t, byName(strict))
	l.busy("F")
	l.window("A1", noon)
	ask := l.asked(999 * time.Millisecond)
	l.answer(ask[0], false, time.Millisecond)
	require.Len(t, l.asked(time.Millisecond), 1, "a filter shorter than the interval ends before the timer's run")
	l.answer(l.batch.Asks[0], false, time.Second)
	require.Len(t, l.asked(time.Second), 1, "at its very end it is over")
}

// The filter is of a framework and an agent: it does not keep others from being asked, nor the framework about others.
//
// docs/allocation.md §3.3
func TestInverseFilterIsOfAFrameworkAndAnAgent(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		for _, f := range []offer.FrameworkID{"F", "G"} {
			l.framework(f, "r", "s")
			for _, g := range []offer.AgentID{"A1", "A2"} {
				if _, ok := l.a.Agent(g); !ok {
					require.NoError(t, l.a.AddAgent(l.now, offer.AgentSpec{ID: g, Window: noon}))
				}
				for _, r := range []role.Name{"r", "s"} {
					al := offer.Allocation{Framework: f, Role: r, Agent: g}
					require.NoError(t, l.a.Charge(l.now, al, resource.MustParse("cpus:1")))
				}
			}
		}
		asks := l.asked(time.Second)
		require.Len(t, asks, 4, "one for each framework and agent, whatever its roles")
		for i, want := range []struct {
			g offer.AgentID
			f offer.FrameworkID
		}{{"A1", "F"}, {"A1", "G"}, {"A2", "F"}, {"A2", "G"}} {
			require.Equal(t, want.g, asks[i].Agent)
			require.Equal(t, want.f, asks[i].Framework)
		}
		l.answer(asks[0], false, time.Hour)
		for _, o := range asks[1:] {
			l.answer(o, false, time.Second)
		}
		require.Len(t, l.asked(3*time.Second), 3)
	})
}

// The filter of an answer that comes too late to count is installed all the same.
//
// docs/allocation.md §3.3
func TestLateInverseAnswer(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		l.busy("F")
		l.window("A1", noon)
		old := l.asked(0)[0]
		l.window("A1", noon)
		open := l.asked(0)
		require.Len(t, open, 1)
		require.Equal(t, []offer.InverseOffer{old}, l.batch.Unasked)
		counted, err := l.a.AnswerInverse(l.now, old, true, offer.Filter{Refuse: time.Minute})
		require.NoError(t, err)
		require.False(t, counted)
		report, _ := l.a.Unavailability("A1")
		require.Equal(t, []offer.AskReport{{
			Framework: "F", Open: open[0].ID, Filtered: l.now.Add(time.Minute),
		}}, report.Asked, "the open one stays open, no answer is noted")
		l.answer(open[0], false, 0)
		require.Empty(t, l.asked(time.Minute-time.Second-1))
		require.Len(t, l.asked(2*time.Second), 1)
	})
}

// Answers about agents and frameworks that are not there are errors and leave nothing behind.
//
// docs/allocation.md §3.3
func TestInverseAnswerOfStrangers(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		l.busy("F")
		f := offer.Filter{Refuse: time.Hour}
		_, err := l.a.AnswerInverse(l.now, offer.InverseOffer{ID: 1, Framework: "G", Agent: "A1"}, true, f)
		require.ErrorIs(t, err, offer.ErrUnknownFramework)
		_, err = l.a.AnswerInverse(l.now, offer.InverseOffer{ID: 1, Framework: "F", Agent: "A2"}, true, f)
		require.ErrorIs(t, err, offer.ErrUnknownAgent)
		require.ErrorIs(t, l.a.SetUnavailability(l.now, "A2", noon), offer.ErrUnknownAgent)
		require.ErrorIs(t, l.a.SetUnavailability(l.now, "A1", offer.Window{Duration: -2}), offer.ErrSpec)
		bad := offer.AgentSpec{ID: "A2", Window: offer.Window{Duration: -2}}
		require.ErrorIs(t, l.a.AddAgent(l.now, bad), offer.ErrSpec)
		require.Equal(t, []offer.AgentID{"A1"}, l.a.Agents())
		_, ok := l.a.Unavailability("A2")
		require.False(t, ok)
		report, _ := l.a.Unavailability("A1")
		require.Equal(t, offer.UnavailabilityReport{}, report)
	})
}

// The answer and its time are kept; an inverse offer without an answer has none.
//
// docs/allocation.md §4
func TestInverseAnswersAreKept(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		l.busy("F")
		l.window("A1", noon)
		ask := l.asked(0)[0]
		report, _ := l.a.Unavailability("A1")
		require.Equal(t, []offer.AskReport{{Framework: "F", Open: ask.ID}}, report.Asked)
		l.now += 7
		l.answer(ask, false, time.Second)
		report, _ = l.a.Unavailability("A1")
		want := offer.AskReport{Framework: "F", Answer: offer.Declined, At: 7, Filtered: offer.Time(time.Second) + 7}
		require.Equal(t, []offer.AskReport{want}, report.Asked)
		require.Equal(t, "declined", report.Asked[0].Answer.String())
		again := l.asked(3 * time.Second)
		require.Len(t, again, 1)
		l.answer(again[0], true, 0)
		report, _ = l.a.Unavailability("A1")
		require.Equal(t, offer.Accepted, report.Asked[0].Answer)
		counted, err := l.a.AnswerInverse(l.now, again[0], false, offer.Filter{})
		require.NoError(t, err)
		require.False(t, counted, "it was answered")
	})
}

// An agent with a window is offered, and its offers carry it. Those that are out when it changes are made anew.
//
// docs/allocation.md §4
func TestOffersCarryTheWindow(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		l.framework("F", "r")
		require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A1", Total: resource.MustParse("cpus:4;mem:1024"), Window: noon}))
		got := l.wait(0)
		require.Len(t, got, 1)
		require.Equal(t, noon, got[0].Window)
		require.Len(t, l.batch.Asks, 1, "who is offered something is asked as well")
		l.window("A1", noon)
		require.Empty(t, l.wait(2*time.Second), "the same window, the same offer")
		require.Empty(t, l.batch.Rescinded)
		later := offer.Window{Start: noon.Start, Duration: offer.Endless}
		for _, next := range []offer.Window{later, {}} {
			l.window("A1", next)
			got = l.wait(0)
			require.Len(t, l.batch.Rescinded, 1)
			require.Equal(t, offer.RescindAgent, l.batch.Rescinded[0].Reason)
			require.Len(t, got, 1)
			require.Equal(t, next, got[0].Window)
			out, ok := l.a.Outstanding(got[0].ID)
			require.True(t, ok)
			require.Equal(t, next, out.Window)
		}
		require.Len(t, l.batch.Unasked, 1, "nothing is planned any more")
		require.Empty(t, l.batch.Asks)
	})
}

// Rules under which nothing is rescinded leave offers out and tell nobody that an inverse offer is void.
//
// docs/allocation.md §0
func TestWindowWithoutRescinds(t *testing.T) {
	for _, rules := range atOnce(func(r *offer.Rules) { r.Rescind, r.OfferLifetime = false, 0 }) {
		l := newLoop(t, byName(rules))
		l.framework("F", "r")
		require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A1", Total: resource.MustParse("cpus:4;mem:1024")}))
		got := l.wait(0)
		l.window("A1", noon)
		require.Len(t, l.asked(time.Second), 1)
		l.window("A1", offer.Window{})
		l.wait(time.Second)
		require.Empty(t, l.batch.Rescinded)
		require.Empty(t, l.batch.Unasked)
		_, out := l.a.Outstanding(got[0].ID)
		require.True(t, out)
	}
}

// Agents that are deactivated or not on the whitelist are not offered, but who uses them is asked.
//
// docs/allocation.md §4
func TestAgentsThatAreNotOfferedAreAskedFor(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		l.busy("F")
		require.NoError(t, l.a.SetAgentActive(l.now, "A1", false))
		l.window("A1", noon)
		require.Len(t, l.asked(0), 1)
		require.NoError(t, l.a.SetAgentActive(l.now, "A1", true))
		require.NoError(t, l.a.Whitelist(l.now, []string{}))
		l.window("A1", noon)
		require.Len(t, l.asked(0), 1)
	})
}

// A framework that suppressed its roles is asked, an inactive one is not until it is active again.
//
// docs/allocation.md §4
func TestWhoIsAsked(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		l.busy("F")
		require.NoError(t, l.a.Suppress(l.now, "F"))
		l.window("A1", noon)
		require.Len(t, l.asked(0), 1)
		require.NoError(t, l.a.SetFrameworkActive(l.now, "F", false))
		require.Empty(t, l.asked(time.Second))
		require.Empty(t, l.batch.Unasked, "there is nobody to be told")
		l.window("A1", noon)
		require.Empty(t, l.asked(time.Minute))
		require.NoError(t, l.a.SetFrameworkActive(l.now, "F", true))
		require.Len(t, l.asked(0), 1)
	})
}

// A framework that uses an agent but is not known yet is skipped, and asked once it is.
//
// docs/allocation.md §4
func TestUnknownFrameworkIsNotAsked(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{
			ID: "A1", Total: resource.MustParse("cpus:4;mem:1024"), Window: noon,
			Used: []offer.Use{{Framework: "F", Role: "r", Resources: resource.MustParse("cpus:1")}},
		}))
		require.Empty(t, l.asked(time.Minute))
		require.NoError(t, l.a.AddFramework(l.now, offer.FrameworkSpec{ID: "F"}))
		require.Len(t, l.asked(time.Second), 1, "it is in no role, and holds something all the same")
	})
}

// Once a framework holds nothing there any more, what it was asked is taken back.
//
// docs/protocol.md §16
func TestInverseOfferEndsWithTheUse(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		l.busy("F")
		require.NoError(t, l.a.Suppress(l.now, "F"))
		l.window("A1", noon)
		ask := l.asked(0)
		require.Len(t, ask, 1)
		al := offer.Allocation{Framework: "F", Role: "r", Agent: "A1"}
		require.NoError(t, l.a.Release(l.now, al, resource.MustParse("cpus:4")))
		l.wait(time.Second)
		require.Empty(t, l.batch.Unasked, "memory is left")
		require.NoError(t, l.a.Release(l.now, al, resource.MustParse("mem:1024")))
		l.wait(time.Second)
		require.Equal(t, ask, l.batch.Unasked)
		report, _ := l.a.Unavailability("A1")
		require.Empty(t, report.Asked)
		require.NoError(t, l.a.Charge(l.now, al, resource.MustParse("cpus:1")))
		require.Len(t, l.asked(time.Second), 1, "it is back")
	})
}

// Where offers have a lifetime, inverse offers have it too: unanswered, they are taken back and made again.
//
// docs/allocation.md §4
func TestInverseOfferTimesOut(t *testing.T) {
	for _, rules := range atOnce(func(r *offer.Rules) { r.OfferLifetime = time.Minute }) {
		l := newLoop(t, byName(rules))
		l.busy("F")
		l.window("A1", noon)
		asks := l.asked(0)
		require.Len(t, asks, 1)
		require.Equal(t, offer.Time(time.Minute), asks[0].Deadline)
		l.wait(time.Minute - 1)
		require.Empty(t, l.batch.Unasked)
		again := l.asked(2 * time.Second)
		require.Equal(t, asks, l.batch.Unasked)
		require.Len(t, again, 1)
		require.NotEqual(t, asks[0].ID, again[0].ID)
		counted, err := l.a.AnswerInverse(l.now, asks[0], true, offer.Filter{})
		require.NoError(t, err)
		require.False(t, counted)
	}
}

// An agent that goes takes its inverse offers along, and a framework that goes its own.
//
// docs/allocation.md §4
func TestInverseOffersEndWithAgentAndFramework(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		l.busy("F")
		l.window("A1", noon)
		ask := l.asked(0)
		require.NoError(t, l.a.RemoveAgent(l.now, "A1"))
		l.wait(0)
		require.Equal(t, ask, l.batch.Unasked)
		_, err := l.a.AnswerInverse(l.now, ask[0], true, offer.Filter{Refuse: time.Hour})
		require.ErrorIs(t, err, offer.ErrUnknownAgent)

		require.NoError(t, l.a.AddAgent(l.now, offer.AgentSpec{ID: "A1", Window: noon, Total: resource.MustParse("cpus:4;mem:1024")}))
		require.Len(t, l.asked(0), 1)
		require.NoError(t, l.a.RemoveFramework(l.now, "F"))
		l.wait(time.Second)
		require.Empty(t, l.batch.Unasked)
		l.framework("F", "r")
		require.Len(t, l.asked(0), 1, "the new F is asked as if there had been no other")
	})
}

// A fork has the windows, the answers and the filters, and neither side feels what the other does.
//
// docs/allocation.md §7.3
func TestForkWithWindows(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		l.busy("F")
		l.window("A1", noon)
		ask := l.asked(0)[0]
		m := &loop{t: t, a: l.a.Fork(), now: l.now}
		l.answer(ask, false, time.Minute)
		m.answer(ask, false, 2*time.Second)
		n := &loop{t: t, a: l.a.Fork(), now: l.now}
		require.Empty(t, l.asked(50*time.Second))
		require.Len(t, m.asked(50*time.Second), 1)
		require.Empty(t, n.asked(50*time.Second))
		m.window("A1", offer.Window{})
		require.Equal(t, l.asked(time.Minute), n.asked(time.Minute))
		require.Len(t, l.batch.Asks, 1)
		report, _ := m.a.Unavailability("A1")
		require.Equal(t, offer.UnavailabilityReport{}, report)
	})
}

// Pausing stops asking as it stops offering.
//
// docs/allocation.md §2.1
func TestPausedAllocatorAsksNobody(t *testing.T) {
	rules := atOnce()["v1"]
	l := newLoop(t, byName(rules))
	l.busy("F")
	l.a.Pause(l.now)
	l.window("A1", noon)
	l.a.Poll(l.now, &l.batch)
	require.Empty(t, l.batch.Asks)
	l.a.Resume(l.now)
	require.Len(t, l.asked(0), 1)
}
