package offertest

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TB is what this package needs of a test: *testing.T, *testing.B and *rapid.T fit, and so does a recorder of one's own.
type TB interface {
	Helper()
	Name() string
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
	Cleanup(func())
}

var (
	_ TB       = (*testing.T)(nil)
	_ TB       = (*testing.B)(nil)
	_ TB       = (*rapid.T)(nil)
	_ rapid.TB = (*listener)(nil)
)

// listener is the test that rapid reports to: what it says is kept, so that the finding can be told in our own words.
type listener struct {
	name string
	said strings.Builder
	bad  bool
}

// ended is the panic by which rapid leaves a listener.
type ended struct{}

// listen looks for a sequence of draws that makes prop fail; it returns what rapid says of it, and false if it found one.
func listen(name string, prop func(*rapid.T)) (said string, ok bool) {
	l := &listener{name: name}
	defer func() {
		if p := recover(); p != nil {
			if _, mine := p.(ended); !mine {
				panic(p)
			}
			said, ok = l.said.String(), false
		}
	}()
	rapid.Check(l, prop)
	return l.said.String(), !l.bad
}

func (l *listener) Helper()             {}
func (l *listener) Name() string        { return l.name }
func (l *listener) Failed() bool        { return l.bad }
func (l *listener) Log(...any)          {}
func (l *listener) Logf(string, ...any) {}
func (l *listener) Fail()               { l.bad = true }
func (l *listener) FailNow()            { l.bad = true; panic(ended{}) }
func (l *listener) Error(args ...any)   { l.bad = true; fmt.Fprintln(&l.said, args...) }
func (l *listener) Errorf(format string, a ...any) {
	l.bad = true
	fmt.Fprintf(&l.said, format+"\n", a...)
}
func (l *listener) Fatal(args ...any)                { l.Error(args...); l.FailNow() }
func (l *listener) Fatalf(format string, a ...any)   { l.Errorf(format, a...); l.FailNow() }
func (l *listener) SkipNow()                         { l.FailNow() }
func (l *listener) Skip(args ...any)                 { l.Fatal(args...) }
func (l *listener) Skipf(format string, args ...any) { l.Fatalf(format, args...) }
