// want: time.Now
package fixture

import clock "time"

const ok = clock.Second

var t = clock.Now()
