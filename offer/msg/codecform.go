package msg

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
)

var (
	uuidType  = reflect.TypeFor[UUID]()
	errorType = reflect.TypeFor[error]()
)

// ownForm are the types that are written and read by their own methods.
var ownForm = map[reflect.Type]bool{
	reflect.TypeFor[resource.Resources]():  true,
	reflect.TypeFor[resource.Resource]():   true,
	reflect.TypeFor[resource.Quantities](): true,
	reflect.TypeFor[resource.Limits]():     true,
	reflect.TypeFor[resource.Attributes](): true,
	reflect.TypeFor[offer.Constraints]():   true,
}

// names are the types whose values have names, by value.
var names = map[reflect.Type][]string{
	reflect.TypeFor[TaskState]():      taskStateNames(),
	reflect.TypeFor[OperationState](): operationStateNames(),
	reflect.TypeFor[Source]():         {SourceMaster.String(), SourceAgent.String(), SourceExecutor.String()},
	reflect.TypeFor[ExecutorType]():   {"CUSTOM", "DEFAULT"},
	reflect.TypeFor[CheckKind]():      checkKinds[:],
}

func taskStateNames() []string {
	list := make([]string, len(taskStates))
	for i := range taskStates {
		list[i] = TaskState(i).String()
	}
	return list
}

func operationStateNames() []string {
	list := make([]string, len(operationStates))
	for i := range operationStates {
		list[i] = OperationState(i).String()
	}
	return list
}

// failure is an error that was read: its text is all that is left of it.
type failure string

func (f failure) Error() string { return string(f) }

// fieldName is a Go field's name in lower case with underscores: "GPUResources" gives "gpu_resources".
func fieldName(name string) string {
	if name == "WebUIURL" {
		return "webui_url"
	}
	var b strings.Builder
	for i, c := range name {
		upper := unicode.IsUpper(c)
		if i > 0 && upper && (unicode.IsLower(rune(name[i-1])) || i+1 < len(name) && unicode.IsLower(rune(name[i+1]))) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// fieldNames are the names of the fields of every struct that messages and inputs are made of, but for those with a form of
// their own.
var fieldNames = func() map[reflect.Type][]string {
	all := map[reflect.Type][]string{}
	for _, s := range []set{messages, inputs, kept, actions, operatorCalls, operations} {
		for _, name := range slices.Sorted(maps.Keys(s)) {
			nameFields(all, s[name])
		}
	}
	return all
}()

// nameFields adds t, and what it is made of, to all.
func nameFields(all map[reflect.Type][]string, t reflect.Type) {
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Pointer, reflect.Map:
		nameFields(all, t.Elem())
	case reflect.Struct:
		if all[t] != nil || ownForm[t] {
			return
		}
		list := make([]string, t.NumField())
		all[t] = list
		for i := range list {
			list[i] = fieldName(t.Field(i).Name)
			nameFields(all, t.Field(i).Type)
		}
	}
}
