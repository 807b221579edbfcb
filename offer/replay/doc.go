// Package replay writes down every input of one machine, and plays it again to the same bytes: a machine's configuration and
// its inputs go in, a tape comes out; a tape goes in, and the machine's state at any step comes out (docs/protocol.md §21).
//
// A Writer is called where a machine is stepped: Step before, Outcome and Effects after. A host does that for its node (see
// transport/host.Recording). A Player reads a tape, steps a new machine with it, and says which step is the first whose effects
// are not those that were recorded: *Difference.
//
// # The form of a tape
//
// A tape is the line "proffer-tape 1\n" and records. A record is the length of its payload as an unsigned varint, one byte that
// checks the length, the payload, and four bytes that check the payload (FNV-1a, 32 bits, little endian; the byte is the four
// bytes of the varint's sum, xored). The first byte of a payload says what it is:
//
//	H  the header, one JSON object: node, kind and the whole configuration
//	S  a step: the time since the step before as a signed varint of nanoseconds, then the input as msg.MarshalInput writes it
//	R  what became of the step before: one byte, 1 if its effects were taken before the next step; eight bytes of digest
//	E  the end, with the reason as text: what came then could not be recorded
//
// An S without an R is a step that was not finished when the recording ended. A tape may end anywhere: what is not whole at its
// end is left out, and Reader.Note tells so. Damage before the end is ErrCorrupt, with the number of the record.
//
// The digest covers the error of the step as text, the machine's next deadline, and all effects. It tells nil from empty
// nowhere, and of an attribute not how its number was once spelled: no machine decides by either. Errors in inputs come back as
// text, errors.Is finds nothing in them; no machine looks into them.
//
// Memory: a Writer keeps nothing that it is passed; what a Reader returns is the caller's. Nothing here is safe for concurrent
// use.
package replay
