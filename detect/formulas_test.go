package detect

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/resource"
)

// docs/resource-model.md §2.7: the count of online processors.
func TestCPUsFormula(t *testing.T) {
	require.Equal(t, resource.Whole(16), cpusAmount(16))
	require.Equal(t, resource.Whole(1), cpusAmount(1))
	require.Zero(t, cpusAmount(0))
}

// docs/resource-model.md §2.7: mem leaves 1 GiB, or half below 2 GiB, in whole MiB.
func TestMemFormula(t *testing.T) {
	for _, c := range []struct {
		bytes uint64
		mib   int64
	}{
		{16 * gib, 15360},               // 16384 - 1024
		{2 * gib, 1024},                 // 2048 - 1024
		{2*gib - 1, 1023},               // half, less a byte
		{2*gib + 1, 1024},               // what is less than a MiB is dropped
		{3 * gib / 2, 768},              // 1536 / 2
		{7 * gib / 4, 896},              // 1792 / 2
		{2*mib + 1, 1},                  // 1 MiB and half a byte
		{mib, 0},                        // half a MiB
		{0, 0},                          //
		{2*gib + mib + 5, 1025},         // (2049 - 1024) MiB and 5 bytes
		{math.MaxUint64, 4398046511103}, // more than a resource may hold
	} {
		require.Equal(t, resource.Whole(c.mib), memAmount(c.bytes), "%d bytes", c.bytes)
	}
}

// docs/resource-model.md §2.7: disk leaves 5 GiB, or half below 10 GiB, in whole MiB.
func TestDiskFormula(t *testing.T) {
	for _, c := range []struct {
		bytes uint64
		mib   int64
	}{
		{500 * gib, 506880},             // 512000 - 5120
		{10 * gib, 5120},                // 10240 - 5120
		{10*gib - 1, 5119},              // half, less a byte
		{8 * gib, 4096},                 // 8192 / 2
		{9 * gib, 4608},                 // 9216 / 2
		{10*gib + mib, 5121},            // 10241 - 5120
		{0, 0},                          //
		{math.MaxUint64, 4398046511103}, // more than a resource may hold
	} {
		require.Equal(t, resource.Whole(c.mib), diskAmount(c.bytes), "%d bytes", c.bytes)
	}
}

// docs/resource-model.md §2.7: property 30 of §8, a larger machine never has less.
func TestProperty30Monotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawBytes(t, "a"), drawBytes(t, "b")
		a, b = min(a, b), max(a, b)
		require.LessOrEqual(t, memAmount(a), memAmount(b))
		require.LessOrEqual(t, diskAmount(a), diskAmount(b))
	})
	// both branches meet at the boundary
	require.Equal(t, wholeMiB(2*gib/2), memAmount(2*gib))
	require.Equal(t, wholeMiB(10*gib/2), diskAmount(10*gib))
}

func drawBytes(t *rapid.T, label string) uint64 {
	return rapid.OneOf(
		rapid.Uint64(),
		rapid.Uint64Range(0, 12*gib),
		rapid.Uint64Range(gib, 3*gib),
		rapid.Uint64Range(9*gib, 11*gib),
		rapid.Uint64Range(2*gib-3, 2*gib+3),
		rapid.Uint64Range(10*gib-3, 10*gib+3),
	).Draw(t, label)
}

// docs/resource-model.md §2.7: the opt-in clamp is a minimum, and no limit leaves everything.
func TestClamps(t *testing.T) {
	require.Equal(t, resource.Scalar(1500), clampCPUs(resource.Whole(4), 1500))
	require.Equal(t, resource.Whole(4), clampCPUs(resource.Whole(4), 8000))
	require.Equal(t, resource.Whole(4), clampCPUs(resource.Whole(4), 0))
	require.Equal(t, gib, clampBytes(16*gib, gib))
	require.Equal(t, gib, clampBytes(gib, 16*gib))
	require.Equal(t, gib, clampBytes(gib, 0))
	require.Equal(t, resource.Whole(512), clampMiB(resource.Whole(1024), gib/2))
	require.Equal(t, resource.Whole(1024), clampMiB(resource.Whole(1024), 0))
}
