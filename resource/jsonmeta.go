package resource

import "github.com/proffer-go/proffer/role"

func (p *scanner) stack() ([]Reservation, error) {
	var out []Reservation
	err := p.array(func(n, off int) error {
		if n >= MaxStack {
			return at(off, why(ErrTooMany, "more than %d reservations in one stack", MaxStack))
		}
		v, err := p.oldReservation()
		if err == nil {
			w := Reservation{Type: v.Type, Principal: v.Principal, Labels: v.Labels}
			if v.Role != nil {
				w.Role = role.Name(*v.Role)
			}
			out = append(out, w)
		}
		return err
	})
	return out, err
}

func (p *scanner) oldReservation() (*OldReservation, error) {
	v := &OldReservation{}
	var typ *string
	err := p.fields(map[string]reader{
		"type":      p.strTo(&typ),
		"role":      p.strTo(&v.Role),
		"principal": p.strTo(&v.Principal),
		"labels":    into(&v.Labels, p.labels),
	})
	if err != nil {
		return nil, err
	}
	if typ != nil {
		switch *typ {
		case "STATIC":
			v.Type = Static
		case "DYNAMIC":
			v.Type = Dynamic
		default:
			return nil, at(p.i, why(ErrReservation, "type %s: STATIC or DYNAMIC expected", excerpt(*typ)))
		}
	}
	return v, nil
}

// labels reads {"labels": [{"key": string, "value": string}]}.
func (p *scanner) labels() ([]Label, error) {
	var out []Label
	err := p.fields(map[string]reader{"labels": into(&out, p.labelList)})
	return out, err
}

func (p *scanner) labelList() ([]Label, error) {
	var out []Label
	err := p.array(func(n, off int) error {
		if n >= MaxLabels {
			return at(off, why(ErrTooMany, "more than %d labels", MaxLabels))
		}
		var key, val *string
		err := p.fields(map[string]reader{"key": p.strTo(&key), "value": p.strTo(&val)})
		if err == nil && key == nil {
			err = at(off, why(ErrSyntax, "a label needs the field key"))
		}
		if err == nil {
			out = append(out, Label{*key, val})
		}
		return err
	})
	return out, err
}

// disk reads disk information and tells where a volume is stated.
func (p *scanner) disk() (*Disk, int, error) {
	d := &Disk{}
	volume := 0
	err := p.fields(map[string]reader{
		"persistence": into(&d.Persistence, p.persistence),
		"volume":      p.noting(&volume, into(&d.Volume, p.volume)),
		"source":      into(&d.Source, p.source),
	})
	return d, volume, err
}

func (p *scanner) persistence() (*Persistence, error) {
	off := p.i
	v := &Persistence{}
	var id *string
	err := p.fields(map[string]reader{"id": p.strTo(&id), "principal": p.strTo(&v.Principal)})
	if err != nil {
		return nil, err
	}
	if id == nil {
		return nil, at(off, why(ErrSyntax, "the field persistence.id is missing"))
	}
	v.ID = *id
	return v, nil
}

func (p *scanner) volume() (*Volume, error) {
	p.ws()
	start := p.i
	var container, host, mode *string
	err := p.fields(map[string]reader{
		"container_path": p.strTo(&container), "host_path": p.strTo(&host), "mode": p.strTo(&mode),
	})
	if err != nil {
		return nil, err
	}
	if container == nil || mode == nil {
		return nil, at(start, why(ErrSyntax, "a volume needs the fields container_path and mode"))
	}
	v := &Volume{ContainerPath: *container}
	if host != nil {
		v.HostPath = *host
	}
	switch *mode {
	case "RW":
		v.Mode = ReadWrite
	case "RO":
		v.Mode = ReadOnly
	default:
		return nil, at(start, why(ErrDisk, "mode %s: RW or RO expected", excerpt(*mode)))
	}
	return v, nil
}

func (p *scanner) source() (*DiskSource, error) {
	p.ws()
	start := p.i
	s := &DiskSource{}
	var typ, id, profile, vendor *string
	var roots [2]*string
	err := p.fields(map[string]reader{
		"type": p.strTo(&typ), "path": into(&roots[0], p.root), "mount": into(&roots[1], p.root),
		"id": p.strTo(&id), "profile": p.strTo(&profile), "vendor": p.strTo(&vendor),
		"metadata": into(&s.Metadata, p.labels),
	})
	if err != nil {
		return nil, err
	}
	for _, f := range [...]struct {
		from *string
		to   *string
	}{{id, &s.ID}, {profile, &s.Profile}, {vendor, &s.Vendor}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if typ == nil {
		return nil, at(start, why(ErrSyntax, "the field source.type is missing"))
	}
	for t, n := range sourceNames {
		if n == *typ {
			s.Type = SourceType(t)
		}
	}
	for k, t := range [...]SourceType{SourcePath, SourceMount} {
		if roots[k] == nil {
			continue
		}
		if s.Type != t {
			return nil, at(start, why(ErrDisk, "a disk source of type %s must not have the field %s", excerpt(*typ), rootKey(t)))
		}
		s.Root = *roots[k]
	}
	return s, nil
}

// root reads {"root": string}; without one the path or mount is there all the same.
func (p *scanner) root() (*string, error) {
	var s *string
	err := p.fields(map[string]reader{"root": p.strTo(&s)})
	if s == nil {
		s = new(string)
	}
	return s, err
}
