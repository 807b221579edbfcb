package filestore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer/registry"
)

// Both files are a head and frames. The head is the magic, a number and their checksum: the number is the revision that a
// snapshot holds, or on which a log stands. A frame is
//
//	length of the body   4 bytes, little endian
//	checksum of that     4 bytes, CRC-32C
//	body
//	checksum of the body 4 bytes, CRC-32C
//	end                  8 bytes that are never zero
//
// The length has a checksum of its own, so that a length that was hit by chance does not make the rest of the file look
// like a frame that was not finished. The end tells a file that was made longer and not filled from one that was.
const (
	registryKind = "registry"
	numberSize   = 8
	sumSize      = 4
	frameHead    = 4 + sumSize
	frameTail    = sumSize + len(frameEnd)
	frameEnd     = "\xf0\x9f\xa7\xbe end"
	sector       = 512 // what a disk writes as a whole
	maxBody      = registry.MaxCommit + 16*registry.MaxOps + 64
)

// logMagic and snapshotMagic begin the files of a kind of store.
func logMagic(kind string) string      { return "proffer " + kind + " log 1\n" }
func snapshotMagic(kind string) string { return "proffer " + kind + " snap 1\n" }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// damage says what is wrong at which byte of a file.
type damage struct {
	at  int
	why string
}

func (d *damage) Error() string { return fmt.Sprintf("byte %d: %s", d.at, d.why) }

func bad(at int, format string, args ...any) error { return &damage{at, fmt.Sprintf(format, args...)} }

func appendSum(b []byte, from int) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[from:], castagnoli))
}

func appendHead(b []byte, magic string, number registry.Revision) []byte {
	from := len(b)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint64(b, uint64(number))
	return appendSum(b, from)
}

// readHead returns the number and where the frames begin.
func readHead(b []byte, magic string) (registry.Revision, int, error) {
	end := len(magic) + numberSize
	switch {
	case !bytes.HasPrefix(b, []byte(magic)):
		return 0, 0, bad(0, "it does not begin with %q", magic)
	case len(b) < end+sumSize:
		return 0, 0, bad(len(b), "the file ends within its head")
	case crc32.Checksum(b[:end], castagnoli) != binary.LittleEndian.Uint32(b[end:]):
		return 0, 0, bad(len(magic), "the checksum of the head is wrong")
	}
	return registry.Revision(binary.LittleEndian.Uint64(b[len(magic):])), end + sumSize, nil
}

// appendFrame appends a frame with the body that write appends.
func appendFrame(b []byte, write func([]byte) []byte) []byte {
	head := len(b)
	b = append(b, make([]byte, frameHead)...)
	b = write(b)
	body := b[head+frameHead:]
	binary.LittleEndian.PutUint32(b[head:], uint32(len(body)))
	binary.LittleEndian.PutUint32(b[head+4:], crc32.Checksum(b[head:head+4], castagnoli))
	b = appendSum(b, head+frameHead)
	return append(b, frameEnd...)
}

// errTorn: the file ends with a frame that was not written as a whole.
var errTorn = errors.New("torn")

// readFrame returns the body of the frame at off, and where the next one begins. What a crash may leave of the last frame
// of a file is errTorn.
func readFrame(b []byte, off int) (body []byte, next int, err error) {
	rest := b[off:]
	if len(rest) < frameHead {
		return nil, 0, errTorn
	}
	length := binary.LittleEndian.Uint32(rest)
	if crc32.Checksum(rest[:4], castagnoli) != binary.LittleEndian.Uint32(rest[4:]) || length > maxBody {
		return nil, 0, tornOr(b, off, len(b), bad(off, "the length of the record is damaged"))
	}
	n := int(length)
	size := frameHead + n + frameTail
	if len(rest) < size {
		return nil, 0, errTorn
	}
	body = rest[frameHead : frameHead+n]
	tail := rest[frameHead+n : size]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(tail) || string(tail[sumSize:]) != frameEnd {
		return nil, 0, tornOr(b, off, off+size, bad(off, "the checksum of the record is wrong"))
	}
	return body, off + size, nil
}

// tornOr tells the last frame of a file of which some never reached the disk, and reads as zeros, from one that was hit by
// something else: err. from and to are the frame's.
func tornOr(b []byte, from, to int, err error) error {
	zeros := len(b) - len(bytes.TrimRight(b, "\x00"))
	if len(b)-from < frameHead+frameTail || zeros >= len(frameEnd) && len(b)-zeros < to {
		return errTorn
	}
	if to != len(b) {
		return err
	}
	for at := (from + sector - 1) / sector * sector; at+sector <= to; at += sector {
		if len(bytes.Trim(b[at:at+sector], "\x00")) == 0 {
			return errTorn
		}
	}
	return err
}

// commit is one record of the log: the revision it brought the store to, and its operations.
type commit struct {
	to  registry.Revision
	ops []registry.Op
}

const (
	opPut    = 0
	opDelete = 1
)

func appendCommit(b []byte, c commit) []byte {
	return appendFrame(b, func(b []byte) []byte {
		b = binary.AppendUvarint(b, uint64(c.to))
		b = binary.AppendUvarint(b, uint64(len(c.ops)))
		for _, o := range c.ops {
			b = appendOp(b, o)
		}
		return b
	})
}

func appendOp(b []byte, o registry.Op) []byte {
	if o.Delete {
		b = append(b, opDelete)
		b = binary.AppendUvarint(b, uint64(len(o.Key)))
		return append(b, o.Key...)
	}
	b = append(b, opPut)
	b = binary.AppendUvarint(b, uint64(len(o.Key)))
	b = append(b, o.Key...)
	b = binary.AppendUvarint(b, uint64(len(o.Value)))
	return append(b, o.Value...)
}

// readLog reads a log as a whole: the revision on which it stands, its commits, and how many bytes of it are good; what
// follows them is torn.
func readLog(b []byte, kind string) (base registry.Revision, commits []commit, good int, err error) {
	base, good, err = readHead(b, logMagic(kind))
	if err != nil {
		return 0, nil, 0, err
	}
	at := base
	for good < len(b) {
		body, next, err := readFrame(b, good)
		if err == errTorn {
			break
		}
		if err != nil {
			return 0, nil, 0, err
		}
		c, err := readCommit(body)
		if err != nil {
			return 0, nil, 0, bad(good, "%v", err)
		}
		if at++; c.to != at {
			return 0, nil, 0, bad(good, "the record is of revision %d, after %d", c.to, at-1)
		}
		commits, good = append(commits, c), next
	}
	return base, commits, good, nil
}

func readCommit(b []byte) (commit, error) {
	r := reader{b: b}
	c := commit{to: registry.Revision(r.number())}
	n := r.number()
	if n > registry.MaxOps {
		return c, fmt.Errorf("%d operations", n)
	}
	for range n {
		c.ops = append(c.ops, r.op())
	}
	if r.bad || len(r.b) > 0 {
		return c, errors.New("the record is not one commit")
	}
	return c, registry.Check(c.ops)
}

// reader takes a body apart; bad says that something was missing.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) bytes() []byte {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) op() registry.Op {
	switch kind := r.number(); kind {
	case opDelete:
		return registry.Delete(string(r.bytes()))
	case opPut:
		return registry.Op{Key: string(r.bytes()), Value: bytes.Clone(r.bytes())}
	}
	r.bad, r.b = true, nil
	return registry.Op{}
}

// appendSnapshot appends a whole snapshot: the number of keys in a frame, then a frame for each.
func appendSnapshot(b []byte, kind string, at registry.Revision, data map[string][]byte) []byte {
	b = appendHead(b, snapshotMagic(kind), at)
	b = appendFrame(b, func(b []byte) []byte { return binary.AppendUvarint(b, uint64(len(data))) })
	for _, k := range slices.Sorted(maps.Keys(data)) {
		b = appendFrame(b, func(b []byte) []byte { return appendOp(b, registry.Op{Key: k, Value: data[k]}) })
	}
	return b
}

// readSnapshot reads a snapshot as a whole. It was renamed into its place when it was complete: nothing may be missing.
func readSnapshot(b []byte, kind string) (registry.Revision, map[string][]byte, error) {
	at, off, err := readHead(b, snapshotMagic(kind))
	if err != nil {
		return 0, nil, err
	}
	body, off, err := wholeFrame(b, off)
	if err != nil {
		return 0, nil, err
	}
	r := reader{b: body}
	n := r.number()
	data := map[string][]byte{}
	for range n {
		start := off
		if body, off, err = wholeFrame(b, off); err != nil {
			return 0, nil, err
		}
		r.b = body
		o := r.op()
		if r.bad || len(r.b) > 0 || o.Delete || data[o.Key] != nil {
			return 0, nil, bad(start, "the record is not one new key")
		}
		registry.Apply(data, []registry.Op{o})
	}
	if r.bad || len(r.b) > 0 || off != len(b) {
		return 0, nil, bad(off, "something follows the %d keys", n)
	}
	return at, data, nil
}

func wholeFrame(b []byte, off int) ([]byte, int, error) {
	body, next, err := readFrame(b, off)
	if err == errTorn {
		err = bad(off, "the file ends, or is empty from here on")
	}
	return body, next, err
}
