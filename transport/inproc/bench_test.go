package inproc_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// mill is a scheduler that fills every offer with tasks.
type mill struct {
	framework.NopScheduler
	b        *testing.B
	executor *msg.ExecutorInfo
	task     resource.Resources
	tasks    int // launched
	finished int // told, and acknowledged when the callback returns
	onOffers func(offers []msg.Offer)
}

var (
	oneTask = resource.MustParse("cpus:1;mem:128")
	ofAgent = resource.MustParse("cpus:4;mem:512")
)

func (m *mill) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	if m.onOffers != nil {
		m.onOffers(offers)
	}
	for _, o := range offers {
		var tasks []msg.TaskInfo
		for left := o.Resources; left.Contains(m.task); left = left.SubSaturating(m.task) {
			m.tasks++
			tasks = append(tasks, msg.TaskInfo{
				ID: msg.TaskID(fmt.Sprintf("t%d", m.tasks)), Agent: o.Agent, Resources: m.task, Executor: m.executor,
			})
		}
		require.NoError(m.b, d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, tasks...))
	}
}

func (m *mill) StatusUpdate(_ framework.Driver, s msg.TaskStatus) {
	require.Equal(m.b, msg.TaskFinished, s.State)
	m.finished++
}

// done is an executor whose tasks finish at once.
type done struct{ framework.NopExecutor }

func (done) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskFinished})
}

func reserved(b *testing.B, r resource.Resources, n role.Name) resource.Resources {
	r, err := r.PushReservation(resource.Reservation{Type: resource.Static, Role: n})
	require.NoError(b, err)
	return r
}

// milling is a cluster whose agents are divided among the frameworks by static reservations, with one executor on each.
func milling(b *testing.B, agents, frameworks int) (*inproc.Cluster, []*mill) {
	c := inproc.NewCluster(1)
	b.Cleanup(c.Close)
	require.NotNil(b, c.AddMaster(master.Config{Allocator: offer.Config{Rules: offer.DefaultRules(offer.V1)}}))
	var mills []*mill
	executors := host.Executors{"": func(host.StartInfo) framework.Executor { return done{} }}
	for i := range frameworks {
		own := role.Name(fmt.Sprint("role-", i))
		m := &mill{b: b, executor: &msg.ExecutorInfo{ID: "done"}, task: reserved(b, oneTask, own)}
		c.AddScheduler(msg.FrameworkInfo{Name: fmt.Sprint("mill ", i), Roles: []role.Name{own}}, m)
		mills = append(mills, m)
	}
	for i := range agents {
		r := reserved(b, ofAgent, role.Name(fmt.Sprint("role-", i%frameworks)))
		require.NotNil(b, c.AddAgentOn(nil, msg.Node(fmt.Sprintf("agent-%04d", i)), msg.AgentInfo{Resources: r}, executors))
	}
	c.Advance(1100 * time.Millisecond) // everybody registers within a second
	return c, mills
}

func finished(mills []*mill) (sum int) {
	for _, m := range mills {
		sum += m.finished
	}
	return sum
}

// BenchmarkLifeCycles launches tasks that finish at once, on everything that is offered, until b.N of them were acknowledged:
// offer, accept, launch, FINISHED, acknowledgement, and the offer of what became free.
func BenchmarkLifeCycles(b *testing.B) {
	for _, shape := range []struct{ agents, frameworks int }{{100, 10}, {1000, 100}} {
		b.Run(fmt.Sprintf("agents=%d/frameworks=%d", shape.agents, shape.frameworks), func(b *testing.B) {
			c, mills := milling(b, shape.agents, shape.frameworks)
			first := finished(mills)
			b.ReportAllocs()
			b.ResetTimer()
			for finished(mills)-first < b.N {
				c.Advance(10 * time.Millisecond)
				require.NoError(b, c.Err())
			}
			b.StopTimer()
			b.ReportMetric(float64(finished(mills)-first)/b.Elapsed().Seconds(), "tasks/s")
			require.NoError(b, c.Check())
		})
	}
}

// sleeper is an executor whose tasks last for a second or two.
type sleeper struct {
	framework.NopExecutor
	freed func()
}

func (s sleeper) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	time.AfterFunc(time.Second+rand.N(time.Second), func() {
		s.freed()
		_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskFinished})
	})
}

// waits measures, in a live cluster whose agents are all full, how long it takes from the end of a task to the offer of what it
// held.
type waits struct {
	mu     sync.Mutex
	freed  map[msg.Node]time.Time // agents that something was freed on
	micros []float64
}

func (w *waits) end(agent msg.Node) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, waits := w.freed[agent]; !waits {
		w.freed[agent] = time.Now()
	}
}

func (w *waits) offered(offers []msg.Offer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range offers {
		if at, ok := w.freed[msg.Node(o.Hostname)]; ok {
			w.micros = append(w.micros, float64(time.Since(at).Microseconds()))
			delete(w.freed, msg.Node(o.Hostname))
		}
	}
}

func (w *waits) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.micros)
}

// BenchmarkOfferLatency measures, live, the time from the end of a task to the offer of what it held, through executor, agent,
// master and scheduler: 1,000 full agents, about 2,700 tasks a second. A run waits 10 ms for more to come free.
func BenchmarkOfferLatency(b *testing.B) {
	const agents, frameworks = 1000, 100
	ctx, cancel := context.WithCancel(context.Background())
	net, w := inproc.NewLive(inproc.Config{}), &waits{freed: map[msg.Node]time.Time{}}
	var running sync.WaitGroup
	defer func() {
		cancel()
		running.Wait()
		require.NoError(b, net.Close())
	}()
	cfg := master.Config{Allocator: offer.Config{Rules: offer.DefaultRules(offer.V1)}}
	running.Go(func() { _ = host.RunMaster(ctx, net, cfg) })
	executors := host.Executors{"": func(s host.StartInfo) framework.Executor {
		return sleeper{freed: func() { w.end(s.Agent) }}
	}}
	for i := range agents {
		name := fmt.Sprintf("agent-%04d", i)
		info := msg.AgentInfo{Hostname: name, Resources: reserved(b, ofAgent, role.Name(fmt.Sprint("role-", i%frameworks)))}
		running.Go(func() { _ = host.RunAgent(ctx, net, agent.Config{Info: info}, executors) })
	}
	for i := range frameworks {
		own := role.Name(fmt.Sprint("role-", i))
		m := &mill{b: b, executor: &msg.ExecutorInfo{ID: "sleeper"}, task: reserved(b, oneTask, own), onOffers: w.offered}
		running.Go(func() {
			_ = host.RunScheduler(ctx, net, msg.FrameworkInfo{Name: string(own), Roles: []role.Name{own}}, m)
		})
	}
	time.Sleep(4 * time.Second) // everybody registers, and the agents fill
	w.mu.Lock()
	w.micros = nil
	w.mu.Unlock()
	b.ResetTimer()
	for w.count() < b.N {
		time.Sleep(10 * time.Millisecond)
	}
	b.StopTimer()
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.micros)
	b.ReportMetric(w.micros[len(w.micros)/2], "p50-µs")
	b.ReportMetric(w.micros[len(w.micros)*99/100], "p99-µs")
	b.ReportMetric(float64(len(w.micros))/b.Elapsed().Seconds(), "offers/s")
}
