// want: imports hash/maphash:
package fixture

import renamed "hash/maphash"

var _ renamed.X
