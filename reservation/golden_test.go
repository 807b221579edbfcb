package reservation_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/internal/golden"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// The recorded answers of the reference to bare conversions. The copy in testdata is compared, and the file of the same
// name in the folder that PROFFER_CASES names.

type goldenCase struct {
	ID     string            `json:"id"`
	Type   string            `json:"type"`
	Total  goldenResources   `json:"resources"`
	Args   []json.RawMessage `json:"args"`
	Source []json.RawMessage `json:"source"`
	Result *goldenResources  `json:"result"`
}

type goldenResources struct {
	Text string            `json:"text"`
	JSON []json.RawMessage `json:"json"`
}

// A divergence is a rule by which we answer otherwise than the reference, decided on the input alone.
type divergence struct {
	section, reason string
	applies         func(total resource.Resources, op reservation.Op) bool
	accept          bool // our answer, where the reference's is the other
}

var divergences = []divergence{{
	section: "docs/resource-model.md §4.2",
	reason:  "a total that holds one indivisible entry does not contain it twice",
	applies: reservesOneWholeTwice,
	accept:  false,
}}

// reservesOneWholeTwice: RESERVE lists an indivisible disk that is no volume more often than there could be.
func reservesOneWholeTwice(total resource.Resources, op reservation.Op) bool {
	r, ok := op.(reservation.Reserve)
	if !ok {
		return false
	}
	for e := range r.Resources.All() {
		if !e.IsDivisible() && !e.IsPersistentVolume() && r.Resources.Count(e) > total.ToUnreserved().Count(e.WithReservations()) {
			return true
		}
	}
	return false
}

// docs/resource-model.md §6.1
func TestGoldenExtras(t *testing.T) {
	golden.Run(t, "testdata", "extras.json", nil, func(path string, data []byte) (int, map[string]int) {
		var file struct {
			Apply []goldenCase `json:"apply"`
		}
		require.NoError(t, json.Unmarshal(data, &file), path)
		used := map[string]int{}
		for _, c := range file.Apply {
			checkGolden(t, c, used)
		}
		return len(file.Apply), used
	})
}

func checkGolden(t *testing.T, c goldenCase, used map[string]int) {
	total := goldenTotal(t, c.Total)
	op := goldenOp(t, c)
	got, err := reservation.Convert(total, op)
	accepted := c.Result != nil // else it refused, or died
	for _, d := range divergences {
		if d.applies(total, op) && accepted != d.accept {
			used[d.section+": "+d.reason]++
			require.Equal(t, d.accept, err == nil, "%s: by %s", c.ID, d.section)
			return
		}
	}
	if !accepted {
		require.Error(t, err, "%s: the reference refuses", c.ID)
		requireEqual(t, total, got, "%s", c.ID)
		return
	}
	require.NoError(t, err, c.ID)
	requireEqual(t, goldenTotal(t, *c.Result), got, "%s", c.ID)
}

func goldenOp(t *testing.T, c goldenCase) reservation.Op {
	args := goldenList(t, c.Args, nil)
	switch c.Type {
	case "RESERVE":
		return reservation.Reserve{Resources: args, Source: goldenList(t, c.Source, nil)}
	case "UNRESERVE":
		return reservation.Unreserve{Resources: args}
	case "CREATE":
		return reservation.Create{Volumes: args}
	case "DESTROY":
		return reservation.Destroy{Volumes: args}
	}
	require.Fail(t, "unknown operation", "%s: %s", c.ID, c.Type)
	return nil
}

func goldenTotal(t *testing.T, g goldenResources) resource.Resources {
	return goldenList(t, g.JSON, strings.Split(g.Text, "; "))
}

// goldenList adds the entries up. How many there are of a shared one only the printed text tells.
func goldenList(t *testing.T, list []json.RawMessage, text []string) resource.Resources {
	var all resource.Resources
	for _, raw := range list {
		one, err := resource.DecodeJSON([]byte(fmt.Sprintf("[%s]", raw)), resource.ForeignNames())
		require.NoError(t, err, "%s", raw)
		for range printedCount(t, one, text) {
			all = all.Add(one)
		}
	}
	return all
}

func printedCount(t *testing.T, one resource.Resources, text []string) int {
	if one.Shared().IsEmpty() || text == nil {
		return 1
	}
	stem := strings.TrimSuffix(one.String(), "<1>") + "<"
	for _, item := range text {
		if digits, ok := strings.CutPrefix(item, stem); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(digits, ">"))
			require.NoError(t, err, item)
			return n
		}
	}
	require.Fail(t, "no count printed", "%s", one)
	return 0
}
