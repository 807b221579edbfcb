// want: imports syscall:
package fixture

import renamed "syscall"

var _ renamed.X
