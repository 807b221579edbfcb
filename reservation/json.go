package reservation

import (
	"encoding/json"
	"fmt"

	"github.com/proffer-go/proffer/resource"
)

// wireOp is an operation as docs/http-v1.md §6 has it: a type, and the field that belongs to it.
type wireOp struct {
	Type      string         `json:"type"`
	Reserve   *wireReserve   `json:"reserve,omitempty"`
	Unreserve *wireUnreserve `json:"unreserve,omitempty"`
	Create    *wireVolumes   `json:"create,omitempty"`
	Destroy   *wireVolumes   `json:"destroy,omitempty"`
	Grow      *wireGrow      `json:"grow_volume,omitempty"`
	Shrink    *wireShrink    `json:"shrink_volume,omitempty"`
}

type wireReserve struct {
	Resources resource.Resources  `json:"resources"`
	Source    *resource.Resources `json:"source,omitempty"`
}

type wireUnreserve struct {
	Resources resource.Resources `json:"resources"`
}

type wireVolumes struct {
	Volumes resource.Resources `json:"volumes"`
}

type wireGrow struct {
	Volume   *resource.Resource `json:"volume"`
	Addition *resource.Resource `json:"addition"`
}

type wireShrink struct {
	Volume   *resource.Resource `json:"volume"`
	Subtract *wireScalar        `json:"subtract"`
}

type wireScalar struct {
	Value json.Number `json:"value"`
}

// MarshalOp writes op as {"type":"RESERVE","reserve":{"resources":[…]}} (docs/http-v1.md §6). ErrUnknownOp: nil. ErrMalformed: a
// Resize that the form cannot carry, because it both grows and shrinks or grows by more than one entry.
func MarshalOp(op Op) ([]byte, error) {
	w := wireOp{Type: Name(op)}
	switch op := op.(type) {
	case Reserve:
		w.Reserve = &wireReserve{Resources: op.Resources}
		if !op.Source.IsEmpty() {
			w.Reserve.Source = &op.Source
		}
	case Unreserve:
		w.Unreserve = &wireUnreserve{Resources: op.Resources}
	case Create:
		w.Create = &wireVolumes{Volumes: op.Volumes}
	case Destroy:
		w.Destroy = &wireVolumes{Volumes: op.Volumes}
	case Resize:
		if err := resizeToWire(&w, op); err != nil {
			return nil, err
		}
	default:
		return nil, ErrUnknownOp
	}
	return json.Marshal(w)
}

func resizeToWire(w *wireOp, op Resize) error {
	if op.Grow.IsEmpty() {
		w.Shrink = &wireShrink{Volume: &op.Volume, Subtract: &wireScalar{Value: json.Number(op.Shrink.String())}}
		return nil
	}
	if op.Shrink != 0 || op.Grow.Len() != 1 {
		return fmt.Errorf("%w: grow by one entry, or shrink: %s", ErrMalformed, cite(op.Volume))
	}
	for added, count := range op.Grow.All() {
		if count != 1 {
			return fmt.Errorf("%w: grow by one entry: %s", ErrMalformed, cite(added))
		}
		w.Grow = &wireGrow{Volume: &op.Volume, Addition: &added}
	}
	return nil
}

// UnmarshalOp reads what MarshalOp writes, resources in any of the wire forms (docs/resource-model.md §3.3). Fields that do not
// belong to the type are ignored. The error wraps ErrUnknownOp for another type, else ErrMalformed. Whether the operation makes
// sense is Apply's business.
func UnmarshalOp(b []byte) (Op, error) {
	var w wireOp
	if err := json.Unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	op, err := w.op()
	if err != nil {
		return nil, fmt.Errorf("%.40q: %w", w.Type, err)
	}
	return op, nil
}

func (w wireOp) op() (Op, error) {
	switch {
	case w.Type == "RESERVE" && w.Reserve != nil:
		op := Reserve{Resources: w.Reserve.Resources}
		if w.Reserve.Source != nil {
			op.Source = *w.Reserve.Source
		}
		return op, nil
	case w.Type == "UNRESERVE" && w.Unreserve != nil:
		return Unreserve{Resources: w.Unreserve.Resources}, nil
	case w.Type == "CREATE" && w.Create != nil:
		return Create{Volumes: w.Create.Volumes}, nil
	case w.Type == "DESTROY" && w.Destroy != nil:
		return Destroy{Volumes: w.Destroy.Volumes}, nil
	case w.Type == "GROW_VOLUME" && w.Grow != nil:
		return w.Grow.op()
	case w.Type == "SHRINK_VOLUME" && w.Shrink != nil:
		return w.Shrink.op()
	}
	switch w.Type {
	case "RESERVE", "UNRESERVE", "CREATE", "DESTROY", "GROW_VOLUME", "SHRINK_VOLUME":
		return nil, fmt.Errorf("%w: the field that belongs to the type is missing", ErrMalformed)
	}
	return nil, ErrUnknownOp
}

func (w wireGrow) op() (Op, error) {
	if w.Volume == nil || w.Addition == nil {
		return nil, fmt.Errorf("%w: volume and addition are required", ErrMalformed)
	}
	grow, err := resource.New(*w.Addition)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return Resize{Volume: *w.Volume, Grow: grow}, nil
}

func (w wireShrink) op() (Op, error) {
	if w.Volume == nil || w.Subtract == nil {
		return nil, fmt.Errorf("%w: volume and subtract are required", ErrMalformed)
	}
	amount, err := resource.ParseScalar(w.Subtract.Value.String())
	if err != nil {
		return nil, fmt.Errorf("%w: subtract: %w", ErrMalformed, err)
	}
	return Resize{Volume: *w.Volume, Shrink: amount}, nil
}
