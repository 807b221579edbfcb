// want: go statement
package fixture

func f() { go f() }
