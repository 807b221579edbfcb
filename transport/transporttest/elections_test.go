package transporttest_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
	"github.com/proffer-go/proffer/transport/inproc"
	"github.com/proffer-go/proffer/transport/transporttest"
)

// The elections within one process keep every promise.
//
// docs/protocol.md §5
func TestElections(t *testing.T) {
	transporttest.RunElections(t, transporttest.Elections{Open: func() transporttest.Election { return inproc.NewElection() }})
}

// badElection is a real election that breaks one promise.
type badElection struct {
	*inproc.Election
	fault fault

	mu     sync.Mutex
	latest func() // withdraws whoever stood last
	asking func() // stops whoever asked last
}

func (b *badElection) Contend(ctx context.Context, self msg.Node, c transport.Candidate) (func(), error) {
	switch b.fault {
	case "context ignored":
		ctx = context.WithoutCancel(ctx)
	case "error, and stands":
		if ctx.Err() != nil {
			_, _ = b.Election.Contend(context.WithoutCancel(ctx), self, c)
			return func() {}, ctx.Err()
		}
	case "all lead":
		c.Elected()
		return func() {}, nil
	}
	bad := &badCandidate{Candidate: c, of: b}
	withdraw, err := b.Election.Contend(ctx, self, bad)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.latest = withdraw
	b.mu.Unlock()
	if b.fault == "context ends candidacy" {
		context.AfterFunc(ctx, func() { withdraw(); c.Lost(ctx.Err()) })
	}
	times := 0
	return func() {
		switch b.fault {
		case "nobody follows":
			return
		case "withdraw waits":
			bad.calls.Wait()
		case "withdrawn hears":
			time.AfterFunc(45*time.Millisecond, func() { c.Lost(transport.ErrDeposed) })
		case "withdraw twice":
			b.mu.Lock()
			latest := b.latest
			b.mu.Unlock()
			if times++; times > 1 {
				b.Depose()
				latest()
			}
		}
		withdraw()
	}, nil
}

func (b *badElection) Depose() bool {
	if b.fault == "deposed late" {
		return b.DeposeUnnoticed()
	}
	return b.Election.Depose()
}

func (b *badElection) Detect(ctx context.Context, self msg.Node, found func(msg.Node)) (func(), error) {
	if b.fault == "asks without context" {
		ctx = context.WithoutCancel(ctx)
	}
	last, calls := msg.Node("?"), sync.WaitGroup{}
	stop, err := b.Election.Detect(ctx, self, func(leader msg.Node) {
		calls.Add(1)
		defer calls.Done()
		switch {
		case b.fault == "wrong leader" && leader != "":
			leader = "somebody"
		case b.fault == "told once" && last != "?" && last != "":
			return
		case b.fault == "never nobody" && leader == "":
			return
		case b.fault == "told at once":
			go found(leader)
			return
		case b.fault == "asking ends with context" && ctx.Err() != nil:
			return
		}
		last = leader
		found(leader)
	})
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.asking = stop
	b.mu.Unlock()
	times := 0
	return func() {
		switch b.fault {
		case "stopped hears":
			return
		case "stop waits":
			calls.Wait()
		case "stop twice":
			b.mu.Lock()
			latest := b.asking
			b.mu.Unlock()
			if times++; times > 1 {
				latest()
			}
		}
		stop()
	}, nil
}

// badCandidate breaks promises of what candidates hear.
type badCandidate struct {
	transport.Candidate
	of    *badElection
	calls sync.WaitGroup
}

func (c *badCandidate) Elected() {
	c.calls.Add(1)
	defer c.calls.Done()
	switch c.of.fault {
	case "elected twice":
		c.Candidate.Elected()
	case "calls at once":
		go c.Candidate.Elected()
		runtime.Gosched()
		return
	}
	c.Candidate.Elected()
}

func (c *badCandidate) Lost(cause error) {
	c.calls.Add(1)
	defer c.calls.Done()
	switch c.of.fault {
	case "deposed not told":
		return
	case "no cause":
		cause = nil
	case "lost late":
		time.AfterFunc(10*time.Millisecond, func() { c.Candidate.Lost(cause) })
		return
	case "lost twice":
		c.Candidate.Lost(cause)
	case "elected after":
		defer c.Candidate.Elected()
	}
	c.Candidate.Lost(cause)
}

// racing is an election whose calls are for one goroutine only: from several, some are lost.
type racing struct {
	*inproc.Election
	mu   sync.Mutex
	busy int
}

func (r *racing) Contend(ctx context.Context, self msg.Node, c transport.Candidate) (func(), error) {
	r.mu.Lock()
	r.busy++
	others := r.busy > 1
	r.mu.Unlock()
	time.Sleep(time.Millisecond)
	r.mu.Lock()
	r.busy--
	r.mu.Unlock()
	if others {
		return nil, errors.New("busy")
	}
	return r.Election.Contend(ctx, self, c)
}

// recordElection runs a check and returns what it complained of.
func recordElection(c transporttest.ElectionCheck, e transporttest.Elections) []string {
	return complaints(func(r *recorder) { c.Run(r, e) })
}

// Each promise is broken at least once, and the check of that promise says so.
//
// docs/protocol.md §5
func TestBrokenElections(t *testing.T) {
	covered := map[string]bool{}
	for f, names := range map[fault]string{
		"all lead":                 "OneLeads",
		"nobody follows":           "Succession",
		"deposed not told":         "Deposed",
		"no cause":                 "Deposed",
		"lost late":                "Deposed",
		"deposed late":             "Deposed",
		"elected twice":            "OutcomeOnce",
		"lost twice":               "OutcomeOnce",
		"elected after":            "OutcomeOnce",
		"withdrawn hears":          "WithdrawEnds",
		"withdraw twice":           "WithdrawAgain",
		"withdraw waits":           "WithdrawFromElected WithdrawFromLost",
		"context ignored":          "ContendContext",
		"error, and stands":        "ContendContext",
		"context ends candidacy":   "ContendContext",
		"calls at once":            "CandidateAlone",
		"wrong leader":             "DetectLeader",
		"told once":                "DetectChanges",
		"never nobody":             "DetectChanges",
		"asks without context":     "DetectContext",
		"asking ends with context": "DetectContext",
		"told at once":             "DetectAlone",
		"stopped hears":            "StopEnds",
		"stop twice":               "StopAgain",
		"stop waits":               "StopFromFound",
		"racing":                   "AnyGoroutine",
	} {
		for _, name := range strings.Fields(names) {
			covered[name] = true
			t.Run(string(f)+"/"+name, func(t *testing.T) {
				t.Parallel()
				e := transporttest.Elections{Patience: 300 * time.Millisecond, Open: func() transporttest.Election {
					if f == "racing" {
						return &racing{Election: inproc.NewElection()}
					}
					return &badElection{Election: inproc.NewElection(), fault: f}
				}}
				require.NotEmpty(t, recordElection(electionCheck(t, name), e), "nobody noticed")
			})
		}
	}
	for _, c := range transporttest.ElectionChecks() {
		require.True(t, covered[c.Name], "%s is never broken", c.Name)
		require.NotEmpty(t, c.Promise)
	}
}

func electionCheck(t *testing.T, name string) transporttest.ElectionCheck {
	for _, c := range transporttest.ElectionChecks() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check is named %q", name)
	return transporttest.ElectionCheck{}
}
