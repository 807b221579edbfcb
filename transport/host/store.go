package host

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
)

// loadTimeout bounds the reading of a registry (docs/protocol.md §18).
const loadTimeout = 60 * time.Second

// StoreFault is what goes wrong with one commit of a master, or one Save of an agent's checkpoint. The zero value is nothing.
type StoreFault struct {
	// Lost: the store is not asked. Without Err there is no answer either.
	Lost bool
	// Err is answered in place of what the store says. Unless Lost, the commit may be durable all the same.
	Err error
	// Delay is how much later the answer comes; with Late the store is asked only then. A node that ends before gets no
	// answer, and with Late the commit was not made.
	Delay time.Duration
	Late  bool
}

// keeper carries out a master's commits.
type keeper struct {
	n       *MasterNode
	store   registry.Store
	timeout time.Duration
	inline  bool // on the node's goroutine: by hand, or in memory
	ctx     context.Context
	cancel  context.CancelFunc
	count   int
	late    []lateAnswer // by their time
}

// lateAnswer is stepped in at a time.
type lateAnswer struct {
	at     offer.Time
	answer func() msg.Committed
}

func newKeeper(n *MasterNode, timeout time.Duration) *keeper {
	k := &keeper{n: n, store: n.opts.store, timeout: timeout, inline: n.opts.hand}
	if k.store == nil {
		k.store, k.inline = registry.NewMemory(), true
	}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	return k
}

// load reads the registry. It is the machine's first input, so it is queued before the port is open.
func (k *keeper) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	in := registry.Load(ctx, k.store)
	if in.Err != nil {
		return fmt.Errorf("host: read the registry: %w", in.Err)
	}
	k.n.push(item{in: in})
	return nil
}

// commit carries out one commit and sees that its answer is stepped in.
func (k *keeper) commit(c registry.Commit) {
	k.count++
	var fault StoreFault
	if k.n.opts.faults != nil {
		fault = k.n.opts.faults(k.count)
	}
	if !k.inline && fault == (StoreFault{}) {
		k.n.beside(func() { k.n.push(item{in: k.ask(c)}) })
		return
	}
	switch {
	case fault.Lost && fault.Err == nil:
	case fault.Lost:
		k.later(fault.Delay, func() msg.Committed { return c.Answer(0, fault.Err) })
	case fault.Late:
		k.later(fault.Delay, func() msg.Committed { return k.askOr(c, fault.Err) })
	default:
		answer := k.askOr(c, fault.Err)
		k.later(fault.Delay, func() msg.Committed { return answer })
	}
}

// askOr asks the store, and answers err in its place if there is one.
func (k *keeper) askOr(c registry.Commit, err error) msg.Committed {
	answer := k.ask(c)
	if err != nil {
		answer = c.Answer(0, err)
	}
	return answer
}

// ask asks the store, as long as the machine waits for it.
func (k *keeper) ask(c registry.Commit) msg.Committed {
	ctx, cancel := context.WithTimeout(k.ctx, k.timeout)
	defer cancel()
	return c.Answer(k.store.Commit(ctx, c.At, c.Ops))
}

// later has an answer stepped in after d; without d at once.
func (k *keeper) later(d time.Duration, answer func() msg.Committed) {
	if d <= 0 {
		k.n.result(answer())
		return
	}
	at := k.n.now.Add(d)
	i := len(k.late)
	for i > 0 && k.late[i-1].at > at {
		i--
	}
	k.late = slices.Insert(k.late, i, lateAnswer{at, answer})
}

// alarm tells when the next late commit is due.
func (k *keeper) alarm() (offer.Time, bool) {
	if len(k.late) == 0 {
		return 0, false
	}
	return k.late[0].at, true
}

// ring answers the late commits that are due.
func (k *keeper) ring(now offer.Time) bool {
	any := false
	for len(k.late) > 0 && k.late[0].at <= now {
		l := k.late[0]
		k.late = k.late[1:]
		k.n.step(now, l.answer())
		any = true
	}
	return any
}
