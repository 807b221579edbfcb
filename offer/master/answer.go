package master

// Answer is the result of an operator's call (docs/protocol.md §16.1). Err nil: a write is done and durable, a read has its
// Result.
type Answer struct {
	Seq    uint64 // of the msg.Operate
	Err    error
	Result Result // of a read; nil otherwise
}

// A Result is what a read gives. The set is sealed: a type for each read, named after it. It belongs to the receiver and
// shares nothing that changes.
type Result interface{ isResult() }
