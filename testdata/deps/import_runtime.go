// want: imports runtime:
package fixture

import renamed "runtime"

var _ renamed.X
