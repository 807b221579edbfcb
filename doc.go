// Package proffer is documentation: the vocabulary, the map and the life of one offer. Everything that runs is in the
// packages below it; each can be taken alone.
//
// # Vocabulary, in reading order
//
//   - resource: something an agent has, by name: cpus, mem and disk are scalars (held in thousandths), ports are ranges,
//     others may be sets. Resources is an immutable collection of them (package resource).
//   - agent: a machine with resources and attributes. It reports both, and runs tasks (packages detect, offer/agent).
//   - role: "*" or a path such as eng/web. It bears a weight, a guarantee, a limit and reservations (packages role,
//     role/quota).
//   - reservation: resources set aside for a role; static when the agent was started with it, dynamic when a framework or
//     an operator made it. A persistent volume is reserved disk with a name, whose files outlive a task (package
//     reservation).
//   - framework: a tenant. Its scheduler subscribes to roles, is made offers and launches tasks; its executors run them on
//     agents (package offer/framework).
//   - dominant share: the largest part, over all names, of the cluster that someone holds. Whoever has the lowest, divided
//     by their weight, is next (package drf).
//   - offer: resources of one agent put before one framework for one role, until it accepts, declines or they are taken
//     back. Held resources are nobody else's meanwhile (package offer).
//   - filter: what a framework refused, and for how long it is not shown it again.
//   - guarantee and limit: what is kept for a role while it needs it, and what it can never pass.
//   - master: keeps the books of the cluster and decides, through the allocator, who is offered what (package
//     offer/master).
//
// # The map
//
// An arrow reads "may import"; what stands in one row does not see its neighbours. The test TestImportTable holds this.
//
//	cmd/proffer   offer/offertest              the command, thin; a cluster for tests, properties for policies
//	   ↓
//	transport/inproc     detect                the reference transport; what this host has
//	   ↓                    ↓
//	transport/host          ↓                  goroutines, clocks, wires, disks
//	   ↓                    ↓
//	offer/master  offer/agent  offer/framework the machines: inputs and time in, messages and effects out
//	   ↓           ↓    transport              the contract with the wires
//	offer/registry ↓                           what a master must remember (offer/registry/filestore: in a directory)
//	   ↓           ↓
//	offer/msg      ↓                           what crosses them
//	   ↓           ↓
//	offer ← offer/scenario                     the allocator; recorded scenarios replayed on it
//	   ↓           ↓
//	drf  role/quota  reservation               who is next; how much at least and at most; what may change hands
//	   ↓           ↓
//	resource → role                            values
//
// Beside them stand transport/transporttest and offer/registry/registrytest, the suites that every transport and every store
// passes, and resource/resourcetest, generators.
//
// From offer/registry down to role, offer/scenario, and the three machines, everything is pure: no goroutine, clock, lock, random source,
// socket, file or logger. Equal state and equal input give equal output, byte for byte. Hosts own the rest.
//
// # The life of one offer
//
//  1. An agent registers with its resources; the master adds them to the allocator.
//  2. A scheduler subscribes; its roles enter the tree.
//  3. The allocator runs: what is free, who is next, what do gates, quota and filters leave. Free becomes offered.
//  4. The master sends the offers.
//  5. The scheduler accepts with a list of operations, in order (reserve, create a volume, launch), or declines. What it
//     does not use returns under a filter.
//  6. The master tells the agent to run the task. Offered becomes allocated.
//  7. The agent starts the executor, if it does not run yet, and hands it the task.
//  8. The executor reports states. The agent sends each until it is acknowledged. A terminal state frees the resources.
//  9. The scheduler acknowledges, and the agent forgets the update.
//
// Per agent, name and tags, offered + allocated + free is always the total, or the use where that is larger. Check
// recomputes it from the ledgers.
//
// The rules are written down under docs: resource-model.md, allocation.md, protocol.md and design.md.
package proffer
