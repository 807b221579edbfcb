package msg

import (
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Operation is one step of an Accept (docs/protocol.md §7). ID asks for feedback on the resource operations; launches
// have none.
type Operation struct {
	ID OperationID
	Do Action
}

// Tasks are those that o launches, none if it launches nothing.
func (o Operation) Tasks() []TaskInfo {
	switch do := o.Do.(type) {
	case LaunchTasks:
		return do.Tasks
	case LaunchGroup:
		return do.Tasks
	}
	return nil
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

// HoldsVolume reports whether r has a persistent volume of that owner and id: together they name it on its agent
// (docs/protocol.md §1).
func HoldsVolume(r resource.Resources, owner role.Name, id string) bool {
	for v := range r.PersistentVolumes().All() {
		if v.Owner() == owner && v.Disk.Persistence.ID == id {
			return true
		}
	}
	return false
}
