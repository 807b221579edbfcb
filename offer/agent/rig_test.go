package agent_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// Links of the rig: the master's first one, and those of executors.
const (
	masterLink msg.Link = 1
	execLink   msg.Link = 100
)

// rig plays master, executors and host against one machine by raw messages. Check is called after every step.
type rig struct {
	t      testing.TB
	m      *agent.Machine
	now    offer.Time
	link   msg.Link // the master's
	last   agent.Ready
	events []agent.Event
	exit   bool
	err    error

	cfg     agent.Config
	disk    *agent.Memory  // nil: no checkpoint
	slow    bool           // the disk answers only when told
	pending []agent.Record // not answered

	names  map[string]string // ids to c1, c2, …
	starts map[msg.ExecutorID]agent.Start
}

func config() agent.Config {
	return agent.Config{
		Entropy: [16]byte{1},
		Node:    "a1",
		WorkDir: "/w",
		Info: msg.AgentInfo{
			Hostname:  "host1",
			Resources: resource.MustParse("cpus:4;mem:4096;disk:1000;disk(etl):1000"),
		},
	}
}

func newRig(t testing.TB, change ...func(*agent.Config)) *rig {
	cfg := config()
	for _, c := range change {
		c(&cfg)
	}
	m, err := agent.New(cfg)
	require.NoError(t, err)
	r := &rig{t: t, m: m, cfg: cfg, names: map[string]string{}, starts: map[msg.ExecutorID]agent.Start{}}
	if cfg.Checkpoint {
		r.disk = agent.NewMemory()
		r.step(msg.Restored{})
	}
	return r
}

func checkpointing(c *agent.Config) { c.Checkpoint = true }

// try steps in and takes the effects.
func (r *rig) try(in msg.Input) error {
	r.t.Helper()
	err := r.m.Step(r.now, in)
	require.NoError(r.t, r.m.Check(), "after %T", in)
	r.last = agent.Ready{}
	r.take()
	for !r.slow && len(r.pending) > 0 {
		r.save(len(r.pending))
	}
	return err
}

// save writes the first n records that wait, and steps the answer in. What it lets go is added to the last effects.
func (r *rig) save(n int) {
	r.t.Helper()
	require.NoError(r.t, r.disk.Save(r.t.Context(), r.pending[:n]))
	seq := r.pending[n-1].Seq
	r.pending = r.pending[n:]
	require.NoError(r.t, r.m.Step(r.now, msg.Recorded{Seq: seq}))
	require.NoError(r.t, r.m.Check())
	r.take()
}

// restart ends the agent as a crash does, and starts it anew with what its disk holds.
func (r *rig) restart(change ...func(*agent.Config)) {
	r.t.Helper()
	for _, c := range change {
		c(&r.cfg)
	}
	r.cfg.Entropy[15]++
	m, err := agent.New(r.cfg)
	require.NoError(r.t, err)
	r.m, r.pending, r.exit = m, nil, false
	r.step(msg.Restored{Entries: r.entries()})
}

func (r *rig) entries() (out []msg.Entry) {
	r.t.Helper()
	require.NoError(r.t, r.disk.Load(r.t.Context(), func(k string, v []byte) error {
		out = append(out, msg.Entry{Key: k, Value: v})
		return nil
	}))
	return out
}

// keys are those that the disk holds.
func (r *rig) keys() (out []string) {
	for _, e := range r.entries() {
		out = append(out, e.Key)
	}
	return out
}

func (r *rig) take() {
	var rd agent.Ready
	if !r.m.Ready(&rd) {
		return
	}
	r.pending = append(r.pending, rd.Records...)
	l := &r.last
	l.Records = append(l.Records, rd.Records...)
	l.Dials, l.Sends, l.Closes = append(l.Dials, rd.Dials...), append(l.Sends, rd.Sends...), append(l.Closes, rd.Closes...)
	l.Volumes, l.Starts, l.Stops = append(l.Volumes, rd.Volumes...), append(l.Starts, rd.Starts...), append(l.Stops, rd.Stops...)
	l.Events, l.Exit, l.Err = append(l.Events, rd.Events...), rd.Exit, rd.Err
	if rd.Adopt != nil {
		l.Adopt = rd.Adopt
	}
	r.events = append(r.events, rd.Events...)
	if rd.Exit {
		r.exit, r.err = true, rd.Err
	}
	for _, s := range rd.Starts {
		r.starts[s.Executor.ID] = s
		r.names[string(s.Container)] = fmt.Sprintf("c%d", len(r.names)+1)
	}
}

func (r *rig) step(in msg.Input) {
	r.t.Helper()
	require.NoError(r.t, r.try(in))
}

// master says b on the master's link.
func (r *rig) master(b msg.Message) {
	r.t.Helper()
	r.step(msg.Envelope{Link: r.link, Body: b})
}

// exec says b on an executor's link.
func (r *rig) exec(l msg.Link, b msg.Message) {
	r.t.Helper()
	r.step(msg.Envelope{Link: l, Body: b})
}

// advance moves the time to every deadline on the way, and gives what was sent meanwhile with its time.
func (r *rig) advance(d time.Duration) (sent []string) {
	r.t.Helper()
	end := r.now.Add(d)
	for {
		at, on := r.m.NextDeadline()
		if !on || at > end {
			break
		}
		r.now = max(r.now, at)
		r.step(msg.Tick{})
		for _, line := range r.lines() {
			sent = append(sent, fmt.Sprintf("%v %s", time.Duration(r.now), line))
		}
	}
	r.now = end
	return sent
}

// dial names the leader and brings the link up.
func (r *rig) dial() {
	r.t.Helper()
	r.step(msg.Leader{Master: "m1"})
	require.Equal(r.t, []msg.Node{"m1"}, r.last.Dials)
	r.connect()
}

func (r *rig) connect() {
	r.t.Helper()
	r.link++
	r.step(msg.LinkUp{Link: r.link, Peer: "m1"})
}

// registered is a rig whose master has admitted the agent as S1.
func registered(t testing.TB, change ...func(*agent.Config)) *rig {
	r := newRig(t, change...)
	r.dial()
	r.advance(time.Second)
	r.master(msg.AgentRegistered{Agent: "S1", PingTimeout: time.Hour})
	require.Equal(t, agent.Running, r.m.State())
	return r
}

func frameworkInfo() msg.FrameworkInfo {
	return msg.FrameworkInfo{ID: "F1", Name: "f", Capabilities: msg.Capabilities{PartitionAware: true}}
}

func taskInfo(id msg.TaskID) msg.TaskInfo {
	return msg.TaskInfo{ID: id, Agent: "S1", Resources: resource.MustParse("cpus:1"), Executor: &msg.ExecutorInfo{ID: "e1"}}
}

// run is a message that launches tasks at e1.
func run(launch bool, ids ...msg.TaskID) msg.RunTasks {
	b := msg.RunTasks{Framework: frameworkInfo(), Role: "etl", Executor: msg.ExecutorInfo{ID: "e1"}, LaunchExecutor: launch}
	for _, id := range ids {
		b.Tasks = append(b.Tasks, taskInfo(id))
	}
	return b
}

func (r *rig) subscribe(l msg.Link, e msg.ExecutorID) {
	r.t.Helper()
	r.step(msg.LinkUp{Link: l, Peer: "x"})
	r.exec(l, msg.SubscribeExecutor{Framework: "F1", Executor: e, Container: r.starts[e].Container})
}

// running is a rig with a subscribed executor e1 on execLink that runs task t1.
func running(t testing.TB, change ...func(*agent.Config)) *rig {
	r := registered(t, change...)
	r.master(run(true, "t1"))
	r.step(msg.Started{Container: r.starts["e1"].Container})
	r.subscribe(execLink, "e1")
	r.update(execLink, "t1", msg.TaskRunning, 1)
	r.ack("t1", 1)
	return r
}

func uuid(n byte) msg.UUID { return msg.UUID{n} }

func (r *rig) update(l msg.Link, id msg.TaskID, s msg.TaskState, n byte) {
	r.t.Helper()
	r.exec(l, msg.ExecutorUpdate{Status: msg.TaskStatus{Task: id, State: s, UUID: uuid(n)}})
}

func (r *rig) ack(id msg.TaskID, n byte) {
	r.t.Helper()
	r.master(msg.StatusAck{Framework: "F1", Task: id, UUID: uuid(n)})
}

// lines draws the effects of the last step, events left out.
func (r *rig) lines() (out []string) {
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, n := range r.last.Dials {
		add("dial %s", n)
	}
	for _, e := range r.last.Sends {
		add("send %d %s", e.Link, r.draw(e.Body))
	}
	for _, l := range r.last.Closes {
		add("close %d", l)
	}
	for _, v := range r.last.Volumes {
		add("volume %d %v %s%s", v.Seq, v.Kind, r.short(v.Path), prefixed(" -> ", v.Target))
	}
	for _, s := range r.last.Starts {
		add("start %s executor=%s command=%v agent=%s", r.short(string(s.Container)), s.Executor.ID, s.Command, s.Agent)
	}
	for _, s := range r.last.Stops {
		add("stop %s", r.short(string(s.Container)))
	}
	if r.last.Adopt != nil {
		names := []string{}
		for _, c := range r.last.Adopt.Containers {
			names = append(names, r.short(string(c)))
		}
		add("adopt %v", names)
	}
	if r.last.Exit {
		add("exit %v", r.last.Err)
	}
	return out
}

func (r *rig) text() string { return strings.Join(r.lines(), "\n") }

func prefixed(p, s string) string {
	if s == "" {
		return ""
	}
	return p + s
}

// short puts c1, c2, … for container ids.
func (r *rig) short(s string) string {
	for long, name := range r.names {
		s = strings.ReplaceAll(s, long, name)
	}
	return s
}

func (r *rig) draw(b msg.Message) string {
	switch b := b.(type) {
	case msg.RegisterAgent:
		return fmt.Sprintf("REGISTER %s %v", b.Info.Hostname, b.Total)
	case msg.ReregisterAgent:
		s := fmt.Sprintf("REREGISTER %s %v", b.Info.ID, b.Total)
		for _, f := range b.Frameworks {
			s += fmt.Sprintf(" framework=%s", f.ID)
		}
		for _, e := range b.Executors {
			s += fmt.Sprintf(" executor=%s", e.Info.ID)
		}
		for _, t := range b.Tasks {
			s += fmt.Sprintf(" %s=%v", t.Info.ID, t.State)
			if !t.Forwarded.UUID.IsZero() {
				s += fmt.Sprintf("(%v forwarded)", t.Forwarded.State)
			}
		}
		for _, o := range b.Operations {
			s += fmt.Sprintf(" %s=%v", o.Status.Operation, o.Status.State)
		}
		return s
	case msg.UpdateAgent:
		return fmt.Sprintf("UPDATE_AGENT %v", b.Total)
	case msg.StatusUpdate:
		return fmt.Sprintf("UPDATE %s", status(b.Status)) + latest(b)
	case msg.OperationUpdate:
		if b.Status.Operation != "" {
			return fmt.Sprintf("OPERATION %d %s %v%s", b.UUID[0], b.Status.Operation, b.Status.State, prefixed(": ", b.Error))
		}
		return fmt.Sprintf("OPERATION %d %s", b.UUID[0], b.Error)
	case msg.ExecutorSubscribed:
		return fmt.Sprintf("SUBSCRIBED %s %s at %s", b.Executor.ID, r.short(string(b.Container)), b.Agent.ID)
	case msg.LaunchOnExecutor:
		s := "LAUNCH"
		for _, t := range b.Tasks {
			s += " " + string(t.ID)
		}
		return s
	case msg.UpdateAcked:
		return fmt.Sprintf("ACKNOWLEDGED %s %d", b.Task, b.UUID[0])
	}
	return fmt.Sprintf("%T%+v", b, b)[len("msg."):]
}

func latest(b msg.StatusUpdate) string {
	if b.Latest == b.Status.State {
		return ""
	}
	return fmt.Sprintf(" latest=%v", b.Latest)
}

func status(s msg.TaskStatus) string {
	by := map[msg.Source]string{msg.SourceAgent: "agent", msg.SourceExecutor: "executor"}[s.Source]
	return fmt.Sprintf("%s %v by %s%s%s", s.Task, s.State, by, prefixed(" ", string(s.Reason)), prefixed(": ", s.Message))
}

// updates gives the status updates of the last step.
func (r *rig) updates() (out []msg.StatusUpdate) {
	for _, e := range r.last.Sends {
		if u, ok := e.Body.(msg.StatusUpdate); ok {
			out = append(out, u)
		}
	}
	return out
}

// sent reports whether the last step sent b.
func (r *rig) sent(b msg.Message) bool {
	return slices.ContainsFunc(r.last.Sends, func(e msg.Envelope) bool {
		return fmt.Sprint(e.Body) == fmt.Sprint(b) && fmt.Sprintf("%T", e.Body) == fmt.Sprintf("%T", b)
	})
}

func (r *rig) volumeDone(seq uint64, err string) {
	r.t.Helper()
	r.step(msg.VolumeDone{Seq: seq, Err: err})
}

// volume is a persistent volume of role etl, as text that a task or an operation uses.
func volume(id, at string, size int64) resource.Resources {
	rs, err := resource.New(resource.Resource{
		Name:         "disk",
		Scalar:       resource.Whole(size),
		Reservations: []resource.Reservation{{Type: resource.Static, Role: "etl"}},
		Disk: &resource.Disk{
			Persistence: &resource.Persistence{ID: id},
			Volume:      &resource.Volume{ContainerPath: at, Mode: resource.ReadWrite},
		},
	})
	if err != nil {
		panic(err)
	}
	return rs
}

func (r *rig) apply(n byte, op reservation.Op) {
	r.t.Helper()
	r.master(msg.ApplyOperation{UUID: uuid(n), Framework: "F1", Op: op})
}
