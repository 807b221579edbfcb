// want: imports net:
package fixture

import renamed "net"

var _ renamed.X
