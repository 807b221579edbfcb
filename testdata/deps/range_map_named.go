// want: ranges over a map
package fixture

type table map[string]int

type holder struct{ inner struct{ t table } }

func (h *holder) each(f func(string)) {
	for k := range h.inner.t {
		f(k)
	}
}
