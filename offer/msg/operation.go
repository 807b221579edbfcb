package msg

import (
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// Operation is one step of an Accept (docs/protocol.md §7). ID asks for feedback on the resource operations; launches
// have none.
type Operation struct {
	ID OperationID
	Do Action
}

// An Action is LaunchTasks, LaunchGroup or Change.
type Action interface{ isAction() }

// LaunchTasks launches tasks, each on its own merits: one that is invalid fails alone.
type LaunchTasks struct{ Tasks []TaskInfo }

// LaunchGroup launches tasks under one executor, all or none.
type LaunchGroup struct {
	Executor ExecutorInfo
	Tasks    []TaskInfo
}

// Change reserves, unreserves, creates, destroys or resizes.
type Change struct{ Op reservation.Op }

func (LaunchTasks) isAction() {}
func (LaunchGroup) isAction() {}
func (Change) isAction()      {}

// Launch is the operation that launches tasks.
func Launch(tasks ...TaskInfo) Operation { return Operation{Do: LaunchTasks{Tasks: tasks}} }

// Reserve is the operation that reserves r: its entries as they shall be, their last reservation the new one.
func Reserve(r resource.Resources) Operation {
	return Operation{Do: Change{reservation.Reserve{Resources: r}}}
}

// Unreserve is the operation that takes the last reservation off r.
func Unreserve(r resource.Resources) Operation {
	return Operation{Do: Change{reservation.Unreserve{Resources: r}}}
}

// Create is the operation that makes persistent volumes.
func Create(volumes resource.Resources) Operation {
	return Operation{Do: Change{reservation.Create{Volumes: volumes}}}
}

// Destroy is the operation that destroys persistent volumes and what they hold.
func Destroy(volumes resource.Resources) Operation {
	return Operation{Do: Change{reservation.Destroy{Volumes: volumes}}}
}
