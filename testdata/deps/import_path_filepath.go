// want: imports path/filepath:
package fixture

import renamed "path/filepath"

var _ renamed.X
