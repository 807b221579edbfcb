package agent

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// errVolume: a volume cannot be mounted as asked.
var errVolume = errors.New("volume")

// work is a volume effect that was not answered yet: of an operation, or a link into a sandbox.
type work struct {
	volume  Volume
	op      *operation
	exec    *executor
	mount   *mount
	waiters []*launch
}

// mount is a link in a sandbox.
type mount struct {
	target   string
	readOnly bool
	users    int    // tasks that are not terminal, and the executor itself
	seq      uint64 // of the work that makes it, 0 done
}

// ask hands a volume effect to the host.
func (m *Machine) ask(w *work) {
	m.counters.work++
	w.volume.Seq = m.counters.work
	m.work[w.volume.Seq] = w
	m.out.Volumes = append(m.out.Volumes, w.volume)
}

func (m *Machine) volumeDone(d msg.VolumeDone) error {
	w := m.work[d.Seq]
	if w == nil {
		return fmt.Errorf("%w: volume work %d was not asked for, or is done", ErrInput, d.Seq)
	}
	delete(m.work, d.Seq)
	if w.op != nil {
		m.operationStep(w, d.Err)
		return nil
	}
	if w.mount == nil {
		m.ensuring-- // whoever links a volume that is not there sees what is wrong
		return nil
	}
	w.mount.seq = 0
	if d.Err != "" {
		delete(w.exec.mounts, w.volume.Path)
	}
	for _, l := range w.waiters {
		if l.over {
			continue
		}
		l.links--
		if d.Err != "" {
			m.fail(l, msg.TaskFailed, msg.ReasonContainerLaunchFailed, "linking a volume failed: "+d.Err)
		}
	}
	m.advance(w.exec)
	return nil
}

// linkVolumes asks for the links of all volumes that a launch uses (docs/resource-model.md §3.4).
func (m *Machine) linkVolumes(l *launch) error {
	for r := range l.resources.PersistentVolumes().All() {
		if _, err := m.linkVolume(l, r); err != nil {
			return err
		}
	}
	for _, t := range l.tasks {
		for r := range t.info.Resources.PersistentVolumes().All() {
			at, err := m.linkVolume(l, r)
			if err != nil {
				return err
			}
			t.mounts = append(t.mounts, at)
		}
	}
	return nil
}

// linkVolume makes r appear in the sandbox, and returns where. Two tasks may share one link; none may put another
// volume at a path in use, nor over or within one that is linked.
func (m *Machine) linkVolume(l *launch, r resource.Resource) (string, error) {
	e := l.exec
	at, err := inSandbox(e.directory, r)
	if err != nil {
		return "", err
	}
	target, _, err := volumePath(m.cfg.WorkDir, r)
	if err != nil {
		return "", err
	}
	readOnly := r.Disk.Volume.Mode == resource.ReadOnly
	for _, other := range sortedKeys(e.mounts) {
		mt := e.mounts[other]
		same := other == at && mt.target == target && mt.readOnly == readOnly
		if !same && overlap(at, other) && (at != other || mt.users > 0 || mt.seq != 0) {
			return "", fmt.Errorf("%w %s: another volume is at %s", errVolume, r.Disk.Persistence.ID, other)
		}
		if same {
			mt.users++
			if w := m.work[mt.seq]; w != nil {
				w.waiters = append(w.waiters, l)
				l.links++
			}
			return at, nil
		}
	}
	mt := &mount{target: target, readOnly: readOnly, users: 1}
	e.mounts[at] = mt
	l.links++
	w := &work{exec: e, mount: mt, waiters: []*launch{l}}
	w.volume = Volume{Kind: VolumeLink, Path: at, Target: target, ReadOnly: readOnly}
	m.ask(w)
	mt.seq = w.volume.Seq
	return at, nil
}

// overlap reports whether one path is the other, or lies in it.
func overlap(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")
}

// sandbox is the directory of an executor's run.
func (m *Machine) sandbox(e *executor) string {
	return path.Join(m.cfg.WorkDir, "frameworks", string(e.framework.info.ID), "executors", string(e.id), "runs", string(e.container))
}

// inSandbox is where a volume appears: its container path, which must stay within the sandbox.
func inSandbox(dir string, r resource.Resource) (string, error) {
	id := r.Disk.Persistence.ID
	if r.Disk.Volume == nil || r.Disk.Volume.ContainerPath == "" {
		return "", fmt.Errorf("%w %s: no container path", errVolume, id)
	}
	p := path.Clean(r.Disk.Volume.ContainerPath)
	if path.IsAbs(p) || p == "." || p == ".." || strings.HasPrefix(p, "../") {
		return "", fmt.Errorf("%w %s: container path %q leads out of the sandbox", errVolume, id, r.Disk.Volume.ContainerPath)
	}
	return path.Join(dir, p), nil
}

// volumePath is where a volume's data lies: <root>/volumes/roles/<role>/<id> with the role's slashes as spaces. A MOUNT
// volume is the mount point itself (docs/resource-model.md §3.4).
func volumePath(workDir string, r resource.Resource) (at string, mounted bool, err error) {
	root := workDir
	id := r.Disk.Persistence.ID
	if s := r.Disk.Source; s != nil {
		switch {
		case s.Type == resource.SourceMount && s.Root != "":
			return s.Root, true, nil
		case s.Type == resource.SourcePath && s.Root != "":
			root = s.Root
		default:
			return "", false, fmt.Errorf("%w %s: its disk source has no directory", errVolume, id)
		}
	}
	owner := strings.ReplaceAll(string(r.Owner()), "/", " ")
	return path.Join(root, "volumes", "roles", owner, id), false, nil
}
