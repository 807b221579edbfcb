package detect

import "github.com/proffer-go/proffer/resource"

const (
	mib = uint64(1) << 20
	gib = uint64(1) << 30
)

// What is used where a probe failed (docs/resource-model.md §2.7). No headroom is taken from these.
const (
	fallbackCPUs = resource.Scalar(1 * 1000)
	fallbackMem  = resource.Scalar(1024 * 1000)
	fallbackDisk = resource.Scalar(10240 * 1000)
)

// The ports every agent has unless it states others.
const (
	firstPort = 31000
	lastPort  = 32000
)

// cpusAmount is the whole count of processors.
func cpusAmount(n int) resource.Scalar {
	return wholeUpToMax(uint64(n))
}

// memAmount leaves 1 GiB to the system, or half of a memory below 2 GiB.
func memAmount(total uint64) resource.Scalar {
	if total >= 2*gib {
		return wholeMiB(total - gib)
	}
	return wholeMiB(total / 2)
}

// diskAmount leaves 5 GiB to the system, or half of a filesystem below 10 GiB.
func diskAmount(total uint64) resource.Scalar {
	if total >= 10*gib {
		return wholeMiB(total - 5*gib)
	}
	return wholeMiB(total / 2)
}

// wholeMiB drops what is less than a MiB.
func wholeMiB(bytes uint64) resource.Scalar { return wholeUpToMax(bytes / mib) }

// wholeUpToMax stops at the greatest whole number a resource may hold: some network filesystems report more (4 EiB).
func wholeUpToMax(n uint64) resource.Scalar {
	return resource.Whole(int64(min(n, uint64(resource.MaxScalar/1000))))
}

// clampCPUs cuts an amount of processors to the limit, 0 being none.
func clampCPUs(amount, limit resource.Scalar) resource.Scalar {
	if limit <= 0 {
		return amount
	}
	return min(amount, limit)
}

// clampBytes cuts a measured size to the limit, 0 being none. It comes before the headroom is taken.
func clampBytes(total, limit uint64) uint64 {
	if limit == 0 {
		return total
	}
	return min(total, limit)
}

// clampMiB cuts the constant of a failed probe, which has no headroom, to the limit in bytes, 0 being none.
func clampMiB(amount resource.Scalar, limit uint64) resource.Scalar {
	if limit == 0 {
		return amount
	}
	return min(amount, wholeMiB(limit))
}
