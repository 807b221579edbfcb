package offer

import "github.com/proffer-go/proffer/role"

// Bounds limits what strangers can make an Allocator hold (docs/protocol.md §18.1). A field that is 0 has the default.
type Bounds struct {
	Agents         int         // 1,000,000
	Frameworks     int         // 10,000
	Roles          int         // known ones: 100,000
	Names          int         // distinct resource names: 256
	Offers         int         // outstanding per framework: 100,000; at the bound it gets no further ones
	Filters        int         // refusals per framework: 1,000,000; at the bound a refusal sets no filter
	KeptWhole      int         // agents kept for clients with a hint (Rules.KeepWhole): a tenth of those known, one at least
	Constraints    int         // per framework and role: 1,000
	ConstraintText int         // bytes of a name, value or pattern in a constraint: 4,096
	PatternProgram int         // instructions of a pattern: 100
	Minimums       int         // alternatives in FrameworkSpec.MinAllocatable, per framework and role: 1,000
	PerRole        role.Bounds // roles per framework, depth and length of a role: the defaults of that package
}

func (b Bounds) withDefaults() Bounds {
	set := func(field *int, def int) {
		if *field <= 0 {
			*field = def
		}
	}
	set(&b.Agents, 1_000_000)
	set(&b.Frameworks, 10_000)
	set(&b.Roles, 100_000)
	set(&b.Names, 256)
	set(&b.Offers, 100_000)
	set(&b.Filters, 1_000_000)
	set(&b.Constraints, 1000)
	set(&b.ConstraintText, 4096)
	set(&b.PatternProgram, 100)
	set(&b.Minimums, 1000)
	return b
}
