// Package offertest takes a scheduler and gives it a cluster to be tested with: a master, agents and tasks in this process, in
// one line, with faults as methods and time that only the test moves; equal seeds and equal calls give equal runs. It also
// takes an allocation policy, and tells by random and by fixed sequences of calls which properties of docs/allocation.md §6
// it breaks.
//
// # Test your scheduler
//
// It is why an author of frameworks imports this module: no daemon, no container, no sleep, and what goes wrong once a year
// happens when the test says so.
//
//	c := offertest.New(t, offertest.WithAgents(3, "cpus:4;mem:1024"))
//	c.Scheduler(msg.FrameworkInfo{Name: "web", Roles: []role.Name{"web"}}, &myScheduler{})
//	c.Settle()                                          // until nothing is due now
//	c.CheckTask("server-1", msg.TaskRunning)
//	heal := c.Partition("agent-1", "master")
//	c.Advance(11 * time.Minute)                         // takes no time
//	c.CheckTask("server-1", msg.TaskLost)
//	heal()
//	c.CheckBooks()
//
// A scheduler is a framework.Scheduler, as it is in production. Its tasks need no executor: each is played (WithTasks), runs
// until Cluster.Finish or Cluster.Fail, or for a time (RunFor), and ends when it is killed. WithExecutor runs an executor of
// one's own. Offers are made as Mesos makes them (WithRules): when a framework or an agent comes, and each second.
//
// What can break: CrashAgent and RestartAgent, KillAgent, ReplaceAgent, StopAgent, KillLeader and StartMaster, KillScheduler, StopScheduler, Partition,
// Stall, LoseLink, and late messages (WithLatency). What can be asked: CheckTask, CheckOperation, CheckAllocated, CheckOffers,
// CheckBooks, Explain, Snapshot, Events. Checks settle first. When a test fails, it is told what the cluster was like, a line
// for each agent, framework, offer, task, operation and link, and what happened last.
//
// New runs everything on the test's goroutine; a scheduler that waits for goroutines of its own, or sleeps, is tested with
// Live, within a bubble of testing/synctest, in which an hour's sleep takes no time either:
//
//	synctest.Test(t, func(t *testing.T) {
//		c := offertest.Live(t)
//		c.Scheduler(info, &myScheduler{})
//		time.Sleep(time.Hour)
//		c.CheckTask("server-1", msg.TaskRunning)
//	})
//
// t may be a *testing.T, a *testing.B or a *rapid.T: a property over random faults is a test like any other.
//
// # Test your policy
//
// CheckPolicy is the one line for a test of one's own policy. What it finds it prints as a script, one call a line, made
// as small as possible; ReplayPolicy runs such a script again. It runs on the goroutine that calls, in the time of the script.
// New with WithPolicy shows what frameworks make of it.
//
// Agents, Frameworks, Roles, Resources, Quotas and Calls are generators for pgregory.net/rapid over a tiny cluster: up to 6
// agents, 6 roles of depth 3 and 6 frameworks, whole quantities, names that collide. Calls are values: they can be
// printed, read back with ParseScript and run on any allocator.
package offertest
