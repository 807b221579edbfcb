// want: imports log/slog:
package fixture

import renamed "log/slog"

var _ renamed.X
