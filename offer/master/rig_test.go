package master_test

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// tb is what testing.T and rapid.T have in common.
type tb interface {
	require.TestingT
	Helper()
	Logf(string, ...any)
}

// rig plays agents and schedulers by hand: every party is a name, with at most one link at a time, and keeps what it was
// sent. After every step the machine's books are checked, and the snapshot that follows the events must be the machine's.
type rig struct {
	t      tb
	m      *master.Machine
	now    offer.Time
	rd     master.Ready
	links  map[string]msg.Link
	names  map[msg.Link]string
	inbox  map[string][]msg.Message
	seq    msg.Link
	closed []string // links that the machine hung up, by name
	answer []master.Answer
	events []master.Event
	follow master.Snapshot
	sent   func(to string, body msg.Message) // also told of every message
	where  map[agentID]string                // agents were, by the latest snapshot
	tally  map[string]int                    // counts events by kind, and what snapshots show; may be nil

	store    *registry.Memory
	holding  bool              // commits wait for release
	commits  []registry.Commit // those
	resigned error
}

func newRig(t tb, change ...func(*master.Config)) *rig {
	t.Helper()
	cfg := master.Config{Entropy: [16]byte{1, 2, 3}, Node: "master", Version: "test"}
	for _, c := range change {
		c(&cfg)
	}
	return newRigOn(t, registry.NewMemory(), cfg)
}

// newRigOn makes a master that leads with what a store holds.
func newRigOn(t tb, store *registry.Memory, cfg master.Config) *rig {
	t.Helper()
	return newRigAt(t, 0, store, cfg, nil)
}

// newRigAt does so at a time, with what it sees counted in tally, which may be nil.
func newRigAt(t tb, now offer.Time, store *registry.Memory, cfg master.Config, tally map[string]int) *rig {
	t.Helper()
	m, err := master.New(cfg)
	require.NoError(t, err)
	r := &rig{t: t, m: m, now: now, store: store, links: map[string]msg.Link{}, names: map[msg.Link]string{}, inbox: map[string][]msg.Message{}, follow: m.Snapshot(), tally: tally}
	require.NoError(t, r.step(registry.Load(context.Background(), store)))
	return r
}

// commit writes one commit and steps the answer in.
func (r *rig) commit(c registry.Commit) {
	r.t.Helper()
	_ = r.m.Step(r.now, c.Answer(r.store.Commit(context.Background(), c.At, c.Ops)))
}

// hold keeps commits back from now on; release lets the first of them through.
func (r *rig) hold() { r.holding = true }

func (r *rig) release() {
	r.t.Helper()
	require.NotEmpty(r.t, r.commits, "no commit waits")
	c := r.commits[0]
	r.commits = r.commits[1:]
	r.commit(c)
	require.NoError(r.t, r.effects())
}

// releaseAll lets all commits through, and those that follow them.
func (r *rig) releaseAll() {
	r.t.Helper()
	for len(r.commits) > 0 {
		r.release()
	}
	r.holding = false
}

// step gives the machine an input and carries out its effects.
func (r *rig) step(in msg.Input) error {
	r.t.Helper()
	err := r.m.Step(r.now, in)
	require.NoError(r.t, r.effects())
	return err
}

// effects carries out what the machine wants, until there is no more.
func (r *rig) effects() error {
	r.t.Helper()
	for r.m.Ready(&r.rd) {
		commits := slices.Clone(r.rd.Commits)
		if r.rd.Resign != nil {
			r.resigned = r.rd.Resign
		}
		for _, e := range r.rd.Sends {
			name := r.names[e.Link]
			require.NotEmpty(r.t, name, "message %T on link %d, which is not up", e.Body, e.Link)
			r.inbox[name] = append(r.inbox[name], e.Body)
			if r.sent != nil {
				r.sent(name, e.Body)
			}
		}
		for _, l := range r.rd.Closes {
			if r.names[l] == "" {
				continue // a link that the machine did not take
			}
			r.closed = append(r.closed, r.names[l])
			if r.links[r.names[l]] == l {
				delete(r.links, r.names[l])
			}
			delete(r.names, l)
			defer func() { require.NoError(r.t, r.step(msg.LinkDown{Link: l})) }()
		}
		r.answer = append(r.answer, r.rd.Answers...)
		for _, e := range r.rd.Events {
			require.NotEmpty(r.t, e.String())
			r.events = append(r.events, e)
			r.follow.Apply(e)
			if r.tally != nil {
				r.tally[reflect.TypeOf(e).Name()]++
			}
		}
		for _, c := range commits {
			if r.holding {
				r.commits = append(r.commits, c)
				continue
			}
			r.commit(c)
		}
	}
	r.check()
	return nil
}

// docs/protocol.md §16.1 snapshot + events = later snapshot.
func (r *rig) check() {
	r.t.Helper()
	require.NoError(r.t, r.m.Check())
	r.checkStore()
	is := r.m.Snapshot()
	if !reflect.DeepEqual(is, r.follow) {
		require.Equal(r.t, plain(is), plain(r.follow), "the events are not the delta of the snapshot")
		require.Fail(r.t, "the events are not the delta of the snapshot", "%#v\n%#v", is, r.follow)
	}
	r.count(is)
}

// count notes which kinds of rows a snapshot has.
func (r *rig) count(s master.Snapshot) {
	if r.tally == nil {
		return
	}
	note := func(there bool, what string) {
		if there {
			r.tally[what]++
		}
	}
	r.countMoves(s)
	for _, a := range s.Recovered {
		note(true, "recovered")
		note(a.Drain != nil, "recovered, draining")
	}
	for _, a := range s.Unreachable {
		note(true, "unreachable")
		note(a.Drain != nil, "unreachable, draining")
	}
	note(len(s.Gone) > 0, "gone")
	for _, o := range s.Operations {
		note(o.ID == "", "operation without an id")
		note(o.ID != "" && o.State == msg.OperationPending, "operation with an id, pending")
		note(o.Unacknowledged, "operation to be acknowledged")
		note(o.ID != "" && !slices.ContainsFunc(s.Frameworks, func(f master.FrameworkReport) bool { return f.Info.ID == o.Framework }), "operation without its framework")
	}
}

// countMoves notes which agents went from one list to another.
func (r *rig) countMoves(s master.Snapshot) {
	is := map[agentID]string{}
	for _, a := range s.Agents {
		is[a.Info.ID] = "registered"
	}
	for _, a := range s.Recovered {
		is[a.Info.ID] = "recovered"
	}
	for _, a := range s.Unreachable {
		is[a.ID] = "unreachable"
	}
	for _, a := range s.Gone {
		is[a.ID] = "gone"
	}
	for id, was := range r.where {
		if to := cmp.Or(is[id], "forgotten"); to != was {
			r.tally[was+" to "+to]++
		}
	}
	r.where = is
}

// checkStore holds what the machine believes to be durable against what is (docs/protocol.md §5).
func (r *rig) checkStore() {
	r.t.Helper()
	if len(r.commits) > 0 || r.resigned != nil || r.store.Revision() == 0 {
		return
	}
	var is registry.Contents
	_, err := r.store.Load(context.Background(), is.Add)
	require.NoError(r.t, err)
	want := r.m.Remembered()
	if is.Master != want.Master {
		return // somebody else leads
	}
	is.Capabilities = nil
	require.Equal(r.t, fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", is), "the registry is not what the machine remembers")
}

// plain draws a snapshot, a line for each list.
func plain(s master.Snapshot) string {
	var b strings.Builder
	for v, i := reflect.ValueOf(s), 0; i < v.NumField(); i++ {
		fmt.Fprintf(&b, "%s: %v\n", v.Type().Field(i).Name, v.Field(i))
	}
	return b.String()
}

// up gives a party a new link; an old one stays up, unused.
func (r *rig) up(name string) msg.Link { return r.upAs(name, "") }

func (r *rig) upAs(name, principal string) msg.Link {
	r.t.Helper()
	r.seq++
	l := r.seq
	r.links[name], r.names[l] = l, name
	require.NoError(r.t, r.step(msg.LinkUp{Link: l, Peer: msg.Node(name), Principal: principal}))
	return l
}

// down breaks a party's link.
func (r *rig) down(name string) {
	r.t.Helper()
	l := r.links[name]
	require.NotZero(r.t, l, "%s has no link", name)
	delete(r.links, name)
	delete(r.names, l)
	require.NoError(r.t, r.step(msg.LinkDown{Link: l, Cause: "test"}))
}

// try sends a message of a party and returns what the machine thinks of it.
func (r *rig) try(name string, body msg.Message) error {
	r.t.Helper()
	require.NotZero(r.t, r.links[name], "%s has no link", name)
	return r.step(msg.Envelope{Link: r.links[name], Body: body})
}

// say sends a message that is fine.
func (r *rig) say(name string, body msg.Message) {
	r.t.Helper()
	require.NoError(r.t, r.try(name, body))
}

// took returns what a party was sent since the last call.
func (r *rig) took(name string) []msg.Message {
	out := r.inbox[name]
	delete(r.inbox, name)
	return out
}

// advance lets time pass, through every deadline on the way.
func (r *rig) advance(d time.Duration) {
	r.t.Helper()
	end := r.now.Add(d)
	for n := 0; ; n++ {
		require.Less(r.t, n, 100_000, "the machine asks for time without end")
		at, ok := r.m.NextDeadline()
		if !ok || at > end {
			break
		}
		r.now = max(r.now, at)
		require.NoError(r.t, r.step(msg.Tick{}))
	}
	r.now = end
	require.NoError(r.t, r.step(msg.Tick{}))
}

// settle lets the allocator do what it put off.
func (r *rig) settle() { r.advance(time.Second) }

func (r *rig) operate(c msg.OperatorCall) error {
	r.t.Helper()
	r.answer = nil
	require.NoError(r.t, r.step(msg.Operate{Seq: 7, Principal: "op", Call: c}))
	require.Len(r.t, r.answer, 1)
	require.Equal(r.t, uint64(7), r.answer[0].Seq)
	return r.answer[0].Err
}

// agent brings an agent up and registers it.
func (r *rig) agent(name, total string) offer.AgentID {
	r.t.Helper()
	r.up(name)
	r.say(name, registration(name, total))
	return last[msg.AgentRegistered](r, name).Agent
}

func registration(name, total string) msg.RegisterAgent {
	t := resource.MustParse(total)
	return msg.RegisterAgent{Info: msg.AgentInfo{Hostname: name + ".example", Resources: t}, Total: t}
}

// scheduler brings a scheduler up and subscribes it.
func (r *rig) scheduler(name string, info msg.FrameworkInfo) offer.FrameworkID {
	r.t.Helper()
	r.up(name)
	r.say(name, msg.Subscribe{Framework: info})
	return last[msg.Subscribed](r, name).Framework
}

// info describes a framework of roles that survives failovers of a minute.
func info(roles ...role.Name) msg.FrameworkInfo {
	return msg.FrameworkInfo{Name: "test", Roles: roles, FailoverTimeout: time.Minute, Checkpoint: true,
		Capabilities: msg.Capabilities{PartitionAware: true, SharedResources: true, ReservationRefinement: true}}
}

// all picks the messages of one kind that a party was sent and has not taken.
func all[M msg.Message](r *rig, name string) []M {
	var out []M
	for _, b := range r.inbox[name] {
		if m, ok := b.(M); ok {
			out = append(out, m)
		}
	}
	return out
}

func last[M msg.Message](r *rig, name string) M {
	r.t.Helper()
	found := all[M](r, name)
	var none M
	require.NotEmpty(r.t, found, "%s was sent no %T, but %v", name, none, kinds(r.inbox[name]))
	return found[len(found)-1]
}

func kinds(list []msg.Message) []string {
	var out []string
	for _, b := range list {
		out = append(out, fmt.Sprintf("%T", b)[len("msg."):])
	}
	return out
}

// offers settles and returns what is out with a framework.
func (r *rig) offers(f offer.FrameworkID) []msg.Offer {
	r.t.Helper()
	r.settle()
	var out []msg.Offer
	for _, o := range r.m.Snapshot().Offers {
		if o.Framework == f {
			out = append(out, o)
		}
	}
	return out
}

// offer settles and returns the one offer that is out with a framework.
func (r *rig) offer(f offer.FrameworkID) msg.Offer {
	r.t.Helper()
	list := r.offers(f)
	require.Len(r.t, list, 1, "offers of %s", f)
	return list[0]
}

// task is a command task on an agent.
func task(id msg.TaskID, a offer.AgentID, res string) msg.TaskInfo {
	return msg.TaskInfo{ID: id, Name: string(id), Agent: a, Resources: resource.MustParse(res), Command: &msg.CommandInfo{Value: "run"}}
}

// custom is a task under an executor of the framework's own.
func custom(id msg.TaskID, a offer.AgentID, res string, e msg.ExecutorID, executorRes string) msg.TaskInfo {
	t := task(id, a, res)
	t.Command = nil
	t.Executor = &msg.ExecutorInfo{ID: e, Name: string(e), Resources: resource.MustParse(executorRes)}
	return t
}

// accept accepts offers with operations and refuses the rest for an hour.
func accept(ops []msg.Operation, offers ...msg.Offer) msg.Accept {
	a := msg.Accept{Operations: ops, Filters: msg.Filters{Refuse: time.Hour}}
	for _, o := range offers {
		a.Offers = append(a.Offers, o.ID)
	}
	return a
}

// launch launches tasks on an offer.
func (r *rig) launch(name string, o msg.Offer, tasks ...msg.TaskInfo) {
	r.t.Helper()
	r.say(name, accept([]msg.Operation{msg.Launch(tasks...)}, o))
}

// status is an update of a task as its agent sends it.
func status(f offer.FrameworkID, t msg.TaskID, s msg.TaskState, uuid byte) msg.StatusUpdate {
	return msg.StatusUpdate{Framework: f, Latest: s, Status: msg.TaskStatus{Task: t, State: s, Source: msg.SourceExecutor, UUID: msg.UUID{uuid}}}
}

// task returns the row of a task.
func (r *rig) task(f offer.FrameworkID, id msg.TaskID) (master.TaskReport, bool) {
	for _, t := range r.m.Tasks() {
		if t.Framework == f && t.ID == id {
			return t, true
		}
	}
	return master.TaskReport{}, false
}

// used is what the allocator holds as allocated on an agent.
func (r *rig) used(a offer.AgentID) string {
	r.t.Helper()
	b, ok := r.m.Books(a)
	require.True(r.t, ok)
	return b.Allocated.String()
}

func res(text string) string { return resource.MustParse(text).String() }

var _ tb = (*testing.T)(nil)

type (
	agentID     = offer.AgentID
	frameworkID = offer.FrameworkID
)

func minimum(r role.Name) map[role.Name][]resource.Quantities {
	return map[role.Name][]resource.Quantities{r: nil}
}

// states lists the updates that a scheduler was sent and has not taken, one line each.
func (r *rig) states(name string) []string {
	var out []string
	for _, u := range all[msg.Update](r, name) {
		out = append(out, fmt.Sprintf("%s %s %s", u.Status.Task, u.Status.State, u.Status.Reason))
	}
	return out
}

// cluster is one agent, one framework and the offer of all of it.
func cluster(t tb, total string, i msg.FrameworkInfo, change ...func(*master.Config)) (r *rig, a agentID, f frameworkID, o msg.Offer) {
	t.Helper()
	r = newRig(t, change...)
	a = r.agent("a", total)
	f = r.scheduler("s", i)
	o = r.offer(f)
	r.took("a")
	r.took("s")
	return r, a, f, o
}

// report is what an agent that runs all that the books say re-registers with; change makes it run something else.
func (r *rig) report(id agentID, change ...func(*msg.ReregisterAgent)) msg.ReregisterAgent {
	r.t.Helper()
	var b msg.ReregisterAgent
	s := r.m.Snapshot()
	for _, a := range s.Agents {
		if a.Info.ID == id {
			b.Info, b.Total = a.Info, a.Total
		}
	}
	if b.Info.ID == "" { // lost: as the rig makes agents
		b.Info, b.Total = registration("a", "cpus:4;mem:1024").Info, resource.MustParse("cpus:4;mem:1024")
		b.Info.ID = id
	}
	for _, f := range s.Frameworks {
		b.Frameworks = append(b.Frameworks, f.Info)
	}
	for _, e := range s.Executors {
		if e.Agent == id {
			b.Executors = append(b.Executors, msg.ExecutorReport{Info: e.Info, Role: e.Role})
		}
	}
	for _, t := range s.Tasks {
		if t.Agent == id {
			b.Tasks = append(b.Tasks, taskReport(t))
		}
	}
	for _, c := range change {
		c(&b)
	}
	return b
}

func taskReport(t master.TaskReport) msg.TaskReport {
	state := t.State
	if t.Unreachable != 0 {
		state = msg.TaskRunning
	}
	f := t.Forwarded
	if f.UUID.IsZero() {
		f = msg.TaskStatus{}
	}
	return msg.TaskReport{Framework: t.Framework, Role: t.Role, Executor: t.Executor, State: state, Forwarded: f,
		Info: msg.TaskInfo{ID: t.ID, Name: t.Name, Agent: t.Agent, Resources: t.Resources, Labels: t.Labels}}
}

// read makes a call that only reads, and returns its result.
func read[R master.Result](r *rig, c msg.OperatorCall) R {
	r.t.Helper()
	require.NoError(r.t, r.operate(c))
	got, ok := r.answer[0].Result.(R)
	require.True(r.t, ok, "%T gave a %T", c, r.answer[0].Result)
	return got
}
