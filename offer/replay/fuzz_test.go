package replay_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/replay"
)

// short is a small tape: three inputs of a master.
func short(tb testing.TB) []byte {
	var out bytes.Buffer
	w, err := replay.NewWriter(&out, replay.Header{Node: "master", Master: &master.Config{Entropy: [16]byte{1}}})
	require.NoError(tb, err)
	w.Step(1, msg.Loaded{})
	w.Outcome(nil, 5, true)
	w.Settled()
	w.Step(2, msg.LinkUp{Link: 1, Peer: "scheduler"})
	w.Outcome(io.ErrNoProgress, 0, false)
	w.Settled()
	w.Step(7, msg.Tick{})
	require.NoError(tb, w.Close())
	return out.Bytes()
}

// frame is a record as package replay's comment tells it.
func frame(size uint64, payload []byte) []byte {
	fold := func(b []byte) uint32 {
		h := fnv.New32a()
		h.Write(b)
		return h.Sum32()
	}
	b := binary.AppendUvarint(nil, size)
	h := fold(b)
	b = append(b, byte(h^h>>8^h>>16^h>>24))
	b = append(b, payload...)
	return binary.LittleEndian.AppendUint32(b, fold(payload))
}

// Whatever the bytes: the reader does not panic, ends, stays within its bounds, and names the record that is damaged. Half of the
// inputs are put into records whose sums are right, so that what is inside them is read too.
// docs/protocol.md §21
func FuzzReader(f *testing.F) {
	tape := short(f)
	first := bytes.IndexByte(tape, '\n') + 1
	f.Add(tape, []byte("S\x02{}"))
	f.Add(tape[:len(tape)-2], []byte("R\x0112345678"))
	f.Add(tape[:first], []byte(`H{"node":"x","machine":"master","master":{}}`))
	f.Add([]byte("proffer-tape 2\n"), []byte("Estopped"))
	f.Add([]byte{}, []byte{})
	bounds := replay.Bounds{Record: 1 << 16, Members: 1 << 10}
	f.Fuzz(func(t *testing.T, text, payload []byte) {
		framed := append(bytes.Clone(tape), frame(uint64(len(payload)), payload)...)
		headed := append([]byte("proffer-tape 1\n"), frame(uint64(len(payload)), payload)...)
		for _, b := range [][]byte{text, framed, headed} {
			r, err := replay.NewReader(bytes.NewReader(b), bounds)
			steps := 0
			for err == nil {
				var s replay.Step
				if s, err = r.Next(); err == nil {
					steps++
					require.Equal(t, uint64(steps), s.N)
					require.NotNil(t, s.Input)
				}
			}
			require.LessOrEqual(t, steps, len(b)/6, "a record has six bytes at least")
			switch {
			case err == io.EOF:
			case errors.Is(err, replay.ErrCorrupt), errors.Is(err, replay.ErrBound):
				require.Regexp(t, `record [1-9]\d*[ ,]`, err.Error())
			default:
				require.True(t, errors.Is(err, replay.ErrTape) || errors.Is(err, replay.ErrVersion), "%v", err)
			}
		}
	})
}

// A record that claims to be huge takes no more memory than what there is of it; one over the bound is refused by its number.
// docs/protocol.md §21
func TestLengthIsNotBelieved(t *testing.T) {
	text := append(short(t), frame(200<<20, []byte("S"))...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := replay.NewReader(bytes.NewReader(text))
	for err == nil {
		_, err = r.Next()
	}
	runtime.ReadMemStats(&after)
	require.Equal(t, io.EOF, err)
	require.Contains(t, r.Note(), "cut off in record 7")
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))

	r, err = replay.NewReader(bytes.NewReader(text), replay.Bounds{Record: 1 << 20})
	for err == nil {
		_, err = r.Next()
	}
	require.ErrorIs(t, err, replay.ErrBound)
	require.ErrorContains(t, err, "record 7 ")
}
