package resource

import (
	"cmp"
	"slices"
	"strings"
)

// SourceType says what a disk resource is made of (docs/resource-model.md §3.4).
type SourceType uint8

// The source types; zero is illegal.
const (
	SourcePath SourceType = iota + 1
	SourceMount
	SourceBlock
	SourceRaw
)

var sourceNames = [...]string{"UNKNOWN", "PATH", "MOUNT", "BLOCK", "RAW"}

// String is the type's name on the wire.
func (t SourceType) String() string {
	if int(t) < len(sourceNames) {
		return sourceNames[t]
	}
	return sourceNames[0]
}

// DiskSource is where a disk resource comes from. Every field belongs to the metadata key.
type DiskSource struct {
	Type                SourceType
	Root                string // of the path or mount; "" none; only for those two types
	ID, Profile, Vendor string // "" none
	Metadata            []Label
}

// Persistence makes a disk resource a persistent volume. ID belongs to the metadata key, Principal does not.
type Persistence struct {
	ID        string
	Principal *string // nil: none
}

// VolumeMode says whether a volume may be written to.
type VolumeMode uint8

// The modes; zero is illegal.
const (
	ReadWrite VolumeMode = 1
	ReadOnly  VolumeMode = 2
)

// String is the mode's name on the wire.
func (m VolumeMode) String() string {
	switch m {
	case ReadWrite:
		return "RW"
	case ReadOnly:
		return "RO"
	}
	return "UNKNOWN"
}

// Volume says where a disk resource is mounted. It never counts when resources are compared.
type Volume struct {
	ContainerPath string
	HostPath      string // "" none
	Mode          VolumeMode
}

// Disk is the disk information of a resource. One with nothing inside is the same as none.
type Disk struct {
	Persistence *Persistence
	Volume      *Volume
	Source      *DiskSource // nil: the root disk
}

// Clone copies d and all it points to; labels come out in normal form.
func (d *Disk) Clone() *Disk {
	if d == nil || *d == (Disk{}) {
		return nil
	}
	c := &Disk{}
	if p := d.Persistence; p != nil {
		c.Persistence = &Persistence{ID: p.ID, Principal: clonePtr(p.Principal)}
	}
	if v := d.Volume; v != nil {
		w := *v
		c.Volume = &w
	}
	if s := d.Source; s != nil {
		t := *s
		t.Metadata = normalLabels(s.Metadata)
		c.Source = &t
	}
	return c
}

// compareSource orders sources whose labels are in normal form; nil comes first.
func compareSource(a, b *DiskSource) int {
	switch {
	case a == b:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return cmp.Or(
		cmp.Compare(a.Type, b.Type),
		strings.Compare(a.Root, b.Root),
		strings.Compare(a.ID, b.ID),
		strings.Compare(a.Profile, b.Profile),
		strings.Compare(a.Vendor, b.Vendor),
		slices.CompareFunc(a.Metadata, b.Metadata, compareLabel),
	)
}

// indivisible reports whether a non-shared resource with disk information d is taken whole
// and never merged (docs/resource-model.md §3.4).
func (d *Disk) indivisible() bool {
	if d == nil {
		return false
	}
	if d.Persistence != nil {
		return true
	}
	s := d.Source
	return s != nil && (s.Type == SourceMount || s.Type == SourceBlock || s.Type == SourceRaw && s.ID != "")
}

// checkDisk holds disk information against docs/resource-model.md §3.4. foreign lets
// persistence on BLOCK and RAW pass.
func checkDisk(d *Disk, foreign bool) error {
	if s := d.Source; s != nil {
		if err := checkSource(s); err != nil {
			return err
		}
		if d.Persistence != nil && !foreign && (s.Type == SourceBlock || s.Type == SourceRaw) {
			return why(ErrDisk, "a persistent volume cannot be on a %s disk: an agent could not mount it", s.Type)
		}
	}
	if v := d.Volume; v != nil {
		if err := checkVolume(v); err != nil {
			return err
		}
	}
	if p := d.Persistence; p != nil {
		if p.Principal != nil {
			if err := checkText("principal", *p.Principal); err != nil {
				return err
			}
		}
		return checkVolumeID(p.ID)
	}
	return nil
}

func checkSource(s *DiskSource) error {
	if s.Type < SourcePath || s.Type > SourceRaw {
		return why(ErrDisk, "a disk source must be PATH, MOUNT, BLOCK or RAW")
	}
	if s.Root != "" && s.Type != SourcePath && s.Type != SourceMount {
		return why(ErrDisk, "a %s disk has no path or mount root", s.Type)
	}
	for _, f := range [...]struct{ what, text string }{
		{"disk root", s.Root}, {"disk source id", s.ID}, {"disk profile", s.Profile}, {"disk vendor", s.Vendor},
	} {
		if err := checkText(f.what, f.text); err != nil {
			return err
		}
	}
	return checkLabels(s.Metadata)
}

func checkVolume(v *Volume) error {
	if v.Mode != ReadWrite && v.Mode != ReadOnly {
		return why(ErrDisk, "a volume's mode must be RW or RO")
	}
	if err := checkText("container path", v.ContainerPath); err != nil {
		return err
	}
	return checkText("host path", v.HostPath)
}

// checkVolumeID accepts what can be a directory's name: docs/resource-model.md §3.4.
func checkVolumeID(id string) error {
	switch {
	case id == "" || len(id) > 255:
		return why(ErrVolumeID, "%s: must have 1 to 255 bytes", excerpt(id))
	case id == "." || id == "..":
		return why(ErrVolumeID, "%q", id)
	}
	for i := range len(id) {
		if c := id[i]; c < 0x20 || c == 0x7f || c == '/' || c == '\\' {
			return why(ErrVolumeID, "%s: control characters, / and \\ are not allowed", excerpt(id))
		}
	}
	return checkText("volume id", id)
}
