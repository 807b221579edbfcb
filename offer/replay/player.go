package replay

import (
	"context"
	"fmt"
	"io"
	"math"
)

// End is the step number that stands for the last one of a tape.
const End uint64 = math.MaxUint64

// Player steps a machine with what a tape holds.
type Player struct {
	r *Reader
	m *Machine
	n uint64
}

// NewPlayer makes a player before its first step. Errors as those of New.
func NewPlayer(r *Reader, known Known) (*Player, error) {
	m, err := New(r.Header(), known)
	if err != nil {
		return nil, err
	}
	return &Player{r: r, m: m}, nil
}

// Machine is the machine as the steps so far left it, to be read.
func (p *Player) Machine() *Machine { return p.m }

// Step is the number of the latest step, counted from 1; 0 before the first one.
func (p *Player) Step() uint64 { return p.n }

// Next does one step; io.EOF after the last one. A *Difference tells that the step's effects are not those recorded: the machine
// has done it, and may be read and played on, but is not what it was. Other errors are the Reader's, or wrap ErrPanic.
func (p *Player) Next() (Step, error) {
	s, err := p.r.Next()
	if err != nil {
		return s, err
	}
	p.n = s.N
	sum, err := p.m.step(s)
	if err == nil && s.Known && sum != s.Digest {
		err = &Difference{Step: s.N, Input: s.Input, Recorded: s.Digest, Here: sum}
	}
	return s, err
}

// To does the steps up to n, or with End all, and stops at the first error. each, unless nil, is called after every step, and
// its error stops as well; so does ctx, with its cause. Beyond the end of the tape it is ErrNoStep.
func (p *Player) To(ctx context.Context, n uint64, each func(Step) error) error {
	for p.n < n {
		if ctx.Err() != nil {
			return fmt.Errorf("replay: stopped after step %d: %w", p.n, ctx.Err())
		}
		s, err := p.Next()
		if err == io.EOF {
			if n == End {
				return nil
			}
			return fmt.Errorf("%w: %d; it has %d", ErrNoStep, n, p.n)
		}
		if err == nil && each != nil {
			err = each(s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
