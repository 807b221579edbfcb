// want: imports net/netip:
package fixture

import renamed "net/netip"

var _ renamed.X
