package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/proffer-go/proffer/transport/inproc"
	"github.com/proffer-go/proffer/transport/inproc/simulate"
)

const soakUsage = `usage: proffer soak [flags]

Runs whole clusters in virtual time: agents, frameworks, their work, operators and faults, all drawn from a seed, and looks
after every step whether all invariants hold. It goes on with the next seed until --duration is over or --seeds are done,
and ends with a line of figures. What fails is told with the command that repeats it and the smallest plan that still fails.

`

// soakOptions are the flags of proffer soak.
type soakOptions struct {
	simulate.Config
	duration time.Duration
	seeds    int
	jobs     int
	every    int
	trace    bool
	whole    bool
	first    bool
}

// runSoak runs simulations: proffer soak [flags]. See soakUsage. It answers exitFail where an invariant is broken, exitUsage
// for bad flags; an interrupt or SIGTERM ends it with the figures of what was done.
func runSoak(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := interrupts()
	defer stop()
	return soakUntil(ctx, args, stdout, stderr)
}

func soakUntil(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := soakFlags(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "proffer soak: %v\n", err)
		return exitUsage
	}
	defer debug.SetGCPercent(debug.SetGCPercent(soakGC)) // small heaps, much garbage
	s := &soak{soakOptions: o, out: stdout, began: time.Now()}
	s.sum.Faults = map[inproc.Kind]int{}
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	s.run(ctx, stderr)
	s.print(stdout)
	if s.violations > 0 {
		return exitFail
	}
	return exitOK
}

// soakGC lets the heap grow further than usual between collections, in percent.
const soakGC = 400

func soakFlags(args []string, help io.Writer) (o soakOptions, err error) {
	f := flag.NewFlagSet("proffer soak", flag.ContinueOnError)
	f.SetOutput(io.Discard) // bad flags get one line from the caller
	f.Usage = func() {}
	f.Uint64Var(&o.Seed, "seed", 1, "the first seed; the others follow it")
	f.DurationVar(&o.duration, "duration", 0, "how long to go on, in real time; 1m0s unless --seeds says when to end")
	f.IntVar(&o.seeds, "seeds", 0, "how many seeds to run at most; 0: as many as there is time for")
	f.IntVar(&o.jobs, "jobs", runtime.GOMAXPROCS(0), "how many run at the same time")
	f.IntVar(&o.Agents, "agents", 3, "agents of each cluster")
	f.IntVar(&o.Frameworks, "frameworks", 3, "frameworks of each cluster")
	f.IntVar(&o.Masters, "masters", 3, "masters of each cluster: one leads, the others stand by")
	f.DurationVar(&o.Config.Duration, "simulated", 20*time.Minute, "how long work and faults go on in each run, in the cluster's time")
	f.IntVar(&o.Faults, "faults", 0, "faults of each run; 0: one in 40 s, below 0: none")
	f.IntVar(&o.Work, "work", 0, "pieces of work of each run; 0: one in 8 s, below 0: none")
	kinds := f.String("kinds", "", "the faults that may be drawn, with commas between; all unless told")
	f.IntVar(&o.every, "check-every", 1, "recount the machines' books after so many steps")
	f.BoolVar(&o.trace, "trace", false, "print everything that happens; for one seed")
	f.BoolVar(&o.first, "first", false, "end with the first seed that fails")
	f.BoolVar(&o.whole, "no-shrink", false, "do not look for the smallest plan that fails")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(help, soakUsage)
			f.SetOutput(help)
			f.PrintDefaults()
		}
		return o, err
	}
	if o.Kinds, err = soakKinds(*kinds); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("%q is too much; proffer soak takes flags only", f.Arg(0))
	case o.seeds < 0 || o.duration < 0 || o.Config.Duration <= 0:
		return o, errors.New("--seeds, --duration and --simulated are not below 0, and --simulated is not 0")
	case o.jobs < 1 || o.every < 1 || o.Agents < 1 || o.Frameworks < 1 || o.Masters < 1:
		return o, errors.New("--jobs, --check-every, --agents, --frameworks and --masters are 1 at least")
	case o.trace && o.seeds != 1:
		return o, errors.New("--trace is for one seed; add --seeds 1")
	}
	if o.seeds == 0 && o.duration == 0 {
		o.duration = time.Minute
	}
	if o.trace {
		o.jobs = 1
	}
	return o, nil
}

func soakKinds(text string) (kinds []inproc.Kind, err error) {
	if text == "" {
		return nil, nil
	}
	for _, word := range strings.Split(text, ",") {
		k := inproc.Kind(word)
		if !slices.Contains(inproc.Kinds(), k) {
			return nil, fmt.Errorf("--kinds: no kind %q; there are %v", word, inproc.Kinds())
		}
		kinds = append(kinds, k)
	}
	return kinds, nil
}

// soak is a soak under way.
type soak struct {
	soakOptions
	out   io.Writer
	began time.Time

	mu         sync.Mutex
	next       int // seeds that were begun
	done       int // seeds that were run to their end
	violations int
	sum        simulate.Report
}

// run runs seeds on o.jobs goroutines.
func (s *soak) run(ctx context.Context, stderr io.Writer) {
	var jobs sync.WaitGroup
	for range s.jobs {
		jobs.Go(func() {
			for seed, ok := s.draw(ctx); ok; seed, ok = s.draw(ctx) {
				s.play(ctx, seed)
			}
		})
	}
	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { s.progress(over, stderr) })
	jobs.Wait()
	close(over)
	watch.Wait()
}

// draw takes the next seed.
func (s *soak) draw(ctx context.Context) (uint64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil || s.seeds > 0 && s.next >= s.seeds || s.first && s.violations > 0 {
		return 0, false
	}
	s.next++
	return s.Seed + uint64(s.next-1), true
}

// play runs one seed, and tells of it if it fails.
func (s *soak) play(ctx context.Context, seed uint64) {
	cfg := s.Config
	cfg.Seed = seed
	plan, opts := simulate.NewPlan(cfg), simulate.Options{CheckEvery: s.every}
	if s.trace {
		fmt.Fprint(s.out, plan)
		opts.Trace = func(line string) { fmt.Fprintln(s.out, line) }
	}
	r := plan.Run(ctx, opts)
	s.add(r, ctx.Err() == nil)
	if r.Violation != nil {
		s.tell(ctx, plan, opts, r)
	}
}

// add adds a run to the figures.
func (s *soak) add(r simulate.Report, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if whole {
		s.done++
	}
	if r.Violation != nil {
		s.violations++
	}
	s.sum.Steps += r.Steps
	s.sum.Simulated += r.Simulated
	s.sum.Launched += r.Launched
	s.sum.Finished += r.Finished
	s.sum.Checks += r.Checks
	s.sum.Operations.Add(r.Operations)
	s.sum.Orders.Add(r.Orders)
	for _, k := range slices.Sorted(maps.Keys(r.Faults)) {
		s.sum.Faults[k] += r.Faults[k]
	}
}

// shrinkFor bounds the search for the smallest plan.
const shrinkFor = 30 * time.Second

// tell says what failed, how to repeat it, and what of it is needed.
func (s *soak) tell(ctx context.Context, p simulate.Plan, o simulate.Options, r simulate.Report) {
	text := fmt.Sprintf("seed %d: %v\nrepeat it with: proffer soak --seed %d --seeds 1 --trace%s\n", p.Seed, r.Violation, p.Seed, s.repeat())
	if !s.whole {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shrinkFor)
		defer cancel()
		small, r := p.Shrink(ctx, o, r.Violation)
		text += fmt.Sprintf("the smallest plan found that fails:\n%sin it: %v\n", small, r.Violation)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprint(s.out, text)
}

// repeat gives the flags that decide what is drawn, where they are not the defaults.
func (s *soak) repeat() (text string) {
	add := func(name string, v any, otherwise any) {
		if v != otherwise {
			text += fmt.Sprintf(" --%s %v", name, v)
		}
	}
	add("agents", s.Agents, 3)
	add("frameworks", s.Frameworks, 3)
	add("masters", s.Masters, 3)
	add("simulated", s.Config.Duration, 20*time.Minute)
	add("faults", s.Faults, 0)
	add("work", s.Work, 0)
	words := make([]string, len(s.Kinds))
	for i, k := range s.Kinds {
		words[i] = string(k)
	}
	add("kinds", strings.Join(words, ","), "")
	return text
}

// progress tells once a second how far it is.
func (s *soak) progress(over <-chan struct{}, stderr io.Writer) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
			s.mu.Lock()
			fmt.Fprintf(stderr, "proffer soak: %v: %d seeds, %v simulated, %d violations\n",
				time.Since(s.began).Round(time.Second), s.done, s.sum.Simulated.Round(time.Second), s.violations)
			s.mu.Unlock()
		}
	}
}

// print writes the line of figures.
func (s *soak) print(out io.Writer) {
	total, kinds := 0, []string{}
	for _, k := range slices.Sorted(maps.Keys(s.sum.Faults)) {
		total += s.sum.Faults[k]
		kinds = append(kinds, fmt.Sprintf("%s %d", k, s.sum.Faults[k]))
	}
	faults := fmt.Sprint(total)
	if total > 0 {
		faults += " (" + strings.Join(kinds, ", ") + ")"
	}
	fmt.Fprintf(out, "soak: seeds %d from %d, steps %d, simulated %v, faults %s, tasks %d finished of %d, operations %d ended of %d, orders %d done of %d, invariants checked %d, violations %d\n",
		s.done, s.Seed, s.sum.Steps, s.sum.Simulated.Round(time.Second), faults, s.sum.Finished, s.sum.Launched,
		s.sum.Operations.Ended, s.sum.Operations.Begun, s.sum.Orders.Ended, s.sum.Orders.Begun, s.sum.Checks, s.violations)
}
