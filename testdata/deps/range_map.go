// want: ranges over a map
package fixture

type s struct{ m map[string]int }

func (x s) keys() (out []string) {
	for k := range x.m {
		out = append(out, k)
	}
	return out
}

func (x s) sum() (n int) {
	for _, v := range x.m {
		n += v
	}
	return n
}
