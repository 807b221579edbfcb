package replay

import "encoding/binary"

// magic begins a tape of this version.
const (
	magicWord = "proffer-tape "
	magic     = magicWord + "1\n"
)

// What a record is.
const (
	recordHeader  = 'H'
	recordStep    = 'S'
	recordOutcome = 'R'
	recordEnd     = 'E'
)

// sum32 is FNV-1a.
func sum32(b []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

// sum8 folds sum32 into a byte.
func sum8(b []byte) byte {
	h := sum32(b)
	return byte(h ^ h>>8 ^ h>>16 ^ h>>24)
}

// appendFrame appends a record with that payload.
func appendFrame(to, payload []byte) []byte {
	at := len(to)
	to = binary.AppendUvarint(to, uint64(len(payload)))
	to = append(to, sum8(to[at:]))
	to = append(to, payload...)
	return binary.LittleEndian.AppendUint32(to, sum32(payload))
}
