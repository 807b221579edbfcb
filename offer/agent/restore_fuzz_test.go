package agent_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
)

// full is what an agent has on disk that has everything there: tasks that run, wait and have ended, updates, a volume.
func full(t testing.TB) []msg.Entry {
	r := kept(t)
	r.apply(8, reservation.Create{Volumes: volume("v1", "d", 5)})
	r.volumeDone(r.last.Volumes[0].Seq, "")
	r.update(execLink, "t1", msg.TaskRunning, 2)
	r.update(execLink, "t1", msg.TaskFinished, 3)
	r.master(keepRun(false, "t2", "t3"))
	r.update(execLink, "t2", msg.TaskRunning, 4)
	return r.entries()
}

// begin starts an agent with entries, and lets it come to rest. It reports whether the agent took them.
func begin(t require.TestingT, entries []msg.Entry) bool {
	cfg := config()
	cfg.Checkpoint = true
	m, err := agent.New(cfg)
	require.NoError(t, err)
	require.NoError(t, m.Step(0, msg.Restored{Entries: entries}))
	require.NoError(t, m.Check())
	var rd agent.Ready
	m.Ready(&rd)
	if rd.Exit {
		require.Error(t, rd.Err)
		require.Empty(t, rd.Records, "what it did not take is as it was")
		return false
	}
	for range 10 {
		var inputs []msg.Input
		if n := len(rd.Records); n > 0 {
			inputs = append(inputs, msg.Recorded{Seq: rd.Records[n-1].Seq})
		}
		for _, v := range rd.Volumes {
			inputs = append(inputs, msg.VolumeDone{Seq: v.Seq})
		}
		if rd.Adopt != nil {
			for _, c := range rd.Adopt.Containers {
				inputs = append(inputs, msg.Exited{Container: c})
			}
		}
		rd = agent.Ready{}
		for _, in := range append(inputs, msg.Tick{}) {
			require.NoError(t, m.Step(5e9, in))
			require.NoError(t, m.Check())
			var more agent.Ready
			m.Ready(&more)
			rd.Records, rd.Volumes = append(rd.Records, more.Records...), append(rd.Volumes, more.Volumes...)
			if more.Adopt != nil {
				rd.Adopt = more.Adopt
			}
		}
	}
	require.Equal(t, agent.Disconnected, m.State(), "nothing holds the recovery up")
	return true
}

// Whatever a store yields, an agent starts from it or ends and says why; it neither panics nor contradicts itself.
// docs/protocol.md §4.1
func FuzzRestored(f *testing.F) {
	for _, e := range full(f) {
		f.Add([]byte(e.Key), e.Value, 0)
	}
	base := full(f)
	f.Fuzz(func(t *testing.T, key, value []byte, at int) {
		i := (at%len(base) + len(base)) % len(base)
		for _, entries := range [][]msg.Entry{
			{{Key: string(key), Value: value}},
			slices.Concat(base[:i], []msg.Entry{{Key: string(key), Value: value}}, base[i+1:]),
			{base[0], {Key: base[i].Key, Value: value}},
		} {
			begin(t, entries)
		}
	})
}

// Any part of a good checkpoint is one that an agent takes, or refuses and leaves as it was.
// docs/protocol.md §4.1
func TestPartsOfACheckpoint(t *testing.T) {
	base := full(t)
	require.True(t, begin(t, base))
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		var part []msg.Entry
		for _, e := range base {
			switch rapid.IntRange(0, 9).Draw(t, "entry") {
			case 0:
			case 1:
				part = append(part, msg.Entry{Key: e.Key, Value: bytes.ReplaceAll(e.Value, []byte("RUNNING"), []byte("FAILED"))})
			default:
				part = append(part, e)
			}
		}
		if begin(t, part) {
			taken++
		}
	})
	require.NotZero(t, taken)
}
