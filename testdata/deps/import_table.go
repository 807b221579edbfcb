// want: is not in its row
package fixture

import (
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/role"
)

var _ offer.Time

var _ role.Name
