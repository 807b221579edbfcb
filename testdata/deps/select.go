// want: select statement
package fixture

func f() { select {} }
