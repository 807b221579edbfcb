package offertest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// ErrScript is wrapped by every error about a script that cannot be read.
var ErrScript = errors.New("offertest: bad script: one call a line, a verb and then key=value")

// Call is one call to an allocator as data. Do names it; which other fields are read depends on that:
//
//	add-agent         agent resources rack? off?
//	update-agent      agent resources
//	remove-agent      agent
//	set-agent         agent off?
//	attributes        agent rack?
//	add-framework     framework roles suppressed? caps? least? rack? off?
//	update-framework  framework roles suppressed? caps? least? rack?
//	remove-framework  framework
//	set-framework     framework off?
//	suppress, revive  framework roles? (none: all)
//	weight            role n
//	quota             role guarantee? limit?
//	whitelist         hosts? (none: every host)
//	accept            n (which offer, counted around) mask? op? for?
//	decline           n for?
//	withdraw          n
//	hint              framework role unit? n (none: it is taken back)
//	release           n (which use) mask?
//	charge            framework role agent resources
//	operate           agent role mask? op? (an operator's; none: reserve)
//	pause, resume
//	advance           for
//
// A call that the allocator refuses, such as one about an agent that is not there, changes nothing.
type Call struct {
	Do         string
	Agent      offer.AgentID
	Framework  offer.FrameworkID
	Role       role.Name
	Roles      []role.Name
	Suppressed []role.Name
	Caps       offer.Capability
	Resources  resource.Resources
	Rack       string // the attribute that an agent has, or that a framework asks for in all its roles
	Least      string // what an offer must contain, for all roles: quantities, "none" for anything, "" for the rules' own
	Guarantee  string // quantities
	Limit      string
	Unit       string // quantities of one task
	Hosts      []string
	N          int
	Mask       uint8 // which entries of what there is, bit by bit; 0: all
	Off        bool
	Op         string // reserve, unreserve, create, share (create shared volumes) or destroy, on what Mask says
	For        time.Duration
}

// A Script is a sequence of calls.
type Script []Call

// key is one key=value of a line.
type key struct {
	name string
	get  func(c *Call) string // "" where the field has its zero value
	set  func(c *Call, v string) error
}

var keys = []key{
	text("agent", func(c *Call) *offer.AgentID { return &c.Agent }),
	text("framework", func(c *Call) *offer.FrameworkID { return &c.Framework }),
	text("role", func(c *Call) *role.Name { return &c.Role }),
	list("roles", func(c *Call) *[]role.Name { return &c.Roles }),
	list("suppressed", func(c *Call) *[]role.Name { return &c.Suppressed }),
	{"caps", func(c *Call) string { return number(int(c.Caps)) }, func(c *Call, v string) error {
		n, err := strconv.ParseUint(v, 10, 32)
		c.Caps = offer.Capability(n)
		return err
	}},
	{"resources", func(c *Call) string { return resourcesText(c.Resources) }, func(c *Call, v string) (err error) {
		c.Resources, err = parseResources(v)
		return err
	}},
	checked("rack", func(c *Call) *string { return &c.Rack }, func(v string) error {
		_, err := resource.NewAttributes(resource.Attribute{Name: "rack", Kind: resource.KindText, Text: v})
		return err
	}),
	checked("least", func(c *Call) *string { return &c.Least }, func(v string) error {
		if v == "none" {
			return nil
		}
		return quantities(v)
	}),
	checked("guarantee", func(c *Call) *string { return &c.Guarantee }, quantities),
	checked("limit", func(c *Call) *string { return &c.Limit }, quantities),
	checked("unit", func(c *Call) *string { return &c.Unit }, quantities),
	list("hosts", func(c *Call) *[]string { return &c.Hosts }),
	{"n", func(c *Call) string { return number(c.N) }, func(c *Call, v string) (err error) {
		c.N, err = strconv.Atoi(v)
		return err
	}},
	{"mask", func(c *Call) string { return number(int(c.Mask)) }, func(c *Call, v string) error {
		n, err := strconv.ParseUint(v, 10, 8)
		c.Mask = uint8(n)
		return err
	}},
	flag("off", func(c *Call) *bool { return &c.Off }),
	checked("op", func(c *Call) *string { return &c.Op }, func(v string) error {
		if !slices.Contains(opNames, v) {
			return fmt.Errorf("there are %s", strings.Join(opNames, ", "))
		}
		return nil
	}),
	{"for", func(c *Call) string {
		if c.For == 0 {
			return ""
		}
		return c.For.String()
	}, func(c *Call, v string) (err error) {
		c.For, err = time.ParseDuration(v)
		return err
	}},
}

func text[T ~string](name string, field func(*Call) *T) key {
	return key{name, func(c *Call) string { return string(*field(c)) }, func(c *Call, v string) error {
		*field(c) = T(v)
		return nil
	}}
}

func checked(name string, field func(*Call) *string, check func(string) error) key {
	k := text(name, field)
	set := k.set
	k.set = func(c *Call, v string) error {
		if err := check(v); err != nil {
			return err
		}
		return set(c, v)
	}
	return k
}

func quantities(v string) error {
	_, err := resource.ParseQuantities(v)
	return err
}

func list[T ~string](name string, field func(*Call) *[]T) key {
	return key{name, func(c *Call) string {
		words := make([]string, 0, len(*field(c)))
		for _, x := range *field(c) {
			words = append(words, string(x))
		}
		return strings.Join(words, ",")
	}, func(c *Call, v string) error {
		for _, x := range strings.Split(v, ",") {
			*field(c) = append(*field(c), T(x))
		}
		return nil
	}}
}

func flag(name string, field func(*Call) *bool) key {
	return key{name, func(c *Call) string {
		if *field(c) {
			return "true"
		}
		return ""
	}, func(c *Call, v string) (err error) {
		*field(c), err = strconv.ParseBool(v)
		return err
	}}
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// resourcesText is the text form where r has one, else JSON without spaces.
func resourcesText(r resource.Resources) string {
	if t, err := r.FlagText(); err == nil {
		return strings.ReplaceAll(t, " ", "")
	}
	b, err := r.AppendJSON(nil, resource.PostRefinement)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func parseResources(v string) (resource.Resources, error) {
	if strings.HasPrefix(v, "[") {
		return resource.DecodeJSON([]byte(v))
	}
	return resource.Parse(v)
}

// String is the call as a line of a script.
func (c Call) String() string {
	line := c.Do
	for _, k := range keys {
		if v := k.get(&c); v != "" {
			line += " " + k.name + "=" + v
		}
	}
	return line
}

// String is the script, one call a line.
func (s Script) String() string {
	var b strings.Builder
	for _, c := range s {
		b.WriteString(c.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// ParseScript reads what Script.String wrote. Empty lines and lines that begin with # are passed over.
func ParseScript(s string) (Script, error) {
	var script Script
	for i, line := range strings.Split(s, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		c, err := parseCall(line)
		if err != nil {
			return nil, fmt.Errorf("line %d, %q: %w", i+1, line, err)
		}
		script = append(script, c)
	}
	return script, nil
}

func parseCall(line string) (c Call, err error) {
	words := strings.Fields(line)
	c.Do = words[0]
	if _, ok := verbs[c.Do]; !ok {
		return c, fmt.Errorf("no verb %q, there are %s: %w", c.Do, strings.Join(slices.Sorted(maps.Keys(verbs)), ", "), ErrScript)
	}
	for _, w := range words[1:] {
		name, v, _ := strings.Cut(w, "=")
		at := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
		if at < 0 {
			return c, fmt.Errorf("no key %q: %w", name, ErrScript)
		}
		if err := keys[at].set(&c, v); err != nil {
			return c, fmt.Errorf("key %q: %w: %w", name, ErrScript, err)
		}
	}
	return c, nil
}
