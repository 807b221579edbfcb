package resource

import "github.com/proffer-go/proffer/role"

// parseJSONItems reads operator JSON: strict, and under the rules of docs/resource-model.md §2.4.
func parseJSONItems(text string, o options) ([]entry, error) {
	p := &scanner{s: text, strict: true}
	var items []entry
	var seen kindTable
	err := p.resources(func(n, off int, w Wire, st stated) error {
		if w.Role == nil && len(w.Resource.Reservations) == 0 && o.defaultRole != role.Default {
			r := string(o.defaultRole)
			w.Role = &r
			if _, err := roleText(r); err != nil {
				return at(off, why(err, "default role"))
			}
		}
		if err := checkStated(&w, st, off); err != nil {
			return err
		}
		e, err := entryOfWire(w, &o)
		if err != nil {
			return at(off, err)
		}
		if !seen.agrees(e.m.name, e.m.kind) {
			return at(off, why(ErrMixedKinds, "%s is given as %s, and before as another kind", excerpt(e.m.name), e.m.kind))
		}
		items = append(items, e)
		return nil
	})
	return items, err
}

// stated tells where an item states what an operator must not; 0: not at all.
type stated struct{ reservation, allocation, provider, revocable, shared, volume int }

// checkStated holds one item, as written, against docs/resource-model.md §2.4.
func checkStated(w *Wire, st stated, off int) error {
	for _, f := range [...]struct {
		off  int
		what string
	}{
		{st.revocable, "revocable"}, {st.shared, "shared"}, {st.allocation, "allocation_info"},
		{st.provider, "provider_id"}, {st.volume, "disk.volume"},
	} {
		if f.off > 0 {
			return at(f.off, why(ErrOperator, "%s", f.what))
		}
	}
	if w.Resource.IsPersistentVolume() {
		return at(off, why(ErrOperator, "a persistent volume"))
	}
	if st.reservation > 0 {
		return at(st.reservation, why(ErrOperator, "a DYNAMIC reservation"))
	}
	if w.Resource.IsDynamicallyReserved() {
		return at(off, why(ErrOperator, "a DYNAMIC reservation"))
	}
	if d := w.Resource.Disk; d != nil && d.Source != nil && d.Source.Type != SourcePath && d.Source.Type != SourceMount {
		return at(off, why(ErrOperator, "a disk source of type %s", d.Source.Type))
	}
	return nil
}
