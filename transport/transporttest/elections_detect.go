package transporttest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
)

func detectLeader(p *poll) {
	early := p.ask("early")
	a := p.stand("a")
	p.leader(a)
	late := p.ask("late")
	p.until("those who ask know that a leads", func() bool { return early.knows("a") && late.knows("a") })
}

func detectChanges(p *poll) {
	q := p.ask("q")
	for _, name := range []msg.Node{"a", "b", "c"} {
		v := p.stand(name)
		p.leader(v)
		p.until(fmt.Sprintf("q knows that %s leads", name), func() bool { return q.knows(name) })
		v.withdraw()
		v.out = true
		p.until("q knows that nobody leads", func() bool { return q.knows("") })
	}
	a, b := p.stand("d"), p.stand("e")
	first := p.leader(a, b)
	p.until("q knows who leads", func() bool { return q.knows(first.name) })
	p.e.Depose()
	first.out = true
	next := p.leader(a, b)
	p.until("q knows who leads next", func() bool { return q.knows(next.name) })
}

func detectContext(p *poll) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	none := p.question("none")
	if _, err := p.e.Detect(over, none.name, none.found); err == nil {
		p.Errorf("Detect with a context that has ended gives no error")
	}
	none.mute()
	ctx, cancel := context.WithCancel(context.Background())
	q := p.askWith(ctx, "q")
	cancel()
	p.leader(p.stand("a"))
	p.until("q knows that a leads, though the context of its start has ended", func() bool { return q.knows("a") })
}

func detectAlone(p *poll) {
	first := p.stand("first")
	p.leader(first)
	q := p.question("q")
	q.slow = p.Quiet / 4
	within, changed := make(chan struct{}), make(chan struct{})
	q.during(func() { // the leader goes while q is told of it
		close(within)
		select {
		case <-changed:
		case <-time.After(p.Quiet):
		}
		time.Sleep(p.Quiet)
	})
	p.begin(context.Background(), q)
	p.until("q is told of the leader", func() bool { return q.called() > 0 })
	<-within
	first.withdraw()
	close(changed)
	var both sync.WaitGroup
	for _, name := range []msg.Node{"a", "b"} {
		both.Go(func() {
			for range 3 {
				p.stand(name).withdraw()
			}
		})
	}
	p.within("the work of 2 goroutines", both.Wait)
	p.until("q knows that nobody leads", func() bool { return q.knows("") })
}

func stopEnds(p *poll) {
	a := p.stand("a")
	p.leader(a)
	q := p.ask("q")
	p.until("q knows that a leads", func() bool { return q.knows("a") })
	q.stop()
	q.mute()
	a.withdraw()
	p.leader(p.stand("b"))
	p.silence()
}

func stopAgain(p *poll) {
	q, other := p.ask("q"), p.ask("q") // of one name
	q.stop()
	q.stop()
	q.stop()
	q.mute()
	p.leader(p.stand("a"))
	p.until("the other who asks knows that a leads", func() bool { return other.knows("a") })
}

func stopFromFound(p *poll) {
	a := p.stand("a")
	p.leader(a)
	q := p.ask("q")
	p.until("q knows that a leads", func() bool { return q.knows("a") })
	q.during(q.stop)
	other := p.ask("other")
	p.within("withdraw", a.withdraw)
	p.until("the other who asks knows that nobody leads", func() bool { return other.knows("") })
	p.leader(p.stand("b"))
	p.silence()
	if q.knows("b") {
		p.Errorf("q stopped while it was told that nobody leads, and is told of b")
	}
}

func anyGoroutine(p *poll) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 5 {
				q := p.ask(msg.Node(fmt.Sprintf("q%d", i)))
				v := p.stand(msg.Node(fmt.Sprintf("v%d-%d", i, k)))
				if i == 0 {
					p.e.Depose()
				}
				v.withdraw()
				q.stop()
			}
		})
	}
	p.within("the work of 8 goroutines", all.Wait)
	q := p.ask("q")
	last := p.stand("last")
	p.leader(last)
	p.until("q knows who leads", func() bool { return q.knows("last") })
}
