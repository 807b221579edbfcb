package master

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/protocol.md §18.1 the defaults are those of the table: each row below is one of it, and what it names is in force when
// nothing is configured.
func TestDefaultBoundsAreTheTables(t *testing.T) {
	text, err := os.ReadFile("../../docs/protocol.md")
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(text), "### 18.1 ")
	table, _, _ = strings.Cut(table, "\n## ")
	c, err := Config{Entropy: [16]byte{1}}.withDefaults()
	require.NoError(t, err)
	b := c.Bounds
	for _, row := range []struct {
		what, says string
		is, want   []int
	}{
		{"agents; frameworks; known roles", "1,000,000; 10,000; 100,000", []int{b.Agents, b.Frameworks, b.Roles}, []int{1_000_000, 10_000, 100_000}},
		{"live tasks per framework; tasks per accept; operations per accept", "1,000,000; 10,000; 10,000",
			[]int{b.Tasks, b.TasksPerAccept, b.OperationsPerAccept}, []int{1_000_000, 10_000, 10_000}},
		{"resources per message; reservation stack; ranges in one value; items in one set", "10,000; 16; 1,000,000; 100,000",
			[]int{b.Resources, b.Stack, b.Ranges, b.SetItems}, []int{10_000, 16, 1_000_000, 100_000}},
		{"labels per object; key or value; task data; framework message; whole message", "256; 4 KiB; 1 MiB; 1 MiB; 16 MiB",
			[]int{b.Labels, b.LabelBytes, b.TaskData, b.MessageData}, []int{256, 4 << 10, 1 << 20, 1 << 20}},
		{"attributes per agent", "1,024", []int{b.Attributes}, []int{1024}},
		{"operations under way per agent; tasks of all kinds per agent", "10,000; 1,000,000",
			[]int{b.PendingOperations, b.AgentTasks}, []int{10_000, 1_000_000}},
		{"text and labels of a status", "as for labels; text 64 KiB", []int{b.Text}, []int{64 << 10}},
	} {
		require.Contains(t, table, "| "+row.what+" | "+row.says+" |")
		require.Equal(t, row.want, row.is, row.what)
	}
}
