package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/offer/scenario"
)

// write prints v as one line of JSON.
func (s *simulation) write(v any) error {
	e := json.NewEncoder(s.out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return failure{err}
	}
	return nil
}

// begin heads a case.
func (s *simulation) begin(c *scenario.Case) error {
	if s.table {
		return s.lines(fmt.Sprintf("case %s", c.Name))
	}
	return nil
}

func (s *simulation) print(r *scenario.Replay, step *scenario.Step, res scenario.Result) error {
	if s.table {
		return s.printRow(r, step, res)
	}
	reasons := s.reasons(r)
	if reasons == nil {
		return s.write(res)
	}
	object, err := res.MarshalJSON()
	if err != nil {
		return failure{err}
	}
	var list bytes.Buffer
	e := json.NewEncoder(&list)
	e.SetEscapeHTML(false)
	if err := e.Encode(reasons); err != nil {
		return failure{err}
	}
	line := append(bytes.TrimSuffix(object, []byte("}")), `,"explain":`...)
	line = append(append(line, bytes.TrimSpace(list.Bytes())...), '}')
	return s.write(json.RawMessage(line))
}

// lines prints lines as they are.
func (s *simulation) lines(lines ...string) error {
	for _, l := range lines {
		if _, err := fmt.Fprintln(s.out, l); err != nil {
			return failure{err}
		}
	}
	return nil
}

// printRow prints a step for people: number, time, runs, what was done, and below it what came of it.
func (s *simulation) printRow(r *scenario.Replay, step *scenario.Step, res scenario.Result) error {
	lines := []string{fmt.Sprintf("%4d  %7.4gs  %s  %s", res.Step, float64(r.Now())/1e9, runs(res.Runs), step)}
	add := func(format string, args ...any) { lines = append(lines, "        "+fmt.Sprintf(format, args...)) }
	if res.OK != nil && *res.OK {
		add("ok")
	}
	if res.Err != nil {
		add("refused: %v", res.Err)
	}
	if res.Resulting != nil {
		add("resulting {%s}", scenario.Text(*res.Resulting))
	}
	for _, x := range res.Rescinded {
		add("%s taken back from %s in %s: %s", x.Agent, x.Framework, x.Role, x.Reason)
	}
	for _, o := range res.Offers {
		add("%s -> %s in %s  %s", o.Agent, o.Framework, o.Role, scenario.Text(o.Resources))
	}
	for _, why := range s.reasons(r) {
		add("%s", reasonText(why))
	}
	return s.lines(lines...)
}

func reasonText(why scenario.Reason) string {
	text := "why: " + why.Reason
	if why.Role != "" {
		text = fmt.Sprintf("why in %s: %s", why.Role, why.Reason)
	}
	if why.Gate != 0 {
		text += fmt.Sprintf(" (gate %d)", why.Gate)
	}
	return text
}

func runs(n uint64) string {
	switch n {
	case 0:
		return "no run "
	case 1:
		return "1 run  "
	}
	return fmt.Sprintf("%d runs ", n)
}

// writeFinal prints the books and the orders for people.
func (s *simulation) writeFinal(f scenario.Final) error {
	lines := []string{"  final"}
	add := func(format string, args ...any) { lines = append(lines, "    "+fmt.Sprintf(format, args...)) }
	for _, id := range slices.Sorted(maps.Keys(f.Agents)) {
		b := f.Agents[id]
		add("%s  total {%s}  free {%s}", id, b.Total, b.Available)
		for _, fw := range slices.Sorted(maps.Keys(b.Held)) {
			for _, r := range slices.Sorted(maps.Keys(b.Held[fw])) {
				add("  %s in %s holds {%s}", fw, r, b.Held[fw][r])
			}
		}
	}
	add("roles in order: %s", inOrder(f.RoleSort))
	for _, r := range f.RoleSort {
		add("frameworks of %s in order: %s", r, inOrder(f.FrameworkSort[r]))
	}
	return s.lines(lines...)
}

func inOrder[T ~string](list []T) string {
	if len(list) == 0 {
		return "none"
	}
	texts := make([]string, 0, len(list))
	for _, x := range list {
		texts = append(texts, string(x))
	}
	return strings.Join(texts, ", ")
}
