package offer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/reservation"
)

// Operations are applied one after the other. Their JSON form is a list of those of reservation.MarshalOp.
type Operations []reservation.Op

// MarshalJSON writes the operations in order. Errors are those of reservation.MarshalOp.
func (ops Operations) MarshalJSON() ([]byte, error) {
	list := make([]json.RawMessage, len(ops))
	for i, op := range ops {
		text, err := reservation.MarshalOp(op)
		if err != nil {
			return nil, fmt.Errorf("operation %d: %w", i, err)
		}
		list[i] = text
	}
	return json.Marshal(list)
}

// UnmarshalJSON reads what MarshalJSON writes; null gives none. Errors are those of reservation.UnmarshalOp.
func (ops *Operations) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	var read Operations
	for i, text := range list {
		op, err := reservation.UnmarshalOp(text)
		if err != nil {
			return fmt.Errorf("operation %d: %w", i, err)
		}
		read = append(read, op)
	}
	*ops = read
	return nil
}

// wireOperate is Operate with its operation in a list of one.
type wireOperate struct {
	operate
	Ops Operations `json:"operations"`
}

type operate Operate

// MarshalJSON writes the operation as a list of one.
func (c Operate) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireOperate{operate(c), Operations{c.Op}})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Operate) UnmarshalJSON(b []byte) error {
	var w wireOperate
	if err := strictly(b, &w); err != nil {
		return err
	}
	if len(w.Ops) != 1 {
		return fmt.Errorf("%d operations in place of one: %w", len(w.Ops), ErrCommand)
	}
	*c = Operate(w.operate)
	c.Op = w.Ops[0]
	return nil
}

// readers read each kind of command.
var readers = readersOf(
	reader[AddAgent], reader[UpdateAgent], reader[SetAttributes], reader[SetHostname], reader[SetDomain],
	reader[SetAgentActive], reader[SetUnavailability], reader[RemoveAgent], reader[Operate], reader[Whitelist],
	reader[AddFramework], reader[UpdateFramework], reader[SetFrameworkActive], reader[RemoveFramework], reader[Suppress],
	reader[Revive], reader[SetHint], reader[Accept], reader[Decline], reader[Withdraw], reader[AnswerInverse], reader[Charge],
	reader[Release], reader[Refuse], reader[Convert], reader[SetWeights], reader[SetQuota], reader[Recover], reader[Pause],
	reader[Resume],
)

type readCommand func(b []byte) (Command, error)

func readersOf(list ...readCommand) map[string]readCommand {
	byOp := make(map[string]readCommand, len(list))
	for _, read := range list {
		c, _ := read([]byte("{}")) // of that kind, whatever it says
		byOp[c.op()] = read
	}
	return byOp
}

// reader reads one kind of command. What it returns on an error is of that kind, too.
func reader[C Command](b []byte) (Command, error) {
	var c C
	err := strictly(b, &c)
	return c, err
}

// strictly is json.Unmarshal for which fields that are not known are an error.
func strictly(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// MarshalCommand writes {"op":"decline","offers":[1],"filter":{"refuse_ns":5000000000}}: the name of the method in lower case
// and the fields of the command. Times are nanoseconds. Text that is not UTF-8 is mended, as JSON has no other. ErrCommand for what has no such form: nil, a number that is none, an
// operation that is none.
func MarshalCommand(c Command) ([]byte, error) {
	if c == nil {
		return nil, ErrCommand
	}
	fields, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", c.op(), ErrCommand, err)
	}
	text := append([]byte(`{"op":"`), c.op()...)
	text = append(text, '"')
	if len(fields) > len("{}") {
		text = append(text, ',')
	}
	return append(text, fields[1:]...), nil
}

// UnmarshalCommand reads what MarshalCommand writes. Fields that are absent have their zero value; ErrCommand for an op or a
// field that is not known, and for values of the wrong kind. Whether the command makes sense is found out by Do.
func UnmarshalCommand(text []byte) (Command, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCommand, err)
	}
	var op string
	if err := json.Unmarshal(fields["op"], &op); err != nil {
		return nil, fmt.Errorf(`"op": %w: %w`, ErrCommand, err)
	}
	read, ok := readers[op]
	if !ok {
		return nil, fmt.Errorf(`"op" %.80q is not known: %w`, op, ErrCommand)
	}
	delete(fields, "op")
	rest, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", op, ErrCommand, err)
	}
	c, err := read(rest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", op, ErrCommand, err)
	}
	return c, nil
}

// capabilityNames are those of the v1 API, by bit.
var capabilityNames = [...]string{
	"GPU_RESOURCES", "REVOCABLE_RESOURCES", "SHARED_RESOURCES", "RESERVATION_REFINEMENT", "REGION_AWARE",
}

// MarshalJSON writes a list of names, as the v1 API calls them. ErrSpec for a bit that has none.
func (c Capability) MarshalJSON() ([]byte, error) {
	names := []string{}
	for i, name := range capabilityNames {
		if bit := Capability(1) << i; c&bit != 0 {
			names = append(names, name)
			c &^= bit
		}
	}
	if c != 0 {
		return nil, fmt.Errorf("capabilities %b: %w", c, ErrSpec)
	}
	return json.Marshal(names)
}

// UnmarshalJSON reads a list of names; null gives none. ErrSpec for a name that is not known.
func (c *Capability) UnmarshalJSON(b []byte) error {
	var names []string
	if err := json.Unmarshal(b, &names); err != nil {
		return err
	}
	var read Capability
	for _, name := range names {
		i := slices.Index(capabilityNames[:], name)
		if i < 0 {
			return fmt.Errorf("capability %.80q: %w", name, ErrSpec)
		}
		read |= 1 << i
	}
	*c = read
	return nil
}
