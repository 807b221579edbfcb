package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/proffer-go/proffer/role"
)

// Task says what a piece of work is. The word is the one it is printed with.
type Task string

// The kinds of work. Who is a framework's name unless said otherwise.
const (
	Launch      Task = "launch"       // Number tasks of Size that run For; 0 until killed
	KillTasks   Task = "kill"         // Number of its tasks
	Reconcile   Task = "reconcile"    // what it believes; with Number 0 everything
	Message     Task = "message"      // bytes to the executor of a task and back
	Suppress    Task = "suppress"     // no offers For a while, then revive
	Teardown    Task = "teardown"     // ends; another framework of that name begins after For
	Update      Task = "update"       // changes its failover timeout
	StopRunning Task = "shutdown"     // asks the executor of a task to end
	Reserve     Task = "reserve"      // reserves Size at the next offer that has it, for For
	Volume      Task = "volume"       // the same with a volume on the disk that is reserved; Number above 1: a shared one, if it can
	Weight      Task = "weight"       // Who is a role: weight Number
	Quota       Task = "quota"        // Who is a role: limits of Size, for For; with Number 1 guarantees too
	OwnReserve  Task = "own-reserve"  // Who is an agent: an operator reserves Size for role batch, for For
	Deactivate  Task = "deactivate"   // Who is an agent: for For
	Gone        Task = "gone"         // Who is an agent: given up; a new one starts there after For
	StopAgent   Task = "stop"         // Who is an agent: a clean stop; it starts again after For
	Use         Task = "use"          // Launch, each task with a volume where there is one
	ReconcileOp Task = "reconcile-op" // what it believes of its operations; with Number 0 everything
	OwnVolume   Task = "own-volume"   // Who is an agent: an operator makes a volume of Size for role batch, for For; Number above 1: shared
	Drain       Task = "drain"        // Who is an agent: emptied, with graces of Number-1 seconds at most; back after For, 0 never
	DrainGone   Task = "drain-gone"   // Who is an agent: emptied, then given up; a new one starts there after For
	Maintain    Task = "maintain"     // Who is an agent: its machine is to be maintained for For; 0 for ever. Number 1: nobody comes to do it; 3: the agent starts again while it is down
)

// Work is one thing that a framework, or an operator, sets out to do: data, like a fault.
type Work struct {
	At     time.Duration
	Do     Task
	Who    string
	Number int
	Size   string // docs/resource-model.md §2.2
	For    time.Duration
}

// String gives one line.
func (w Work) String() string {
	s := fmt.Sprintf("%v %s %s number %d", w.At, w.Do, w.Who, w.Number)
	if w.Size != "" {
		s += " size " + w.Size
	}
	return s + fmt.Sprintf(" for %v", w.For)
}

func sortWork(list []Work) {
	slices.SortStableFunc(list, func(a, b Work) int { return cmp.Compare(a.At, b.At) })
}

// shares are how often each kind of work is drawn.
var shares = []struct {
	Task
	share int
}{
	{Launch, 40}, {KillTasks, 8}, {Reconcile, 4}, {Message, 4}, {Suppress, 3}, {Teardown, 1}, {Update, 2}, {StopRunning, 3},
	{Reserve, 4}, {Volume, 4}, {Weight, 2}, {Quota, 2}, {OwnReserve, 2}, {Deactivate, 2}, {Gone, 1}, {StopAgent, 1},
	{Use, 10}, {ReconcileOp, 2}, {OwnVolume, 2}, {Drain, 3}, {DrainGone, 1}, {Maintain, 3},
}

// work draws one piece of work for a plan whose agents and frameworks are drawn.
func (d drawer) work(p *Plan) Work {
	all := 0
	for _, s := range shares {
		all += s.share
	}
	n, i := d.IntN(all), 0
	for n >= shares[i].share {
		n -= shares[i].share
		i++
	}
	w := Work{At: d.within(p.Duration), Do: shares[i].Task, Number: 1 + d.IntN(3), For: d.within(3 * time.Minute)}
	switch w.Do {
	case Launch, Use:
		w.Size = fmt.Sprintf("cpus:%.1f;mem:%d", 0.1+0.1*float64(d.IntN(15)), 32*(1+d.IntN(10)))
		if d.IntN(5) == 0 {
			w.For = 0
		}
	case Reserve, OwnReserve:
		w.Size = fmt.Sprintf("cpus:%.1f;mem:%d", 0.1+0.1*float64(d.IntN(10)), 32*(1+d.IntN(6)))
	case Volume, OwnVolume:
		w.Size = fmt.Sprintf("disk:%d", 64*(1+d.IntN(8)))
		w.For += d.within(5 * time.Minute)
	case Quota:
		w.Size, w.Number = fmt.Sprintf("cpus:%d;mem:%d", 1+d.IntN(6), 256*(1+d.IntN(8))), d.IntN(2)
	case Reconcile, ReconcileOp:
		w.Number = d.IntN(2)
	case Drain, Maintain:
		if d.IntN(8) == 0 {
			w.For = 0
		}
	}
	w.Who = d.who(p, w.Do)
	return w
}

// who draws whom a kind of work is for.
func (d drawer) who(p *Plan, t Task) string {
	switch t {
	case Weight, Quota:
		return string(roles[d.IntN(len(roles))].Top())
	case OwnReserve, OwnVolume, Deactivate, Gone, StopAgent, Drain, DrainGone, Maintain:
		if len(p.Agents) > 0 {
			return string(p.Agents[d.IntN(len(p.Agents))].Node)
		}
	default:
		if len(p.Frameworks) > 0 {
			return p.Frameworks[d.IntN(len(p.Frameworks))].Name
		}
	}
	return "nobody"
}

// batch is the role that operators reserve for.
const batch role.Name = "batch"
