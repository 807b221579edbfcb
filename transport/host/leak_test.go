package host_test

import (
	"runtime"
	"strings"
)

// goroutines lists the stacks of all goroutines by their number.
func goroutines() map[string]string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	out := map[string]string{}
	for g := range strings.SplitSeq(string(buf), "\n\n") {
		id, _, _ := strings.Cut(strings.TrimPrefix(g, "goroutine "), " ")
		out[id] = g
	}
	return out
}

// leftOver lists the goroutines of this project that are not in before.
func leftOver(before map[string]string) []string {
	var out []string
	for id, g := range goroutines() {
		if _, old := before[id]; !old && strings.Contains(g, "proffer/transport") && !strings.Contains(g, "testing.tRunner") && !strings.Contains(g, "leftOver") {
			out = append(out, g)
		}
	}
	return out
}
