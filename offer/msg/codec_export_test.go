package msg

import "reflect"

// Sets are the codec's types by the marker method of their interface.
func Sets() map[string]map[string]reflect.Type {
	return map[string]map[string]reflect.Type{"isMessage": messages, "isInput": inputs, "isAction": actions, "isOperatorCall": operatorCalls, "isKept": kept}
}

// Operations are the operations of package reservation that the codec has a form for.
func Operations() map[string]reflect.Type { return operations }
