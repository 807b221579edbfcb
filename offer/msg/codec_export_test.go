package msg

import "reflect"

// Sets are the codec's types by the marker method of their interface.
func Sets() map[string]map[string]reflect.Type {
	return map[string]map[string]reflect.Type{"isMessage": messages, "isInput": inputs, "isAction": actions, "isOperatorCall": operatorCalls, "isKept": kept}
}

// Operations are the operations of package reservation that the codec has a form for.
func Operations() map[string]reflect.Type { return operations }

// Parts takes an object or a list apart: names, "" in a list, and values.
func Parts(b []byte) (names []string, values [][]byte, err error) {
	add := func(name string, value []byte) error {
		names, values = append(names, name), append(values, value)
		return nil
	}
	if b[0] == '[' {
		err = items(b, func(value []byte) error { return add("", value) })
	} else {
		err = members(b, add)
	}
	return names, values, err
}

// FieldNames are those of every struct of the codec.
func FieldNames() map[reflect.Type][]string { return fieldNames }
