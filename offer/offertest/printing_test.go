package offertest_test

import "fmt"

// printing is a test that prints what fails it, for Examples.
type printing struct{ cleanups []func() }

func (*printing) Helper()                             {}
func (*printing) Name() string                        { return "example" }
func (*printing) Logf(string, ...any)                 {}
func (*printing) Errorf(format string, args ...any)   { fmt.Printf(format+"\n", args...) }
func (t *printing) Fatalf(format string, args ...any) { t.Errorf(format, args...) }
func (*printing) Failed() bool                        { return false }
func (t *printing) Cleanup(f func())                  { t.cleanups = append(t.cleanups, f) }

// end does the cleanups.
func (t *printing) end() {
	for _, f := range t.cleanups {
		f()
	}
}
