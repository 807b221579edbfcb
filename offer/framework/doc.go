// Package framework holds the two programs of a framework, its scheduler and its executors, and the machines under
// them: messages, link events, driver calls and the time go into a session; sends, dials and callbacks come out as
// plain values, equal for equal inputs.
//
// A user implements Scheduler or Executor and is handed a Driver or an ExecutorDriver. A host steps a SchedulerSession
// or an ExecutorSession, carries out what Ready gives, and invokes the callbacks (docs/protocol.md §17). The live,
// blocking form is transport/host's RunScheduler and RunExecutor.
//
// Memory: what a callback is given belongs to the callee, what a driver is given belongs to the session; see package
// msg. Concurrency: sessions are for one goroutine; drivers are as safe as the queue that their host gave them.
package framework
