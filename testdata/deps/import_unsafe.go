// want: imports unsafe:
package fixture

import renamed "unsafe"

var _ renamed.X
