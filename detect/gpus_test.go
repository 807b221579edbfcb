package detect

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/resource-model.md §2.7: the table of gpus, stated counts and device lists. The host has four.
func TestGPURules(t *testing.T) {
	for name, c := range map[string]struct {
		gpus  GPUs
		text  string // stated
		want  string // resources named gpus afterwards
		err   error
		asked bool // whether the probe ran
	}{
		"off, stated passes unchecked":    {text: "gpus:9", want: "gpus:9"},
		"off, nothing detected":           {},
		"off with devices":                {gpus: GPUs{Devices: []uint{0}}, err: ErrDevices},
		"off with devices and stated":     {gpus: GPUs{Devices: []uint{0}}, text: "gpus:1", err: ErrDevices},
		"on, neither":                     {gpus: GPUs{Enabled: true}, want: "gpus:4", asked: true},
		"on, zero":                        {gpus: GPUs{Enabled: true}, text: "gpus:0"},
		"on, zero with devices":           {gpus: GPUs{true, []uint{0}}, text: "gpus:0", err: ErrDevices},
		"on, devices alone":               {gpus: GPUs{true, []uint{0}}, err: ErrDevices},
		"on, stated alone":                {gpus: GPUs{Enabled: true}, text: "gpus:2", err: ErrDevices},
		"on, both":                        {gpus: GPUs{true, []uint{3, 0}}, text: "gpus:2", want: "gpus:2", asked: true},
		"on, both, over roles":            {gpus: GPUs{true, []uint{3, 0}}, text: "gpus(a):1;gpus:1", want: "gpus:1;gpus(a):1", asked: true},
		"on, all of them":                 {gpus: GPUs{true, []uint{0, 1, 2, 3}}, text: "gpus:4", want: "gpus:4", asked: true},
		"on, list too short":              {gpus: GPUs{true, []uint{0}}, text: "gpus:2", err: ErrDevices},
		"on, list too long":               {gpus: GPUs{true, []uint{0, 1, 2}}, text: "gpus:2", err: ErrDevices},
		"on, device twice":                {gpus: GPUs{true, []uint{1, 0, 1}}, text: "gpus:3", err: ErrDevices},
		"on, more than the host has":      {gpus: GPUs{true, []uint{0, 1, 2, 3, 4}}, text: "gpus:5", err: ErrTooManyGPUs, asked: true},
		"on, my.gpus is another resource": {gpus: GPUs{Enabled: true}, text: "my.gpus:2", want: "gpus:4", asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := &counting{Fixed: Fixed{Processors: 1, Devices: 4}}
			res, err := Host(t.Context(), Options{Resources: c.text, GPUs: c.gpus, Prober: p})
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.asked, p.asked[ProbeGPUs] == 1)
			if c.err == nil {
				requireText(t, c.want, res.Resources.Named("gpus"))
			}
		})
	}
}

// docs/resource-model.md §2.7: a stated count must be whole; the text form refuses others already.
func TestGPUCountIsWhole(t *testing.T) {
	_, err := gpuAmount(GPUs{true, []uint{0, 1}}, true, 1500, func() (int, error) { return 4, nil })
	require.ErrorIs(t, err, ErrDevices)
}

// docs/resource-model.md §2.7: no constant stands for a failed count of gpus.
func TestGPUProbeFailureIsAnError(t *testing.T) {
	cause := errors.New("bus on fire")
	broken := Fixed{Processors: 1, Broken: map[string]error{ProbeGPUs: cause}}
	for _, opts := range []Options{
		{GPUs: GPUs{Enabled: true}, Prober: broken},
		{GPUs: GPUs{true, []uint{0}}, Resources: "gpus:1", Prober: broken},
		{GPUs: GPUs{Enabled: true}, Prober: Fixed{Devices: -1}},
	} {
		res, err := Host(t.Context(), opts)
		require.ErrorIs(t, err, ErrProbe)
		if opts.Prober.(Fixed).Broken != nil {
			require.ErrorIs(t, err, cause)
		}
		require.True(t, res.Resources.IsEmpty())
	}
}
