// want: iter.Pull
package fixture

import "iter"

func f(s iter.Seq[int]) { _, _ = iter.Pull(s) }
