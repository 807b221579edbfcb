package inproc_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
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
	onDone   func(s msg.TaskStatus)
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
	if m.onDone != nil {
		m.onDone(s)
	}
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

// BenchmarkOfferLatency measures the real time from the acknowledgement of a task on a full, busy cluster, which frees its
// resources, to the offer that holds them, without the 10 ms for which a run waits for more.
func BenchmarkOfferLatency(b *testing.B) {
	c, mills := milling(b, 1000, 100)
	freed, waits := map[offer.AgentID]time.Time{}, []float64{}
	for _, m := range mills {
		m.onDone = func(s msg.TaskStatus) {
			if _, ok := freed[s.Agent]; !ok {
				freed[s.Agent] = time.Now()
			}
		}
		m.onOffers = func(offers []msg.Offer) {
			for _, o := range offers {
				if at, ok := freed[o.Agent]; ok {
					waits = append(waits, float64(time.Since(at).Microseconds()))
					delete(freed, o.Agent)
				}
			}
		}
	}
	b.ResetTimer()
	for len(waits) < b.N {
		c.Advance(10 * time.Millisecond)
		require.NoError(b, c.Err())
	}
	b.StopTimer()
	slices.Sort(waits)
	b.ReportMetric(waits[len(waits)/2], "p50-µs")
	b.ReportMetric(waits[len(waits)*99/100], "p99-µs")
}
