package scenario

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Offered is what one framework was offered of one agent for one role.
type Offered struct {
	Framework offer.FrameworkID
	Role      role.Name
	Agent     offer.AgentID
	Resources resource.Resources // no allocation role on them
}

// Offers is what was offered after a step, sorted by framework, role and agent, one entry for each three.
// In JSON it is a tree, framework → role → agent → {"text":…,"json":[…]}.
type Offers []Offered

func compareOffered(a, b Offered) int {
	return cmp.Or(cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Agent, b.Agent))
}

// newOffers sorts list and merges what belongs together.
func newOffers(list []Offered) Offers {
	slices.SortStableFunc(list, compareOffered)
	out := Offers{}
	for _, o := range list {
		if n := len(out); n > 0 && compareOffered(out[n-1], o) == 0 {
			out[n-1].Resources = out[n-1].Resources.Add(o.Resources)
			continue
		}
		out = append(out, o)
	}
	return out
}

type leaf struct {
	Text string          `json:"text"`
	JSON json.RawMessage `json:"json"`
}

// MarshalJSON writes the tree, keys sorted; entries of json and pieces of text in the order of their text.
func (os Offers) MarshalJSON() ([]byte, error) {
	tree := make(map[offer.FrameworkID]map[role.Name]map[offer.AgentID]leaf)
	for _, o := range os {
		list, err := Entries(o.Resources)
		if err != nil {
			return nil, err
		}
		if tree[o.Framework] == nil {
			tree[o.Framework] = make(map[role.Name]map[offer.AgentID]leaf)
		}
		if tree[o.Framework][o.Role] == nil {
			tree[o.Framework][o.Role] = make(map[offer.AgentID]leaf)
		}
		tree[o.Framework][o.Role][o.Agent] = leaf{Text: Text(o.Resources), JSON: list}
	}
	return plainJSON(tree)
}

// plainJSON is json.Marshal that leaves <, > and & as they are.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// UnmarshalJSON reads the tree; of a leaf, json counts and text is for people.
func (os *Offers) UnmarshalJSON(b []byte) error {
	var tree map[offer.FrameworkID]map[role.Name]map[offer.AgentID]*leaf
	if err := json.Unmarshal(b, &tree); err != nil {
		return err
	}
	var list []Offered
	for _, f := range slices.Sorted(maps.Keys(tree)) {
		for _, r := range slices.Sorted(maps.Keys(tree[f])) {
			for _, g := range slices.Sorted(maps.Keys(tree[f][r])) {
				l := tree[f][r][g]
				if l == nil || l.JSON == nil {
					return fmt.Errorf("offer of agent %q to framework %q, role %q: it has no json: %w", g, f, r, ErrMissing)
				}
				res, err := resource.DecodeJSON(l.JSON)
				if err != nil {
					return fmt.Errorf("offer of agent %q to framework %q, role %q: %w", g, f, r, err)
				}
				list = append(list, Offered{Framework: f, Role: r, Agent: g, Resources: res})
			}
		}
	}
	*os = newOffers(list)
	return nil
}

// piece is one entry of a collection with its text.
type piece struct {
	text string
	res  resource.Resource
}

// pieces returns the entries of r in the order of their text. The copies of a shared volume are one entry.
func pieces(r resource.Resources) []piece {
	list := make([]piece, 0, r.Len())
	for e := range r.All() {
		list = append(list, piece{text: e.String(), res: e})
	}
	slices.SortFunc(list, func(a, b piece) int { return strings.Compare(a.text, b.text) })
	return list
}

// Text is the diagnostic form of r, its entries in the order of their text, without the number of copies of shared volumes;
// empty: "". It is what records print.
func Text(r resource.Resources) string {
	var b strings.Builder
	for i, p := range pieces(r) {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p.text)
	}
	return b.String()
}

// Entries is r as a JSON list of Resource messages in the order of their text. A shared volume is one entry, however
// many copies there are.
func Entries(r resource.Resources) ([]byte, error) {
	list := []resource.Resource{}
	for _, p := range pieces(r) {
		list = append(list, p.res)
	}
	return plainJSON(list)
}
