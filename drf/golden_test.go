package drf_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/internal/golden"
)

// The recorded sequences of the reference's own sorter, held against Strict.

type goldenCase struct {
	ID      string       `json:"id"`
	Exclude []string     `json:"fairness_exclude"`
	Steps   []goldenStep `json:"steps"`
}

type goldenStep struct {
	Op           string                        `json:"op"`
	Agent        string                        `json:"agent"`
	Client       string                        `json:"client"`
	Path         string                        `json:"path"`
	Weight       float64                       `json:"weight"`
	ThenActivate bool                          `json:"then_activate"`
	Quantities   map[string]float64            `json:"quantities"`
	Resources    goldenResources               `json:"resources"`
	Old          goldenResources               `json:"old"`
	New          goldenResources               `json:"new"`
	Sorted       *[]string                     `json:"sorted"`
	Held         map[string]map[string]float64 `json:"allocation_scalar_quantities"`
	TotalHeld    map[string]float64            `json:"total_allocation"`
	Count        int                           `json:"count"`
}

type goldenResources struct {
	JSON []goldenResource `json:"json"`
}

type goldenResource struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Scalar struct {
		Value float64 `json:"value"`
	} `json:"scalar"`
	Shared       json.RawMessage `json:"shared"`
	Disk         json.RawMessage `json:"disk"`
	Reservations json.RawMessage `json:"reservations"`
}

// docs/allocation.md §1
func TestGolden(t *testing.T) {
	golden.Run(t, "testdata", "sorter.json", nil, func(path string, data []byte) (int, map[string]int) {
		return runGolden(t, path, data), nil
	})
}

// runGolden plays every sequence and counts those that were asked for an order.
func runGolden(t *testing.T, file string, text []byte) (cases int) {
	var recorded struct {
		Cases []goldenCase `json:"cases"`
	}
	require.NoError(t, json.Unmarshal(text, &recorded), file)
	steps, orders := 0, 0
	for _, c := range recorded.Cases {
		run, before := newGoldenRun(c), orders
		for i, step := range c.Steps {
			at := fmt.Sprintf("%s: case %s, step %d, %s", file, c.ID, i, step.Op)
			require.NoError(t, run.do(step), at)
			orders += run.compare(t, step, at)
			steps++
		}
		if orders > before {
			cases++
		}
	}
	t.Logf("%d steps, %d orders", steps, orders)
	return cases
}

// A goldenRun does what a caller of the sorter does: it interns names and counts shared resources once.
type goldenRun struct {
	sorter  *drf.Sorter
	names   []string
	clients map[string]drf.Client
	paths   []string // by client
	totals  drf.Vec
	agents  map[string]drf.Vec
	version uint64
	copies  map[string]int // of a shared resource, per client and agent
}

func newGoldenRun(c goldenCase) *goldenRun {
	r := &goldenRun{clients: map[string]drf.Client{}, agents: map[string]drf.Vec{}, copies: map[string]int{}}
	var excluded []int
	for _, name := range c.Exclude {
		excluded = append(excluded, r.name(name))
	}
	r.sorter = drf.New(drf.Strict(), drf.Exclude(excluded...))
	return r
}

func (r *goldenRun) name(name string) int {
	if i := slices.Index(r.names, name); i >= 0 {
		return i
	}
	r.names = append(r.names, name)
	return len(r.names) - 1
}

func (r *goldenRun) vector(quantities map[string]float64) drf.Vec {
	var v drf.Vec
	for name, q := range quantities {
		v.Set(r.name(name), thousandths(q))
	}
	return v
}

func thousandths(q float64) int64 { return int64(math.Round(q * 1000)) }

// change is what a list of resources adds to a client (sign 1) or takes from it (sign -1).
func (r *goldenRun) change(step goldenStep, list goldenResources, sign int) drf.Vec {
	var v drf.Vec
	for _, res := range list.JSON {
		if res.Type != "SCALAR" {
			continue
		}
		if res.Shared != nil {
			id := fmt.Sprint(step.Client, step.Agent, res.Name, res.Scalar, string(res.Disk), string(res.Reservations))
			before := r.copies[id]
			r.copies[id] += sign
			if before > 0 && r.copies[id] > 0 {
				continue
			}
		}
		i := r.name(res.Name)
		v.Set(i, v.Get(i)+thousandths(res.Scalar.Value))
	}
	return v
}

func (r *goldenRun) do(step goldenStep) error {
	c, known := r.clients[step.Client]
	switch step.Op {
	case "addSlave":
		r.agents[step.Agent] = r.vector(step.Quantities)
		return r.setTotals()
	case "removeSlave":
		delete(r.agents, step.Agent)
		return r.setTotals()
	case "add":
		if !known {
			c = drf.Client(len(r.paths))
			r.clients[step.Client] = c
			r.paths = append(r.paths, step.Client)
		}
		return r.sorter.Add(c, step.Client, step.ThenActivate)
	case "remove":
		return r.sorter.Remove(c)
	case "activate":
		return r.sorter.SetActive(c, true)
	case "deactivate":
		return r.sorter.SetActive(c, false)
	case "updateWeight":
		return r.sorter.SetWeight(step.Path, step.Weight)
	case "allocated":
		d := r.change(step, step.Resources, 1)
		return r.sorter.Grant(c, &d)
	case "unallocated":
		d := r.change(step, step.Resources, -1)
		return r.sorter.Release(c, &d)
	case "update":
		old, fresh := r.change(step, step.Old, -1), r.change(step, step.New, 1)
		return r.sorter.Update(c, &old, &fresh)
	default:
		return fmt.Errorf("unknown op %q", step.Op)
	}
}

func (r *goldenRun) setTotals() error {
	r.totals.Reset()
	for _, v := range r.agents {
		r.totals.Add(&v)
	}
	r.version++
	return r.sorter.SetTotals(&r.totals, r.version)
}

// compare returns the number of orders it compared.
func (r *goldenRun) compare(t *testing.T, step goldenStep, at string) int {
	require.NoError(t, r.sorter.Check(), at)
	require.Equal(t, step.Count, r.sorter.Len(), at)
	total, want := r.sorter.TotalHeld(), r.vector(step.TotalHeld)
	require.True(t, total.Equal(&want), "%s: all hold %v, want %v", at, total, want)
	for path, c := range r.clients {
		held, _ := r.sorter.Held(c)
		want := r.vector(step.Held[path])
		require.True(t, held.Equal(&want), "%s: %s holds %v, want %v", at, path, held, want)
	}
	if step.Sorted == nil {
		return 0
	}
	got := []string{}
	r.sorter.Ascend(func(c drf.Client) bool {
		got = append(got, r.paths[c])
		return true
	})
	require.Equal(t, *step.Sorted, got, at)
	return 1
}
