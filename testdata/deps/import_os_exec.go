// want: imports os/exec:
package fixture

import renamed "os/exec"

var _ renamed.X
