// Package drf says who is next: clients, weights, totals and what each client holds go in, clients in the order of their
// weighted dominant share come out, and equal calls give equal orders on every platform.
//
// A client is a path in a tree: a role ("eng/ml") in the sorter of roles, a framework's id in the sorter of one role.
// Its share is the largest fraction of any one resource that its subtree holds, divided by its weight
// (docs/allocation.md §1.1). New gives that order; NewRandom a weighted lottery over the same tree (§1.7).
// Names of resources never come here: the caller interns them to indices of a Vec.
//
// Nothing in this package is safe for concurrent use, and nothing keeps or changes a *Vec that it is passed.
package drf

import "errors"

// A Client is the caller's handle of a client: small, dense, and free to be used again after Remove.
type Client uint32

// An Orderer keeps clients in the order in which they should be served.
//
// It is used by one goroutine at a time. Inside Ascend only Share may be called. A call that returns an error
// has changed nothing.
type Orderer interface {
	// Add puts a client into the tree, listed if active (docs/allocation.md §1.2).
	Add(c Client, path string, active bool) error
	// Remove takes a client out, with everything it holds and its place among ties.
	Remove(c Client) error
	// SetActive lists a client or hides it; what a hidden client holds still weighs on its ancestors.
	SetActive(c Client, on bool) error
	// SetWeight sets the weight of a path, which need not exist yet. The default is 1, and 1 forgets the path.
	SetWeight(path string, w float64) error

	// Grant charges d to a client: it now holds d more, and has been served once more.
	// A shared resource is charged once per client and agent: the caller counts the copies.
	Grant(c Client, d *Vec) error
	// Release takes d back. The place among ties stays.
	Release(c Client, d *Vec) error
	// Update exchanges what is in from for what is in to, without counting as being served.
	Update(c Client, from, to *Vec) error

	// SetTotals tells what the whole cluster has. It is cheap to call before every use: a version that is already
	// known costs one comparison, so a new vector must come with a new version.
	SetTotals(t *Vec, version uint64) error
	// BeginAgent names the draw that the next Ascend belongs to; orders that draw no lots ignore it.
	BeginAgent(run, agent uint64)

	// Ascend calls yield for every listed client, first the one to be served first, until yield returns false.
	Ascend(yield func(Client) bool)
	// Share is the client's own weighted dominant share, 0 for a client that is not there.
	Share(c Client) float64

	// Clone returns an independent Orderer of equal state.
	Clone() Orderer
	// Check recomputes sums and keys from the leaves and returns an error that names the first mismatch.
	Check() error
}

// Errors, each wrapped with the client and path it is about.
var (
	ErrPath         = errors.New("drf: bad path: components must not be empty or a dot")
	ErrExists       = errors.New("drf: client or path is already there: remove it first")
	ErrUnknown      = errors.New("drf: no such client: add it first")
	ErrWeight       = errors.New("drf: a weight must be a finite number above 0")
	ErrQuantity     = errors.New("drf: a quantity must not be negative nor make a sum exceed the largest int64")
	ErrNotHeld      = errors.New("drf: more released than the client holds")
	ErrTooMany      = errors.New("drf: bound reached: raise it or remove what is no longer used")
	ErrInconsistent = errors.New("drf: state does not agree with what its leaves give")
)
