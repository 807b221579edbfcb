// Package detect turns the operator's texts and what the machine reports into the resources and attributes of an agent.
//
// Names the operator states are taken as stated; cpus, mem, disk and ports that are not stated are probed and reduced by
// a headroom (docs/resource-model.md §2.7). A probe that fails never hides: its constant is used and Result.Failed names it.
//
// Host and CheckSources read (and CheckSources creates) files of this machine; everything else is arithmetic on what a
// Prober answered, so that equal answers give equal results. A Prober of your own, or Fixed, makes a run repeatable.
//
// Strings and slices passed in are not kept or changed; results belong to the caller. Functions may be called from
// several goroutines at once if the Prober allows it; System does.
package detect
