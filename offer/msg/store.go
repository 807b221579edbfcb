package msg

// Entry is one key with its value: of a registry (see package registry for their meaning), or of an agent's checkpoint.
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

// Deposed tells a master that it leads no longer, or cannot be sure that it does (docs/protocol.md §5): it says nothing more.
type Deposed struct{ Cause string }

func (Deposed) isInput() {}

// What an agent's checkpoint answers, stepped into the agent by its host (docs/protocol.md §16.2).
type (
	// Restored is the first input of an agent that keeps a checkpoint: all that it holds. With Err it could not be read,
	// and the agent ends.
	Restored struct {
		Entries []Entry
		Err     error
	}
	// Recorded answers records. Err nil: all up to Seq are durable. Else it is unknown which of those after the ones that
	// were answered before are, and the agent ends.
	Recorded struct {
		Seq uint64
		Err error
	}
)

func (Loaded) isInput()    {}
func (Committed) isInput() {}
func (Restored) isInput()  {}
func (Recorded) isInput()  {}
