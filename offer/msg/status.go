package msg

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/proffer-go/proffer/resource"
)

// ErrTooLarge: a status carries more than StatusBounds allow.
var ErrTooLarge = errors.New("status too large")

// StatusBounds limit what one status carries, in bytes but for Labels (docs/protocol.md §18.1). Executors and agents refuse
// what is over them, so that whoever made it hears of it. A master cuts it: an agent repeats an update until it is
// acknowledged, so that one which is refused would be repeated for ever, with all behind it.
type StatusBounds struct {
	Text       int // of the message, and of the reason
	Labels     int // how many
	LabelBytes int // of a label's key, and of its value
	Data       int
}

// DefaultStatusBounds are the defaults of docs/protocol.md §18.1.
func DefaultStatusBounds() StatusBounds {
	return StatusBounds{Text: 64 << 10, Labels: 256, LabelBytes: 4 << 10, Data: 1 << 20}
}

// Check refuses a status that is over b; errors wrap ErrTooLarge.
func (b StatusBounds) Check(s TaskStatus) error {
	for _, part := range []struct {
		what       string
		has, bound int
	}{
		{"bytes of message", len(s.Message), b.Text},
		{"bytes of reason", len(s.Reason), b.Text},
		{"labels", len(s.Labels), b.Labels},
		{"bytes in a label", longestLabel(s.Labels), b.LabelBytes},
		{"bytes of data", len(s.Data), b.Data},
	} {
		if part.has > part.bound {
			return fmt.Errorf("status of task %q: %w: %d %s; %d are allowed", s.Task, ErrTooLarge, part.has, part.what, part.bound)
		}
	}
	return nil
}

// Cut shortens texts and labels of a status to b; s is not changed. Data stays whole: a part of it would have no meaning.
func (b StatusBounds) Cut(s TaskStatus) TaskStatus {
	s.Message, s.Reason = CutText(s.Message, b.Text), Reason(CutText(string(s.Reason), b.Text))
	s.Labels = CutLabels(s.Labels, b.Labels, b.LabelBytes)
	return s
}

// CutLabels are the first of labels, at most as many as that, their keys and values cut to so many bytes. What fits is
// returned as it is, anything else is a copy.
func CutLabels(labels []resource.Label, most, bytes int) []resource.Label {
	if len(labels) <= most && longestLabel(labels) <= bytes {
		return labels
	}
	out := slices.Clone(labels[:min(len(labels), most)])
	for i, l := range out {
		out[i].Key = CutText(l.Key, bytes)
		if l.Value != nil {
			v := CutText(*l.Value, bytes)
			out[i].Value = &v
		}
	}
	return out
}

// CutText is the longest beginning of text that has at most bound bytes and does not end within a character.
func CutText(text string, bound int) string {
	if len(text) <= bound {
		return text
	}
	end := bound
	for end > max(0, bound-utf8.UTFMax) && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.Clone(text[:end]) // the rest of it is not kept
}

func longestLabel(labels []resource.Label) int {
	n := 0
	for _, l := range labels {
		n = max(n, len(l.Key))
		if l.Value != nil {
			n = max(n, len(*l.Value))
		}
	}
	return n
}
