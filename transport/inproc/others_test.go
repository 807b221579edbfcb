package inproc_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// One function may play all executors that have none of their own, those of command tasks included.
// docs/protocol.md §11
func TestOneFunctionForAllOtherExecutors(t *testing.T) {
	c, _ := newCluster(t, 1)
	made := map[string][]string{}
	maker := func(key string) func(host.StartInfo) framework.Executor {
		return func(s host.StartInfo) framework.Executor {
			made[key] = append(made[key], string(s.Executor.ID))
			return &worker{info: s}
		}
	}
	c.AddAgent("agent-1", machine(), host.Executors{"": maker("other"), "worker": maker("worker"), "ls": maker("ls")})
	s := &recorder{}
	s.launch(task("task-1", "worker"), task("task-2", "stranger"),
		msg.TaskInfo{ID: "task-3", Resources: resource.MustParse("cpus:1;mem:64"), Command: &msg.CommandInfo{Value: "ls", Shell: true}})
	c.AddScheduler(info("web"), s)
	c.Advance(2 * time.Second)
	require.Equal(t, map[string][]string{"worker": {"worker"}, "other": {"stranger", "task-3"}}, made)
	require.Equal(t, "registered; task-1 TASK_RUNNING ; task-2 TASK_RUNNING ; task-3 TASK_RUNNING ", s.heard())
}

// A network tells who is linked, and how much is on the way.
// docs/protocol.md §2.1
func TestWhatIsOnTheWay(t *testing.T) {
	c := inproc.NewClusterOn(inproc.Config{Seed: 1, Latency: time.Second})
	defer c.Close()
	n := c.Network()
	a, b := &listening{}, &listening{}
	p, err := n.Open(t.Context(), "a", a)
	require.NoError(t, err)
	_, err = n.Open(t.Context(), "b", b)
	require.NoError(t, err)
	l, err := p.Dial("b")
	require.NoError(t, err)
	require.False(t, n.Linked("a", "b"))
	c.Advance(2 * time.Second)
	require.True(t, n.Linked("a", "b"))
	require.True(t, n.Linked("b", "a"))
	require.Zero(t, n.OnTheWay("a", "b"))
	require.NoError(t, p.Send(msg.Envelope{Link: l, Body: msg.Pong{}}))
	n.Stall("b", "a")
	require.NoError(t, p.Send(msg.Envelope{Link: l, Body: msg.Pong{}}))
	require.Equal(t, 2, n.OnTheWay("a", "b"))
	require.Equal(t, 2, n.OnTheWay("b", "a"))
	require.Zero(t, n.OnTheWay("a", "c"))
	c.Advance(time.Second)
	require.Equal(t, 1, n.OnTheWay("a", "b"), "one is held")
	n.Break("a", "b")
	require.False(t, n.Linked("a", "b"))
}

// listening hears nothing of interest.
type listening struct{}

func (listening) Up(msg.Link, msg.Node, string) {}
func (listening) Deliver(msg.Envelope)          {}
func (listening) Down(msg.Link, error)          {}
