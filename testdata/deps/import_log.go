// want: imports log:
package fixture

import renamed "log"

var _ renamed.X
