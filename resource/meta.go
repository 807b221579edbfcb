package resource

import (
	"cmp"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/role"
)

// meta is the metadata key of docs/resource-model.md §3.5: entries merge, subtract and contain
// one another only under equal keys. A meta is immutable and shared between collections;
// compare with compareMeta, by pointer first.
type meta struct {
	name  string
	owner role.Name // of the last reservation, "" unreserved
	kind  Kind
	rank  uint8 // of the plain predefined names, in byte order; 0 all others
	class class

	// key is the diagnostic form from the end of the name to the colon before the value, without the ignored
	// fields: it decides the order of §4.1.
	key       string
	stack     []Reservation
	alloc     role.Name
	source    *DiskSource
	volumeID  string
	provider  string
	disk      bool
	persists  bool
	revocable bool
	shared    bool
}

// class says how entries of one key behave.
type class uint8

const (
	divisible class = iota // at most one entry per key; amounts add
	whole                  // any number of entries per key, taken whole (§3.4)
	counted                // shared: one entry per key and value, with a count (§7)
)

// The metas of plain predefined names are static, so that the usual collections compare by
// pointer. They are never written to.
var (
	metaCPUs  = &meta{name: "cpus", key: ":", rank: 1}
	metaDisk  = &meta{name: "disk", key: ":", rank: 2}
	metaGPUs  = &meta{name: "gpus", key: ":", rank: 3}
	metaMem   = &meta{name: "mem", key: ":", rank: 4}
	metaPorts = &meta{name: "ports", key: ":", rank: 5, kind: KindRanges}
)

// plainMeta is the static meta for an unreserved, unallocated resource without any tag, or nil.
func plainMeta(name string, kind Kind) *meta {
	if kind == KindRanges {
		if name == "ports" {
			return metaPorts
		}
		return nil
	}
	if kind != KindScalar {
		return nil
	}
	switch name {
	case "cpus":
		return metaCPUs
	case "disk":
		return metaDisk
	case "gpus":
		return metaGPUs
	case "mem":
		return metaMem
	}
	return nil
}

// metaOf makes the key of r, which keeps nothing of r that its owner could change. d is a clone of r.Disk and from
// now on must only be read.
func metaOf(r *Resource, d *Disk) *meta {
	if d == nil && len(r.Reservations) == 0 && r.AllocationRole == "" && !r.Revocable && !r.Shared && r.ProviderID == "" {
		if m := plainMeta(r.Name, r.Kind); m != nil {
			return m
		}
	}
	m := &meta{
		name: r.Name, kind: r.Kind, stack: normalStack(r.Reservations), alloc: r.AllocationRole,
		provider: r.ProviderID, revocable: r.Revocable, shared: r.Shared, disk: d != nil,
	}
	if d != nil {
		m.source = d.Source
		if d.Persistence != nil {
			m.persists, m.volumeID = true, d.Persistence.ID
		}
	}
	return m.finish(d.indivisible())
}

// finish fills in what follows from the other fields.
func (m *meta) finish(indivisible bool) *meta {
	if n := len(m.stack); n > 0 {
		m.owner = m.stack[n-1].Role
	}
	switch {
	case m.shared:
		m.class = counted
	case indivisible:
		m.class = whole
	}
	m.key = sortKey(m)
	return m
}

// restacked is m with another reservation stack and allocation role.
func (m *meta) restacked(stack []Reservation, alloc role.Name) *meta {
	c := *m
	c.stack, c.alloc, c.owner, c.rank = stack, alloc, "", 0
	if len(stack) == 0 {
		c.stack = nil
		if alloc == "" && !m.disk && !m.revocable && !m.shared && m.provider == "" {
			if p := plainMeta(m.name, m.kind); p != nil {
				return p
			}
		}
	}
	return c.finish(m.class == whole)
}

// compareMeta orders keys by name, owner role, kind and the bytes of the diagnostic form without the ignored fields
// (docs/resource-model.md §8.1), then by what that form does not show. 0: the same key.
func compareMeta(a, b *meta) int {
	if a == b {
		return 0
	}
	if a.rank != 0 && b.rank != 0 {
		return int(a.rank) - int(b.rank)
	}
	if a.name != b.name {
		return strings.Compare(a.name, b.name)
	}
	if a.owner != b.owner {
		return strings.Compare(string(a.owner), string(b.owner))
	}
	if a.kind != b.kind {
		return int(a.kind) - int(b.kind)
	}
	if a.key != b.key {
		return strings.Compare(a.key, b.key)
	}
	return compareHidden(a, b)
}

// compareHidden looks at every field, for keys that print alike.
func compareHidden(a, b *meta) int {
	return cmp.Or(
		compareBool(a.revocable, b.revocable),
		compareBool(a.shared, b.shared),
		compareBool(a.disk, b.disk),
		compareBool(a.persists, b.persists),
		strings.Compare(a.volumeID, b.volumeID),
		strings.Compare(a.provider, b.provider),
		strings.Compare(string(a.alloc), string(b.alloc)),
		slices.CompareFunc(a.stack, b.stack, compareReservation),
		compareSource(a.source, b.source),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
