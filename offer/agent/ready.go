package agent

import (
	"github.com/proffer-go/proffer/offer/msg"
)

// Ready is what a Machine wants done. The host owns it and hands the same one in again: its slices are emptied and
// reused. Its fields may be carried out in any order and at the same time: whatever must wait for an answer is not here
// before that answer was stepped in. Only Closes come after the Sends on their link, and Stops after the Starts.
type Ready struct {
	// Records are changes of the checkpoint, to be made in this order, those of an earlier Ready first. Answer:
	// msg.Recorded, for each or for several at once. There are none without Config.Checkpoint.
	Records []Record
	// Adopt is there once, with Config.Checkpoint: do it before all Starts and Stops.
	Adopt   *Adopt
	Dials   []msg.Node     // answer each: msg.LinkUp, or msg.LinkDown with Link 0
	Sends   []msg.Envelope // per link in this order
	Closes  []msg.Link     // after Sends on that link
	Volumes []Volume       // answer each: msg.VolumeDone with its Seq
	Starts  []Start        // answer each: msg.Started or msg.StartFailed; after Started once msg.Exited
	Stops   []Stop         // answer: the msg.Exited (or StartFailed) that is still due for that container
	Events  []Event        // what happened, for people and tests
	// Exit tells that the agent has ended: carry out the rest, then drop it. Err is nil after msg.StopAgent.
	Exit bool
	Err  error
}

func (r *Ready) reset() {
	r.Dials, r.Sends, r.Closes = r.Dials[:0], r.Sends[:0], r.Closes[:0]
	r.Volumes, r.Starts, r.Stops, r.Events = r.Volumes[:0], r.Starts[:0], r.Stops[:0], r.Events[:0]
	r.Records, r.Adopt = r.Records[:0], nil
	r.Exit, r.Err = false, nil
}

// size counts the effects, records left out.
func (r *Ready) size() int {
	n := len(r.Dials) + len(r.Sends) + len(r.Closes) + len(r.Volumes) + len(r.Starts) + len(r.Stops) + len(r.Events)
	if r.Exit {
		n++
	}
	if r.Adopt != nil {
		n++
	}
	return n
}

func (r *Ready) any() bool { return r.size()+len(r.Records) > 0 }

// add appends the effects of s, which may be reset then.
func (r *Ready) add(s *Ready) {
	r.Records = append(r.Records, s.Records...)
	r.Dials = append(r.Dials, s.Dials...)
	r.Sends = append(r.Sends, s.Sends...)
	r.Closes = append(r.Closes, s.Closes...)
	r.Volumes = append(r.Volumes, s.Volumes...)
	r.Starts = append(r.Starts, s.Starts...)
	r.Stops = append(r.Stops, s.Stops...)
	r.Events = append(r.Events, s.Events...)
	if s.Adopt != nil {
		r.Adopt = s.Adopt
	}
	if s.Exit {
		r.Exit, r.Err = true, s.Err
	}
}

// VolumeKind says what is to be done for a persistent volume.
type VolumeKind uint8

const (
	// VolumeCreate makes the directory Path with its parents; one that is there is kept as it is.
	VolumeCreate VolumeKind = iota + 1
	// VolumeRemove removes Path with all it holds; with Mount only what it holds. A missing Path is no error.
	VolumeRemove
	// VolumeLink makes Path, within a sandbox, lead to the directory Target: parents are made, and a link that is there
	// already is replaced. Anything else at Path is an error.
	VolumeLink
)

// String names the kind.
func (k VolumeKind) String() string {
	switch k {
	case VolumeCreate:
		return "create"
	case VolumeRemove:
		return "remove"
	case VolumeLink:
		return "link"
	}
	return "none"
}

// Volume is work on a persistent volume (docs/resource-model.md §3.4, §6.4). Work on the same path is asked for one
// at a time.
type Volume struct {
	Seq      uint64
	Kind     VolumeKind
	Path     string
	Target   string // VolumeLink: where Path leads
	ReadOnly bool   // VolumeLink: the task asked for read-only use
	Mount    bool   // VolumeCreate, VolumeRemove: Path is a mount point, which stays
}

// Start asks to start an executor (docs/protocol.md §11, §16.2). Its session dials Agent and subscribes with
// Framework.ID, Executor.ID and Container.
type Start struct {
	Container msg.ContainerID
	Framework msg.FrameworkInfo
	Executor  msg.ExecutorInfo
	// Command tells that the executor was made for one command task, its ID the task's: the host supplies the program
	// that runs Executor.Command. Its Resources are what that may use beside the task's, which nobody is charged for: cpus:0.1
	// and mem:32. Otherwise Executor is the framework's own.
	Command bool
	Agent   msg.Node
	// Directory is the sandbox: the host makes it, with its parents, before the executor runs. Linked volumes may make
	// it before.
	Directory string
}

// Stop asks to end a container at once, whatever it does: the time for a gentle end has passed. It may come before the
// answer to the container's Start.
type Stop struct{ Container msg.ContainerID }

// Adopt asks for the executors that former runs of the agent started. Those in Containers are to be watched as if they had
// been started now; answer each: msg.Started if it still runs, after which msg.Exited once, else msg.Exited. Any other is to
// be ended, and nothing is said of it.
type Adopt struct{ Containers []msg.ContainerID }
