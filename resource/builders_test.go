package resource_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

func ptr(s string) *string { return &s }

func static(r role.Name) resource.Reservation {
	return resource.Reservation{Type: resource.Static, Role: r}
}

func dynamic(r role.Name) resource.Reservation {
	return resource.Reservation{Type: resource.Dynamic, Role: r}
}

// scalar is n whole units of name with a stack.
func scalar(name string, n int64, stack ...resource.Reservation) resource.Resource {
	return resource.Resource{Name: name, Scalar: resource.Whole(n), Reservations: stack}
}

// volume is a persistent volume on the root disk, dynamically reserved to r.
func volume(id string, n int64) resource.Resource {
	v := scalar("disk", n, dynamic("r"))
	v.Disk = &resource.Disk{
		Persistence: &resource.Persistence{ID: id},
		Volume:      &resource.Volume{ContainerPath: "data", Mode: resource.ReadWrite},
	}
	return v
}

// onDisk is disk with that source.
func onDisk(n int64, s resource.DiskSource) resource.Resource {
	d := scalar("disk", n)
	d.Disk = &resource.Disk{Source: &s}
	return d
}

func mount(root string, n int64) resource.Resource {
	return onDisk(n, resource.DiskSource{Type: resource.SourceMount, Root: root})
}

func collect(t *testing.T, rs ...resource.Resource) resource.Resources {
	t.Helper()
	r, err := resource.New(rs...)
	require.NoError(t, err)
	return r
}
