package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// The roles of the demo. helloRole is the article's: the third agent reserves for it.
const (
	helloRole  role.Name = "tuyucheng"
	etlRole    role.Name = "etl"
	greedyRole role.Name = "batch"
)

const (
	volumeID   = "exchange"
	volumePath = "exchange" // in the sandbox of a task that uses the volume
	fileName   = "numbers.txt"
	fileText   = "one two three four five"
)

// tenant is what the demo's four schedulers have in common: they count their tasks and give up on the first that fails.
type tenant struct {
	framework.NopScheduler
	story    *timeline
	info     msg.FrameworkInfo
	id       offer.FrameworkID
	want     int // tasks to finish in all
	launched int
	finished int
	failure  error
}

func (f *tenant) Registered(_ framework.Driver, id offer.FrameworkID, _ msg.MasterInfo) { f.id = id }

func (f *tenant) Error(_ framework.Driver, err error) { f.fail(err) }

func (f *tenant) StatusUpdate(_ framework.Driver, s msg.TaskStatus) {
	switch {
	case s.State == msg.TaskFinished:
		f.finished++
	case s.State.Terminal():
		f.fail(fmt.Errorf("task %s: %s: %s", s.Task, s.State, s.Message))
	}
}

func (f *tenant) fail(err error) {
	if err != nil && f.failure == nil {
		f.failure = fmt.Errorf("%s: %w", f.info.Name, err)
	}
}

func (f *tenant) done() bool { return f.finished == f.want }

// launch makes the next task, to run under the executor of that name.
func (f *tenant) launch(o msg.Offer, executor msg.ExecutorID, size resource.Resources) msg.TaskInfo {
	f.launched++
	return msg.TaskInfo{ID: msg.TaskID(fmt.Sprintf("%s-%d", f.info.Name, f.launched)), Name: f.info.Name, Agent: o.Agent,
		Resources: size, Executor: &msg.ExecutorInfo{ID: executor}}
}

// hello runs small tasks wherever they fit, and is greeted back by their executors.
type hello struct {
	tenant
	greetings int
}

var helloTask = resource.MustParse("cpus:1;mem:128")

func (h *hello) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		var tasks []msg.TaskInfo
		for rest := o.Resources; h.launched < h.want; {
			part, ok := take(rest, helloTask)
			if !ok {
				break
			}
			tasks = append(tasks, h.launch(o, "hello-executor", part))
			rest = rest.SubSaturating(part)
		}
		if len(tasks) == 0 {
			h.fail(d.Decline(msg.Filters{Refuse: time.Minute}, o.ID))
			continue
		}
		h.fail(d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, tasks...))
	}
}

// take finds size in what is offered, reserved resources first. A task names what it uses with its reservations, so the
// answer has them.
func take(offered, size resource.Resources) (resource.Resources, bool) {
	if part, ok := offered.Reserved().Find(size); ok {
		return part, true
	}
	return offered.Find(size)
}

func (h *hello) FrameworkMessage(_ framework.Driver, from msg.ExecutorRef, data []byte) {
	h.greetings++
	h.story.say("hello", "hears %q from its executor on %s", data, h.story.agent(from.Agent))
}

func (h *hello) done() bool { return h.tenant.done() && h.greetings == h.want }

// producer reserves disk for its role, makes a volume on it and runs one task that writes a file there.
type producer struct{ tenant }

var etlTask = resource.MustParse("cpus:0.5;mem:64")

func (p *producer) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		space, found := o.Resources.Unreserved().Find(resource.MustParse("disk:64"))
		task, fits := o.Resources.Unreserved().Find(etlTask)
		if !found || !fits || p.launched == p.want {
			p.fail(d.Decline(msg.Filters{}, o.ID))
			continue
		}
		reserved, err := space.PushReservation(resource.Reservation{Type: resource.Dynamic, Role: etlRole})
		p.fail(err)
		volume, err := asVolume(reserved)
		p.fail(err)
		p.fail(d.Accept([]msg.OfferID{o.ID}, []msg.Operation{
			msg.Reserve(reserved),
			msg.Create(volume),
			msg.Launch(p.launch(o, "producer-executor", task.Add(volume))),
		}, msg.Filters{}))
	}
	if p.launched == p.want {
		p.fail(d.Suppress())
	}
}

// asVolume turns reserved disk into the volume on it.
func asVolume(reserved resource.Resources) (resource.Resources, error) {
	var entries []resource.Resource
	for r := range reserved.All() {
		r.Disk = &resource.Disk{
			Persistence: &resource.Persistence{ID: volumeID},
			Volume:      &resource.Volume{ContainerPath: volumePath, Mode: resource.ReadWrite},
		}
		entries = append(entries, r)
	}
	return resource.New(entries...)
}

// consumer waits for the volume of its role, runs one task that reads the file, and then gives volume and reservation up.
type consumer struct {
	tenant
	cleaned bool // volume and reservation are given up
}

func (c *consumer) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		volume := o.Resources.PersistentVolumes()
		task, fits := o.Resources.Unreserved().Find(etlTask)
		switch {
		case !volume.IsEmpty() && c.done():
			disk := withoutVolume(volume)
			c.fail(d.Accept([]msg.OfferID{o.ID}, []msg.Operation{msg.Destroy(volume), msg.Unreserve(disk)}, msg.Filters{}))
			c.cleaned = true
			c.fail(d.Suppress())
		case !volume.IsEmpty() && fits && c.launched < c.want:
			c.fail(d.Launch([]msg.OfferID{o.ID}, msg.Filters{None: true}, c.launch(o, "consumer-executor", task.Add(volume))))
		default:
			c.fail(d.Decline(msg.Filters{}, o.ID))
		}
	}
}

// withoutVolume gives the reserved disk that is left when the volumes are destroyed.
func withoutVolume(volumes resource.Resources) resource.Resources {
	var entries []resource.Resource
	for r := range volumes.All() {
		r.Disk = nil
		entries = append(entries, r)
	}
	disk, err := resource.New(entries...)
	if err != nil {
		panic(err) // a volume without its disk info is plain reserved disk
	}
	return disk
}

func (c *consumer) StatusUpdate(d framework.Driver, s msg.TaskStatus) {
	c.tenant.StatusUpdate(d, s)
	if s.State == msg.TaskFinished {
		if string(s.Data) != fileText {
			c.fail(fmt.Errorf("read %q from the volume, the producer wrote %q", s.Data, fileText))
		}
	}
}

// greedy takes whole offers, whatever is in them, until it has run its tasks.
type greedy struct{ tenant }

func (g *greedy) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		if g.launched == g.want {
			g.fail(d.Decline(msg.Filters{}, o.ID))
			continue
		}
		g.fail(d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, g.launch(o, "greedy-executor", o.Resources)))
	}
	if g.launched == g.want {
		g.fail(d.Suppress())
	}
}

// worker is the executor of all four: work does what the framework's tasks do and returns the data of their last status;
// or it returns later, and the task is ended by a call of finish.
type worker struct {
	framework.NopExecutor
	dir  string // the sandbox
	work func(w *worker, d framework.ExecutorDriver, t msg.TaskInfo) (data []byte, err error)
}

func (w *worker) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	report(d, msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
	data, err := w.work(w, d, t)
	if err == errLater {
		return
	}
	finish(d, t.ID, data, err)
}

// path names a file of the exchange volume in the sandbox.
func (w *worker) path() string { return filepath.Join(w.dir, volumePath, fileName) }

// errLater says that a task goes on after LaunchTask returned.
var errLater = errors.New("the task ends later")

func finish(d framework.ExecutorDriver, id msg.TaskID, data []byte, err error) {
	if err != nil {
		report(d, msg.TaskStatus{Task: id, State: msg.TaskFailed, Message: err.Error()})
		return
	}
	report(d, msg.TaskStatus{Task: id, State: msg.TaskFinished, Data: data})
}

// report sends a status. An error means that the executor was ended meanwhile; its agent then reports the task's end.
func report(d framework.ExecutorDriver, s msg.TaskStatus) { _ = d.SendStatus(s) }
