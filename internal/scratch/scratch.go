// Package scratch takes maps and lengths, and gives lists in the memory of earlier lists: for checks that go through
// everything a machine has after every one of its steps, and should not leave anything to collect.
//
// Nothing in it is safe for concurrent use. What a list held before is overwritten, so only one list lives in a memory at a
// time; what it pointed at is kept alive until then.
package scratch

import (
	"maps"
	"slices"
)

// Entry is what a map has under a key.
type Entry[K comparable, V any] struct {
	Key   K
	Value V
}

// Entries lists what is in m, in the memory of list: in the order of the keys by compare, or, if not ordered, in any order,
// which differs from call to call. What is found out in any order must be the same in every order.
func Entries[K comparable, V any](list []Entry[K, V], m map[K]V, ordered bool, compare func(a, b K) int) []Entry[K, V] {
	before := list
	list = list[:0]
	if len(m) > 0 {
		maps.All(m)(func(key K, value V) bool {
			list = append(list, Entry[K, V]{key, value})
			return true
		})
	}
	if len(list) < len(before) {
		clear(before[len(list):])
	}
	if ordered {
		slices.SortFunc(list, func(a, b Entry[K, V]) int { return compare(a.Key, b.Key) })
	}
	return list
}

// Sized is list with n elements, in its memory if there is room. What it has there already stays: elements may have memory of
// their own.
func Sized[T any](list []T, n int) []T {
	if n > cap(list) {
		list = append(list[:cap(list)], make([]T, n-cap(list))...)
	}
	return list[:n]
}

// Zeroed is Sized with elements that are all zero.
func Zeroed[T any](list []T, n int) []T {
	list = Sized(list, n)
	clear(list)
	return list
}
