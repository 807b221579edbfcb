// Package resource turns text and JSON into immutable collections of resources and computes with them.
package resource

import (
	"errors"
	"iter"

	"github.com/proffer-go/proffer/role"
)

var errTodo = errors.New("todo")

// ---- values (§1)

// Scalar is a quantity in thousandths: 1/1000 core, 1/1000 MiB.
type Scalar int64

const MaxScalar Scalar = 4398046511103999

func Whole(n int64) Scalar                      { return Scalar(n * 1000) }
func ScalarFromFloat(v float64) (Scalar, error) { return 0, errTodo }
func ParseScalar(text string) (Scalar, error)   { return 0, errTodo }
func (s Scalar) Float() float64                 { return float64(s) / 1000 }
func (s Scalar) String() string                 { return "" }

// Range is a closed interval.
type Range struct{ Begin, End uint64 }

// Ranges is an immutable canonical set of uint64; zero value empty.
type Ranges struct {
	_ [0]func()
	r []Range
}

func NewRanges(rs ...Range) (Ranges, error)   { return Ranges{}, errTodo } // merges overlaps
func ParseRanges(text string) (Ranges, error) { return Ranges{}, errTodo }
func (r Ranges) All() iter.Seq[Range]         { return nil }
func (r Ranges) Len() int                     { return 0 } // number of intervals
func (r Ranges) Size() uint64                 { return 0 } // number of integers
func (r Ranges) IsEmpty() bool                { return len(r.r) == 0 }
func (r Ranges) Add(s Ranges) Ranges          { return r }
func (r Ranges) Sub(s Ranges) Ranges          { return r }
func (r Ranges) Intersect(s Ranges) Ranges    { return r }
func (r Ranges) Contains(s Ranges) bool       { return false }
func (r Ranges) Equal(s Ranges) bool          { return false }
func (r Ranges) String() string               { return "" }

// Set is an immutable sorted set of strings; zero value empty.
type Set struct {
	_ [0]func()
	s []string
}

func NewSet(items ...string) (Set, error) { return Set{}, errTodo } // duplicates: error
func (r Set) All() iter.Seq[string]       { return nil }
func (r Set) Len() int                    { return len(r.s) }
func (r Set) IsEmpty() bool               { return len(r.s) == 0 }
func (r Set) Has(item string) bool        { return false }
func (r Set) Add(s Set) Set               { return r }
func (r Set) Sub(s Set) Set               { return r }
func (r Set) Intersect(s Set) Set         { return r }
func (r Set) Contains(s Set) bool         { return false }
func (r Set) Equal(s Set) bool            { return false }
func (r Set) String() string              { return "" }

type Kind uint8

const (
	KindScalar Kind = iota
	KindRanges
	KindSet
	KindText // attributes only
)

// ---- one resource (§3)

type ReservationType uint8

const (
	Static  ReservationType = 1
	Dynamic ReservationType = 2
)

type Label struct {
	Key   string
	Value *string
}

type Reservation struct {
	Type      ReservationType
	Role      role.Name
	Principal *string // nil: none
	Labels    []Label
}

type SourceType uint8

const (
	SourcePath SourceType = iota + 1
	SourceMount
	SourceBlock
	SourceRaw
)

type DiskSource struct {
	Type                SourceType
	Root                string // path or mount root, "" none
	ID, Profile, Vendor string
	Metadata            []Label
}

type Persistence struct {
	ID        string
	Principal *string
}

type VolumeMode uint8

const (
	ReadWrite VolumeMode = 1
	ReadOnly  VolumeMode = 2
)

type Volume struct {
	ContainerPath string
	HostPath      string
	Mode          VolumeMode
}

type Disk struct {
	Persistence *Persistence
	Volume      *Volume
	Source      *DiskSource
}

// Resource is one entry as a plain struct: how callers build entries and what iteration yields.
type Resource struct {
	Name           string
	Kind           Kind
	Scalar         Scalar
	Ranges         Ranges
	Set            Set
	Reservations   []Reservation // last = current owner; empty = unreserved
	AllocationRole role.Name     // "" = not allocated
	Disk           *Disk
	Revocable      bool
	Shared         bool
	ProviderID     string
}

func (r Resource) Owner() role.Name         { return "" }      // role of the last reservation; "" unreserved
func (r Resource) Validate() error          { return errTodo } // §3.6 structural
func (r Resource) IsEmpty() bool            { return false }
func (r Resource) Equal(s Resource) bool    { return false }
func (r Resource) String() string           { return "" } // §4.6
func (r Resource) IsPersistentVolume() bool { return r.Disk != nil && r.Disk.Persistence != nil }

// ValidateUse is the use-time addition of §3.6, for tasks and operations.
func ValidateUse(r Resources) error { return errTodo }

// ---- collections (§4)

type Resources struct {
	_ [0]func()
	e []entry
}

type entry struct{}

type Option func(*options) // AllowPredefined… : e.g. checks on predefined names off
type options struct{}

// New validates each resource and merges them.
func New(rs ...Resource) (Resources, error) { return Resources{}, errTodo }
func MustParse(text string) Resources       { panic("todo") } // for tests and examples
// Parse reads the text or JSON form (§2.2, §2.3) under the operator rules of §2.4. *ParseError{Item, Offset, Err}
func Parse(text string, opts ...ParseOption) (Resources, error) { return Resources{}, errTodo }

type ParseOption func(*options)

func WithDefaultRole(r role.Name) ParseOption { return nil }

type ParseError struct {
	Item, Offset int
	Err          error
}

func (e *ParseError) Error() string { return "" }
func (e *ParseError) Unwrap() error { return e.Err }

var ErrNotContained = errors.New("resource: not contained")

func (r Resources) IsEmpty() bool                        { return len(r.e) == 0 }
func (r Resources) Len() int                             { return len(r.e) }
func (r Resources) All() iter.Seq2[Resource, int]        { return nil } // entry and shared count (1 for others), in the order of §4.1
func (r Resources) Add(s Resources) Resources            { return r }
func (r Resources) Sub(s Resources) (Resources, error)   { return r, errTodo }
func (r Resources) SubSaturating(s Resources) Resources  { return r }
func (r Resources) Contains(s Resources) bool            { return false }
func (r Resources) ContainsResource(s Resource) bool     { return false }
func (r Resources) ContainsQuantities(q Quantities) bool { return false }
func (r Resources) Equal(s Resources) bool               { return false }
func (r Resources) String() string                       { return "" }
func (r Resources) FlagText() (string, error)            { return "", errTodo }
func (r Resources) MarshalJSON() ([]byte, error)         { return nil, errTodo }
func (r *Resources) UnmarshalJSON(b []byte) error        { return errTodo }

func (r Resources) Filter(keep func(Resource) bool) Resources     { return r }
func (r Resources) Unreserved() Resources                         { return r }
func (r Resources) Reserved() Resources                           { return r }
func (r Resources) ReservedTo(n role.Name) Resources              { return r }
func (r Resources) AllocatableTo(n role.Name) Resources           { return r }
func (r Resources) ReservableTo(n role.Name) Resources            { return r }
func (r Resources) ReservedToSubtree(n role.Name) Resources       { return r }
func (r Resources) AllocatedToSubtree(n role.Name) Resources      { return r }
func (r Resources) Revocable() Resources                          { return r }
func (r Resources) NonRevocable() Resources                       { return r }
func (r Resources) Shared() Resources                             { return r }
func (r Resources) NonShared() Resources                          { return r }
func (r Resources) PersistentVolumes() Resources                  { return r }
func (r Resources) Scalars() Resources                            { return r }
func (r Resources) Named(name string) Resources                   { return r }
func (r Resources) Reservations() map[role.Name]Resources         { return nil }
func (r Resources) Allocations() (map[role.Name]Resources, error) { return nil, errTodo }
func (r Resources) Names() []string                               { return nil }
func (r Resources) Count(s Resource) int                          { return 0 }
func (r Resources) Scalar(name string) (Scalar, bool)             { return 0, false }
func (r Resources) Ranges(name string) (Ranges, bool)             { return Ranges{}, false }
func (r Resources) Set(name string) (Set, bool)                   { return Set{}, false }
func (r Resources) Quantities() Quantities                        { return Quantities{} } // ranges and sets counted, shared once
func (r Resources) ScalarQuantities() Quantities                  { return Quantities{} } // scalars only

func (r Resources) PushReservation(v Reservation) (Resources, error) { return r, errTodo }
func (r Resources) PopReservation() (Resources, error)               { return r, errTodo }
func (r Resources) ToUnreserved() Resources                          { return r }
func (r Resources) Allocate(n role.Name) Resources                   { return r }
func (r Resources) Unallocate() Resources                            { return r }
func (r Resources) Strip() Resources                                 { return r }
func (r Resources) Find(target Resources) (Resources, bool)          { return r, false }

// ShrinkTo cuts to at most q: entries visited in the given order (nil: §4.1's), §4.4.
func (r Resources) ShrinkTo(q Quantities, order func(a, b Resource) int) Resources   { return r }
func (r Resources) ShrinkToLimits(l Limits, order func(a, b Resource) int) Resources { return r }

// ---- quantities and limits (§4.5)

// Quantities maps names to positive amounts; absent = 0. Immutable.
type Quantities struct {
	_ [0]func()
	q []Quantity
}

type Quantity struct {
	Name   string
	Amount Scalar
}

func NewQuantities(qs ...Quantity) (Quantities, error) { return Quantities{}, errTodo } // duplicates added
func ParseQuantities(text string) (Quantities, error)  { return Quantities{}, errTodo }
func (q Quantities) Get(name string) Scalar            { return 0 }
func (q Quantities) All() iter.Seq2[string, Scalar]    { return nil } // sorted by name
func (q Quantities) Len() int                          { return 0 }
func (q Quantities) IsEmpty() bool                     { return len(q.q) == 0 }
func (q Quantities) Add(s Quantities) Quantities       { return q }
func (q Quantities) Sub(s Quantities) Quantities       { return q } // floor 0
func (q Quantities) Contains(s Quantities) bool        { return false }
func (q Quantities) Equal(s Quantities) bool           { return false }
func (q Quantities) String() string                    { return "" }

// Limits maps names to ceilings; absent = unlimited, explicit zero kept. Immutable.
type Limits struct {
	_ [0]func()
	q []Quantity
}

func NewLimits(qs ...Quantity) (Limits, error)        { return Limits{}, errTodo } // duplicates: error
func ParseLimits(text string) (Limits, error)         { return Limits{}, errTodo }
func (l Limits) Get(name string) (Scalar, bool)       { return 0, false }
func (l Limits) All() iter.Seq2[string, Scalar]       { return nil }
func (l Limits) IsEmpty() bool                        { return len(l.q) == 0 }
func (l Limits) Sub(q Quantities) Limits              { return l }
func (l Limits) ContainsQuantities(q Quantities) bool { return false }
func (l Limits) Contains(m Limits) bool               { return false }
func (l Limits) Equal(m Limits) bool                  { return false }
func (l Limits) String() string                       { return "" }

// ---- attributes (§2.6)

type Attribute struct {
	Name   string
	Kind   Kind // KindScalar, KindRanges, KindText
	Scalar Scalar
	Ranges Ranges
	Text   string
}

func (a Attribute) Raw() string    { return "" }
func (a Attribute) String() string { return "" }

// Attributes is an immutable list in the order given.
type Attributes struct {
	_ [0]func()
	a []Attribute
}

func ParseAttributes(text string) (Attributes, error)             { return Attributes{}, errTodo }
func NewAttributes(as ...Attribute) (Attributes, error)           { return Attributes{}, errTodo }
func (a Attributes) All() iter.Seq[Attribute]                     { return nil }
func (a Attributes) Len() int                                     { return 0 }
func (a Attributes) First(name string) (Attribute, bool)          { return Attribute{}, false } // any kind
func (a Attributes) Lookup(name string, k Kind) (Attribute, bool) { return Attribute{}, false } // first of name and kind
func (a Attributes) Equal(b Attributes) bool                      { return false }
func (a Attributes) String() string                               { return "" }
