package msg

// Entry is one key of a registry with its value; see package registry for their meaning.
type Entry struct {
	Key   string
	Value []byte
}

// What a master's store answers, stepped into the master by its host (docs/protocol.md §5).
type (
	// Loaded is the first input of a master: all that its registry holds, and the revision that stands for. With Err it
	// could not be read, and the master does not lead.
	Loaded struct {
		Revision uint64
		Entries  []Entry
		Err      error
	}
	// Committed answers the commit of the same Seq. Err nil: it is durable, and the registry is at Revision.
	Committed struct {
		Seq      uint64
		Revision uint64
		Err      error
	}
)

func (Loaded) isInput()    {}
func (Committed) isInput() {}
