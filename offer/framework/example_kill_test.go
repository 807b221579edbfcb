package framework_test

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// controller starts one task and passes what it is told on to its executor.
type controller struct {
	framework.NopScheduler
	agent offer.AgentID // where the task runs
}

func (s *controller) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		if s.agent != "" {
			d.Decline(msg.Filters{Refuse: time.Hour}, o.ID)
			continue
		}
		s.agent = o.Agent
		d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, msg.TaskInfo{ID: "game", Agent: o.Agent,
			Resources: resource.MustParse("cpus:1"), Executor: &msg.ExecutorInfo{ID: "games"}})
	}
}

func (s *controller) StatusUpdate(_ framework.Driver, t msg.TaskStatus) {
	fmt.Println("scheduler:", t.Task, t.State, t.Message)
}

func (s *controller) FrameworkMessage(_ framework.Driver, from msg.ExecutorRef, data []byte) {
	fmt.Printf("scheduler: %s says %q\n", from.Executor, data)
}

func (s *controller) ExecutorLost(_ framework.Driver, e msg.ExecutorRef, _ int) {
	fmt.Println("scheduler:", e.Executor, "ended")
}

// games runs tasks until they are killed, and answers messages.
type games struct{ framework.NopExecutor }

func (games) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning, Message: "started"})
}

func (games) FrameworkMessage(d framework.ExecutorDriver, data []byte) {
	fmt.Printf("executor: the scheduler says %q\n", data)
	d.SendMessage([]byte("3 players"))
}

func (games) KillTask(d framework.ExecutorDriver, id msg.TaskID, p msg.KillPolicy) {
	fmt.Println("executor: has", p.Grace, "to save", id)
	d.SendStatus(msg.TaskStatus{Task: id, State: msg.TaskKilled, Message: "saved"})
}

func (games) Shutdown(framework.ExecutorDriver) { fmt.Println("executor: goodbye") }

// What a scheduler says to a task that runs: messages, which may get lost and so ask for an answer; a kill, to be repeated
// until a status says that the task ended; and a shutdown, which ends the executor.
func ExampleDriver_Kill() {
	c := inproc.NewCluster(1)
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:4;mem:1024")},
		host.Executors{"games": func(host.StartInfo) framework.Executor { return games{} }})
	s := &controller{}
	d := c.AddScheduler(msg.FrameworkInfo{Name: "arcade", Roles: []role.Name{"web"}}, s)
	c.Advance(10 * time.Second)

	executor := msg.ExecutorRef{Agent: s.agent, Executor: "games"}
	d.Message(executor, []byte("how many?"))
	c.Settle()
	d.Kill("game", s.agent, msg.KillPolicy{Grace: 5 * time.Second})
	c.Settle()
	d.Shutdown(executor)
	c.Advance(time.Minute)
	// Output:
	// scheduler: game TASK_RUNNING started
	// executor: the scheduler says "how many?"
	// scheduler: games says "3 players"
	// executor: has 5s to save game
	// scheduler: game TASK_KILLED saved
	// executor: goodbye
	// scheduler: games ended
}
