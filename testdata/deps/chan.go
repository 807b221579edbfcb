// want: channel type
package fixture

type c chan int
