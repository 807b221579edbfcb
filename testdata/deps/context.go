// want: context.WithTimeout
package fixture

import (
	"context"
	"time"
)

func f(ctx context.Context) { _, _ = context.WithTimeout(ctx, time.Second) }
