// Package reservation turns a total and an operation on it into the total afterwards, or the reason why not.
package reservation

import (
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Op is one of Reserve, Unreserve, Create, Destroy, Resize.
type Op interface{ isOp() }

type Reserve struct{ Resources, Source resource.Resources }
type Unreserve struct{ Resources resource.Resources }
type Create struct{ Volumes resource.Resources }
type Destroy struct{ Volumes resource.Resources }

// Resize grows a volume by Grow, or shrinks it by Shrink; just one is set.
type Resize struct {
	Volume resource.Resource
	Grow   resource.Resources // the addition
	Shrink resource.Scalar    // the amount to free
}

func (Reserve) isOp()   {}
func (Unreserve) isOp() {}
func (Create) isOp()    {}
func (Destroy) isOp()   {}
func (Resize) isOp()    {}

// Context says who applies an operation (§6.1).
type Context struct {
	Operator      bool
	Principal     *string
	Roles         []role.Name // of the framework
	Role          role.Name   // framework: role of the offers, filled in where a resource names none; "" for operators
	SharedCapable bool
	Volumes       resource.Resources                    // all volumes on the agent, for the uniqueness of ids
	InUse         func(owner role.Name, id string) bool // nil: nothing is in use
}

// Apply validates op and returns total after it.
func Apply(total resource.Resources, op Op, c Context) (resource.Resources, error) { panic("todo") }

// Convert is Apply without validation of who and why, only containment and conservation.
func Convert(total resource.Resources, op Op) (resource.Resources, error) { panic("todo") }
