// want: into its own names
package fixture

import . "strings"

var _ Builder
