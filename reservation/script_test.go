package reservation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// The scripts under testdata/scripts read like the transcript of one agent. Resources are one line each:
//
//	TEXT [dynamic ROLE[:PRINCIPAL]]... [volume ID] [shared]
//
// Commands, with what they print:
//
//	agent                  what the agent states → its total
//	accept role=etl        a framework accepts all that is available → the pool
//	done                   the accept ends → total and allocated
//	launch task=NAME       within an accept: one task → the pool and the extra copies
//	end task=NAME          a task ends → total and allocated
//	restart                the agent comes back and states the lines → the total restored from what was saved
//	reserve | unreserve | create | destroy
//	grow by=TEXT | shrink by=NUMBER
//	                       an operation: of the framework within an accept, else of the operator → pool or total
//
// What is refused prints its reason. For reserve, a line that starts with "from" is the source.

// docs/resource-model.md §6.7, docs/resource-model.md §7
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		s := script{tasks: map[string]resource.Resources{}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return s.run(t, d)
		})
	})
}

type script struct {
	total, allocated resource.Resources
	offered          resource.Resources // by the accept under way
	pool             *reservation.Pool
	tasks            map[string]resource.Resources
	use              reservation.UseTracker[string]
}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	in := func() resource.Resources { r, _ := readLines(t, d.Input); return r }
	switch d.Cmd {
	case "agent":
		s.total = in()
		return s.books()
	case "accept":
		var n string
		d.ScanArgs(t, "role", &n)
		s.offered = reservation.Available(s.total, s.allocated).AllocatableTo(role.Name(n))
		c := framework(role.Name(n))
		c.Volumes, c.InUse = s.total.PersistentVolumes(), s.use.InUse
		s.pool = reservation.NewPool(s.offered, c)
		return "pool\n" + block(s.pool.Remaining())
	case "done":
		s.total = s.total.SubSaturating(s.offered).Add(s.pool.Total())
		s.pool = nil
		return s.books()
	case "launch":
		return s.launch(t, taskOf(t, d), in())
	case "end":
		return s.end(t, taskOf(t, d))
	case "restart":
		after, err := reservation.Restore(in(), reservation.Saved(s.total))
		if err != nil {
			return "refused: " + err.Error()
		}
		s.total = after
		return s.books()
	}
	return s.operate(opOf(t, d))
}

func (s *script) operate(op reservation.Op) string {
	if s.pool != nil {
		if err := s.pool.Apply(op); err != nil {
			return "refused: " + err.Error()
		}
		return "pool\n" + block(s.pool.Remaining())
	}
	free := reservation.Available(s.total, s.allocated)
	c := operator()
	c.Volumes, c.InUse = s.total.PersistentVolumes(), s.use.InUse
	after, err := reservation.Apply(free, op, c)
	if err != nil {
		return "refused: " + err.Error()
	}
	s.total = s.total.SubSaturating(free).Add(after)
	return s.books()
}

func (s *script) launch(t *testing.T, task string, r resource.Resources) string {
	needed, err := s.pool.Launch(reservation.Claim{Tag: task, Resources: r}, nil)
	if err != nil {
		return "refused: " + err.Error()
	}
	s.tasks[task] = needed
	s.allocated = s.allocated.Add(needed)
	for v := range needed.PersistentVolumes().All() {
		require.NoError(t, s.use.Acquire(v, task))
	}
	return "pool\n" + block(s.pool.Remaining()) + "extra\n" + block(s.pool.Extra())
}

func (s *script) end(t *testing.T, task string) string {
	var err error
	s.allocated, err = s.allocated.Sub(s.tasks[task])
	require.NoError(t, err)
	for v := range s.tasks[task].PersistentVolumes().All() {
		require.NoError(t, s.use.Release(v, task))
	}
	return s.books()
}

func (s *script) books() string {
	return "total\n" + block(s.total) + "allocated\n" + block(s.allocated)
}

func block(r resource.Resources) string {
	if r.IsEmpty() {
		return "  nothing\n"
	}
	return "  " + strings.ReplaceAll(r.String(), "; ", "\n  ") + "\n"
}

func taskOf(t *testing.T, d *datadriven.TestData) string {
	var task string
	d.ScanArgs(t, "task", &task)
	return task
}

func opOf(t *testing.T, d *datadriven.TestData) reservation.Op {
	r, source := readLines(t, d.Input)
	var by string
	d.MaybeScanArgs(t, "by", &by)
	switch d.Cmd {
	case "reserve":
		return reservation.Reserve{Resources: r, Source: source}
	case "unreserve":
		return reservation.Unreserve{Resources: r}
	case "create":
		return reservation.Create{Volumes: r}
	case "destroy":
		return reservation.Destroy{Volumes: r}
	case "grow":
		more, _ := readLines(t, by)
		return reservation.Resize{Volume: only(r), Grow: more}
	case "shrink":
		amount, err := resource.ParseScalar(by)
		require.NoError(t, err)
		return reservation.Resize{Volume: only(r), Shrink: amount}
	}
	d.Fatalf(t, "unknown command %s", d.Cmd)
	return nil
}

// readLines adds up the lines, those that start with "from" apart.
func readLines(t *testing.T, text string) (all, from resource.Resources) {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) > 0 && words[0] == "from" {
			from = from.Add(readLine(t, words[1:]))
		} else if len(words) > 0 {
			all = all.Add(readLine(t, words))
		}
	}
	return all, from
}

func readLine(t *testing.T, words []string) resource.Resources {
	r := parse(words[0])
	for words = words[1:]; len(words) > 0; words = words[1:] {
		switch words[0] {
		case "shared":
			r = shared(r)
			continue
		case "dynamic":
			to, principal, _ := strings.Cut(words[1], ":")
			r = dyn(r, role.Name(to), principal)
		case "volume":
			r = volume(r, words[1])
		default:
			require.Fail(t, "unknown word", fmt.Sprint(words))
		}
		words = words[1:]
	}
	return r
}
