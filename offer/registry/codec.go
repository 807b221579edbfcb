package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// Version is that of the values written here. Each value names its own; one of another version is ErrCorrupt, so a change
// of the form comes with a new version here and a capability.
const Version = 1

// The stored forms, as JSON objects. What is zero is left out, but for the version.
type (
	wireVersion struct {
		V int `json:"v"`
	}
	wireMaster struct {
		wireVersion
		ID      string `json:"id"`
		Node    string `json:"node,omitempty"`
		Version string `json:"version,omitempty"`
	}
	wireAgent struct {
		wireVersion
		Hostname    string              `json:"hostname,omitempty"`
		IP          string              `json:"ip,omitempty"`
		Region      string              `json:"region,omitempty"`
		Zone        string              `json:"zone,omitempty"`
		Resources   resource.Resources  `json:"resources"`
		Attributes  resource.Attributes `json:"attributes"`
		Deactivated bool                `json:"deactivated,omitempty"`
		Drain       *wireDrain          `json:"drain,omitempty"`
	}
	wireLost struct {
		wireVersion
		Since       int64      `json:"since"`
		Deactivated bool       `json:"deactivated,omitempty"`
		Drain       *wireDrain `json:"drain,omitempty"`
	}
	wireGone struct {
		wireVersion
		Since int64 `json:"since"`
	}
	wireDrain struct {
		MaxGrace int64 `json:"max_grace,omitempty"`
		MarkGone bool  `json:"mark_gone,omitempty"`
		Drained  bool  `json:"drained,omitempty"`
	}
	wireWindow struct {
		Start    int64 `json:"start"`
		Duration int64 `json:"duration"`
	}
	wireMachine struct {
		wireVersion
		Mode   string      `json:"mode"`
		Window *wireWindow `json:"window,omitempty"`
	}
	wireSchedule struct {
		wireVersion
		Machines []wireMachineID `json:"machines"`
		Window   wireWindow      `json:"window"`
	}
	wireMachineID struct {
		Hostname string `json:"hostname,omitempty"`
		IP       string `json:"ip,omitempty"`
	}
	wireQuota struct {
		wireVersion
		Quota quota.Config `json:"quota"`
	}
	wireWeight struct {
		wireVersion
		Weight float64 `json:"weight"`
	}
)

// Put is the operation that stores a record. Equal records give equal bytes. The error wraps ErrRecord, or ErrBound for one
// that no store would take.
func Put(r Record) (Op, error) {
	v, err := write(r)
	if err != nil {
		return Op{}, fmt.Errorf("%w: %s: %w", ErrRecord, r.Key(), err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return Op{}, fmt.Errorf("%w: %s: %w", ErrRecord, r.Key(), err)
	}
	op := Op{Key: r.Key(), Value: b}
	return op, Check([]Op{op})
}

// Delete is the operation that takes a key away.
func Delete(key string) Op { return Op{Key: key, Delete: true} }

// Read undoes Put. Unknown fields, versions and keys, values that no Put writes and anything after the value are errors that
// wrap ErrCorrupt and name the key.
func Read(op Op) (Record, error) {
	r, err := read(op)
	if err != nil {
		return nil, fmt.Errorf("%w: key %q: %w", ErrCorrupt, op.Key, err)
	}
	return r, nil
}

func write(r Record) (any, error) {
	v := wireVersion{Version}
	switch r := r.(type) {
	case Master:
		return wireMaster{v, string(r.Info.ID), string(r.Info.Node), r.Info.Version}, checkTexts(string(r.Info.ID), string(r.Info.Node), r.Info.Version)
	case Agent:
		if err := checkAgent(r.Info.ID, r.Drain, r.Info.Hostname, r.Info.IP, r.Info.Domain.Region, r.Info.Domain.Zone); err != nil {
			return nil, err
		}
		return wireAgent{v, r.Info.Hostname, r.Info.IP, r.Info.Domain.Region, r.Info.Domain.Zone, r.Info.Resources, r.Info.Attributes, r.Deactivated, writeDrain(r.Drain)}, nil
	case Unreachable:
		return wireLost{v, int64(r.Since), r.Deactivated, writeDrain(r.Drain)}, checkAgent(r.ID, r.Drain)
	case Gone:
		return wireGone{v, int64(r.Since)}, checkAgent(r.ID, nil)
	case Machine:
		return writeMachine(v, r)
	case Schedule:
		return writeSchedule(v, r)
	case Quota:
		return wireQuota{v, r.Config}, checkQuota(r.Config)
	case Weight:
		return wireWeight{v, r.Weight.Weight}, r.Weight.Validate()
	case Capability:
		return v, checkName(r.Name)
	}
	return nil, fmt.Errorf("no such record: %T", r)
}

func read(op Op) (Record, error) {
	if op.Delete {
		return nil, errors.New("a delete is no record")
	}
	if op.Key == keyMaster {
		return readMaster(op.Value)
	}
	prefix, name, _ := strings.Cut(op.Key, "/")
	switch prefix + "/" {
	case inAgents:
		return readAgent(name, op.Value)
	case inUnreachable:
		return readUnreachable(name, op.Value)
	case inGone:
		return readGone(name, op.Value)
	case inMachines:
		return readMachine(name, op.Value)
	case inSchedules:
		return readSchedule(name, op.Value)
	case inQuota:
		return readQuota(name, op.Value)
	case inWeights:
		return readWeight(name, op.Value)
	case inCapability:
		return Capability{name}, errors.Join(checkName(name), decode(op.Value, new(wireVersion)))
	}
	return nil, errors.New("no record has such a key; a newer version may have written it")
}

// versioned is what all stored forms have in common.
type versioned interface{ version() int }

func (v wireVersion) version() int { return v.V }

// decode reads one JSON object with known fields only, and nothing after it.
func decode(b []byte, into versioned) error {
	if !utf8.Valid(b) {
		return errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something follows the value at byte %d", d.InputOffset())
	}
	if into.version() != Version {
		return fmt.Errorf("the value has version %d, this is version %d", into.version(), Version)
	}
	return nil
}

func readMaster(b []byte) (Record, error) {
	var w wireMaster
	if err := decode(b, &w); err != nil {
		return nil, err
	}
	return Master{msg.MasterInfo{ID: msg.MasterID(w.ID), Node: msg.Node(w.Node), Version: w.Version}}, nil
}

func readAgent(id string, b []byte) (Record, error) {
	var w wireAgent
	if err := decode(b, &w); err != nil {
		return nil, err
	}
	a := Agent{Info: msg.AgentInfo{ID: offer.AgentID(id), Hostname: w.Hostname, IP: w.IP, Domain: msg.Domain{Region: w.Region, Zone: w.Zone},
		Resources: w.Resources, Attributes: w.Attributes},
		Deactivated: w.Deactivated, Drain: readDrain(w.Drain)}
	return a, checkAgent(a.Info.ID, a.Drain, w.Hostname, w.IP, w.Region, w.Zone)
}

func readUnreachable(id string, b []byte) (Record, error) {
	var w wireLost
	if err := decode(b, &w); err != nil {
		return nil, err
	}
	u := Unreachable{ID: offer.AgentID(id), Since: offer.Time(w.Since), Deactivated: w.Deactivated, Drain: readDrain(w.Drain)}
	return u, checkAgent(u.ID, u.Drain)
}

func readGone(id string, b []byte) (Record, error) {
	var w wireGone
	if err := decode(b, &w); err != nil {
		return nil, err
	}
	return Gone{offer.AgentID(id), offer.Time(w.Since)}, checkAgent(offer.AgentID(id), nil)
}

func checkAgent(id offer.AgentID, d *Drain, texts ...string) error {
	if err := msg.ValidateID("agent", string(id)); err != nil {
		return err
	}
	if d != nil && d.MaxGrace < 0 {
		return fmt.Errorf("a grace of %v; it cannot be negative", d.MaxGrace)
	}
	return checkTexts(texts...)
}

// checkTexts refuses what JSON would change.
func checkTexts(texts ...string) error {
	for _, t := range texts {
		if !utf8.ValidString(t) {
			return fmt.Errorf("%q is not UTF-8", t)
		}
	}
	return nil
}

func writeDrain(d *Drain) *wireDrain {
	if d == nil {
		return nil
	}
	return &wireDrain{int64(d.MaxGrace), d.MarkGone, d.Drained}
}

func readDrain(w *wireDrain) *Drain {
	if w == nil {
		return nil
	}
	return &Drain{time.Duration(w.MaxGrace), w.MarkGone, w.Drained}
}

func writeMachine(v wireVersion, m Machine) (any, error) {
	w := wireMachine{wireVersion: v, Mode: m.Mode.String()}
	if !m.Window.IsZero() {
		w.Window = &wireWindow{int64(m.Window.Start), int64(m.Window.Duration)}
	}
	return w, checkMachine(m)
}

func readMachine(name string, b []byte) (Record, error) {
	var w wireMachine
	if err := decode(b, &w); err != nil {
		return nil, err
	}
	host, ip, ok := strings.Cut(name, "/")
	mode := slices.Index(modeNames[:], w.Mode)
	if !ok || mode < 0 {
		return nil, fmt.Errorf("no machine or no mode: %q is %q", name, w.Mode)
	}
	m := Machine{ID: MachineID{Hostname: host, IP: ip}, Mode: Mode(mode)}
	if w.Window != nil {
		m.Window = offer.Window{Start: offer.Time(w.Window.Start), Duration: time.Duration(w.Window.Duration)}
	}
	if m.ID.String() != name {
		return nil, errors.New("host names are stored in lower case")
	}
	return m, checkMachine(m)
}

func checkMachine(m Machine) error {
	if int(m.Mode) >= len(modeNames) {
		return fmt.Errorf("no such mode: %d", m.Mode)
	}
	return errors.Join(checkMachineID(m.ID), checkWindow(m.Window))
}

func checkMachineID(id MachineID) error {
	switch {
	case id.Hostname == "" && id.IP == "":
		return errors.New("a machine has a host name or an address")
	case strings.Contains(id.Hostname, "/") || strings.Contains(id.IP, "/"):
		return fmt.Errorf("machine %q: no slash may be in a host name or an address", id)
	}
	return checkTexts(id.Hostname, id.IP)
}

func checkWindow(w offer.Window) error {
	if w.Duration < offer.Endless {
		return fmt.Errorf("a window of %v; it cannot be negative", w.Duration)
	}
	return nil
}

func writeSchedule(v wireVersion, s Schedule) (any, error) {
	w := wireSchedule{wireVersion: v, Window: wireWindow{int64(s.Window.Start), int64(s.Window.Duration)}}
	for _, id := range s.Machines {
		w.Machines = append(w.Machines, wireMachineID(id))
	}
	return w, checkSchedule(s)
}

func readSchedule(name string, b []byte) (Record, error) {
	var w wireSchedule
	if err := decode(b, &w); err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(name, 10, 32)
	if err != nil || strconv.FormatUint(n, 10) != name {
		return nil, fmt.Errorf("%q is no number", name)
	}
	s := Schedule{Number: uint32(n), Window: offer.Window{Start: offer.Time(w.Window.Start), Duration: time.Duration(w.Window.Duration)}}
	for _, id := range w.Machines {
		s.Machines = append(s.Machines, MachineID(id))
	}
	return s, checkSchedule(s)
}

func checkSchedule(s Schedule) error {
	if len(s.Machines) == 0 {
		return errors.New("a window of no machines")
	}
	for _, id := range s.Machines {
		if err := checkMachineID(id); err != nil {
			return err
		}
	}
	return checkWindow(s.Window)
}

func readQuota(name string, b []byte) (Record, error) {
	var w wireQuota
	if err := decode(b, &w); err != nil {
		return nil, err
	}
	if w.Quota.Role != role.Name(name) {
		return nil, fmt.Errorf("the value is of role %q", w.Quota.Role)
	}
	return Quota{w.Quota}, checkQuota(w.Quota)
}

func checkQuota(c quota.Config) error {
	if c.IsDefault() {
		return errors.New("a default quota is not stored; delete its key")
	}
	return c.Validate()
}

func readWeight(name string, b []byte) (Record, error) {
	var w wireWeight
	if err := decode(b, &w); err != nil {
		return nil, err
	}
	out := Weight{role.Weight{Role: role.Name(name), Weight: w.Weight}}
	return out, out.Weight.Validate()
}

// checkName accepts the name of a capability: capitals, digits and _.
func checkName(name string) error {
	if name == "" || len(name) > 255 {
		return fmt.Errorf("the name of a capability has 1 to 255 bytes, not %d", len(name))
	}
	for i := range len(name) {
		if c := name[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return fmt.Errorf("capability %q: byte %d is %q; capitals, digits and _ are allowed", name, i, c)
		}
	}
	return nil
}
