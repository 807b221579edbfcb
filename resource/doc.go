// Package resource turns text and JSON into immutable collections of resources and computes with them.
//
// Equal inputs give equal outputs, byte for byte: there is no clock, no lock, no goroutine and no
// state behind the package. The rules come from docs/resource-model.md, sections 1 to 4.
//
// # Memory
//
// Every value of this package is immutable once built and may be read from any number of goroutines.
// Constructors copy what they keep of their arguments. What accessors and iterators hand out (the
// slices and pointers inside a Resource, above all) is shared with the collection and must only be
// read; Resource.Clone gives a copy to change. The exception is Sum, a mutable accumulator with one owner.
//
// # Units
//
// A Scalar counts thousandths: of a core for cpus, of a MiB for mem and disk, of a device for gpus.
package resource
