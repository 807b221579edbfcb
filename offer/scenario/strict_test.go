package scenario_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/scenario"
	"github.com/proffer-go/proffer/role"
)

// docs/allocation.md §2.1
func TestEventsOfOneStepAreOneRun(t *testing.T) {
	got := strictly(t, addF, `{"op":"atomic","ops":[`+addA+`,{"op":"add_agent","agent":"B","resources":"cpus:1;mem:32"}]}`)
	require.Equal(t, []string{"1", "1 " + whole + " F/r/B{cpus:1; mem:32}"}, got)
}

// docs/allocation.md §2.1
func TestOneJumpOfTheClockIsOneRun(t *testing.T) {
	got := strictly(t, addF, addA, `{"op":"advance","seconds":7}`, tick)
	require.Equal(t, []string{"1", "1 " + whole, "1", "1"}, got)
}

// docs/allocation.md §2.1
func TestIntervalOption(t *testing.T) {
	c := caseOf(t, `"allocation_interval":10`, addF, `{"op":"advance","seconds":9}`, tick)
	require.Equal(t, []string{"1", "0", "1"}, play(t, scenario.Strict(), c))
	c = caseOf(t, `"allocation_interval":0`, addF, `{"op":"advance","seconds":9}`)
	require.Equal(t, []string{"1", "0"}, play(t, scenario.Strict(), c), "no timer")
}

// docs/allocation.md §2.1: a paused allocator drops what is asked for, and a resume asks for nothing.
func TestPauseAndResume(t *testing.T) {
	got := strictly(t, addF, `{"op":"pause"}`, addA, tick, `{"op":"resume"}`, tick)
	require.Equal(t, []string{"1", "0", "0", "0", "0", "1 " + whole}, got)
}

// docs/allocation.md §2.1: the hold after a fail-over ends with enough agents.
func TestRecoverState(t *testing.T) {
	hold := `{"op":"recover_state","expected_agents":5,"quotas":{"q":{"guarantees":"cpus:1","limits":"cpus:1"}}}`
	agent := func(id string) string {
		return `{"op":"add_agent","agent":"` + id + `","resources":"cpus:4;mem:1024"}`
	}
	got := strictly(t, hold, addF, agent("A"), agent("B"), agent("C"), tick, agent("D"))
	require.Equal(t, []string{"0", "0", "0", "0", "0", "0", "1 F/r/D{cpus:4; mem:1024}"}, got[:7])
	require.Len(t, strictly(t, `{"op":"recover_state","expected_agents":5}`, addF, addA), 3)
	require.Equal(t, "1 "+whole, last(strictly(t, `{"op":"recover_state","expected_agents":5}`, addF, addA)), "no quota, no hold")
}

// docs/allocation.md §3.1
func TestRefusals(t *testing.T) {
	back := func(more string) string {
		return `{"op":"recover","framework":"F","role":"r","agent":"A","resources":"cpus:4;mem:1024"` + more + `}`
	}
	for name, c := range map[string]struct {
		more  string
		ticks int // until it is offered again
	}{
		"none":                {``, 1},
		"zero":                {`,"refuse_seconds":0`, 1},
		"raised to a batch":   {`,"refuse_seconds":0.2`, 2},
		"three":               {`,"refuse_seconds":3`, 3},
		"default":             {`,"default_filter":true`, 5},
		"negative is default": {`,"refuse_seconds":-1,"is_allocated":true`, 5},
	} {
		steps := []string{addF, addA, tick, back(c.more)}
		for range c.ticks {
			steps = append(steps, tick)
		}
		got := strictly(t, steps...)
		require.Equal(t, "1 "+whole, last(got), "%s: %v", name, got)
		for _, l := range got[4 : len(got)-1] {
			require.Equal(t, "1", l, "%s: %v", name, got)
		}
	}
}

// docs/allocation.md §3.1: without a record of what it was expanded to, decline_all gives back what is out.
func TestDeclineAllFindsWhatIsOut(t *testing.T) {
	both := []string{
		addF, `{"op":"add_framework","framework":"G","roles":["s"]}`, addA,
		`{"op":"add_agent","agent":"B","resources":"cpus:4;mem:1024"}`,
	}
	for more, want := range map[string]string{
		``:                                  "1 F/r/A{cpus:4; mem:1024} G/s/B{cpus:4; mem:1024}",
		`,"framework":"G"`:                  "1 G/s/B{cpus:4; mem:1024}",
		`,"agent":"A"`:                      "1 F/r/A{cpus:4; mem:1024}",
		`,"role":"x"`:                       "1",
		`,"default_filter":true,"role":"s"`: "1 F/r/B{cpus:4; mem:1024}",
	} {
		got := strictly(t, append(append([]string{}, both...), `{"op":"decline_all"`+more+`}`, tick)...)
		require.Equal(t, want, last(got), more)
	}
}

// docs/allocation.md §3.1: the allocation role that a given-back resource names is removed first.
func TestRecoverOfAllocatedResources(t *testing.T) {
	allocated := `[{"name":"cpus","type":"SCALAR","scalar":{"value":4},"allocation_info":{"role":"r"}}]`
	got := strictly(t, addF, addA, give+allocated+`,"refuse_seconds":1000}`, tick, give+`"mem:1024"}`, tick)
	require.Equal(t, []string{"0", "1", "0", "1 " + whole}, got[2:], "refused are the cpus alone")
}

// docs/allocation.md §3.1: what decline_all was expanded to counts where the rules are those of the record.
func TestDeclineAllAsRecorded(t *testing.T) {
	decline := `{"op":"decline_all","expanded":[{"op":"recover","framework":"F","role":"r","agent":"A","resources":"cpus:1;mem:64"}]}`
	require.Equal(t, "1 F/r/A{cpus:1; mem:64}", last(strictly(t, addF, addA, decline, tick)))
	require.Equal(t, "1 "+whole, own(t, addF, addA, decline, tick)[2])
}

// docs/allocation.md §2.3: a framework that lists no capabilities can handle refined reservations, one that lists others
// cannot.
func TestDefaultCapabilities(t *testing.T) {
	refined := `{"op":"add_agent","agent":"A","resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"reservations":[{"type":"STATIC","role":"a"},{"type":"DYNAMIC","role":"a/b"}]}]}`
	with := func(more string) string { return `{"op":"add_framework","framework":"F","roles":["a/b"]` + more + `}` }
	require.Contains(t, last(strictly(t, with(``), refined)), "F/a/b/A")
	require.Equal(t, "1", last(strictly(t, with(`,"capabilities":["GPU_RESOURCES"]`), refined)))
}

// docs/allocation.md §3.1: what became a task is no offer any more.
func TestTransitionToAllocated(t *testing.T) {
	got := strictly(t, addF, addA,
		`{"op":"transition_to_allocated","framework":"F","role":"r","agent":"A","resources":"cpus:1;mem:24"}`,
		`{"op":"decline_all"}`, tick)
	require.Equal(t, "1 F/r/A{cpus:3; mem:1000}", last(got))
}

// docs/allocation.md §4: giving back what is gone is normal, and frees only what is held.
func TestRecoverWhatIsGone(t *testing.T) {
	back := `{"op":"recover","framework":"F","role":"r","agent":"A","resources":"cpus:9;mem:2048","refuse_seconds":1}`
	require.Equal(t, "0", last(strictly(t, addF, addA, `{"op":"remove_agent","agent":"A"}`, back)))
	require.Equal(t, "0", last(strictly(t, addF, addA, `{"op":"remove_framework","framework":"F"}`, back)))
	r, err := scenario.New(caseOf(t, "", addF, addA, back), scenario.Strict())
	require.NoError(t, err)
	for r.More() {
		_, err := r.Next()
		require.NoError(t, err)
	}
	f, err := r.Final()
	require.NoError(t, err)
	require.Equal(t, "cpus:4; mem:1024", f.Agents["A"].Available)
	require.Empty(t, f.Agents["A"].Held)
}

// docs/allocation.md §2.2
func TestWhitelistGoesByHostname(t *testing.T) {
	onHost := func(op, id, host string) string {
		return `{"op":"` + op + `","agent":"` + id + `","hostname":"` + host + `","resources":"cpus:4;mem:1024"}`
	}
	got := strictly(t, addF, `{"op":"whitelist","hosts":["h","B"]}`,
		onHost("add_agent", "A", "h"), addA2("B"), onHost("add_agent", "C", "c"),
		onHost("update_agent", "C", "h"), `{"op":"whitelist"}`, `{"op":"whitelist","hosts":[]}`, tick)
	require.Equal(t, []string{
		"1", "0", "1 " + whole, "1 F/r/B{cpus:4; mem:1024}", "1",
		"1 F/r/C{cpus:4; mem:1024}", "0", "0", "1",
	}, got)
}

func addA2(id string) string {
	return `{"op":"add_agent","agent":"` + id + `","resources":"cpus:4;mem:1024"}`
}

// docs/allocation.md §2.1: a changed hostname or capability asks for a run of that agent; the same again does not.
func TestUpdateAgentThatChangesNoTotal(t *testing.T) {
	update := func(more string) string { return `{"op":"update_agent","agent":"A"` + more + `}` }
	got := strictly(t, addF, addA, update(`,"resources":"cpus:4;mem:1024"`), update(`,"hostname":"h"`), update(`,"hostname":"h"`),
		update(`,"capabilities":["MULTI_ROLE"]`), update(`,"capabilities":["MULTI_ROLE"]`), update(`,"resources":"cpus:5;mem:1024"`))
	require.Equal(t, []string{"1", "1 " + whole, "0", "1", "0", "1", "0", "1 F/r/A{cpus:1}"}, got)
}

// docs/allocation.md §2.3: an agent without MULTI_ROLE is shown to nobody, one without HIERARCHICAL_ROLE to no nested role.
// These gates are the reference's alone.
func TestAgentCapabilities(t *testing.T) {
	nested := `{"op":"add_framework","framework":"N","roles":["a/b"]}`
	agent := func(caps string) string {
		return `{"op":"add_agent","agent":"A","resources":"cpus:4;mem:1024","capabilities":[` + caps + `]}`
	}
	revive := `{"op":"revive","framework":"N"}`
	all := `"MULTI_ROLE","HIERARCHICAL_ROLE"`
	got := strictly(t, nested, addF, agent(`"HIERARCHICAL_ROLE"`), tick, revive)
	require.Equal(t, []string{"1", "1", "1", "1", "1"}, got)
	got = strictly(t, nested, agent(`"MULTI_ROLE"`), revive, addF)
	require.Equal(t, []string{"1", "1", "1", "1 " + whole}, got)
	got = strictly(t, nested, agent(`"MULTI_ROLE"`), `{"op":"update_agent","agent":"A","capabilities":[`+all+`]}`)
	require.Equal(t, "1 N/a/b/A{cpus:4; mem:1024}", last(got))
	require.Equal(t, "1 N/a/b/A{cpus:4; mem:1024}", last(strictly(t, nested, agent(all))))
	require.Equal(t, "1 N/a/b/A{cpus:4; mem:1024}", last(play(t, scenario.Default(0), caseOf(t, "", nested, agent("")))), "ours")
	got = strictly(t, addF, agent(`"MULTI_ROLE"`), `{"op":"decline_all","refuse_seconds":1000}`,
		`{"op":"update_agent","agent":"A","capabilities":[`+all+`]}`, nested)
	require.Equal(t, []string{"1", "1 " + whole, "0", "1", "1 N/a/b/A{cpus:4; mem:1024}"}, got, "F's own refusal stays")
}

// docs/allocation.md §2.3: capabilities of frameworks, suppressed roles and inactive frameworks.
func TestFrameworkFields(t *testing.T) {
	gpus := `{"op":"add_agent","agent":"A","resources":"cpus:4;gpus:1;mem:1024"}`
	with := func(more string) string {
		return `{"op":"add_framework","framework":"F","roles":["r"]` + more + `}`
	}
	require.Equal(t, "1", last(strictly(t, with(``), gpus)))
	require.Equal(t, "1 F/r/A{cpus:4; gpus:1; mem:1024}", last(strictly(t, with(`,"capabilities":["MULTI_ROLE","GPU_RESOURCES"]`), gpus)))
	require.Equal(t, "1", last(strictly(t, with(`,"suppressed_roles":["r"]`), addA)))
	require.Equal(t, []string{"0", "1", "1 " + whole},
		strictly(t, with(`,"active":false`), addA, `{"op":"activate_framework","framework":"F"}`))
	small := `{"op":"add_agent","agent":"A","resources":"cpus:0.005;mem:16"}`
	require.Equal(t, "1", last(strictly(t, with(``), small)))
	require.Equal(t, "1 F/r/A{cpus:0.005; mem:16}", last(strictly(t, with(`,"min_allocatable":{"r":[]}`), small)))
	require.Equal(t, "1", last(strictly(t, with(`,"min_allocatable":{"r":["cpus:1"]}`), small)))
}

// docs/allocation.md §2.7: the options that set the minimum.
func TestMinimumOptions(t *testing.T) {
	small := `{"op":"add_agent","agent":"A","resources":"cpus:0.005;mem:16"}`
	for options, want := range map[string]string{
		``:                                      "1",
		`"no_min_allocatable":true`:             "1 F/r/A{cpus:0.005; mem:16}",
		`"no_min_allocatable":false`:            "1",
		`"min_allocatable":[]`:                  "1 F/r/A{cpus:0.005; mem:16}",
		`"min_allocatable":["cpus:1","mem:16"]`: "1 F/r/A{cpus:0.005; mem:16}",
		`"min_allocatable":["cpus:1"]`:          "1",
		`"min_allocatable":["cpus:1"],"no_min_allocatable":true`: "1",
		`"fairness_exclude":["cpus","mem"]`:                      "1",
	} {
		require.Equal(t, want, last(play(t, scenario.Strict(), caseOf(t, options, addF, small))), options)
	}
}

// docs/allocation.md §1.1: what an agent reports to be used counts once its framework is known, and what a framework tells
// on top of that counts as well, but nothing twice.
func TestUsed(t *testing.T) {
	used := `,"used":{"F":{"role":"r","resources":"cpus:1;mem:24"}}}`
	agent := `{"op":"add_agent","agent":"A","resources":"cpus:4;mem:1024"` + used
	framework := func(cpus string) string {
		return `{"op":"add_framework","framework":"F","roles":["r"],"used":{"A":{"role":"r","resources":"cpus:` + cpus + `;mem:24"},"gone":{"role":"r","resources":"cpus:1"}}}`
	}
	require.Equal(t, "1 F/r/A{cpus:3; mem:1000}", last(strictly(t, agent, addF)))
	require.Equal(t, "1 F/r/A{cpus:3; mem:1000}", last(strictly(t, agent, framework("1"))))
	require.Equal(t, "1 F/r/A{cpus:2; mem:1000}", last(strictly(t, agent, framework("2"))))
	list := `{"op":"add_agent","agent":"A","resources":"cpus:4;mem:1024","used":{"F":[{"role":"r","resources":"cpus:1"},{"role":"s","resources":"cpus:1"}]}}`
	require.Equal(t, "1 F/r/A{cpus:2; mem:1024}", last(strictly(t, list, addF)))
}

const reserve = `{"type":"RESERVE","resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"reservations":[{"type":"DYNAMIC","role":"r","principal":"ops"}]}]}`

// docs/allocation.md §4: an operator's operations are done all or none.
func TestUpdateAvailable(t *testing.T) {
	available := func(ops string) string {
		return `{"op":"update_available","agent":"A","operations":[` + ops + `]}`
	}
	unreserve := `{"type":"UNRESERVE","resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"reservations":[{"type":"DYNAMIC","role":"r","principal":"ops"}]}]}`
	got := strictly(t, addA, available(reserve+`,`+unreserve+`,`+unreserve), addF)
	require.Equal(t, []string{"1", "0 refused", "1 " + whole}, got)
	got = strictly(t, addA, available(reserve+`,`+reserve), addF)
	require.Equal(t, []string{"1", "0 ok", "1 F/r/A{cpus(reservations: [(DYNAMIC,r,ops)]):2; cpus:2; mem:1024}"}, got)
	require.Equal(t, "0 refused", last(strictly(t, addF, addA, available(reserve))), "it is offered, and nothing is rescinded")
	other := strings.ReplaceAll(reserve, `"ops"`, `"somebody"`)
	require.Equal(t, "0 ok", last(strictly(t, addA, available(other))), "whoever it is")
}

// volume is a persistent volume on reserved disk, shared or not.
func volume(shared string) string {
	return `[{"name":"disk","type":"SCALAR","scalar":{"value":64},"reservations":[{"type":"DYNAMIC","role":"r","principal":"ops"}],` +
		`"disk":{"persistence":{"id":"v","principal":"ops"},"volume":{"container_path":"data","mode":"RW"}}` + shared + `}]`
}

// docs/allocation.md §4: volumes come and go by operations on what is offered, used, or both.
func TestVolumes(t *testing.T) {
	disk := `[{"name":"disk","type":"SCALAR","scalar":{"value":64},"reservations":[{"type":"DYNAMIC","role":"r","principal":"ops"}]}]`
	step := func(op, more string, ops ...string) string {
		return `{"op":"` + op + `","agent":"A",` + more + `"operations":[` + strings.Join(ops, ",") + `]}`
	}
	reserveDisk := `{"type":"RESERVE","resources":` + disk + `}`
	create, destroy := `{"type":"CREATE","resources":`+volume("")+`}`, `{"type":"DESTROY","resources":`+volume("")+`}`
	agent := `{"op":"add_agent","agent":"A","resources":"cpus:4;mem:1024;disk:100"}`
	full := `"framework":"F","role":"r","offered":"cpus:4;mem:1024;disk:100",`
	const made = "cpus:4; disk(reservations: [(DYNAMIC,r,ops)])[v:data]:64; disk:36; mem:1024"
	got := strictly(t, agent, step("update_available", "", reserveDisk, create), addF)
	require.Equal(t, []string{"1", "0 ok", "1 F/r/A{" + made + "}"}, got)
	got = strictly(t, addF, agent, step("update_allocation", full, reserveDisk, create))
	require.Equal(t, "0 ={"+made+"}", last(got))
	task := `{"op":"transition_to_allocated","framework":"F","role":"r","agent":"A","resources":`
	got = strictly(t, addF, agent, step("update_allocation", full, reserveDisk, create), task+volume("")+`}`,
		step("update_allocation", `"framework":"F","role":"r","offered":`+volume("")+`,`, destroy), `{"op":"decline_all"}`, tick)
	require.Equal(t, []string{
		"0", "0 ={disk(reservations: [(DYNAMIC,r,ops)]):64}", "0", "1 F/r/A{cpus:4; disk:36; mem:1024}",
	}, got[3:])
	half := task + `"disk:50"}`
	require.Equal(t, "0 ={"+made+"}", last(strictly(t, addF, agent, half, step("update_allocation", full, reserveDisk, create))), "of both")
}

// docs/allocation.md §2.7: shared volumes are counted once, and shown to everybody.
func TestSharedVolumes(t *testing.T) {
	shared := volume(`,"shared":{}`)
	agent := `{"op":"add_agent","agent":"A","resources":` + strings.Replace(shared, `[{`, `[{"name":"cpus","type":"SCALAR","scalar":{"value":1}},{`, 1) + `}`
	with := func(id string) string {
		return `{"op":"add_framework","framework":"` + id + `","roles":["r"],"capabilities":["SHARED_RESOURCES"],"min_allocatable":{"r":[]}}`
	}
	v := "disk(reservations: [(DYNAMIC,r,ops)])[v:data]<SHARED>:64"
	r, err := scenario.New(caseOf(t, "", with("F"), with("G"), agent), scenario.Strict())
	require.NoError(t, err)
	var got []string
	for r.More() {
		res, err := r.Next()
		require.NoError(t, err)
		got = append(got, line(res))
	}
	require.Equal(t, "1 F/r/A{cpus:1; "+v+"} G/r/A{"+v+"}", last(got))
	f, err := r.Final()
	require.NoError(t, err)
	require.Equal(t, v, f.Agents["A"].Available)
	require.Equal(t, scenario.Amounts{"disk": 64}, f.RoleTree.Taken)
}

// docs/allocation.md §4: operations of an accept change what is held and tell the result; those that do not fit nothing.
func TestUpdateAllocation(t *testing.T) {
	update := func(offered string) string {
		return `{"op":"update_allocation","framework":"F","role":"r","agent":"A","offered":"` + offered + `","operations":[` + reserve + `]}`
	}
	after := "={cpus(reservations: [(DYNAMIC,r,ops)]):1; cpus:3; mem:1024}"
	got := strictly(t, addF, addA, update("cpus:4;mem:1024"), `{"op":"decline_all"}`, tick)
	require.Equal(t, []string{"0 " + after, "0", "1 F/r/A{cpus(reservations: [(DYNAMIC,r,ops)]):1; cpus:3; mem:1024}"}, got[2:])
	require.Equal(t, "0 refused", last(strictly(t, addF, addA, update("mem:1024"))), "not in it")
	require.Equal(t, "0 refused", last(strictly(t, addF, addA, update("cpus:5"))), "not held")
	task := `{"op":"transition_to_allocated","framework":"F","role":"r","agent":"A","resources":"cpus:4;mem:1024"}`
	require.Equal(t, "0 "+after, last(strictly(t, addF, addA, task, update("cpus:4;mem:1024"))))
}

// docs/allocation.md §1.3: weights of several roles are one change.
func TestUpdateWeights(t *testing.T) {
	got := strictly(t, addF, `{"op":"add_framework","framework":"G","roles":["s"]}`, `{"op":"update_weights","weights":{"s":3,"r":1}}`,
		`{"op":"atomic","ops":[`+addA+`,`+addA2("B")+`,`+addA2("C")+`,`+addA2("D")+`]}`)
	require.Equal(t, "1 F/r/A{cpus:4; mem:1024} G/s/B{cpus:4; mem:1024} G/s/C{cpus:4; mem:1024} G/s/D{cpus:4; mem:1024}", last(got))
}

// docs/allocation.md §2.6: quota of a role, set and taken away.
func TestUpdateQuota(t *testing.T) {
	got := strictly(t, addF, `{"op":"update_quota","role":"r","guarantees":"","limits":"cpus:1"}`, addA,
		`{"op":"update_quota","role":"r"}`, tick)
	require.Equal(t, []string{"1", "0", "1 F/r/A{cpus:1; mem:1024}", "0", "1 F/r/A{cpus:3}"}, got)
}

// docs/allocation.md §3.2
func TestWhatClearsRefusals(t *testing.T) {
	declined := []string{addF, addA, `{"op":"decline_all","refuse_seconds":86400}`}
	after := func(steps ...string) string { return last(strictly(t, append(append(declined, steps...), tick)...)) }
	suppress, revive := `{"op":"suppress","framework":"F"}`, `{"op":"revive","framework":"F"}`
	require.Equal(t, "1", after())
	require.Equal(t, "1 "+whole, last(strictly(t, append(declined, suppress, revive)...)), "revived: at once")
	require.Equal(t, "1", after(suppress))
	require.Equal(t, "1 "+whole, after(suppress, `{"op":"update_framework","framework":"F","roles":["r"]}`), "unsuppressed by an update")
	require.Equal(t, "1", after(`{"op":"update_framework","framework":"F","roles":["r","s"],"suppressed_roles":["s"]}`))
	require.Equal(t, "1 "+whole, last(strictly(t, append(declined,
		`{"op":"deactivate_framework","framework":"F"}`, `{"op":"activate_framework","framework":"F"}`)...)))
	require.Equal(t, "1 "+whole, after(`{"op":"update_framework","framework":"F","roles":["s"],"suppressed_roles":["s"]}`,
		`{"op":"update_framework","framework":"F","roles":["r"]}`), "left the role and came back")
	require.Equal(t, "1", after(`{"op":"update_agent","agent":"A","hostname":"h","capabilities":["MULTI_ROLE","HIERARCHICAL_ROLE"]}`))
	require.Equal(t, "1", after(`{"op":"deactivate_agent","agent":"A"}`, `{"op":"activate_agent","agent":"A"}`))
	require.Equal(t, "1 "+whole, last(strictly(t, append(declined, `{"op":"remove_agent","agent":"A"}`, addA)...)))
}

// docs/allocation.md §2.4: a guarantee that nobody takes holds back what it is short of, reservations counted.
func TestHeadroom(t *testing.T) {
	quota := `{"op":"update_quota","role":"q","guarantees":"cpus:3","limits":"cpus:3"}`
	require.Equal(t, "1 F/r/A{cpus:1; mem:1024}", last(strictly(t, quota, addF, addA)))
	got := strictly(t, quota, addF, `{"op":"add_agent","agent":"B","resources":"cpus(q):2"}`, addA)
	require.Equal(t, "1 F/r/A{cpus:3; mem:1024}", last(got))
}

// docs/allocation.md §2.1: the clock jumps over a timer and, later, the end of the hold. The timer found the hold standing.
func TestTimerBeforeTheEndOfTheHoldIsLost(t *testing.T) {
	hold := `{"op":"recover_state","expected_agents":5,"quotas":{"q":{"limits":"cpus:1"}}}`
	got := strictly(t, hold, addF, addA, `{"op":"advance","seconds":599.5}`, `{"op":"advance","seconds":1.5}`, tick)
	require.Equal(t, []string{"0", "0", "0", "0", "1 " + whole, "1"}, got, "the timer of 600.5 s came after the end")
	got = strictly(t, hold, addF, addA, `{"op":"advance","seconds":598}`, `{"op":"advance","seconds":3}`, tick)
	require.Equal(t, []string{"0", "0", "0", "0", "0", "1 " + whole}, got, "that of 599 s came before it")
}

// docs/allocation.md §2.4: F uses reserved cpus that the agent no longer has. What is reserved and not in use is the
// difference of two sums over the cluster, 3 - 2 cpus, so the headroom is 9 - 2 - 1 and 2 are left beside the guarantee.
func TestIdleReservationsAreADifferenceOfClusterSums(t *testing.T) {
	got := strictly(t, addF, `{"op":"add_agent","agent":"A","resources":"cpus(r):2"}`,
		`{"op":"update_quota","role":"q","guarantees":"cpus:4"}`,
		`{"op":"add_agent","agent":"B","resources":"cpus(s):3;cpus:4"}`,
		`{"op":"add_framework","framework":"G","roles":["n"]}`,
		`{"op":"update_agent","agent":"A","resources":"cpus:2"}`)
	require.Equal(t, []string{"1 F/r/A{cpus(reservations: [(STATIC,r)]):2}", "0", "1", "1", "1 G/n/A{cpus:2}"}, got[1:])
}

// docs/allocation.md §4: an update enters roles before it leaves others, so that a keeps the count that a/x gave it.
func TestUpdateEntersRolesBeforeItLeavesOthers(t *testing.T) {
	got := strictly(t, `{"op":"add_framework","framework":"F","roles":["a/x"]}`, addA,
		`{"op":"recover","framework":"F","role":"a/x","agent":"A","resources":"cpus:4;mem:1024"}`,
		`{"op":"update_framework","framework":"F","roles":["a/y","b"]}`, tick)
	require.Equal(t, "1 F/b/A{cpus:4; mem:1024}", last(got))
}

// docs/allocation.md §4: what is known of roles at the end. G is in b only by what it uses, and for c and c/d there are only ports.
func TestFinalListsRolesThatAreOnlyHeld(t *testing.T) {
	c := caseOf(t, ``, `{"op":"add_framework","framework":"G","roles":["a"]}`,
		`{"op":"add_agent","agent":"A","resources":"cpus:4;ports(c):[1-9];ports(c/d):[10-19]","used":{"E":{"role":"e","resources":"cpus:1"},"G":{"role":"b","resources":"cpus:3"}}}`)
	r, err := scenario.New(c, scenario.Strict())
	require.NoError(t, err)
	for r.More() {
		_, err := r.Next()
		require.NoError(t, err)
	}
	f, err := r.Final()
	require.NoError(t, err)
	require.Equal(t, []role.Name{"a", "b"}, f.RoleSort)
	require.Empty(t, f.FrameworkSort["b"])
	var known []role.Name
	for _, n := range f.RoleTree.Children {
		known = append(known, n.Role)
	}
	require.Equal(t, []role.Name{"a", "b"}, known)
	require.Equal(t, scenario.Amounts{"cpus": 3}, f.RoleTree.Unreserved, "E is not known, what it uses is charged to nobody")
}
