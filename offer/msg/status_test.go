package msg_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// docs/protocol.md §18.1 what is over a bound of a status is refused at the doors of executors and agents; a master cuts it,
// and what it cut fits.
func TestStatusBounds(t *testing.T) {
	long := "12345"
	bounds := msg.StatusBounds{Text: 4, Labels: 2, LabelBytes: 4, Data: 4}
	fits := msg.TaskStatus{Task: "t", Message: "1234", Reason: "R", Data: []byte("1234"), Labels: []resource.Label{{Key: "k"}, {Key: "1234"}}}
	require.NoError(t, bounds.Check(fits))
	require.Equal(t, fits, bounds.Cut(fits))
	for name, c := range map[string]struct{ over, cut func(*msg.TaskStatus) }{
		"message": {func(s *msg.TaskStatus) { s.Message = long }, func(s *msg.TaskStatus) { s.Message = "1234" }},
		"reason":  {func(s *msg.TaskStatus) { s.Reason = "ABCDE" }, func(s *msg.TaskStatus) { s.Reason = "ABCD" }},
		"labels": {func(s *msg.TaskStatus) { s.Labels = []resource.Label{{Key: "a"}, {Key: "b"}, {Key: "c"}} },
			func(s *msg.TaskStatus) { s.Labels = []resource.Label{{Key: "a"}, {Key: "b"}} }},
		"key": {func(s *msg.TaskStatus) { s.Labels = []resource.Label{{Key: long}} },
			func(s *msg.TaskStatus) { s.Labels = []resource.Label{{Key: "1234"}} }},
		"value": {func(s *msg.TaskStatus) { s.Labels = []resource.Label{{Key: "k", Value: &long}} },
			func(s *msg.TaskStatus) { v := "1234"; s.Labels = []resource.Label{{Key: "k", Value: &v}} }},
	} {
		s, want := fits, fits
		c.over(&s)
		c.cut(&want)
		require.ErrorIs(t, bounds.Check(s), msg.ErrTooLarge, name)
		require.Equal(t, want, bounds.Cut(s), name)
		require.NoError(t, bounds.Check(bounds.Cut(s)), name)
	}
	require.Equal(t, "12345", long, "the status that was cut is not changed")
	fits.Data = []byte(long)
	require.ErrorIs(t, bounds.Check(fits), msg.ErrTooLarge)
	require.Equal(t, fits, bounds.Cut(fits), "data is not cut")
}

// docs/protocol.md §18.1 text is cut between characters, whatever it is.
func TestCutText(t *testing.T) {
	for _, c := range []struct {
		text  string
		bound int
		want  string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "abc"},
		{"aéb", 2, "a"},
		{"aéb", 3, "aé"},
		{"日本", 5, "日"},
		{"abc", 0, ""},
		{"é", 1, ""},
	} {
		require.Equal(t, c.want, msg.CutText(c.text, c.bound), "%q to %d", c.text, c.bound)
	}
	require.NotEmpty(t, msg.CutText(strings.Repeat("\x80", 100), 50), "what is no text is cut all the same")
}
