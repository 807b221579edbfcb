package msg

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/proffer-go/proffer/reservation"
)

// CodecVersion is that of the form that Marshal and MarshalInput write. A change of the form comes with a new one: text of
// another version is ErrVersion, never guessed at.
const CodecVersion = 1

// The errors of the codec, each wrapped with where in the message it is.
var (
	// ErrVersion: the text has no version or another one; both ends must speak the same.
	ErrVersion = errors.New("unknown version of messages")
	// ErrType: nil, a pointer, or a type that there is not in that place.
	ErrType = errors.New("unknown type of message")
	// ErrMessage: text that is no message, or a value that has no text.
	ErrMessage = errors.New("malformed message")
	// ErrMessageBound: more than CodecBounds allow.
	ErrMessageBound = errors.New("message over its bound")
)

// CodecBounds limit one message, written or read (docs/protocol.md §18.1). A field that is 0 or less means its default.
type CodecBounds struct {
	Bytes   int // of its text; 16 MiB by default
	Members int // of all its lists and maps together; 524,288 by default: short members are much longer in memory
}

// DefaultCodecBounds are the defaults.
func DefaultCodecBounds() CodecBounds { return CodecBounds{Bytes: 16 << 20, Members: 1 << 19} }

func boundsOf(list []CodecBounds) CodecBounds {
	b := DefaultCodecBounds()
	for _, x := range list {
		if x.Bytes > 0 {
			b.Bytes = x.Bytes
		}
		if x.Members > 0 {
			b.Members = x.Members
		}
	}
	return b
}

// Marshal writes a message as one JSON object on one line: {"v":1,"type":"Rescind","offer":"m1-O7"}. The type is the name of
// the Go type, fields are those of the Go type in lower case with underscores. Equal messages give equal bytes
// (docs/protocol.md §2).
//
//   - What is zero is left out, but for states, sources and types, which are names such as "TASK_RUNNING"; one that has no
//     name is its number. An empty list is [], none is left out.
//   - Durations and times are whole nanoseconds, scalars on their own whole thousandths.
//   - Bytes are base64, uuids 32 hexadecimal digits, ids and other texts are themselves; maps are sorted by key.
//   - Resources, attributes, quantities, limits and constraints have the form of their own MarshalJSON. How a number among
//     attributes was once written is not part of it.
//   - A value of an interface is an object whose "type" says which it is.
//
// The message is read only. Errors wrap ErrType, ErrMessage (text that is not UTF-8, which JSON cannot carry; a number that
// is none) or ErrMessageBound.
func Marshal(m Message, bounds ...CodecBounds) ([]byte, error) { return marshal(messages, m, bounds) }

// Unmarshal reads what Marshal writes; the message shares no memory with b. Fields may come in any order, those that are
// absent are zero. Errors wrap ErrVersion, ErrType, ErrMessageBound or ErrMessage: the last for fields that are unknown or
// twice there, values of the wrong kind, text after the message or that is not UTF-8. Within resources, attributes,
// quantities and limits other fields are ignored, as docs/resource-model.md §2.3 wants it; twice they may not be there
// either. Whether the message makes sense is found out by the machine that it is stepped into.
func Unmarshal(b []byte, bounds ...CodecBounds) (Message, error) {
	return unmarshal[Message](messages, b, bounds)
}

// MarshalInput writes any input of a machine as Marshal does a message, an Envelope with its message in "body" and errors as
// their text: {"v":1,"type":"Envelope","link":3,"body":{"type":"Teardown"}}. So what a machine was stepped with can be kept
// and played again.
func MarshalInput(in Input, bounds ...CodecBounds) ([]byte, error) {
	return marshal(inputs, in, bounds)
}

// UnmarshalInput reads what MarshalInput writes, as Unmarshal does. Errors that an input carries come back as text alone:
// errors.Is finds nothing in them.
func UnmarshalInput(b []byte, bounds ...CodecBounds) (Input, error) {
	return unmarshal[Input](inputs, b, bounds)
}

// A set holds the types that may stand where an interface does, by name.
type set map[string]reflect.Type

// setOf makes the set of the types of list; that they belong there is checked by the compiler.
func setOf[I any](list ...I) set {
	s := make(set, len(list))
	for _, x := range list {
		t := reflect.TypeOf(x)
		s[t.Name()] = t
	}
	return s
}

// All types of each interface. A test walks the syntax of the package and fails for one that is missing.
var (
	messages = setOf[Message](
		Subscribe{}, Teardown{}, Accept{}, Decline{}, Revive{}, Suppress{}, Kill{}, ShutdownExecutor{}, Acknowledge{}, Reconcile{},
		ToExecutor{}, UpdateFramework{}, Subscribed{}, Offers{}, Rescind{}, Update{}, FromExecutor{}, Failure{}, Error{}, Heartbeat{},
		AcknowledgeOperation{}, ReconcileOperations{}, SetHint{}, UpdateOperation{}, AckOperation{},
		InverseOffers{}, RescindInverse{}, AcceptInverse{}, DeclineInverse{}, Drain{}, EndDrain{},
		RegisterAgent{}, ReregisterAgent{}, UpdateAgent{}, UnregisterAgent{}, Pong{}, StatusUpdate{}, OperationUpdate{},
		ExitedExecutor{}, AgentRegistered{}, AgentReregistered{}, Ping{}, ShutdownAgent{}, RunTasks{}, KillTask{}, StopExecutor{},
		ShutdownFramework{}, FrameworkUpdated{}, StatusAck{}, ApplyOperation{}, SubscribeExecutor{}, ExecutorUpdate{},
		ExecutorMessage{}, ExecutorSubscribed{}, LaunchOnExecutor{}, KillOnExecutor{}, UpdateAcked{}, ExecutorShutdown{},
	)
	inputs = setOf[Input](
		Envelope{}, LinkUp{}, LinkDown{}, Tick{}, Leader{}, Call{}, StopDriver{}, AbortDriver{}, Operate{}, Loaded{}, Committed{},
		VolumeDone{}, Started{}, StartFailed{}, Exited{}, StopAgent{}, Restored{}, Recorded{}, Deposed{},
	)
	kept          = setOf[Kept](KeptAgent{}, KeptTotal{}, KeptDrain{}, KeptFramework{}, KeptExecutor{}, KeptTask{}, KeptUpdate{}, KeptOperation{})
	actions       = setOf[Action](LaunchTasks{}, LaunchGroup{}, Change{})
	operatorCalls = setOf[OperatorCall](
		UpdateWeights{}, UpdateQuota{}, ChangeAgent{}, TeardownFramework{}, DeactivateAgent{}, ReactivateAgent{},
		MarkAgentGone{}, DrainAgent{}, UpdateMaintenance{}, StartMaintenance{}, StopMaintenance{}, GetHealth{}, GetFlags{},
		GetVersion{}, GetMetrics{}, GetState{}, GetAgents{}, GetFrameworks{}, GetExecutors{}, GetTasks{}, GetOperations{},
		GetRoles{}, GetWeights{}, GetQuota{}, GetMaster{}, GetMaintenanceStatus{}, GetMaintenanceSchedule{}, SubscribeEvents{},
		UnsubscribeEvents{},
	)
	operations = setOf[reservation.Op](reservation.Reserve{}, reservation.Unreserve{}, reservation.Create{}, reservation.Destroy{}, reservation.Resize{})
)

// sets are the interfaces that fields have.
var sets = map[reflect.Type]set{
	reflect.TypeFor[Message]():        messages,
	reflect.TypeFor[Action]():         actions,
	reflect.TypeFor[OperatorCall]():   operatorCalls,
	reflect.TypeFor[reservation.Op](): operations,
}

func marshal(s set, x any, bounds []CodecBounds) ([]byte, error) {
	w := writer{bounds: boundsOf(bounds)}
	w.b = fmt.Appendf(w.b, `{"v":%d,`, CodecVersion)
	if err := w.tagged(s, reflect.ValueOf(x)); err != nil {
		return nil, err
	}
	if err := w.fits(); err != nil {
		return nil, err
	}
	return w.b, nil
}

// fault is a malformed message; the format may wrap another error.
func fault(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrMessage, fmt.Errorf(format, args...))
}

// within says where err happened.
func within(where string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%.80s: %w", where, err)
}
