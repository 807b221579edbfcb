package detect

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// machine has 16 processors, 16 GiB of memory and a disk of 500 GiB.
var machine = Fixed{Processors: 16, Memory: 16 * gib, Disk: 500 * gib}

// counting counts how often each probe is asked.
type counting struct {
	Fixed
	asked map[string]int
	path  string
}

func (c *counting) count(probe string) {
	if c.asked == nil {
		c.asked = map[string]int{}
	}
	c.asked[probe]++
}

func (c *counting) CPUs(ctx context.Context) (int, error) {
	c.count(ProbeCPUs)
	return c.Fixed.CPUs(ctx)
}

func (c *counting) MemoryBytes(ctx context.Context) (uint64, error) {
	c.count(ProbeMem)
	return c.Fixed.MemoryBytes(ctx)
}

func (c *counting) DiskBytes(ctx context.Context, path string) (uint64, error) {
	c.count(ProbeDisk)
	c.path = path
	return c.Fixed.DiskBytes(ctx, path)
}

func (c *counting) GPUs(ctx context.Context) (int, error) {
	c.count(ProbeGPUs)
	return c.Fixed.GPUs(ctx)
}

func (c *counting) CgroupLimits(ctx context.Context) (CgroupLimits, error) {
	c.count(ProbeCgroup)
	return c.Fixed.CgroupLimits(ctx)
}

func requireText(t require.TestingT, want string, got resource.Resources) {
	parsed, err := resource.Parse(want)
	require.NoError(t, err)
	require.True(t, parsed.Equal(got), "want %v\n got %v", parsed, got)
}

// docs/resource-model.md §2.7: what is stated suppresses the detection of exactly that name.
func TestSuppression(t *testing.T) {
	const cpus, mem, disk, ports = "cpus:16", "mem:15360", "disk:506880", "ports:[31000-32000]"
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{cpus, mem, disk, ports}},
		{";", []string{cpus, mem, disk, ports}},
		{"cpus(tuyucheng):8", []string{"cpus(tuyucheng):8", mem, disk, ports}},
		{"cpus:0;mem(*):0;disk:0;ports:[]", nil},
		{"mem:0", []string{cpus, disk, ports}},
		{"ports:[1-2]", []string{cpus, mem, disk, "ports:[1-2]"}},
		{"my.cpus:3;cpus-suffix:4;diskports:5", []string{"my.cpus:3;cpus-suffix:4;diskports:5", cpus, mem, disk, ports}},
		{`[{"name":"cpus","type":"SCALAR","scalar":{"value":0}}]`, []string{mem, disk, ports}},
	} {
		t.Run(c.text, func(t *testing.T) {
			res, err := Host(t.Context(), Options{Resources: c.text, Prober: machine})
			require.NoError(t, err)
			requireText(t, strings.Join(c.want, ";"), res.Resources)
			require.Empty(t, res.Failed)
		})
	}
}

// docs/resource-model.md §2.7: names are judged on the raw items, zero ones and all roles included.
func TestStatedNames(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{" ;\n; ", nil},
		{"cpus:0;mem(*):0;disk:0;ports:[]", []string{"cpus", "disk", "mem", "ports"}},
		{"\tcpus (tuyucheng) : 8", []string{"cpus"}},
		{"my.cpus:1;cpus-suffix:1;diskports:1;c pus:1", []string{"c pus", "cpus-suffix", "diskports", "my.cpus"}},
		{"bugs:{};bugs(r):{a}", []string{"bugs"}},
		{` [{"name":"cpus","type":"SCALAR","scalar":{"value":0}},{"name":"disk","type":"SCALAR","scalar":{"value":1},"role":"r"}]`, []string{"cpus", "disk"}},
		{"[]", nil},
	} {
		items, err := resource.ParseItems(c.text)
		require.NoError(t, err)
		require.Equal(t, c.want, slices.Sorted(maps.Keys(names(items))), "%q", c.text)
	}
}

// docs/resource-model.md §2.7: one PATH or MOUNT item means that the root disk is not detected.
func TestDiskSourceSuppressesRootDisk(t *testing.T) {
	for _, source := range []string{`{"type":"PATH","path":{"root":"/d"}}`, `{"type":"MOUNT","mount":{"root":"/d"}}`} {
		text := `[{"name":"disk","type":"SCALAR","scalar":{"value":7},"disk":{"source":` + source + `}}]`
		res, err := Host(t.Context(), Options{Resources: text, Prober: machine})
		require.NoError(t, err)
		disk, ok := res.Resources.Scalar("disk")
		require.True(t, ok)
		require.Equal(t, resource.Whole(7), disk)
	}
}

// docs/resource-model.md §2.7: a suppressed name is not even probed, others once; gpus and control groups only on demand.
func TestProbesRunOnlyWhereNeeded(t *testing.T) {
	p := &counting{Fixed: machine}
	_, err := Host(t.Context(), Options{Resources: "cpus:1;ports:[]", WorkDir: "/var/agent", Prober: p})
	require.NoError(t, err)
	require.Equal(t, map[string]int{ProbeMem: 1, ProbeDisk: 1}, p.asked)
	require.Equal(t, "/var/agent", p.path)

	p = &counting{Fixed: machine}
	_, err = Host(t.Context(), Options{Resources: "cpus:1;mem:1", ClampToCgroup: true, Prober: p})
	require.NoError(t, err)
	require.Equal(t, map[string]int{ProbeDisk: 1}, p.asked, "nothing to clamp")
	require.Equal(t, ".", p.path)
}

// docs/resource-model.md §2.7: detected amounts go to the default role, as static reservations unless it is "*".
func TestDefaultRole(t *testing.T) {
	opts := Options{Resources: "cpus:2;mem(*):3", DefaultRole: "eng", Prober: machine}
	res, err := Host(t.Context(), opts)
	require.NoError(t, err)
	requireText(t, "cpus(eng):2;mem:3;disk(eng):506880;ports(eng):[31000-32000]", res.Resources)
	for r := range res.Resources.Reserved().All() {
		require.Equal(t, []resource.Reservation{{Type: resource.Static, Role: "eng"}}, r.Reservations)
	}

	opts.DefaultRole = role.Default
	res, err = Host(t.Context(), opts)
	require.NoError(t, err)
	requireText(t, "cpus:2;mem:3;disk:506880;ports:[31000-32000]", res.Resources)
}

// docs/resource-model.md §2.7: everything is validated again, so a bad default role is refused where it is used.
func TestBadDefaultRole(t *testing.T) {
	for _, text := range []string{"", "cpus:1;mem:1;disk:1", "cpus:1;mem:1;disk:1;ports:[1-2]"} {
		res, err := Host(t.Context(), Options{Resources: text, DefaultRole: "a//b", Prober: machine})
		require.Error(t, err, text)
		require.True(t, res.Resources.IsEmpty(), "nothing is half applied")
	}
	_, err := Host(t.Context(), Options{Resources: "cpus(*):1;mem(*):1;disk(*):1;ports(*):[1-2]", DefaultRole: "a//b", Prober: machine})
	require.NoError(t, err, "not used")
}

// docs/resource-model.md §2.7: failure constants have no headroom taken off, and the result names each failed probe.
func TestFailedProbesAreNamed(t *testing.T) {
	cause := errors.New("no such file")
	broken := Fixed{Broken: map[string]error{ProbeCPUs: cause, ProbeMem: cause, ProbeDisk: cause}}
	res, err := Host(t.Context(), Options{Prober: broken})
	require.NoError(t, err)
	requireText(t, "cpus:1;mem:1024;disk:10240;ports:[31000-32000]", res.Resources)
	require.Equal(t, []ProbeFailure{
		{ProbeCPUs, cause, resource.Whole(1)},
		{ProbeMem, cause, resource.Whole(1024)},
		{ProbeDisk, cause, resource.Whole(10240)},
	}, res.Failed)
	require.Empty(t, res.Measured, "no constant passes for a measurement")
}

// docs/resource-model.md §2.7: a negative count is a failed probe, not a figure.
func TestNegativeCountIsAFailure(t *testing.T) {
	res, err := Host(t.Context(), Options{Resources: "mem:1;disk:1;ports:[]", Prober: Fixed{Processors: -1}})
	require.NoError(t, err)
	requireText(t, "cpus:1;mem:1;disk:1", res.Resources)
	require.Len(t, res.Failed, 1)
	require.ErrorContains(t, res.Failed[0].Err, "counted -1")
}

// docs/resource-model.md §2.7: raw figures are told as measured, before the headroom.
func TestMeasured(t *testing.T) {
	p := machine
	p.Devices, p.Limits = 2, CgroupLimits{CPUs: 1500, MemoryBytes: 4 * gib}
	res, err := Host(t.Context(), Options{Prober: p, GPUs: GPUs{Enabled: true}, ClampToCgroup: true})
	require.NoError(t, err)
	require.Equal(t, []Measurement{
		{ProbeCgroup, 1500, "thousandths of a processor"},
		{ProbeCgroup, 4 * gib, "bytes"},
		{ProbeCPUs, 16, "processors"},
		{ProbeGPUs, 2, "devices"},
		{ProbeMem, 16 * gib, "bytes"},
		{ProbeDisk, 500 * gib, "bytes"},
	}, res.Measured)
}

// docs/resource-model.md §2.7: the clamp is opt-in, comes before the headroom, and never touches stated values.
func TestClampToCgroup(t *testing.T) {
	p := machine
	p.Limits = CgroupLimits{CPUs: 1500, MemoryBytes: 4 * gib}
	for _, c := range []struct {
		text  string
		clamp bool
		want  string
	}{
		{"", false, "cpus:16;mem:15360"},
		{"", true, "cpus:1.5;mem:3072"}, // 4096 - 1024
		{"cpus:8", true, "cpus:8;mem:3072"},
		{"mem:9999", true, "cpus:1.5;mem:9999"},
	} {
		res, err := Host(t.Context(), Options{Resources: c.text, ClampToCgroup: c.clamp, Prober: p})
		require.NoError(t, err)
		requireText(t, c.want+";disk:506880;ports:[31000-32000]", res.Resources)
	}
}

// docs/resource-model.md §2.7: a failed or missing probe of control groups is named, and figures stay as measured.
func TestClampFailureIsNamed(t *testing.T) {
	p := machine
	p.Broken = map[string]error{ProbeCgroup: errMalformed}
	for want, prober := range map[error]Prober{errMalformed: p, ErrUnsupported: onlyProber{machine}} {
		res, err := Host(t.Context(), Options{ClampToCgroup: true, Prober: prober})
		require.NoError(t, err)
		require.Len(t, res.Failed, 1)
		require.Equal(t, ProbeCgroup, res.Failed[0].Probe)
		require.ErrorIs(t, res.Failed[0].Err, want)
		require.Zero(t, res.Failed[0].Used)
		requireText(t, "cpus:16", res.Resources.Named("cpus"))
	}
}

// onlyProber hides what else a prober can do.
type onlyProber struct{ Prober }

// docs/resource-model.md §2.7: where the clamp's limit is known, a constant does not pass over it either.
func TestClampedConstants(t *testing.T) {
	p := Fixed{Limits: CgroupLimits{CPUs: 250, MemoryBytes: gib / 4}, Broken: map[string]error{ProbeCPUs: errMalformed, ProbeMem: errMalformed}}
	res, err := Host(t.Context(), Options{Resources: "disk:0;ports:[]", ClampToCgroup: true, Prober: p})
	require.NoError(t, err)
	requireText(t, "cpus:0.25;mem:256", res.Resources)
	require.Equal(t, resource.Scalar(250), res.Failed[0].Used)
	require.Equal(t, resource.Whole(256), res.Failed[1].Used)
}

// docs/resource-model.md §2.4: operator rules hold for stated resources, with the item and the offset in the error.
func TestBadTexts(t *testing.T) {
	for _, text := range []string{"cpus:-1", "ports:[5-1]", "cpus(a//b):1", "x", "foo:0;foo:[1-2]"} {
		_, err := Host(t.Context(), Options{Resources: text, Prober: machine})
		var parse *resource.ParseError
		require.ErrorAs(t, err, &parse, text)
		require.NotContains(t, err.Error(), "\n")
	}
	for _, text := range []string{"k", "k:{a,b}", ":v"} {
		_, err := Host(t.Context(), Options{Attributes: text, Prober: machine})
		require.ErrorContains(t, err, "attributes", text)
	}
}

// docs/resource-model.md §2.4: file:///path holds text or JSON.
func TestResourcesFromFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a b%20c.txt")
	for _, text := range []string{"cpus:3;mem:0\n", ` [{"name":"cpus","type":"SCALAR","scalar":{"value":3}},{"name":"mem","type":"SCALAR","scalar":{"value":0}}]`} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		res, err := Host(t.Context(), Options{Resources: fileURL(name), Prober: machine})
		require.NoError(t, err)
		requireText(t, "cpus:3;disk:506880;ports:[31000-32000]", res.Resources)
	}
}

// docs/resource-model.md §2.7: a cancelled context ends the detection without a result.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := &counting{Fixed: machine}
	for _, clamp := range []bool{false, true} {
		_, err := Host(ctx, Options{Prober: p, ClampToCgroup: clamp})
		require.ErrorIs(t, err, context.Canceled)
		require.Empty(t, p.asked)
	}
}

// docs/resource-model.md §2.7: property 30 of §8 with a prober of drawn figures and failures.
func TestProperty30(t *testing.T) {
	texts := map[string][]string{
		"cpus":  {"", "cpus:0", "cpus:2.5", "cpus(a):1", "cpus:1;cpus(a/b):2"},
		"mem":   {"", "mem:0", "mem(*):64", "mem(a):1;mem(*):0"},
		"disk":  {"", "disk:0", "disk:100"},
		"ports": {"", "ports:[]", "ports:[1-5]", "ports(a):[7-9]"},
		"other": {"", "my.cpus:1", "diskports:2;cpus-suffix:3", "bugs:{a,b}"},
	}
	rapid.Check(t, func(t *rapid.T) {
		p := Fixed{
			Processors: rapid.IntRange(0, 300).Draw(t, "cpus"),
			Memory:     drawBytes(t, "mem"),
			Disk:       drawBytes(t, "disk"),
			Limits: CgroupLimits{
				CPUs:        resource.Scalar(rapid.Int64Range(0, 5000).Draw(t, "quota")),
				MemoryBytes: drawBytes(t, "limit"),
			},
			Broken: map[string]error{},
		}
		for _, probe := range []string{ProbeCPUs, ProbeMem, ProbeDisk} {
			if rapid.Bool().Draw(t, probe+" fails") {
				p.Broken[probe] = errMalformed
			}
		}
		items := map[string]string{}
		all := []string{}
		for _, name := range []string{"cpus", "mem", "disk", "ports", "other"} {
			items[name] = rapid.SampledFrom(texts[name]).Draw(t, name+" text")
			all = append(all, items[name])
		}
		defaultRole := rapid.SampledFrom([]role.Name{"", "*", "a", "a/b"}).Draw(t, "role")
		text := strings.Join(rapid.Permutation(all).Draw(t, "order"), ";")
		opts := Options{Resources: text, DefaultRole: defaultRole, Prober: p, ClampToCgroup: rapid.Bool().Draw(t, "clamp")}

		res, err := Host(t.Context(), opts)
		require.NoError(t, err)
		parseRole := defaultRole
		if parseRole == "" {
			parseRole = role.Default
		}
		stated, err := resource.Parse(text, resource.WithDefaultRole(parseRole))
		require.NoError(t, err)

		for _, name := range []string{"cpus", "mem", "disk", "ports"} {
			got := res.Resources.Named(name)
			if items[name] != "" {
				require.True(t, got.Equal(stated.Named(name)), "%s was stated as %q, is %v", name, items[name], got)
				continue
			}
			want := expected(p, opts, name)
			require.Equal(t, want == 0, got.IsEmpty(), "%s", name)
			require.Equal(t, want, got.Quantities().Get(name))
		}
		rest := func(r resource.Resource) bool {
			return r.Name != "cpus" && r.Name != "mem" && r.Name != "disk" && r.Name != "ports"
		}
		require.True(t, res.Resources.Filter(rest).Equal(stated.Filter(rest)))
	})
}

// expected works a detected amount out anew from the words of docs/resource-model.md §2.7, counting in whole MiB and GiB.
func expected(p Fixed, opts Options, name string) resource.Scalar {
	limits := p.Limits
	if !opts.ClampToCgroup {
		limits = CgroupLimits{}
	}
	if limits.CPUs == 0 {
		limits.CPUs = resource.MaxScalar
	}
	if limits.MemoryBytes == 0 {
		limits.MemoryBytes = 1<<64 - 1
	}
	failed := p.Broken[name] != nil
	switch {
	case name == "ports":
		return resource.Whole(32000 - 31000 + 1)
	case name == "cpus" && failed:
		return min(resource.Whole(1), limits.CPUs)
	case name == "cpus":
		return min(resource.Whole(int64(p.Processors)), limits.CPUs)
	case name == "mem" && failed:
		return resource.Whole(int64(min(1024, limits.MemoryBytes>>20)))
	case name == "mem":
		return leaving(1, min(p.Memory, limits.MemoryBytes))
	case failed:
		return resource.Whole(10240)
	}
	return leaving(5, p.Disk)
}

// leaving takes so many GiB from a size that has twice as many, else half of it.
func leaving(headroomGiB, bytes uint64) resource.Scalar {
	inMiB := bytes >> 21
	if bytes>>30 >= 2*headroomGiB {
		inMiB = bytes>>20 - headroomGiB<<10
	}
	return resource.Whole(int64(min(inMiB, 4398046511103)))
}
