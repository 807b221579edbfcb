package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
)

// Header says what a tape is of. Exactly one of the four configurations is set, as it was given to the machine's New, entropy
// included.
type Header struct {
	Node      msg.Node // who it was, for people
	Master    *master.Config
	Agent     *agent.Config
	Scheduler *framework.SchedulerConfig
	Executor  *framework.ExecutorConfig
	// Policy, Orderer and Authorizer name the master's Allocator.Policy, Allocator.NewOrderer and Authorize where it has them:
	// functions cannot be written down. Whoever replays knows them by these names (Known).
	Policy, Orderer, Authorizer string
}

// Known are the policies, orders and authorizers of a program by the names that headers give them.
type Known struct {
	Policies    map[string]offer.Policy
	Orderers    map[string]func(seed uint64, flat bool) drf.Orderer
	Authorizers map[string]func(master.Request) error
}

// Machine names the kind of the machine: "master", "agent", "scheduler" or "executor"; "" none.
func (h Header) Machine() string {
	switch {
	case h.Master != nil:
		return "master"
	case h.Agent != nil:
		return "agent"
	case h.Scheduler != nil:
		return "scheduler"
	case h.Executor != nil:
		return "executor"
	}
	return ""
}

func (h Header) configurations() (n int) {
	for _, set := range []bool{h.Master != nil, h.Agent != nil, h.Scheduler != nil, h.Executor != nil} {
		if set {
			n++
		}
	}
	return n
}

// The forms are the configurations in JSON, by Go's names of their fields. Fields beside an embedded configuration stand in
// place of its field of the same name.
type (
	headerForm struct {
		Node       msg.Node       `json:"node"`
		Machine    string         `json:"machine"`
		Policy     string         `json:"policy,omitempty"`
		Orderer    string         `json:"orderer,omitempty"`
		Authorizer string         `json:"authorizer,omitempty"`
		Master     *masterForm    `json:"master,omitempty"`
		Agent      *agentForm     `json:"agent,omitempty"`
		Scheduler  *schedulerForm `json:"scheduler,omitempty"`
		Executor   *executorForm  `json:"executor,omitempty"`
	}
	masterForm struct {
		master.Config
		Allocator allocatorForm
		Authorize bool
	}
	allocatorForm struct {
		offer.Config
		Rules              *rulesForm `json:",omitempty"` // nil: the zero value, which is not that of rules with nothing set
		Policy, NewOrderer bool
	}
	agentForm struct {
		agent.Config
		Info json.RawMessage // msg.KeptAgent
	}
	schedulerForm struct {
		framework.SchedulerConfig
		Framework json.RawMessage // msg.KeptFramework
	}
	executorForm struct{ framework.ExecutorConfig }
	rulesForm    struct{ offer.Rules }
)

// UnmarshalJSON reads every field over rules that were made: nobody else can put them together.
func (r *rulesForm) UnmarshalJSON(b []byte) error {
	x := offer.DefaultRules(offer.V1)
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(&x)
	r.Rules = x
	return err
}

// marshalHeader writes h; ErrUnrecordable, ErrUnnamed.
func marshalHeader(h Header) ([]byte, error) {
	if h.configurations() != 1 {
		return nil, fmt.Errorf("%w: a header has one configuration; this one has %d", ErrUnrecordable, h.configurations())
	}
	f := headerForm{Node: h.Node, Machine: h.Machine(), Policy: h.Policy, Orderer: h.Orderer, Authorizer: h.Authorizer}
	var err error
	switch {
	case h.Master != nil:
		f.Master, err = formOfMaster(h)
	case h.Agent != nil:
		f.Agent = &agentForm{Config: *h.Agent}
		f.Agent.Info, err = msg.MarshalKept(msg.KeptAgent{Info: h.Agent.Info})
	case h.Scheduler != nil:
		f.Scheduler = &schedulerForm{SchedulerConfig: *h.Scheduler}
		f.Scheduler.Framework, err = msg.MarshalKept(msg.KeptFramework{Info: h.Scheduler.Framework})
	case h.Executor != nil:
		f.Executor = &executorForm{*h.Executor}
	}
	if err != nil {
		return nil, unrecordable("configuration of "+h.Machine(), err)
	}
	text, err := json.Marshal(f)
	if err != nil {
		return nil, unrecordable("configuration of "+h.Machine(), err)
	}
	if bytes.Contains(text, []byte(`\ufffd`)) {
		return nil, unrecordable("configuration of "+h.Machine(), fmt.Errorf("a text in it is not UTF-8"))
	}
	return text, nil
}

func formOfMaster(h Header) (*masterForm, error) {
	c := h.Master.Allocator
	for _, f := range []struct {
		what, header, name string
		set                bool
	}{
		{"Allocator.Policy", "Policy", h.Policy, c.Policy != nil},
		{"Allocator.NewOrderer", "Orderer", h.Orderer, c.NewOrderer != nil},
		{"Authorize", "Authorizer", h.Authorizer, h.Master.Authorize != nil},
	} {
		if f.set != (f.name != "") {
			return nil, fmt.Errorf("%w: the master has %s: %t, and Header.%s is %q; name it if there is one", ErrUnnamed, f.what, f.set, f.header, f.name)
		}
	}
	f := &masterForm{Config: *h.Master, Allocator: allocatorForm{Config: c, Policy: c.Policy != nil, NewOrderer: c.NewOrderer != nil},
		Authorize: h.Master.Authorize != nil}
	if !reflect.ValueOf(c.Rules).IsZero() {
		f.Allocator.Rules = &rulesForm{c.Rules}
	}
	return f, nil
}

func unrecordable(what string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrUnrecordable, what, err)
}

// unmarshalHeader reads what marshalHeader writes. What a master has that is named is put in by New.
func unmarshalHeader(text []byte) (h Header, err error) {
	var f headerForm
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return h, fmt.Errorf("%w: header: %w", ErrTape, err)
	}
	h = Header{Node: f.Node, Policy: f.Policy, Orderer: f.Orderer, Authorizer: f.Authorizer}
	switch {
	case f.Master != nil:
		h.Master = f.Master.config()
	case f.Agent != nil:
		h.Agent = &f.Agent.Config
		h.Agent.Info, err = infoOfAgent(f.Agent.Info)
	case f.Scheduler != nil:
		h.Scheduler = &f.Scheduler.SchedulerConfig
		h.Scheduler.Framework, err = infoOfFramework(f.Scheduler.Framework)
	case f.Executor != nil:
		h.Executor = &f.Executor.ExecutorConfig
	}
	if err != nil {
		return h, fmt.Errorf("%w: header: %w", ErrTape, err)
	}
	if h.Machine() != f.Machine || h.Machine() == "" {
		return h, fmt.Errorf("%w: header: the configuration is of %q and the machine is %.40q", ErrTape, h.Machine(), f.Machine)
	}
	return h, nil
}

func (f *masterForm) config() *master.Config {
	c := f.Config
	c.Allocator = f.Allocator.Config
	if f.Allocator.Rules != nil {
		c.Allocator.Rules = f.Allocator.Rules.Rules
	}
	return &c
}

func infoOfAgent(text []byte) (msg.AgentInfo, error) {
	k, err := msg.UnmarshalKept(text)
	if a, ok := k.(msg.KeptAgent); ok {
		return a.Info, nil
	}
	return msg.AgentInfo{}, fmt.Errorf("no description of an agent: %w", orWrong(err))
}

func infoOfFramework(text []byte) (msg.FrameworkInfo, error) {
	k, err := msg.UnmarshalKept(text)
	if f, ok := k.(msg.KeptFramework); ok {
		return f.Info, nil
	}
	return msg.FrameworkInfo{}, fmt.Errorf("no description of a framework: %w", orWrong(err))
}

func orWrong(err error) error {
	if err == nil {
		return msg.ErrType
	}
	return err
}
