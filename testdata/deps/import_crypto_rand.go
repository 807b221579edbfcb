// want: imports crypto/rand:
package fixture

import renamed "crypto/rand"

var _ renamed.X
