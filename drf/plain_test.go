package drf_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/drf"
)

// A plain is the slow sorter beside the clever one: a list of clients, sums and shares computed anew for every order,
// one full sort per level. It shares no code with the package but Vec.
type plain struct {
	rules   plainRules
	clients []*plainClient
	nodes   map[string]*plainNode
	weights map[string]float64
	totals  drf.Vec
	clock   uint64
}

type plainRules struct {
	count, strictShare, lateLost, rescale bool
	excluded                              map[int]bool
}

type plainClient struct {
	id              drf.Client
	path            string
	active, blocked bool
	held            drf.Vec
	served          uint64 // while it lives in a virtual leaf
}

// A plainNode is what a path remembers of its own while a client is at or below it.
type plainNode struct {
	served uint64
	weight float64
	used   bool
}

func newPlain(rules plainRules) *plain {
	return &plain{rules: rules, nodes: map[string]*plainNode{}, weights: map[string]float64{}}
}

// clone is a deep copy.
func (p *plain) clone() *plain {
	c := *p
	c.clients, c.nodes, c.weights, c.totals = nil, map[string]*plainNode{}, maps.Clone(p.weights), p.totals.Clone()
	for _, from := range p.clients {
		to := *from
		to.held = from.held.Clone()
		c.clients = append(c.clients, &to)
	}
	for path, from := range p.nodes {
		to := *from
		c.nodes[path] = &to
	}
	return &c
}

func (p *plain) client(id drf.Client) *plainClient {
	for _, c := range p.clients {
		if c.id == id {
			return c
		}
	}
	return nil
}

func (p *plain) at(path string) *plainClient {
	for _, c := range p.clients {
		if c.path == path {
			return c
		}
	}
	return nil
}

// below lists the clients at a path and under it.
func (p *plain) below(path string) []*plainClient {
	var list []*plainClient
	for _, c := range p.clients {
		if c.path == path || strings.HasPrefix(c.path, path+"/") {
			list = append(list, c)
		}
	}
	return list
}

func (p *plain) isInternal(path string) bool {
	list := p.below(path)
	return len(list) > 1 || len(list) == 1 && list[0].path != path
}

func prefixes(path string) []string {
	var list []string
	for i := range path {
		if path[i] == '/' {
			list = append(list, path[:i])
		}
	}
	return append(list, path)
}

func (p *plain) add(id drf.Client, path string, active bool) {
	for _, prefix := range prefixes(path) {
		if above := p.at(prefix); above != nil && !p.isInternal(prefix) {
			above.served = p.nodes[prefix].served
		}
		if p.nodes[prefix] == nil {
			p.nodes[prefix] = &plainNode{weight: p.weightOf(prefix)}
		}
	}
	p.clients = append(p.clients, &plainClient{id: id, path: path, active: active})
}

func (p *plain) weightOf(path string) float64 {
	if w, ok := p.weights[path]; ok {
		return w
	}
	return 1
}

func (p *plain) remove(id drf.Client) {
	path := p.client(id).path
	p.clients = slices.DeleteFunc(p.clients, func(c *plainClient) bool { return c.id == id })
	for _, prefix := range prefixes(path) {
		if len(p.below(prefix)) == 0 {
			delete(p.nodes, prefix)
		}
	}
}

func (p *plain) setWeight(path string, w float64) {
	p.weights[path] = w
	n := p.nodes[path]
	switch {
	case n == nil:
	case p.at(path) != nil:
		n.weight, n.used = w, true
	case p.rules.lateLost && n.used:
	default:
		n.weight = w
	}
}

func (p *plain) grant(id drf.Client, d *drf.Vec) {
	p.clock++
	c := p.client(id)
	c.held.Add(d)
	p.serve(&c.served)
	for _, prefix := range prefixes(c.path) {
		p.serve(&p.nodes[prefix].served)
	}
}

func (p *plain) serve(served *uint64) {
	if p.rules.count {
		*served++
	} else {
		*served = p.clock
	}
}

// A plainKid is one entry of a level.
type plainKid struct {
	path   string
	name   string
	client *plainClient // of a leaf
	share  float64
	served uint64
	counts drf.Vec
	takes  bool
}

func (p *plain) order() []drf.Client {
	for path, n := range p.nodes {
		if c := p.at(path); p.isInternal(path) || c != nil && c.active {
			n.used = true
		}
	}
	return p.orderBelow("")
}

func (p *plain) orderBelow(path string) []drf.Client {
	kids := p.kids(path)
	slices.SortFunc(kids, func(a, b plainKid) int {
		return compareTuple(a.share, b.share, a.served, b.served, a.name, b.name)
	})
	var list []drf.Client
	for _, k := range kids {
		switch {
		case k.client == nil:
			list = append(list, p.orderBelow(k.path)...)
		case k.client.active:
			list = append(list, k.client.id)
		}
	}
	return list
}

func compareTuple(a, b float64, c, d uint64, e, f string) int {
	switch {
	case a != b:
		if a < b {
			return -1
		}
		return 1
	case c != d:
		if c < d {
			return -1
		}
		return 1
	default:
		return strings.Compare(e, f)
	}
}

// kids lists the children of an internal path, "" being the root.
func (p *plain) kids(path string) []plainKid {
	found := map[string]plainKid{}
	for _, c := range p.clients {
		if path != "" && c.path != path && !strings.HasPrefix(c.path, path+"/") {
			continue
		}
		if c.path == path {
			k := plainKid{name: ".", client: c, served: c.served, counts: c.held}
			found["."] = p.finish(k, 1)
			continue
		}
		rest := c.path
		if path != "" {
			rest = c.path[len(path)+1:]
		}
		name, _, _ := strings.Cut(rest, "/")
		if _, ok := found[name]; ok {
			continue
		}
		k := plainKid{name: name, path: strings.TrimPrefix(path+"/"+name, "/")}
		n := p.nodes[k.path]
		k.served = n.served
		k.counts, k.takes = p.vector(k.path)
		if !p.isInternal(k.path) {
			k.client = c
		}
		found[name] = p.finish(k, n.weight)
	}
	return slices.Collect(maps.Values(found))
}

func (p *plain) finish(k plainKid, weight float64) plainKid {
	if k.client != nil {
		k.takes = k.client.active && !k.client.blocked
	}
	k.share = p.share(&k.counts, weight)
	return k
}

// vector is what a path counts as holding.
func (p *plain) vector(path string) (sum drf.Vec, takes bool) {
	if !p.rules.rescale || !p.isInternal(path) {
		for _, c := range p.below(path) {
			sum.Add(&c.held)
		}
		return sum, false
	}
	kids := p.kids(path)
	least := 0.0
	for _, k := range kids {
		if k.takes && (!takes || k.share < least) {
			takes, least = true, k.share
		}
	}
	for _, k := range kids {
		for i := range k.counts.Len() {
			q := k.counts.Get(i)
			if takes && k.share > least {
				q = int64(float64(q) * (least / k.share))
			}
			sum.Set(i, sum.Get(i)+q)
		}
	}
	return sum, takes
}

func (p *plain) share(held *drf.Vec, weight float64) float64 {
	best := 0.0
	for i := range held.Len() {
		total := float64(p.totals.Get(i))
		if total <= 0 || p.rules.excluded[i] {
			continue
		}
		q := float64(held.Get(i))
		if p.rules.strictShare {
			q, total = q/1000, total/1000
		}
		best = max(best, q/total)
	}
	return best / weight
}

func (p *plain) String() string {
	var b strings.Builder
	for _, c := range p.clients {
		fmt.Fprintf(&b, "%d %s active=%v held=%v\n", c.id, c.path, c.active, c.held)
	}
	return b.String()
}
