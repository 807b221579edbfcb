// want: ranges over a map
package fixture

import "maps"

func f(m map[string]int, use func(string)) {
	c := maps.Clone(m)
	for k := range c {
		use(k)
	}
}
