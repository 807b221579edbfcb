// want: imports sync:
package fixture

import renamed "sync"

var _ renamed.X
