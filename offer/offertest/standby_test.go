package offertest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/offertest"
)

// A standby follows a leader that is killed or deposed, and tasks run on.
// docs/protocol.md §5
func TestStandbysFollow(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c, _ := running(t, start, offertest.WithStandbys(1))
		require.Equal(t, msg.Node("master"), c.Leader())
		c.KillLeader()
		c.Advance(10 * time.Second)
		require.Equal(t, msg.Node("standby-1"), c.Leader())
		c.CheckTask("task-1", msg.TaskRunning)
		c.StartMaster()
		c.DeposeLeader()
		c.Advance(10 * time.Second)
		require.Equal(t, msg.Node("master"), c.Leader(), "started again, it stood behind the standby")
		c.CheckTask("task-1", msg.TaskRunning)
		c.CheckBooks()
		c.StartMaster()
		c.KillLeader()
		c.KillLeader()
		require.Empty(t, c.Leader())
	})
}

// A leader whose registry fails announces nothing and resigns; a slow one delays who asked.
// docs/protocol.md §5
func TestRegistriesThatFail(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c := start(t)
		c.SlowCommits(5 * time.Second)
		c.AddAgent("late", "cpus:1;mem:64")
		c.Advance(4 * time.Second)
		require.Len(t, c.Snapshot().Master.Agents, 1)
		c.Advance(4 * time.Second)
		require.Len(t, c.Snapshot().Master.Agents, 2)
		c.FailCommits()
		c.AddAgent("later", "cpus:1;mem:64")
		c.Advance(2 * time.Second)
		require.Empty(t, c.Leader())
		c.HealCommits()
		c.StartMaster()
		c.Advance(2 * time.Minute)
		require.Len(t, c.Snapshot().Master.Agents, 3)
	})
}
