// want: rand.IntN
package fixture

import dice "math/rand/v2"

var ok = dice.New(dice.NewPCG(1, 2))

var n = dice.IntN(6)
