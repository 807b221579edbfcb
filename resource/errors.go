package resource

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// The conditions under which this package refuses something. Every error it returns wraps one of them.
var (
	// ErrSyntax: the text or JSON does not follow the grammar (docs/resource-model.md §2.1, §2.2, §2.3).
	ErrSyntax = errors.New("does not follow the grammar")
	// ErrNotNumber: a number was expected (§1.1).
	ErrNotNumber = errors.New("not a finite decimal number")
	// ErrNegative: an amount below zero (§1.1).
	ErrNegative = errors.New("amounts must not be negative")
	// ErrSubnormal: a nonzero number below the smallest normal float64 (§1.1).
	ErrSubnormal = errors.New("subnormal numbers are not supported")
	// ErrTooSmall: a nonzero number that rounds to 0.000 (§1.1).
	ErrTooSmall = errors.New("not zero, yet less than half a thousandth")
	// ErrTooLarge: an amount, or a number of integers, above MaxScalar (§1.1, §1.2).
	ErrTooLarge = errors.New("too large: the most is 4398046511103.999")
	// ErrInverted: a range whose begin is above its end (§1.2).
	ErrInverted = errors.New("begin is above end")
	// ErrOverlap: ranges of one JSON value that overlap (§1.2).
	ErrOverlap = errors.New("ranges overlap")
	// ErrDuplicateItem: a set names a member twice (§1.3).
	ErrDuplicateItem = errors.New("duplicate set member")
	// ErrName: a name that is empty, has spaces at its ends or holds control bytes (§2.2, §8.1).
	ErrName = errors.New("illegal resource name")
	// ErrKind: a value of a kind that is not allowed there (§1.4, §2.5).
	ErrKind = errors.New("wrong kind of value")
	// ErrMixedKinds: operator text gives one name two kinds (§2.4).
	ErrMixedKinds = errors.New("one name has two kinds")
	// ErrPredefined: a predefined name breaks the rules for it (§2.5).
	ErrPredefined = errors.New("breaks the rules for a predefined name")
	// ErrReservation: a reservation stack that is not well-formed (§3.2).
	ErrReservation = errors.New("illegal reservation")
	// ErrForm: a mixture of wire forms that none of them allows (§3.3).
	ErrForm = errors.New("role, reservation and reservations contradict one another")
	// ErrDisk: disk information that is not allowed (§3.4, §3.6).
	ErrDisk = errors.New("illegal disk information")
	// ErrVolumeID: a persistent volume's id that cannot be a directory name (§3.4).
	ErrVolumeID = errors.New("illegal volume id")
	// ErrShared: shared on something else than a persistent volume (§3.6).
	ErrShared = errors.New("only persistent volumes can be shared")
	// ErrUse: legal in a collection, but not in a task or an operation (§3.6).
	ErrUse = errors.New("not usable in a task or operation")
	// ErrOperator: operator text states what only the running system may state (§2.4).
	ErrOperator = errors.New("cannot be stated by an operator")
	// ErrUnknownKey: operator JSON holds a key that does not exist (§2.3).
	ErrUnknownKey = errors.New("unknown key")
	// ErrDuplicateKey: operator JSON holds a key twice (§8.1), or a limits text a name twice (§4.5).
	ErrDuplicateKey = errors.New("duplicate key")
	// ErrNotContained: the left side of a subtraction does not contain the right one (§4.2).
	ErrNotContained = errors.New("not contained")
	// ErrNotReserved: a reservation was to be popped from an unreserved resource (§4.4).
	ErrNotReserved = errors.New("not reserved")
	// ErrNotAllocated: a resource without an allocation role where all must have one (§4.3).
	ErrNotAllocated = errors.New("not allocated to a role")
	// ErrNotFlagText: the collection cannot be written in the text form (§4.6).
	ErrNotFlagText = errors.New("has no text form, use JSON")
	// ErrTooMany: a list is longer than its bound.
	ErrTooMany = errors.New("too many")
)

// Bounds on what a stranger may put into one collection.
const (
	// MaxItems bounds the items of one text or JSON array.
	MaxItems = 1 << 16
	// MaxStack bounds the entries of one reservation stack.
	MaxStack = 64
	// MaxLabels bounds each list of labels.
	MaxLabels = 1024
	// maxDepth bounds the nesting of JSON that is skipped.
	maxDepth = 128
)

// A ParseError says which item of a text is wrong, where and why (docs/resource-model.md §2.2, §9).
type ParseError struct {
	Item   int   // items count from 0, blank ones too; -1: the text as a whole
	Offset int   // bytes from the start of the text to what is wrong
	Err    error // the reason; wraps one of the package's sentinels
}

// Error is one line.
func (e *ParseError) Error() string {
	if e.Item < 0 {
		return fmt.Sprintf("byte %d: %v", e.Offset, e.Err)
	}
	return fmt.Sprintf("item %d, byte %d: %v", e.Item, e.Offset, e.Err)
}

// Unwrap gives the reason.
func (e *ParseError) Unwrap() error { return e.Err }

// at makes an error that knows its byte offset; parsers of lists fill in the item.
func at(offset int, err error) *ParseError { return &ParseError{Item: -1, Offset: offset, Err: err} }

// why wraps a sentinel with what is wrong and what to do.
func why(sentinel error, format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), sentinel)
}

// mostBrief bounds what an error prints of a collection, in bytes.
const mostBrief = 200

// brief prints r for an error, on one line of bounded length.
func brief(r Resources) string {
	if len(r.e) == 0 {
		return "{}"
	}
	return briefEntries(r.e)
}

// briefEntries is brief for the entries of a collection.
func briefEntries(es []entry) string {
	var b []byte
	for i := range es {
		if b = appendEntry(b, es, i); len(b) > mostBrief {
			break
		}
	}
	return oneLine(string(b))
}

// oneLine escapes what does not print, and cuts s to mostBrief.
func oneLine(s string) string {
	var b []byte
	for _, c := range s {
		if len(b) >= mostBrief {
			return string(b) + "…"
		}
		if strconv.IsPrint(c) {
			b = utf8.AppendRune(b, c)
			continue
		}
		q := strconv.QuoteRune(c)
		b = append(b, q[1:len(q)-1]...)
	}
	return string(b)
}

// excerpt quotes s on one line, cut to a readable length.
func excerpt(s string) string {
	const most = 48
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
