// want: imports sync/atomic:
package fixture

import renamed "sync/atomic"

var _ renamed.X
