package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/proffer-go/proffer/offer"
)

// tellWhyNot says, for each framework and agent without an offer between them, the first gate that refuses.
func (d *demo) tellWhyNot() {
	m := d.cluster.Master()
	for _, f := range []*tenant{&d.hello.tenant, &d.producer.tenant, &d.consumer.tenant, &d.greedy.tenant} {
		for _, a := range m.Agents() {
			if f.id == "" || d.story.offered[pair{f.id, a.Info.ID}] {
				continue
			}
			if v := m.Explain(f.id, f.info.Roles[0], a.Info.ID); v.Gate != 0 {
				why := strings.ReplaceAll(v.Reason, string(f.id), f.info.Name)
				why = strings.ReplaceAll(why, string(a.Info.ID), a.Info.Hostname)
				d.story.say("why not", "%s gets nothing from %s: %s (gate %d)", f.info.Name, a.Info.Hostname, why, v.Gate)
			}
		}
	}
}

// tellRoles prints the operator's table.
func (d *demo) tellRoles(when string) {
	fmt.Fprintf(d.story.out, "\nroles %s\n", when)
	w := tabwriter.NewWriter(d.story.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "role\tweight\tguarantee\tlimit\tallocated\tdominant share")
	for _, r := range d.cluster.Master().Roles() {
		fmt.Fprintf(w, "%s\t%g\t%s\t%s\t%s\t%.3f\n", r.Role, r.Weight, orDash(r.Guarantee), orDash(r.Limit), orDash(r.Allocated), r.Share)
	}
	w.Flush()
	fmt.Fprintln(d.story.out)
}

func orDash(q interface {
	fmt.Stringer
	IsEmpty() bool
}) string {
	if q.IsEmpty() {
		return "-"
	}
	return q.String()
}

// verdict says whether every task finished and the books balance, and returns what does not.
func (d *demo) verdict() error {
	var unfinished error
	tasks := 0
	for _, f := range []*tenant{&d.hello.tenant, &d.producer.tenant, &d.consumer.tenant, &d.greedy.tenant} {
		tasks += f.finished
		if f.finished < f.want {
			unfinished = errors.Join(unfinished, fmt.Errorf("%s finished %d of %d tasks", f.info.Name, f.finished, f.want))
		}
	}
	if unfinished == nil && !d.done() {
		unfinished = errors.New("not everything was given back in time")
	}
	err := errors.Join(unfinished, d.failed(), d.balance())
	if err == nil {
		d.story.say("demo", "all %d tasks finished and the books balance", tasks)
	}
	return err
}

// balance holds every agent's books against what it was started with: nothing is in use, and what was reserved and
// created has been given up.
func (d *demo) balance() error {
	for _, a := range d.cluster.Master().Agents() {
		b, ok := d.cluster.Master().Books(a.Info.ID)
		if !ok {
			return fmt.Errorf("no books for %s", a.Info.Hostname)
		}
		if !b.Allocated.IsEmpty() || !b.Total.Equal(a.Info.Resources) || !b.Free.Add(b.Offered).Equal(b.Total) {
			return fmt.Errorf("books of %s: total %s, free %s, offered %s, allocated %s; it was started with %s",
				a.Info.Hostname, b.Total, b.Free, b.Offered, b.Allocated, a.Info.Resources)
		}
	}
	return nil
}

// pair is a framework and an agent.
type pair struct {
	framework offer.FrameworkID
	agent     offer.AgentID
}
