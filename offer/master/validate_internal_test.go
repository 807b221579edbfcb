package master

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// An executor that runs is the one described only if nothing about it differs, whatever fields a description gets.
//
// docs/protocol.md §7
func TestEveryFieldOfAnExecutorCounts(t *testing.T) {
	whole := msg.ExecutorInfo{
		ID: "e", Framework: "F", Type: 1, Name: "name", Command: &msg.CommandInfo{Value: "run"}, Resources: resource.MustParse("cpus:1"),
		Data: []byte("data"), ShutdownGrace: time.Second, Labels: []resource.Label{{Key: "k"}},
	}
	equal := whole
	equal.Command, equal.Labels = &msg.CommandInfo{Value: "run"}, []resource.Label{{Key: "k"}}
	equal.Resources, equal.Data = resource.MustParse("cpus:1"), []byte("data")
	require.True(t, sameExecutor(whole, equal))
	require.True(t, sameExecutor(msg.ExecutorInfo{}, msg.ExecutorInfo{}))
	v := reflect.TypeFor[msg.ExecutorInfo]()
	for i := range v.NumField() {
		require.False(t, reflect.ValueOf(whole).Field(i).IsZero(), "give field %s a value here", v.Field(i).Name)
		other := whole
		reflect.ValueOf(&other).Elem().Field(i).SetZero()
		require.False(t, sameExecutor(whole, other), v.Field(i).Name)
		require.False(t, sameExecutor(other, whole), v.Field(i).Name)
	}
}
