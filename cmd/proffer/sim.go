package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/scenario"
)

const simUsage = `usage: proffer sim [flags] FILE…

Replays scenario files on an allocator and prints one JSON object per step, and one with the books and the orders after
each case. A FILE may be gzip-compressed; - is standard input. A case is played on this library's own rules, with the seed
it tells, unless flags say otherwise.

  --explain FRAMEWORK AGENT
    	tell after each step what each role of the framework would get of the agent, or which gate refuses
`

// simOptions are the flags of proffer sim.
type simOptions struct {
	strict, check, table bool
	seed                 *uint64
	explain              []string // none, or a framework and an agent
	files                []string
}

// runSim replays scenario files: proffer sim [flags] FILE…. See simUsage. It answers exitFail where --check finds a
// difference or nothing can be written, exitUsage for flags and files that cannot be used; one line on stderr says which
// file, case and step. An interrupt or SIGTERM ends it between two steps, with exitFail.
func runSim(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := interrupts()
	defer stop()
	return simUntil(ctx, args, stdin, stdout, stderr)
}

func simUntil(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := simFlags(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "proffer sim: %v\n", err)
		return exitUsage
	}
	s := &simulation{
		simOptions: o, ctx: ctx, stdin: stdin, out: bufio.NewWriterSize(stdout, 1<<16),
		progress: progress{out: stderr, now: time.Now, last: time.Now()},
	}
	for _, name := range o.files {
		err := s.file(name)
		if flushed := s.out.Flush(); err == nil && flushed != nil {
			err = failure{flushed}
		}
		if err != nil {
			fmt.Fprintf(stderr, "proffer sim: %s: %v\n", name, err)
			if errors.As(err, new(failure)) || errors.Is(err, errInterrupted) || errors.Is(err, scenario.ErrDiffers) {
				return exitFail
			}
			return exitUsage
		}
	}
	return exitOK
}

// failure is an error that is nobody's input's fault.
type failure struct{ error }

func simFlags(args []string, help io.Writer) (o simOptions, err error) {
	if args, o.explain, err = cutExplain(args); err != nil {
		return o, err
	}
	f := flag.NewFlagSet("proffer sim", flag.ContinueOnError)
	f.SetOutput(io.Discard) // bad flags get one line from the caller
	f.Usage = func() {}
	f.BoolVar(&o.strict, "strict", false, "the reference's rules: agents in order of id, pieces in order of their text, nothing rescinded")
	f.BoolVar(&o.check, "check", false, "compare with what the file records; stop at the first step that differs, with status 1")
	f.BoolVar(&o.table, "table", false, "print for people")
	seed := f.Uint64("seed", 0, "of every keyed order, instead of the seed that a case tells")
	// Flags may stand between and behind the files.
	for rest := args; ; {
		if err := f.Parse(rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				fmt.Fprint(help, simUsage)
				f.SetOutput(help)
				f.PrintDefaults()
			}
			return o, err
		}
		if f.NArg() == 0 {
			break
		}
		o.files, rest = append(o.files, f.Arg(0)), f.Args()[1:]
	}
	f.Visit(func(set *flag.Flag) {
		if set.Name == "seed" {
			o.seed = seed
		}
	})
	if len(o.files) == 0 {
		return o, errors.New("no file named; - is standard input, and proffer sim -h lists the flags")
	}
	return o, nil
}

// cutExplain takes --explain FRAMEWORK AGENT out of args: package flag knows no flag of two arguments.
func cutExplain(args []string) (rest, pair []string, err error) {
	for i := 0; i < len(args); i++ {
		if args[i] != "--explain" && args[i] != "-explain" {
			rest = append(rest, args[i])
			continue
		}
		if len(args) < i+3 || pair != nil {
			return nil, nil, errors.New("--explain takes a framework and an agent, and stands once")
		}
		pair = args[i+1 : i+3]
		i += 2
	}
	return rest, pair, nil
}

// simulation plays files.
type simulation struct {
	simOptions
	ctx      context.Context
	stdin    io.Reader
	out      *bufio.Writer
	progress progress
}

func (s *simulation) file(name string) error {
	data, err := s.read(name)
	if err != nil {
		return err
	}
	f, err := scenario.Parse(data, scenario.Bounds{})
	if err != nil {
		return err
	}
	for i := range f.Cases {
		s.progress.where = func(step int) string {
			return fmt.Sprintf("%s: case %d of %d, step %d of %d", name, i+1, len(f.Cases), step, len(f.Cases[i].Steps))
		}
		if err := s.play(&f.Cases[i]); err != nil {
			return err
		}
	}
	return nil
}

// read returns the text of a file, unpacked if it is gzip-compressed, and no more of it than may be parsed.
func (s *simulation) read(name string) ([]byte, error) {
	var in io.Reader
	if name == "-" {
		in = until(s.ctx, s.stdin)
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, bareError(err)
		}
		defer f.Close()
		in = f
	}
	most := int64(scenario.Bounds{}.MaxBytes()) + 1
	buffered := bufio.NewReader(in)
	if magic, _ := buffered.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		data, err := io.ReadAll(io.LimitReader(buffered, most))
		return data, bareError(err)
	}
	unpacked, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(unpacked, most))
}

// bareError leaves out what the caller tells already.
func bareError(err error) error {
	if p := new(os.PathError); errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (s *simulation) config(c *scenario.Case) scenario.Config {
	cfg := scenario.Default(c.Seed)
	if s.strict {
		cfg = scenario.Strict()
	}
	if s.seed != nil {
		cfg.Seed = *s.seed
	}
	return cfg
}

// play plays one case.
func (s *simulation) play(c *scenario.Case) error {
	r, err := scenario.New(c, s.config(c))
	if err != nil {
		return err
	}
	if err := s.begin(c); err != nil {
		return err
	}
	for n := 1; r.More(); n++ {
		if s.ctx.Err() != nil {
			return fmt.Errorf("%w before step %d of %d of case %s", errInterrupted, n, len(c.Steps), c.Name)
		}
		s.progress.tell(n)
		step := r.Step()
		res, err := r.Next()
		if err != nil {
			return err
		}
		if err := s.print(r, step, res); err != nil {
			return err
		}
		if s.check {
			if err := res.Compare(step); err != nil {
				return err
			}
		}
	}
	return s.end(c, r)
}

// end prints the books and the orders, and compares them.
func (s *simulation) end(c *scenario.Case, r *scenario.Replay) error {
	f, err := r.Final()
	if err != nil {
		return err
	}
	if s.table {
		err = s.writeFinal(f)
	} else {
		err = s.write(map[string]any{"case": c.Name, "final": f})
	}
	if err == nil && s.check && c.Final != nil {
		err = f.Compare(c.Final)
		if err != nil {
			err = &scenario.Error{Case: c.Name, Step: scenario.NoStep, Err: err}
		}
	}
	return err
}

// reasons is what --explain asks for.
func (s *simulation) reasons(r *scenario.Replay) []scenario.Reason {
	if s.explain == nil {
		return nil
	}
	return r.Explain(offer.FrameworkID(s.explain[0]), offer.AgentID(s.explain[1]))
}

// progress tells where a long replay is, once a second.
type progress struct {
	command string // "" sim
	out     io.Writer
	now     func() time.Time
	last    time.Time
	where   func(step int) string
}

func (p *progress) tell(step int) {
	if now := p.now(); now.Sub(p.last) >= time.Second {
		p.last = now
		fmt.Fprintf(p.out, "proffer %s: %s\n", cmp.Or(p.command, "sim"), p.where(step))
	}
}
