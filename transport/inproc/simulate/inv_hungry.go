package simulate

import "fmt"

// hungry: when everything came to rest, no framework waits for what an agent has free: all quota was lifted
// (docs/allocation.md §2).
type hungry struct {
	nothing
	w *world
}

func (*hungry) name() string { return "resources lie idle" }

func (h *hungry) sated() error {
	m := h.w.c.Master()
	if m == nil {
		return nil
	}
	for _, t := range h.w.tenants {
		if t.ended || t.id == "" || len(t.wants) == 0 {
			continue
		}
		need := t.wants[0].size.Add(executorSize)
		for _, a := range m.Agents() {
			b, ok := m.Books(a.Info.ID)
			if !ok || !b.Active {
				continue
			}
			for _, r := range t.spec.Roles {
				if _, fits := b.Free.AllocatableTo(r).Find(need); fits {
					return fmt.Errorf("%s waits for %s, and agent %s has %s free: %s", t.spec.Name, need, a.Info.Hostname, b.Free, m.Explain(t.id, r, a.Info.ID))
				}
			}
		}
	}
	return nil
}
