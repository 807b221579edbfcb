package detect

import (
	"context"
	"fmt"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Options says what the operator states and what may be measured. The zero value measures this host.
type Options struct {
	Resources   string    // stated resources: text, JSON or file:///path (docs/resource-model.md §2.4)
	Attributes  string    // stated attributes (§2.6)
	DefaultRole role.Name // whom unqualified and detected resources are reserved to; "" is role.Default, nobody
	WorkDir     string    // whose filesystem is measured for disk; must exist; "" is the current directory
	Prober      Prober    // nil is System()
	GPUs        GPUs
	// ClampToCgroup cuts detected cpus and mem to the limits of this process's control groups. Stated ones stay.
	ClampToCgroup bool
	// StatedAttributesOnly leaves out the attributes of the host (its kernel's release, for one, changes with an update).
	StatedAttributesOnly bool
}

// Result is what an agent on this host has.
type Result struct {
	Resources  resource.Resources  // stated and detected
	Attributes resource.Attributes // stated in their order, then detected
	Failed     []ProbeFailure      // in the order in which the probes ran
	Measured   []Measurement       // likewise
}

// ProbeFailure tells of a probe that gave no figure.
type ProbeFailure struct {
	Probe string
	Err   error
	// Used is the amount stated instead, in thousandths; 0 where nothing was.
	Used resource.Scalar
}

// Measurement is the raw answer of a probe, before clamp and headroom.
type Measurement struct {
	Probe string
	Value uint64
	Unit  string // "processors", "bytes", "devices"; for limits of control groups also "thousandths of a processor"
}

// Host reads the stated texts, probes for what they leave open, and validates the whole (docs/resource-model.md §2.7).
//
// A text or role that cannot be used, a device list that does not fit, or (ErrProbe) a failed count of GPUs that were
// asked for is an error, and nothing is returned. Any other failed probe is not: see Result.Failed.
// The context is looked at before each probe.
func Host(ctx context.Context, opts Options) (Result, error) {
	d, err := read(opts)
	if err != nil {
		return Result{}, err
	}
	if err := d.limits(ctx); err != nil {
		return Result{}, err
	}
	for _, step := range []func(context.Context) error{d.cpus, d.gpus, d.mem, d.disk, d.ports, d.facts} {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		if err := step(ctx); err != nil {
			return Result{}, err
		}
	}
	return d.result, nil
}

// detection is one run of Host: what was stated, and the result as it grows.
type detection struct {
	opts   Options
	stated map[string]bool // names of the items, before empty ones are dropped
	clamp  CgroupLimits
	result Result
}

// read takes the stated part over.
func read(opts Options) (*detection, error) {
	if opts.DefaultRole == "" {
		opts.DefaultRole = role.Default
	}
	if opts.Prober == nil {
		opts.Prober = System()
	}
	if opts.WorkDir == "" {
		opts.WorkDir = "."
	}
	text, err := ReadSource(opts.Resources)
	if err != nil {
		return nil, err
	}
	items, err := resource.ParseItems(text, resource.WithDefaultRole(opts.DefaultRole))
	if err != nil {
		return nil, fmt.Errorf("detect: stated resources: %w", err)
	}
	d := &detection{opts: opts, stated: names(items)}
	if d.result.Resources, err = resource.New(items...); err != nil {
		return nil, fmt.Errorf("detect: stated resources: %w", err)
	}
	if d.result.Attributes, err = resource.ParseAttributes(opts.Attributes); err != nil {
		return nil, fmt.Errorf("detect: stated attributes: %w", err)
	}
	return d, nil
}

// names collects the names of all items, empty ones too: stating a zero is how an operator says "none, and do not look".
func names(items []resource.Resource) map[string]bool {
	stated := map[string]bool{}
	for _, it := range items {
		stated[it.Name] = true
	}
	return stated
}

func (d *detection) limits(ctx context.Context) error {
	if !d.opts.ClampToCgroup || (d.stated["cpus"] && d.stated["mem"]) {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	p, ok := d.opts.Prober.(CgroupProber)
	if !ok {
		d.fail(ProbeCgroup, unsupported(ProbeCgroup), 0)
		return nil
	}
	limits, err := p.CgroupLimits(ctx)
	if err != nil {
		d.fail(ProbeCgroup, err, 0)
		return nil
	}
	d.clamp = limits
	if limits.CPUs > 0 {
		d.measured(ProbeCgroup, uint64(limits.CPUs), "thousandths of a processor")
	}
	if limits.MemoryBytes > 0 {
		d.measured(ProbeCgroup, limits.MemoryBytes, "bytes")
	}
	return nil
}

func (d *detection) cpus(ctx context.Context) error {
	if d.stated["cpus"] {
		return nil
	}
	n, err := d.opts.Prober.CPUs(ctx)
	if err = checkCount(ProbeCPUs, n, err); err != nil {
		used := clampCPUs(fallbackCPUs, d.clamp.CPUs)
		d.fail(ProbeCPUs, err, used)
		return d.add(scalar("cpus", used))
	}
	d.measured(ProbeCPUs, uint64(n), "processors")
	return d.add(scalar("cpus", clampCPUs(cpusAmount(n), d.clamp.CPUs)))
}

func (d *detection) gpus(ctx context.Context) error {
	stated, _ := d.result.Resources.Scalar("gpus")
	found, err := gpuAmount(d.opts.GPUs, d.stated["gpus"], stated, func() (int, error) {
		n, err := d.opts.Prober.GPUs(ctx)
		if err = checkCount(ProbeGPUs, n, err); err != nil {
			return 0, fmt.Errorf("%w: %w: state gpus:0 or leave gpus off", ErrProbe, err)
		}
		d.measured(ProbeGPUs, uint64(n), "devices")
		return n, nil
	})
	if err != nil {
		return err
	}
	return d.add(scalar("gpus", found))
}

func (d *detection) mem(ctx context.Context) error {
	if d.stated["mem"] {
		return nil
	}
	total, err := d.opts.Prober.MemoryBytes(ctx)
	if err != nil {
		used := clampMiB(fallbackMem, d.clamp.MemoryBytes)
		d.fail(ProbeMem, err, used)
		return d.add(scalar("mem", used))
	}
	d.measured(ProbeMem, total, "bytes")
	return d.add(scalar("mem", memAmount(clampBytes(total, d.clamp.MemoryBytes))))
}

func (d *detection) disk(ctx context.Context) error {
	if d.stated["disk"] {
		return nil
	}
	total, err := d.opts.Prober.DiskBytes(ctx, d.opts.WorkDir)
	if err != nil {
		d.fail(ProbeDisk, err, fallbackDisk)
		return d.add(scalar("disk", fallbackDisk))
	}
	d.measured(ProbeDisk, total, "bytes")
	return d.add(scalar("disk", diskAmount(total)))
}

func (d *detection) ports(context.Context) error {
	if d.stated["ports"] {
		return nil
	}
	ports, err := resource.NewRanges(resource.Range{Begin: firstPort, End: lastPort})
	if err != nil {
		return err
	}
	return d.add(resource.Resource{Name: "ports", Kind: resource.KindRanges, Ranges: ports})
}

// add gives r to the default role and merges it in, unless it is nothing.
func (d *detection) add(r resource.Resource) error {
	if r.IsEmpty() {
		return nil
	}
	if d.opts.DefaultRole != role.Default {
		r.Reservations = []resource.Reservation{{Type: resource.Static, Role: d.opts.DefaultRole}}
	}
	found, err := resource.New(r)
	if err != nil {
		return fmt.Errorf("detect: detected %s: %w", r.Name, err)
	}
	d.result.Resources = d.result.Resources.Add(found)
	return nil
}

func (d *detection) fail(probe string, err error, used resource.Scalar) {
	d.result.Failed = append(d.result.Failed, ProbeFailure{Probe: probe, Err: err, Used: used})
}

func (d *detection) measured(probe string, value uint64, unit string) {
	d.result.Measured = append(d.result.Measured, Measurement{Probe: probe, Value: value, Unit: unit})
}

func scalar(name string, amount resource.Scalar) resource.Resource {
	return resource.Resource{Name: name, Kind: resource.KindScalar, Scalar: amount}
}

// checkCount makes a negative count, which no machine has, the failure it is.
func checkCount(probe string, n int, err error) error {
	if err == nil && n < 0 {
		return fmt.Errorf("detect: %s: the prober counted %d", probe, n)
	}
	return err
}
