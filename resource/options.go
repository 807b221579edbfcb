package resource

import "github.com/proffer-go/proffer/role"

// Option changes what a constructor or parser accepts.
type Option func(*options)

// ParseOption is another name for Option.
type ParseOption = Option

type options struct {
	defaultRole role.Name
	foreign     bool
	summed      bool // the bounds on inputs do not count: what comes out of a collection may be a sum (docs/resource-model.md §1.1)
}

// WithDefaultRole makes r the owner (STATIC) of items that name no role; "*" leaves them
// unreserved, which is the default (docs/resource-model.md §2.2). A bad r is an error
// at the first item that uses it.
func WithDefaultRole(r role.Name) Option { return func(o *options) { o.defaultRole = r } }

// ForeignNames switches the checks on predefined names off (docs/resource-model.md §2.5), for
// data of other systems: gpus may be fractional, ports go beyond 65535, any name have any kind,
// and persistent volumes be on BLOCK and RAW disks.
func ForeignNames() Option { return func(o *options) { o.foreign = true } }

func gather(opts []Option) options {
	if len(opts) == 0 {
		return options{defaultRole: role.Default}
	}
	o := options{defaultRole: role.Default}
	for _, f := range opts {
		if f != nil {
			f(&o)
		}
	}
	return o
}
