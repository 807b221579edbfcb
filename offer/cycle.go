package offer

import (
	"cmp"
	"slices"

	"github.com/proffer-go/proffer/drf"
)

// stage is one of the two passes of a run.
type stage uint8

const (
	guarantees stage = iota + 1 // docs/allocation.md §2.5
	fairShare                   // docs/allocation.md §2.6
)

// turnGroup says which clients of an agent are visited.
type turnGroup uint8

const (
	everybody turnGroup = iota
	turnToCome
	turnIsOver
)

// cycle is the state of the run in progress; its buffers are reused.
type cycle struct {
	a      *Allocator
	stage  stage
	agent  *agent
	role   *node
	list   []*agent
	keyed  []keyed
	sorted []keyed // spare
	begins []int32 // of the agents that share their first bits
	made   []*offer
	few    []*client
	served []grantee
	seen   view

	running   bool
	group     turnGroup // who is visited
	reading   int       // iterations of a policy over the order that have not ended
	freshOnly bool      // agents that did not change are looked at for fresh clients only
	again     []*agent  // that withheld something from somebody in this run only: the next one looks at them

	heldNames nameSet // that headroom cut on this agent
	heldAny   bool

	required  vec // QuotaReference: this run's sums
	available vec

	onRole   func(drf.Client) bool
	onClient func(drf.Client) bool
}

// grantee is a client whose orders must be told of a grant once the agent is done: the order was read once for it.
type grantee struct {
	client             *client
	forClient, forRole *vec
}

func (cy *cycle) bind(a *Allocator) {
	cy.a = a
	cy.onRole, cy.onClient = cy.visitRole, cy.visitClient
}

// run is one allocation cycle over those of candidates that can be offered: the agents of asked, or those of them that
// have something free (docs/allocation.md §2). It
//
//  1. drops the agents that are not to be offered or have nothing free,
//  2. visits them in their order for guarantees, if there are any,
//  3. visits them again, in a new order, for fair shares,
//  4. appends the offers made to out.
func (a *Allocator) run(candidates, asked []*agent, out *Batch) {
	a.stats.Runs++
	cy := &a.cycle
	cy.list = cy.list[:0]
	for _, g := range candidates {
		if a.offerable(g) && !g.free.empty() {
			cy.list = append(cy.list, g)
		}
	}
	if a.rules.LateWeightLost && a.anyOfferable(asked) {
		a.order.Ascend(func(drf.Client) bool { return false }) // the reference orders the roles even for a full agent
	}
	a.figures.skips += uint64(len(a.agentAt) - len(cy.list))
	if len(cy.list) == 0 {
		return
	}
	cy.running = true
	if a.rules.Quota == QuotaReference {
		a.startReference()
	}
	if a.cfg.Policy != nil {
		cy.plan(a.cfg.Policy)
	} else {
		if a.quota.Len() > 0 {
			cy.pass(guarantees)
		}
		cy.pass(fairShare)
	}
	out.Offers = slices.Grow(out.Offers, len(cy.made))
	for _, o := range cy.made {
		out.Offers = append(out.Offers, o.public())
	}
	a.stats.Offers += uint64(len(cy.made))
	clear(cy.made)
	cy.made = cy.made[:0]
	cy.seen, cy.running = view{}, false
}

// anyOfferable reports whether one of list can be offered, free or not.
func (a *Allocator) anyOfferable(list []*agent) bool {
	return slices.ContainsFunc(list, func(g *agent) bool { return g != nil && a.offerable(g) })
}

// pass visits every agent of the list once.
func (cy *cycle) pass(s stage) {
	cy.stage = s
	cy.sort()
	for _, g := range cy.list {
		if s == guarantees && cy.a.rules.Quota == QuotaTree && cy.a.root.childNeed.IsZero() {
			return
		}
		cy.visit(g)
	}
}

// sort puts the agents into the order of this stage: by id, or by a key that any subset of the agents agrees on.
func (cy *cycle) sort() {
	a := cy.a
	if a.cfg.AgentOrder == OrderByName {
		if cy.stage == guarantees || a.quota.Len() == 0 || a.cfg.Policy != nil {
			slices.SortFunc(cy.list, func(g, h *agent) int { return cmp.Compare(g.id, h.id) })
		}
		return
	}
	base := mix64(mix64(a.cfg.Seed^a.stats.Runs) + uint64(cy.stage))
	cy.keyed = cy.keyed[:0]
	for _, g := range cy.list {
		cy.keyed = append(cy.keyed, keyed{mix64(base ^ g.hash), g})
	}
	cy.sortKeyed()
	for i := range cy.keyed {
		cy.list[i] = cy.keyed[i].agent
	}
	clear(cy.keyed)
}

// visit offers what is free on g, in the order of roles as it is now.
func (cy *cycle) visit(g *agent) {
	if g.free.empty() {
		return
	}
	a := cy.a
	a.stats.Visits++
	cy.agent = g
	switch {
	case a.tooLittle(g):
		cy.passBy()
	case a.turnsHold(g):
		cy.inTurn()
	default:
		cy.ascend()
	}
	cy.flush()
	if cy.stage == fairShare {
		cy.noteHeld(g, !cy.freshOnly || g.marked)
	}
}

// ascend goes through the clients in their order.
func (cy *cycle) ascend() {
	a, g := cy.a, cy.agent
	if a.openRoles == 0 && g.free.kinds == 0 {
		return // every role is at its limit
	}
	if c, few := a.fewEager(); few {
		if c != nil {
			cy.visitAlone(c)
		}
		return
	}
	if fresh := a.sched.fresh; cy.freshOnly && !g.marked && len(fresh) == 1 { // no order is needed
		cy.visitAlone(fresh[0])
		return
	}
	if list, few := cy.fewWho(); few {
		cy.visitFew(list)
		return
	}
	a.order.BeginAgent(a.stats.Runs, g.hash)
	a.order.Ascend(cy.onRole)
}

// inTurn goes first through the clients that have not refused the agent as it is, then through the others; if none of
// the first takes anything, all have had their turn, and a new round begins. A guarantee does not come before its
// client's turn: the second stage gives it all the same.
func (cy *cycle) inTurn() {
	cy.group = turnToCome
	cy.ascend()
	if cy.stage == fairShare && !cy.agent.free.empty() {
		taken := len(cy.served) > 0
		cy.group = turnIsOver
		cy.ascend()
		if !taken {
			cy.agent.newRound()
		}
	}
	cy.group = everybody
}

// visitAlone offers to c, as visitRole would if there were no other client.
func (cy *cycle) visitAlone(c *client) {
	if c.listed() && (cy.stage != guarantees || cy.a.wantsGuarantee(c.role)) {
		cy.role = c.role
		cy.visitClient(c.slot())
	}
}

// visitRole offers to the clients of one role; it reports whether the agent has anything left for the next role.
func (cy *cycle) visitRole(slot drf.Client) bool {
	a, n := cy.a, cy.a.roles[slot]
	if n.listed == 0 || cy.stage == guarantees && !a.wantsGuarantee(n) || a.shut(n, cy.agent) {
		return true
	}
	cy.role = n
	if n.members == 1 { // no order is needed
		for _, c := range n.clients {
			if c != nil {
				cy.visitClient(c.slot())
			}
		}
		return !cy.agent.free.empty()
	}
	a.members(n, cy.agent, cy.onClient)
	return !cy.agent.free.empty()
}

// visitClient offers to one client; it reports whether there may be something left for the next one of the role.
func (cy *cycle) visitClient(slot drf.Client) bool {
	a, c := cy.a, cy.role.clients[slot]
	g := cy.agent
	if cy.freshOnly && !c.fresh && !g.marked || cy.group != everybody && g.turns.has(c) != (cy.group == turnIsOver) {
		return true
	}
	if c.capped && a.quota.Len() == 0 { // what it holds has not changed since
		a.figures.tellGate(c, GateCap)
		return true
	}
	if c.refused > 0 && a.hasNoted(c, g) {
		a.figures.tellGate(c, GateRefused)
		return true
	}
	v := a.look(c, cy.agent, cy.stage)
	if v.gate == 0 {
		cy.give(c, cy.agent, &v)
	} else {
		a.figures.tell(c, &v)
	}
	return !v.stop
}

// give books what c passed every gate for, as an offer or as part of the one it got in the first stage.
func (cy *cycle) give(c *client, g *agent, v *verdict) {
	a := cy.a
	a.figures.grants++
	if v.left {
		cy.again = append(cy.again, g)
	}
	a.takeFree(g, v.b)
	forClient, forRole := a.book(c, g, v.b)
	cy.served = append(cy.served, grantee{c, forClient, forRole})
	if a.rules.Quota == QuotaReference {
		a.chargeReference(c.role, v, cy.stage)
	}
	if o := cy.pieceOf(c, g); o != nil {
		c.offered.Sub(&o.b.all)
		o.b = a.bundle(o.b.res.Add(v.b.res))
		c.offered.Add(&o.b.all)
	} else {
		cy.made = append(cy.made, a.issue(c, g, v.b))
	}
	if c.hint != nil && a.rules.Hints && a.waits(c) <= 0 { // what its hint left of g is for it once it waits again
		a.holdBack(c)
	}
}

// pieceOf returns the offer that c got from g earlier in this run.
func (cy *cycle) pieceOf(c *client, g *agent) *offer {
	if cy.a.cfg.Policy == nil && (cy.stage == guarantees || cy.a.quota.Len() == 0) {
		return nil
	}
	for _, o := range g.offers {
		if o.client == c && o.run == cy.a.stats.Runs {
			return o
		}
	}
	return nil
}

func (o *offer) public() Offer {
	return Offer{
		ID: o.id, Framework: o.client.framework.id, Role: o.client.role.name, Agent: o.agent.id, Resources: o.b.res,
		Deadline: o.deadline, Window: o.agent.window(),
	}
}
