package master

import "errors"

// Errors of New, Step and operators' answers. Each is wrapped with what it is about and what to do. An error of Step
// means that the input changed nothing, but that a refused Subscribe ends its stream; work that was due at its time is done all
// the same.
var (
	// ErrConfig: the configuration does not work.
	ErrConfig = errors.New("master: bad configuration")
	// ErrInput: a master takes no such input or message.
	ErrInput = errors.New("master: unknown input")
	// ErrLink: the input names a link that is not up, or that is up already.
	ErrLink = errors.New("master: no such link")
	// ErrNotSubscribed: a scheduler's call came by a link that carries no framework.
	ErrNotSubscribed = errors.New("master: not subscribed")
	// ErrNotRegistered: an agent's message came by a link that carries no agent.
	ErrNotRegistered = errors.New("master: not registered")
	// ErrTaken: the link carries another agent or framework already.
	ErrTaken = errors.New("master: link is taken")
	// ErrInvalid: the content of a message breaks a rule of docs/protocol.md.
	ErrInvalid = errors.New("master: invalid message")
	// ErrUnauthorized: Config.Authorize, or RefuseRoot, does not allow it. Over HTTP it is 403.
	ErrUnauthorized = errors.New("master: not authorized")
	// ErrBound: a bound of docs/protocol.md §18.1 would be passed.
	ErrBound = errors.New("master: bound reached")
	// ErrNoFramework: there is no such framework.
	ErrNoFramework = errors.New("master: no such framework")
	// ErrNoAgent: there is no such agent, or it is out of contact.
	ErrNoAgent = errors.New("master: no such agent")
	// ErrNotLeading: the master has not read its registry yet, or not written its name into it. Try again soon.
	ErrNotLeading = errors.New("master: not leading yet")
	// ErrResigned: the master leads no longer; it wraps why. Look for the new leader.
	ErrResigned = errors.New("master: leads no longer")
	// ErrDeposed: an election ended the lead. It is wrapped by ErrResigned's error.
	ErrDeposed = errors.New("master: deposed")
	// ErrBusy: another change of the same thing is being written down. Try again soon.
	ErrBusy = errors.New("master: a change is under way")
	// ErrMaintenance: the maintenance schedule, or the mode of a machine, does not allow it.
	ErrMaintenance = errors.New("master: not in this state of maintenance")
	// ErrCorrupt: Check found books that do not agree.
	ErrCorrupt = errors.New("master: books disagree")
)
