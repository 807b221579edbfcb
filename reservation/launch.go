package reservation

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/resource"
)

// A Claim is what one task or executor asks for (docs/resource-model.md §6.6).
type Claim struct {
	Tag       string // names the claim in errors; of no other meaning
	Resources resource.Resources
	Limits    resource.Limits // the most it may use at times, of cpus and mem; absent: as much as requested
	Unlimited []string        // names whose limit is infinite, each once and not in Limits
}

// An Executor is the claim of an executor, and whether it runs on the agent already and needs nothing more.
type Executor struct {
	Claim   Claim
	Running bool
}

// The least an executor of a group must have (docs/resource-model.md §6.6); one of a single task should.
const (
	MinExecutorCPUs resource.Scalar = 10        // 0.01 cores
	MinExecutorMem  resource.Scalar = 32 * 1000 // 32 MiB
)

// CheckExecutorSize reports an executor below MinExecutorCPUs or MinExecutorMem (ErrExecutor). A group is refused for it; with a
// single task it is worth a warning.
func CheckExecutorSize(r resource.Resources) error {
	cpus, _ := r.Scalar("cpus")
	mem, _ := r.Scalar("mem")
	if cpus < MinExecutorCPUs || mem < MinExecutorMem {
		return fmt.Errorf("%w: needs cpus:%s and mem:%s, has %s", ErrExecutor, MinExecutorCPUs, MinExecutorMem, cite(r))
	}
	return nil
}

// Launch takes what one task needs out of the pool, and what its executor needs if that has to be started, and returns it
// (docs/resource-model.md §6.6). ex is nil for a task without one of its own. A shared volume of the accept never runs out (§7).
// Other tasks of the same LAUNCH are not affected when this one is refused.
func (p *Pool) Launch(task Claim, ex *Executor) (resource.Resources, error) {
	members := []Claim{task}
	if ex != nil {
		members = append(members, ex.Claim)
	}
	return p.launch(members, ex, true)
}

// LaunchGroup takes what tasks and their executor need together, all or nothing (docs/resource-model.md §6.6). ownCgroups says
// whether each task has a cgroup of its own; without one it cannot have limits.
func (p *Pool) LaunchGroup(tasks []Claim, ex Executor, ownCgroups bool) (resource.Resources, error) {
	if len(tasks) == 0 {
		return resource.Resources{}, fmt.Errorf("LAUNCH_GROUP: %w: no tasks", ErrEmpty)
	}
	if err := CheckExecutorSize(ex.Claim.Resources); err != nil {
		return resource.Resources{}, fmt.Errorf("%s: %w", ex.Claim.Tag, err)
	}
	if disk, ok := ex.Claim.Resources.Scalar("disk"); !ok || disk == 0 {
		return resource.Resources{}, fmt.Errorf("%s: %w: needs some disk, has %s", ex.Claim.Tag, ErrExecutor, cite(ex.Claim.Resources))
	}
	return p.launch(append(slices.Clone(tasks), ex.Claim), &ex, ownCgroups)
}

// launch checks and takes members; the last is the executor's if there is ex.
func (p *Pool) launch(members []Claim, ex *Executor, limits bool) (resource.Resources, error) {
	none := resource.Resources{}
	for i := range members {
		isExecutor := ex != nil && i == len(members)-1
		ready, err := p.checkMember(members[i], isExecutor, limits)
		if err != nil {
			return none, fmt.Errorf("%s: %w", members[i].Tag, err)
		}
		members[i].Resources = ready
	}
	if err := checkTogether(members); err != nil {
		return none, err
	}
	needed := resource.Resources{}
	for i, m := range members {
		if ex != nil && i == len(members)-1 && ex.Running {
			break
		}
		needed = needed.Add(m.Resources)
	}
	if err := p.checkAvailable(needed); err != nil {
		return none, err
	}
	p.take(needed)
	return needed, nil
}

// checkMember holds one claim against the rules for it alone, and returns its resources as the pool has them.
func (p *Pool) checkMember(m Claim, isExecutor, limits bool) (resource.Resources, error) {
	r := m.Resources
	switch {
	case r.IsEmpty() && !isExecutor:
		return r, fmt.Errorf("%w: a task must ask for something", ErrEmpty)
	case isExecutor && !r.Shared().IsEmpty():
		return r, fmt.Errorf("%w: an executor cannot hold one: %s", ErrShared, cite(r.Shared()))
	}
	for e, count := range r.All() {
		if err := e.Validate(); err != nil {
			return r, err
		}
		if count > 1 {
			return r, fmt.Errorf("%w: %s", ErrDuplicateID, cite(e))
		}
	}
	n, err := p.c.allocation(r)
	if err != nil {
		return r, err
	}
	if err := resource.ValidateUse(r); err != nil {
		return r, err
	}
	if err := checkLimits(m, limits); err != nil {
		return r, err
	}
	if !p.tag {
		return r.Unallocate(), nil
	}
	return r.Allocate(n), nil
}

func checkLimits(m Claim, allowed bool) error {
	if m.Limits.IsEmpty() && len(m.Unlimited) == 0 {
		return nil
	}
	if !allowed {
		return fmt.Errorf("%w: the tasks share one cgroup", ErrLimit)
	}
	for name, limit := range m.Limits.All() {
		request, err := limitable(m, name)
		if err != nil {
			return err
		}
		if limit < request {
			return fmt.Errorf("%w: %s of %s is below the %s requested", ErrLimit, limit, name, request)
		}
	}
	for i, name := range m.Unlimited {
		if _, err := limitable(m, name); err != nil {
			return err
		}
		if _, limited := m.Limits.Get(name); limited || slices.Contains(m.Unlimited[:i], name) {
			return fmt.Errorf("%w: %s has one twice", ErrLimit, name)
		}
	}
	return nil
}

// limitable returns what m requests of name, which must be something that can be limited.
func limitable(m Claim, name string) (resource.Scalar, error) {
	if name != "cpus" && name != "mem" {
		return 0, fmt.Errorf("%w: only cpus and mem can have one, not %.80q", ErrLimit, name)
	}
	request, ok := m.Resources.Scalar(name)
	if !ok {
		return 0, fmt.Errorf("%w: %s is limited, yet not requested", ErrLimit, name)
	}
	return request, nil
}

// checkTogether holds members against the rules for all of them.
func checkTogether(members []Claim) error {
	var all resource.Resources
	for _, m := range members {
		if err := checkDisjoint(all, m); err != nil {
			return fmt.Errorf("%s: %w", m.Tag, err)
		}
		all = all.Add(m.Resources)
	}
	seen := map[volumeKey]bool{}
	for v := range all.PersistentVolumes().All() {
		if seen[keyOf(v)] {
			return fmt.Errorf("%w: %q of role %s is asked for twice: %s", ErrDuplicateID, v.Disk.Persistence.ID, v.Owner(), cite(v))
		}
		seen[keyOf(v)] = true
	}
	firm := all.NonRevocable().Names()
	for _, name := range all.Revocable().Names() {
		if slices.Contains(firm, name) {
			return fmt.Errorf("%w: %s", ErrMixedRevocable, name)
		}
	}
	return nil
}

// checkDisjoint refuses a port or item of m that one before it claims, whatever its reservation.
func checkDisjoint(before resource.Resources, m Claim) error {
	for e := range m.Resources.All() {
		ranges, _ := before.Ranges(e.Name)
		set, _ := before.Set(e.Name)
		if !ranges.Intersect(e.Ranges).IsEmpty() || !set.Intersect(e.Set).IsEmpty() {
			return fmt.Errorf("%w: %s", ErrOverlap, cite(e))
		}
	}
	return nil
}

// checkAvailable compares needed with what remains; of a shared volume one is enough for all.
func (p *Pool) checkAvailable(needed resource.Resources) error {
	available := p.remaining.NonShared().Add(p.shared)
	if wanted := needed.NonShared().Add(once(needed.Shared())); !available.Contains(wanted) {
		return fmt.Errorf("needs %s, there is %s: %w", cite(wanted), cite(available), ErrNotContained)
	}
	return nil
}
