package transporttest_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/transport"
	"github.com/proffer-go/proffer/transport/transporttest"
)

// recorder is a TB that notes failures instead of failing.
type recorder struct {
	mu      sync.Mutex
	errors  []string
	cleanup []func()
}

func (r *recorder) Helper()             {}
func (r *recorder) Logf(string, ...any) {}
func (r *recorder) Errorf(f string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(f, args...))
}
func (r *recorder) Fatalf(f string, args ...any) { r.Errorf(f, args...); runtime.Goexit() }
func (r *recorder) Failed() bool                 { r.mu.Lock(); defer r.mu.Unlock(); return len(r.errors) > 0 }
func (r *recorder) Cleanup(f func())             { r.cleanup = append(r.cleanup, f) }

// record runs a check and returns what it complained of.
func record(c transporttest.Check, h transporttest.Harness) []string {
	return complaints(func(r *recorder) { c.Run(r, h) })
}

// complaints runs a check on a goroutine of its own, which it may end, and returns what it complained of.
func complaints(check func(*recorder)) []string {
	r, done := &recorder{}, make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for i := len(r.cleanup) - 1; i >= 0; i-- {
				r.cleanup[i]()
			}
		}()
		check(r)
	}()
	<-done
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.errors
}

func checkNamed(t *testing.T, name string) transporttest.Check {
	for _, c := range transporttest.Checks() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check is named %q", name)
	return transporttest.Check{}
}

// Every check fails a transport that breaks just its promise.
// docs/protocol.md §2.1
func TestEveryCheckFailsABrokenTransport(t *testing.T) {
	faults := map[string][]fault{
		"DialUp":             {"two ups", "no up"},
		"DialDown":           {"dial unanswered", "two downs"},
		"DownOnce":           {"two downs", "no down", "message after down"},
		"Order":              {"swapped"},
		"AtMostOnce":         {"doubled"},
		"LossOnlyWithLink":   {"gap"},
		"HangAfterSends":     {"hang loses"},
		"NoReentry":          {"re-entry"},
		"OneCallAtATime":     {"concurrent"},
		"SendFromInbox":      {"send in inbox refused"},
		"NeverBlocks":        {"blocks when full", "never full"},
		"SlowReaderAlone":    {"reader delays all"},
		"Identity":           {"wrong peer", "wrong principal"},
		"Nobody":             {"zero node opens", "zero node dialed"},
		"InUse":              {"two open"},
		"NoLink":             {"no error without link"},
		"OpenContext":        {"context ends port"},
		"CloseEndsLinks":     {"close keeps links"},
		"CloseSilence":       {"close does not wait"},
		"CloseErrors":        {"no error after close"},
		"CloseLeavesNothing": {"goroutine left"},
	}
	for _, c := range transporttest.Checks() {
		require.NotEmpty(t, faults[c.Name], "check %s has no transport that breaks it", c.Name)
		require.NotEmpty(t, c.Promise)
	}
	for name, fs := range faults {
		c := checkNamed(t, name)
		for _, f := range fs {
			t.Run(name+"/"+strings.ReplaceAll(string(f), " ", "-"), func(t *testing.T) {
				h := transporttest.Harness{Quiet: 10 * time.Millisecond, Patience: 300 * time.Millisecond, Fill: 20_000,
					Open: func() transport.Transport { return newBroken(f) }}
				require.NotEmpty(t, record(c, h), "the check lets a transport pass that breaks: %s", c.Promise)
			})
		}
	}
}

// The wrapper that breaks promises breaks none by itself, so what the checks find above is the fault.
// docs/protocol.md §2.1
func TestNoCheckFailsASoundTransport(t *testing.T) {
	transporttest.Run(t, transporttest.Harness{Quiet: 10 * time.Millisecond, Fill: 20_000,
		Open: func() transport.Transport { return newBroken("none") }})
}
