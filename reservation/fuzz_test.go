package reservation_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// docs/resource-model.md §8, property 29 (§6.1)
func FuzzUnmarshalOp(f *testing.F) {
	v := shared(volume(on(dyn(parse("disk(a):4"), "a/b", "p"), resource.SourcePath, "/p"), "v"))
	for _, op := range []reservation.Op{
		reservation.Reserve{Resources: dyn(parse("cpus:1;ports:[1-5]"), "a", "p"), Source: parse("cpus:1;ports:[1-5]")},
		reservation.Unreserve{Resources: dyn(parse("zones:{a,b}"), "a", "")},
		create(v), destroy(v.Add(v)),
		grow(volume(parse("disk(a):4"), "v"), parse("disk(a):1")), shrink(volume(parse("disk(a):4"), "v"), 1),
	} {
		b, err := reservation.MarshalOp(op)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		op, err := reservation.UnmarshalOp(b)
		if err != nil {
			require.Nil(t, op)
			return
		}
		out, err := reservation.MarshalOp(op)
		require.NoError(t, err)
		back, err := reservation.UnmarshalOp(out)
		require.NoError(t, err)
		again, err := reservation.MarshalOp(back)
		require.NoError(t, err)
		require.Equal(t, string(out), string(again))
	})
}

// docs/resource-model.md §8, property 20 (§6.1): whatever a stranger sends, nothing is made or lost, and a refusal changes nothing.
func FuzzApply(f *testing.F) {
	total := sum(parse("cpus:4;disk:9;ports:[1-9];disk(a):9"), dyn(parse("cpus:2"), "a", "p"), volume(parse("disk(a):4"), "v"), shared(volume(parse("disk(a):4"), "s")))
	state, err := json.Marshal(total)
	require.NoError(f, err)
	for _, op := range []reservation.Op{
		reservation.Reserve{Resources: dyn(parse("cpus:1"), "a", "p")},
		reservation.Unreserve{Resources: dyn(parse("cpus:1"), "a", "p")},
		create(volume(parse("disk(a):4"), "w")), destroy(shared(volume(parse("disk(a):4"), "s"))),
		grow(volume(parse("disk(a):4"), "v"), parse("disk(a):1")), shrink(volume(parse("disk(a):4"), "v"), 1),
	} {
		b, err := reservation.MarshalOp(op)
		require.NoError(f, err)
		f.Add(state, b)
	}
	f.Fuzz(func(t *testing.T, state, operation []byte) {
		var total resource.Resources
		if json.Unmarshal(state, &total) != nil {
			return
		}
		op, err := reservation.UnmarshalOp(operation)
		if err != nil {
			return
		}
		for _, c := range []reservation.Context{operator(), framework("a"), {}} {
			after, err := reservation.Apply(total, op, c)
			if err != nil {
				requireEqual(t, total, after)
				continue
			}
			require.Equal(t, total.ScalarQuantities().String(), after.ScalarQuantities().String())
		}
		if _, err := reservation.Restore(total, total); err != nil {
			require.ErrorIs(t, err, reservation.ErrIncompatible)
		}
	})
}
