package reservation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/reservation"
)

// docs/http-v1.md §6
func TestOperationJSON(t *testing.T) {
	const cpus = `[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"reservations":[{"type":"DYNAMIC","role":"a"}]}]`
	for want, op := range map[string]reservation.Op{
		`{"type":"RESERVE","reserve":{"resources":` + cpus + `}}`: reservation.Reserve{Resources: dyn(parse("cpus:1"), "a", "")},
		`{"type":"RESERVE","reserve":{"resources":` + cpus + `,"source":[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]}}`: reservation.Reserve{
			Resources: dyn(parse("cpus:1"), "a", ""), Source: parse("cpus:1")},
		`{"type":"UNRESERVE","unreserve":{"resources":` + cpus + `}}`: reservation.Unreserve{Resources: dyn(parse("cpus:1"), "a", "")},
		`{"type":"CREATE","create":{"volumes":[]}}`:                   reservation.Create{},
		`{"type":"DESTROY","destroy":{"volumes":[]}}`:                 reservation.Destroy{},
		`{"type":"GROW_VOLUME","grow_volume":{"volume":{"name":"disk","type":"SCALAR","scalar":{"value":2}},"addition":{"name":"disk","type":"SCALAR","scalar":{"value":1}}}}`: reservation.Resize{
			Volume: only(parse("disk:2")), Grow: parse("disk:1")},
		`{"type":"SHRINK_VOLUME","shrink_volume":{"volume":{"name":"disk","type":"SCALAR","scalar":{"value":2}},"subtract":{"value":0.5}}}`: reservation.Resize{
			Volume: only(parse("disk:2")), Shrink: 500},
	} {
		got, err := reservation.MarshalOp(op)
		require.NoError(t, err)
		require.JSONEq(t, want, string(got))
		back, err := reservation.UnmarshalOp([]byte(want))
		require.NoError(t, err, want)
		require.IsType(t, op, back)
		again, err := reservation.MarshalOp(back)
		require.NoError(t, err)
		require.Equal(t, string(got), string(again))
	}
}

// docs/http-v1.md §6
func TestOperationJSONKeepsSharedCounts(t *testing.T) {
	v := shared(volume(parse("disk(a):1"), "v"))
	b, err := reservation.MarshalOp(reservation.Destroy{Volumes: sum(v, v)})
	require.NoError(t, err)
	op, err := reservation.UnmarshalOp(b)
	require.NoError(t, err)
	requireEqual(t, sum(v, v), op.(reservation.Destroy).Volumes)
}

// docs/http-v1.md §6
func TestOperationJSONRefusals(t *testing.T) {
	for text, want := range map[string]error{
		``:                  reservation.ErrMalformed,
		`[]`:                reservation.ErrMalformed,
		`{}`:                reservation.ErrUnknownOp,
		`{"type":"LAUNCH"}`: reservation.ErrUnknownOp,
		`{"type":"RESERVE","unreserve":{"resources":[]}}`:                                                                                  reservation.ErrMalformed,
		`{"type":"CREATE","create":{"volumes":[{"name":"disk","type":"SCALAR"}]}}`:                                                         reservation.ErrMalformed,
		`{"type":"GROW_VOLUME","grow_volume":{"volume":{"name":"disk","type":"SCALAR","scalar":{"value":2}}}}`:                             reservation.ErrMalformed,
		`{"type":"SHRINK_VOLUME","shrink_volume":{"subtract":{"value":1}}}`:                                                                reservation.ErrMalformed,
		`{"type":"SHRINK_VOLUME","shrink_volume":{"volume":{"name":"disk","type":"SCALAR","scalar":{"value":2}},"subtract":{"value":-1}}}`: reservation.ErrMalformed,
		`{"type":"SHRINK_VOLUME","shrink_volume":{"volume":{"name":"disk","type":"SCALAR","scalar":{"value":2}},"subtract":{}}}`:           reservation.ErrMalformed,
	} {
		_, err := reservation.UnmarshalOp([]byte(text))
		require.ErrorIs(t, err, want, text)
	}
	for _, op := range []reservation.Op{
		reservation.Resize{Volume: only(parse("disk:2")), Grow: parse("disk:1"), Shrink: 1},
		reservation.Resize{Volume: only(parse("disk:2")), Grow: parse("disk:1;cpus:1")},
		reservation.Resize{Volume: only(parse("disk:2")), Grow: sum(shared(volume(parse("disk(a):1"), "v")), shared(volume(parse("disk(a):1"), "v")))},
	} {
		_, err := reservation.MarshalOp(op)
		require.ErrorIs(t, err, reservation.ErrMalformed)
	}
	_, err := reservation.MarshalOp(nil)
	require.ErrorIs(t, err, reservation.ErrUnknownOp)
}

// docs/resource-model.md §6.1
func TestUnallocated(t *testing.T) {
	r := dyn(parse("cpus:1"), "a", "")
	v := only(volume(parse("disk(a):2"), "v"))
	tagged := v
	tagged.AllocationRole = "a"
	for _, c := range []struct{ with, without reservation.Op }{
		{reservation.Reserve{Resources: r.Allocate("a"), Source: parse("cpus:1").Allocate("a")}, reservation.Reserve{Resources: r, Source: parse("cpus:1")}},
		{reservation.Unreserve{Resources: r.Allocate("a")}, reservation.Unreserve{Resources: r}},
		{reservation.Create{Volumes: r.Allocate("a")}, reservation.Create{Volumes: r}},
		{reservation.Destroy{Volumes: r.Allocate("a")}, reservation.Destroy{Volumes: r}},
		{reservation.Resize{Volume: tagged, Grow: parse("disk(a):1").Allocate("a")}, reservation.Resize{Volume: v, Grow: parse("disk(a):1")}},
		{nil, nil},
	} {
		require.Equal(t, reservation.Name(c.without), reservation.Name(c.with))
		got, want := reservation.Unallocated(c.with), c.without
		if got == nil {
			require.Nil(t, want)
			continue
		}
		a, err := reservation.MarshalOp(got)
		require.NoError(t, err)
		b, err := reservation.MarshalOp(want)
		require.NoError(t, err)
		require.Equal(t, string(b), string(a))
	}
}
