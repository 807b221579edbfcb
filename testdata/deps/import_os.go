// want: imports os:
package fixture

import renamed "os"

var _ renamed.X
