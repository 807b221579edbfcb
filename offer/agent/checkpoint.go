package agent

import (
	"cmp"
	"errors"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// checkpoint is what was read of one, each part in the order of its keys.
type checkpoint struct {
	agent      *msg.AgentInfo
	saved      resource.Resources
	last       *msg.KeptOperation // that made saved
	drain      *msg.Drain
	operations []msg.KeptOperation
	frameworks []msg.KeptFramework
	executors  []msg.KeptExecutor
	tasks      []msg.KeptTask
	updates    map[string][]msg.KeptUpdate // of a task's key, in their order
	values     map[string][]byte
}

// readCheckpoint reads every entry and sorts it to its kind.
func readCheckpoint(entries []msg.Entry) (checkpoint, error) {
	c := checkpoint{updates: map[string][]msg.KeptUpdate{}, values: map[string][]byte{}}
	for _, e := range entries {
		k, err := msg.UnmarshalKept(e.Value)
		if err != nil {
			return checkpoint{}, fault(ErrStoreCorrupt, "%.600q: %v", e.Key, err)
		}
		if _, twice := c.values[e.Key]; twice || c.take(k) != e.Key {
			return checkpoint{}, fault(ErrStoreCorrupt, "%.600q holds a %T of another key, or is there twice", e.Key, k)
		}
		c.values[e.Key] = e.Value
	}
	return c, c.check()
}

// take files k, and returns the key that it must have.
func (c *checkpoint) take(k msg.Kept) string {
	switch k := k.(type) {
	case msg.KeptAgent:
		c.agent = &k.Info
		return keyAgent
	case msg.KeptTotal:
		c.saved, c.last = k.Saved, k.Last
		return keyTotal
	case msg.KeptDrain:
		c.drain = &k.Drain
		return keyDrain
	case msg.KeptFramework:
		c.frameworks = append(c.frameworks, k)
		return frameworkKey(k.Info.ID)
	case msg.KeptExecutor:
		c.executors = append(c.executors, k)
		return executorKey(k.Info.Framework, k.Info.ID)
	case msg.KeptTask:
		c.tasks = append(c.tasks, k)
		return taskKey(k.Framework, k.Info.ID)
	case msg.KeptUpdate:
		of := taskKey(k.Framework, k.Status.Task)
		c.updates[of] = append(c.updates[of], k)
		return updateKey(k.Framework, k.Status.Task, k.N)
	case msg.KeptOperation:
		c.operations = append(c.operations, k)
		return operationKey(k.Report.UUID)
	}
	return ""
}

// check finds what no run of an agent can have left.
func (c *checkpoint) check() error {
	errs := []error{}
	id := func(what, id string) { errs = append(errs, msg.ValidateID(what, id)) }
	if c.agent != nil {
		id(keyAgent, string(c.agent.ID))
	}
	for _, f := range c.frameworks {
		id("framework", string(f.Info.ID))
		if !f.Info.Checkpoint {
			errs = append(errs, fault(ErrStoreCorrupt, "framework %s does not checkpoint", f.Info.ID))
		}
	}
	operations := c.operations
	if c.last != nil {
		operations = append(slices.Clone(operations), *c.last)
	}
	for _, o := range operations {
		id("operation", string(o.Report.Status.Operation))
		if s := o.Report.Status; o.Report.UUID.IsZero() || s.UUID.IsZero() || !s.State.Terminal() {
			errs = append(errs, fault(ErrStoreCorrupt, "operation %s is %v and has not ended", s.Operation, s.State))
		}
	}
	containers := map[msg.ContainerID]bool{}
	for _, e := range c.executors {
		id("executor", string(e.Info.ID))
		id("container", string(e.Container))
		if containers[e.Container] {
			errs = append(errs, fault(ErrStoreCorrupt, "container %s is there twice", e.Container))
		}
		containers[e.Container] = true
	}
	for _, t := range c.tasks {
		id("task", string(t.Info.ID))
	}
	for _, key := range sortedKeys(c.updates) {
		slices.SortFunc(c.updates[key], func(a, b msg.KeptUpdate) int { return cmp.Compare(a.N, b.N) })
		errs = append(errs, checkUpdates(key, c.updates[key]))
	}
	if err := errors.Join(errs...); err != nil {
		return fault(ErrStoreCorrupt, "%v", err)
	}
	return nil
}

// maxNumber is more updates than a task can have.
const maxNumber = 1 << 62

// checkUpdates holds the updates of a task against what their order allows: numbers without a gap, acknowledged ones first,
// no uuid twice, and nothing after the end.
func checkUpdates(key string, us []msg.KeptUpdate) error {
	seen := map[msg.UUID]bool{}
	for i, u := range us {
		st := u.Status
		switch {
		case u.N == 0 || u.N > maxNumber || i > 0 && u.N != us[i-1].N+1:
			return fault(ErrStoreCorrupt, "%s: update %d is missing", key, u.N-1)
		case i > 0 && u.Acked && !us[i-1].Acked:
			return fault(ErrStoreCorrupt, "%s: update %d is acknowledged before the one before it", key, u.N)
		case i > 0 && us[i-1].Status.State.Terminal():
			return fault(ErrStoreCorrupt, "%s: update %d follows the task's end", key, u.N)
		case st.UUID.IsZero() || seen[st.UUID]:
			return fault(ErrStoreCorrupt, "%s: update %d has no uuid of its own", key, u.N)
		}
		seen[st.UUID] = true
	}
	return nil
}
