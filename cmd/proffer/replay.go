package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/replay"
)

const replayUsage = `usage: proffer replay [flags] FILE

Plays a tape of a master, an agent, a scheduler or an executor, and prints its state, a fact a line. Every step is compared with
what was recorded; the first one that differs ends the command with status 1. FILE may be gzip-compressed; - is standard input.

  --diff N M
    	print what changed from step N to step M instead; 0 is before the first step
`

// replayOptions are the flags of proffer replay.
type replayOptions struct {
	check bool
	until uint64
	diff  []uint64 // none, or two
	file  string
}

// knownNames are the library's own policies and orders, as tapes may name them.
var knownNames = replay.Known{
	Policies: map[string]offer.Policy{"pack": offer.Pack(), "spread": offer.Spread()},
	Orderers: map[string]func(uint64, bool) drf.Orderer{"lottery": offer.Lottery},
}

// runReplay plays a tape: proffer replay [flags] FILE. See replayUsage. It answers exitFail where a step differs or the machine's
// own books do not agree, exitUsage for flags and files that cannot be used.
func runReplay(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := interrupts()
	defer stop()
	return replayUntil(ctx, args, stdin, stdout, stderr)
}

func replayUntil(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := replayFlags(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err == nil {
		err = o.play(ctx, stdin, stdout, stderr)
	}
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "proffer replay: %v\n", err)
	if errors.Is(err, replay.ErrDiffers) || errors.Is(err, replay.ErrPanic) || errors.Is(err, context.Canceled) || errors.Is(err, errInterrupted) || errors.As(err, new(failure)) {
		return exitFail
	}
	return exitUsage
}

func replayFlags(args []string, help io.Writer) (o replayOptions, err error) {
	if args, o.diff, err = cutDiff(args); err != nil {
		return o, err
	}
	f := flag.NewFlagSet("proffer replay", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.BoolVar(&o.check, "check", false, "let the machine recount its books after every step")
	f.Uint64Var(&o.until, "until", replay.End, "print the state after this step; 0 is before the first one")
	var files []string
	for rest := args; ; { // flags may stand behind the file
		if err := f.Parse(rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				fmt.Fprint(help, replayUsage)
				f.SetOutput(help)
				f.PrintDefaults()
			}
			return o, err
		}
		if f.NArg() == 0 {
			break
		}
		files, rest = append(files, f.Arg(0)), f.Args()[1:]
	}
	if len(files) != 1 {
		return o, fmt.Errorf("one file is to be named, not %d; - is standard input", len(files))
	}
	o.file = files[0]
	return o, nil
}

// cutDiff takes --diff N M out of args.
func cutDiff(args []string) (rest []string, pair []uint64, err error) {
	for i := 0; i < len(args); i++ {
		if args[i] != "--diff" && args[i] != "-diff" {
			rest = append(rest, args[i])
			continue
		}
		if len(args) < i+3 || pair != nil {
			return nil, nil, errors.New("--diff takes two steps, and stands once")
		}
		for _, text := range args[i+1 : i+3] {
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return nil, nil, fmt.Errorf("--diff: %q is no step", text)
			}
			pair = append(pair, n)
		}
		if pair[0] > pair[1] {
			return nil, nil, fmt.Errorf("--diff: step %d is after step %d", pair[0], pair[1])
		}
		i += 2
	}
	return rest, pair, nil
}

func (o replayOptions) play(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) error {
	in, done, err := openTape(ctx, o.file, stdin)
	if err != nil {
		return fmt.Errorf("%s: %w", o.file, err)
	}
	defer done()
	r, err := replay.NewReader(in)
	if err != nil {
		return fmt.Errorf("%s: %w", o.file, err)
	}
	p, err := replay.NewPlayer(r, knownNames)
	if err != nil {
		return err
	}
	told := progress{command: "replay", out: stderr, now: time.Now, last: time.Now(), where: func(step int) string {
		return fmt.Sprintf("%s: step %d, byte %d", o.file, step, r.Offset())
	}}
	each := func(s replay.Step) error {
		told.tell(int(s.N))
		if o.check {
			if err := p.Machine().Check(); err != nil {
				return failure{fmt.Errorf("after step %d (%s): %w", s.N, replay.Kind(s.Input), err)}
			}
		}
		return nil
	}
	out := bufio.NewWriter(stdout)
	if err := o.print(ctx, p, each, out); err != nil {
		return err
	}
	if note := r.Note(); note != "" {
		fmt.Fprintf(stderr, "proffer replay: %s: %s\n", o.file, note)
	}
	if err := out.Flush(); err != nil {
		return failure{err}
	}
	return nil
}

func (o replayOptions) print(ctx context.Context, p *replay.Player, each func(replay.Step) error, out io.Writer) error {
	if o.diff == nil {
		if err := p.To(ctx, o.until, each); err != nil {
			return err
		}
		fmt.Fprintf(out, "step %d\n", p.Step())
		for _, l := range p.Machine().State() {
			fmt.Fprintln(out, l)
		}
		return nil
	}
	if err := p.To(ctx, o.diff[0], each); err != nil {
		return err
	}
	before := p.Machine().State()
	if err := p.To(ctx, o.diff[1], each); err != nil {
		return err
	}
	for _, c := range replay.Diff(before, p.Machine().State()) {
		fmt.Fprintln(out, c)
	}
	return nil
}

// openTape opens a file, unpacked if it is gzip-compressed.
func openTape(ctx context.Context, name string, stdin io.Reader) (in io.Reader, done func(), err error) {
	done = func() {}
	if name == "-" {
		in = until(ctx, stdin)
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, bareError(err)
		}
		in, done = f, func() { f.Close() }
	}
	buffered := bufio.NewReaderSize(in, 1<<16)
	if magic, _ := buffered.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return buffered, done, nil
	}
	unpacked, err := gzip.NewReader(buffered)
	return unpacked, done, err
}
