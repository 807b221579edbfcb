// want: imports math/rand:
package fixture

import renamed "math/rand"

var _ renamed.X
