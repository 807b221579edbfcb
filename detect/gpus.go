package detect

import (
	"errors"
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/resource"
)

// Errors of the rules on GPUs (docs/resource-model.md §2.7).
var (
	// ErrDevices says that the list of device indices and the stated count of gpus do not fit together.
	ErrDevices = errors.New("detect: device list and stated gpus do not fit")
	// ErrTooManyGPUs says that more gpus are stated than the host has.
	ErrTooManyGPUs = errors.New("detect: more gpus stated than detected")
)

// GPUs says whether to look for GPUs, and which of them to offer.
type GPUs struct {
	// Enabled turns the rules on. Off, stated gpus pass unchecked and none are detected.
	Enabled bool
	// Devices are the indices of the devices to offer: needed, one per gpu, where a count of gpus is stated, and only
	// there. An empty list is no list.
	Devices []uint
}

// gpuAmount decides how many gpus the agent states in addition to those in stated: the detected count or 0.
// count is asked only where a rule needs it.
func gpuAmount(g GPUs, isStated bool, stated resource.Scalar, count func() (int, error)) (resource.Scalar, error) {
	listed := len(g.Devices) > 0
	switch {
	case !g.Enabled && listed:
		return 0, fmt.Errorf("%w: %d devices listed while gpus are off: turn gpus on or drop the list", ErrDevices, len(g.Devices))
	case !g.Enabled:
		return 0, nil
	case !isStated && listed:
		return 0, fmt.Errorf("%w: %d devices listed without gpus: state gpus:%d", ErrDevices, len(g.Devices), len(g.Devices))
	case !isStated:
		n, err := count()
		return wholeUpToMax(uint64(n)), err
	case stated == 0 && listed:
		return 0, fmt.Errorf("%w: %d devices listed with gpus:0: drop the list", ErrDevices, len(g.Devices))
	case stated == 0:
		return 0, nil
	case !listed:
		return 0, fmt.Errorf("%w: gpus:%v stated without devices: list %v device indices or do not state gpus", ErrDevices, stated, stated)
	}
	return 0, checkDevices(g.Devices, stated, count)
}

// checkDevices holds a stated count against its list and the host.
func checkDevices(devices []uint, stated resource.Scalar, count func() (int, error)) error {
	if stated%1000 != 0 {
		return fmt.Errorf("%w: gpus:%v is not a whole number", ErrDevices, stated)
	}
	if resource.Whole(int64(len(devices))) != stated {
		return fmt.Errorf("%w: gpus:%v stated, %d devices listed: list one device per gpu", ErrDevices, stated, len(devices))
	}
	sorted := slices.Sorted(slices.Values(devices))
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return fmt.Errorf("%w: device %d is listed twice", ErrDevices, sorted[i])
		}
	}
	n, err := count()
	if err != nil {
		return err
	}
	if stated > wholeUpToMax(uint64(n)) {
		return fmt.Errorf("%w: gpus:%v stated, %d found", ErrTooManyGPUs, stated, n)
	}
	return nil
}
