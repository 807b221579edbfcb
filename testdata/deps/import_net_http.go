// want: imports net/http:
package fixture

import renamed "net/http"

var _ renamed.X
