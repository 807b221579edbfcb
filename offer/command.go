package offer

import (
	"errors"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// ErrCommand is wrapped by the errors of what is no command.
var ErrCommand = errors.New("offer: bad command: it must be one of those that MarshalCommand writes")

// A Command is a call that changes an Allocator, as data: to be recorded, sent, replayed or fuzzed. There is a type for each
// such method, of the same name; its fields are the method's arguments and are taken over as the method does. MarshalCommand
// and UnmarshalCommand give commands a JSON form. Poll is none: it brings about what commands and the time made due.
type Command interface {
	op() string
	do(a *Allocator, now Time) error
}

// Do makes the call that c is, and returns its error; what a method returns besides is not told. ErrCommand where c is nil.
func (a *Allocator) Do(now Time, c Command) error {
	if c == nil {
		return ErrCommand
	}
	return c.do(a, now)
}

// Commands about agents.
type (
	// AddAgent is Allocator.AddAgent.
	AddAgent struct {
		Agent AgentSpec `json:"agent"`
	}
	// UpdateAgent is Allocator.UpdateAgent.
	UpdateAgent struct {
		Agent AgentID            `json:"agent"`
		Total resource.Resources `json:"total"`
	}
	// SetAttributes is Allocator.SetAttributes.
	SetAttributes struct {
		Agent      AgentID             `json:"agent"`
		Attributes resource.Attributes `json:"attributes"`
	}
	// SetHostname is Allocator.SetHostname.
	SetHostname struct {
		Agent    AgentID `json:"agent"`
		Hostname string  `json:"hostname"`
	}
	// SetDomain is Allocator.SetDomain.
	SetDomain struct {
		Agent  AgentID `json:"agent"`
		Region string  `json:"region,omitempty"`
		Zone   string  `json:"zone,omitempty"`
	}
	// SetAgentActive is Allocator.SetAgentActive.
	SetAgentActive struct {
		Agent  AgentID `json:"agent"`
		Active bool    `json:"active"`
	}
	// SetUnavailability is Allocator.SetUnavailability.
	SetUnavailability struct {
		Agent  AgentID `json:"agent"`
		Window Window  `json:"window,omitzero"`
	}
	// RemoveAgent is Allocator.RemoveAgent.
	RemoveAgent struct {
		Agent AgentID `json:"agent"`
	}
	// Operate is Allocator.Operate.
	Operate struct {
		Agent     AgentID        `json:"agent"`
		Op        reservation.Op `json:"-"` // its own form: see MarshalJSON
		Principal *string        `json:"principal,omitempty"`
	}
	// Whitelist is Allocator.Whitelist; nil, null in JSON, lets all be offered.
	Whitelist struct {
		Hostnames []string `json:"hostnames"`
	}
)

// Commands about frameworks.
type (
	// AddFramework is Allocator.AddFramework.
	AddFramework struct {
		Framework FrameworkSpec `json:"framework"`
	}
	// UpdateFramework is Allocator.UpdateFramework.
	UpdateFramework struct {
		Framework FrameworkSpec `json:"framework"`
	}
	// SetFrameworkActive is Allocator.SetFrameworkActive.
	SetFrameworkActive struct {
		Framework FrameworkID `json:"framework"`
		Active    bool        `json:"active"`
	}
	// RemoveFramework is Allocator.RemoveFramework.
	RemoveFramework struct {
		Framework FrameworkID `json:"framework"`
	}
	// Suppress is Allocator.Suppress.
	Suppress struct {
		Framework FrameworkID `json:"framework"`
		Roles     []role.Name `json:"roles,omitempty"`
	}
	// Revive is Allocator.Revive.
	Revive struct {
		Framework FrameworkID `json:"framework"`
		Roles     []role.Name `json:"roles,omitempty"`
	}
	// SetHint is Allocator.SetHint; nil takes the hint back.
	SetHint struct {
		Framework FrameworkID `json:"framework"`
		Role      role.Name   `json:"role"`
		Hint      *Hint       `json:"hint,omitempty"`
	}
)

// Commands about offers and what came of them.
type (
	// Accept is Allocator.Accept.
	Accept struct {
		Offers []OfferID          `json:"offers"`
		Ops    Operations         `json:"operations,omitempty"`
		Used   resource.Resources `json:"used"`
		Filter Filter             `json:"filter"`
	}
	// Decline is Allocator.Decline.
	Decline struct {
		Offers []OfferID `json:"offers"`
		Filter Filter    `json:"filter"`
	}
	// Withdraw is Allocator.Withdraw.
	Withdraw struct {
		Offers []OfferID `json:"offers"`
	}
	// AnswerInverse is Allocator.AnswerInverse.
	AnswerInverse struct {
		Offer  InverseOffer `json:"offer"`
		Accept bool         `json:"accept"`
		Filter Filter       `json:"filter"`
	}
	// Charge is Allocator.Charge.
	Charge struct {
		Allocation Allocation         `json:"allocation"`
		Resources  resource.Resources `json:"resources"`
	}
	// Release is Allocator.Release.
	Release struct {
		Allocation Allocation         `json:"allocation"`
		Resources  resource.Resources `json:"resources"`
	}
	// Refuse is Allocator.Refuse.
	Refuse struct {
		Allocation Allocation         `json:"allocation"`
		Resources  resource.Resources `json:"resources"`
		Filter     Filter             `json:"filter"`
	}
	// Convert is Allocator.Convert.
	Convert struct {
		Allocation Allocation `json:"allocation"`
		Ops        Operations `json:"operations"`
	}
)

// Commands about settings and runs.
type (
	// SetWeights is Allocator.SetWeights.
	SetWeights struct {
		Weights []role.Weight `json:"weights"`
	}
	// SetQuota is Allocator.SetQuota.
	SetQuota struct {
		Quota []quota.Config `json:"quota"`
		Force bool           `json:"force,omitempty"`
	}
	// Recover is Allocator.Recover.
	Recover struct {
		Agents int            `json:"agents"` // that the predecessor had
		Quota  []quota.Config `json:"quota"`
	}
	// Pause is Allocator.Pause.
	Pause struct{}
	// Resume is Allocator.Resume.
	Resume struct{}
)

func (c AddAgent) do(a *Allocator, now Time) error    { return a.AddAgent(now, c.Agent) }
func (c UpdateAgent) do(a *Allocator, now Time) error { return a.UpdateAgent(now, c.Agent, c.Total) }
func (c SetAttributes) do(a *Allocator, now Time) error {
	return a.SetAttributes(now, c.Agent, c.Attributes)
}
func (c SetHostname) do(a *Allocator, now Time) error { return a.SetHostname(now, c.Agent, c.Hostname) }
func (c SetDomain) do(a *Allocator, now Time) error {
	return a.SetDomain(now, c.Agent, c.Region, c.Zone)
}
func (c SetAgentActive) do(a *Allocator, now Time) error {
	return a.SetAgentActive(now, c.Agent, c.Active)
}
func (c SetUnavailability) do(a *Allocator, now Time) error {
	return a.SetUnavailability(now, c.Agent, c.Window)
}
func (c RemoveAgent) do(a *Allocator, now Time) error { return a.RemoveAgent(now, c.Agent) }
func (c Operate) do(a *Allocator, now Time) error     { return a.Operate(now, c.Agent, c.Op, c.Principal) }
func (c Whitelist) do(a *Allocator, now Time) error   { return a.Whitelist(now, c.Hostnames) }

func (c AddFramework) do(a *Allocator, now Time) error    { return a.AddFramework(now, c.Framework) }
func (c UpdateFramework) do(a *Allocator, now Time) error { return a.UpdateFramework(now, c.Framework) }
func (c SetFrameworkActive) do(a *Allocator, now Time) error {
	return a.SetFrameworkActive(now, c.Framework, c.Active)
}
func (c RemoveFramework) do(a *Allocator, now Time) error { return a.RemoveFramework(now, c.Framework) }
func (c Suppress) do(a *Allocator, now Time) error        { return a.Suppress(now, c.Framework, c.Roles...) }
func (c Revive) do(a *Allocator, now Time) error          { return a.Revive(now, c.Framework, c.Roles...) }
func (c SetHint) do(a *Allocator, now Time) error         { return a.SetHint(now, c.Framework, c.Role, c.Hint) }

func (c Accept) do(a *Allocator, now Time) error {
	_, err := a.Accept(now, c.Offers, c.Ops, c.Used, c.Filter)
	return err
}
func (c Decline) do(a *Allocator, now Time) error  { return a.Decline(now, c.Filter, c.Offers...) }
func (c Withdraw) do(a *Allocator, now Time) error { return a.Withdraw(now, c.Offers...) }
func (c AnswerInverse) do(a *Allocator, now Time) error {
	_, err := a.AnswerInverse(now, c.Offer, c.Accept, c.Filter)
	return err
}
func (c Charge) do(a *Allocator, now Time) error  { return a.Charge(now, c.Allocation, c.Resources) }
func (c Release) do(a *Allocator, now Time) error { return a.Release(now, c.Allocation, c.Resources) }
func (c Refuse) do(a *Allocator, now Time) error {
	return a.Refuse(now, c.Allocation, c.Resources, c.Filter)
}
func (c Convert) do(a *Allocator, now Time) error { return a.Convert(now, c.Allocation, c.Ops...) }

func (c SetWeights) do(a *Allocator, now Time) error { return a.SetWeights(now, c.Weights) }
func (c SetQuota) do(a *Allocator, now Time) error   { return a.SetQuota(now, c.Quota, c.Force) }
func (c Recover) do(a *Allocator, now Time) error    { return a.Recover(now, c.Agents, c.Quota) }

func (Pause) do(a *Allocator, now Time) error {
	a.Pause(now)
	return nil
}

func (Resume) do(a *Allocator, now Time) error {
	a.Resume(now)
	return nil
}

func (AddAgent) op() string           { return "add_agent" }
func (UpdateAgent) op() string        { return "update_agent" }
func (SetAttributes) op() string      { return "set_attributes" }
func (SetHostname) op() string        { return "set_hostname" }
func (SetDomain) op() string          { return "set_domain" }
func (SetAgentActive) op() string     { return "set_agent_active" }
func (SetUnavailability) op() string  { return "set_unavailability" }
func (RemoveAgent) op() string        { return "remove_agent" }
func (Operate) op() string            { return "operate" }
func (Whitelist) op() string          { return "whitelist" }
func (AddFramework) op() string       { return "add_framework" }
func (UpdateFramework) op() string    { return "update_framework" }
func (SetFrameworkActive) op() string { return "set_framework_active" }
func (RemoveFramework) op() string    { return "remove_framework" }
func (Suppress) op() string           { return "suppress" }
func (Revive) op() string             { return "revive" }
func (SetHint) op() string            { return "set_hint" }
func (Accept) op() string             { return "accept" }
func (Decline) op() string            { return "decline" }
func (Withdraw) op() string           { return "withdraw" }
func (AnswerInverse) op() string      { return "answer_inverse" }
func (Charge) op() string             { return "charge" }
func (Release) op() string            { return "release" }
func (Refuse) op() string             { return "refuse" }
func (Convert) op() string            { return "convert" }
func (SetWeights) op() string         { return "set_weights" }
func (SetQuota) op() string           { return "set_quota" }
func (Recover) op() string            { return "recover" }
func (Pause) op() string              { return "pause" }
func (Resume) op() string             { return "resume" }
