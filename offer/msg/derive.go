package msg

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"time"
)

// DeriveUUID returns the n-th uuid of a purpose: a hash of the three, marked as a random one of RFC 4122. Other entropy,
// another purpose or another n give another uuid; it is never zero (docs/protocol.md §1).
func DeriveUUID(entropy [16]byte, purpose string, n uint64) UUID {
	h := derive(entropy, purpose, n)
	u := UUID(h[:16])
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}

// DeriveWait returns the n-th wait of a purpose, evenly spread over [0, limit): the random back-off of machines that hold
// no random source. A limit of 0 or less gives 0.
func DeriveWait(entropy [16]byte, purpose string, n uint64, limit time.Duration) time.Duration {
	if limit <= 0 {
		return 0
	}
	h := derive(entropy, purpose, n)
	hi, _ := bits.Mul64(binary.BigEndian.Uint64(h[:8]), uint64(limit))
	return time.Duration(hi)
}

func derive(entropy [16]byte, purpose string, n uint64) [sha256.Size]byte {
	b := make([]byte, 0, 64)
	b = append(b, entropy[:]...)
	b = binary.BigEndian.AppendUint64(b, n)
	b = append(b, purpose...)
	return sha256.Sum256(b)
}
