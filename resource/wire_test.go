package resource_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

// A Wire is not a Resource: what it has depends on its form. Its JSON is what was read, legal or not.
// docs/resource-model.md §3.3
func TestWireKeepsItsForm(t *testing.T) {
	var w resource.Wire
	_, prints := any(w).(fmt.Stringer)
	require.False(t, prints, "the printed form of its Resource would leave the old fields out")
	for _, text := range []string{
		`{"name":"cpus","type":"SCALAR","scalar":{"value":1},"role":"r","reservation":{"type":"DYNAMIC","role":"s","principal":"p","labels":{"labels":[{"key":"k"}]}}}`,
		`{"name":"cpus","type":"SCALAR","scalar":{"value":1},"reservation":{"role":""}}`,
		`{"name":"cpus","type":"SCALAR","scalar":{"value":1},"reservations":[{},{"type":"STATIC","role":"r"}]}`,
		`{"name":"disk","type":"SCALAR","scalar":{"value":1},"disk":{"persistence":{"id":""}}}`,
	} {
		require.NoError(t, json.Unmarshal([]byte(text), &w))
		got, err := json.Marshal(w)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
}

// On the wire the last of several equal keys counts for all they stand for, at every level, and null is nothing.
// docs/resource-model.md §8.1
// docs/resource-model.md §2.3
func TestLastKeyWins(t *testing.T) {
	const cpus, ports, zones, disk = `"name":"cpus","type":"SCALAR","scalar":{"value":1}`, `"name":"ports","type":"RANGES"`,
		`"name":"zones","type":"SET"`, `"name":"disk","type":"SCALAR","scalar":{"value":1}`
	for twice, once := range map[string]string{
		cpus + `,"name":"mem"`:                                                                                            `"name":"mem","type":"SCALAR","scalar":{"value":1}`,
		cpus + `,"ranges":{"range":[]},"ranges":null`:                                                                     cpus,
		cpus + `,"scalar":null,"scalar":{"value":1}`:                                                                      cpus,
		`"name":"cpus","type":"SCALAR","scalar":{"value":2,"value":1}`:                                                    cpus,
		ports + `,"ranges":{"range":[{"begin":1,"end":2}],"range":null}`:                                                  ports + `,"ranges":{}`,
		ports + `,"ranges":{"range":[{"begin":1,"end":2,"begin":2}]}`:                                                     ports + `,"ranges":{"range":[{"begin":2,"end":2}]}`,
		zones + `,"set":{"item":["a"],"item":null}`:                                                                       zones + `,"set":{}`,
		zones + `,"set":{"item":["a"]},"set":{}`:                                                                          zones + `,"set":{}`,
		cpus + `,"role":"a","role":null`:                                                                                  cpus,
		cpus + `,"role":"a","reservation":{},"reservation":null`:                                                          cpus + `,"role":"a"`,
		cpus + `,"reservations":[{"type":"STATIC","role":"a"}],"reservations":null`:                                       cpus,
		cpus + `,"reservations":[{"type":"STATIC","role":"a","role":"b"}]`:                                                cpus + `,"reservations":[{"type":"STATIC","role":"b"}]`,
		cpus + `,"role":"a","reservation":{"principal":"p","principal":null}`:                                             cpus + `,"role":"a","reservation":{}`,
		cpus + `,"role":"a","reservation":{"labels":{"labels":[]},"labels":null}`:                                         cpus + `,"role":"a","reservation":{}`,
		cpus + `,"role":"a","reservation":{"labels":{"labels":[{"key":"k"}],"labels":null}}`:                              cpus + `,"role":"a","reservation":{}`,
		cpus + `,"allocation_info":{"role":"a"},"allocation_info":{}`:                                                     cpus,
		cpus + `,"allocation_info":{"role":"a"},"allocation_info":null`:                                                   cpus,
		cpus + `,"allocation_info":{"role":"a","role":null}`:                                                              cpus,
		cpus + `,"revocable":{},"revocable":null`:                                                                         cpus,
		cpus + `,"shared":{},"shared":null`:                                                                               cpus,
		cpus + `,"provider_id":{"value":"p"},"provider_id":null`:                                                          cpus,
		disk + `,"disk":{"volume":{"container_path":"p","mode":"RW"}},"disk":null`:                                        disk,
		disk + `,"disk":{"persistence":{"id":"v"},"persistence":null}`:                                                    disk + `,"disk":{}`,
		disk + `,"disk":{"volume":{"container_path":"p","mode":"RW"},"volume":null}`:                                      disk + `,"disk":{}`,
		disk + `,"disk":{"volume":{"container_path":"p","host_path":"h","mode":"RW","host_path":null}}`:                   disk + `,"disk":{"volume":{"container_path":"p","mode":"RW"}}`,
		disk + `,"disk":{"source":{"type":"RAW"},"source":null}`:                                                          disk + `,"disk":{}`,
		disk + `,"disk":{"source":{"type":"MOUNT","path":{},"path":null}}`:                                                disk + `,"disk":{"source":{"type":"MOUNT"}}`,
		disk + `,"disk":{"source":{"type":"PATH","path":{"root":"/p","root":null}}}`:                                      disk + `,"disk":{"source":{"type":"PATH","path":{}}}`,
		disk + `,"disk":{"source":{"type":"RAW","id":"i","id":null,"metadata":{"labels":[{"key":"k"}]},"metadata":null}}`: disk + `,"disk":{"source":{"type":"RAW"}}`,
	} {
		var a, b resource.Wire
		require.NoError(t, a.UnmarshalJSON([]byte("{"+once+"}")), once)
		require.NoError(t, b.UnmarshalJSON([]byte("{"+twice+"}")), twice)
		require.Equal(t, a, b, twice)
		_, err := resource.Parse("[{" + twice + "}]")
		require.ErrorIs(t, err, resource.ErrDuplicateKey, twice)
	}
	var w resource.Wire
	for _, text := range []string{
		cpus + `,"name":null`, cpus + `,"type":null`, cpus + `,"scalar":{"value":1,"value":null}`, ports + `,"ranges":{"range":[{"begin":1,"end":2,"end":null}]}`,
	} {
		require.ErrorIs(t, w.UnmarshalJSON([]byte("{"+text+"}")), resource.ErrSyntax, text)
	}
	require.ErrorIs(t, w.UnmarshalJSON([]byte("{"+cpus+`,"scalar":null}`)), resource.ErrKind)

	var as resource.Attributes
	require.NoError(t, as.UnmarshalJSON([]byte(`[{"name":"a","type":"TEXT","text":{"value":"x"},"scalar":{"value":1},"scalar":null,"set":{},"set":null}]`)))
	require.Equal(t, "a=x", as.String())
	var q resource.Quantities
	require.NoError(t, q.UnmarshalJSON([]byte(`{"cpus":1,"mem":1,"cpus":null,"mem":2}`)))
	require.Equal(t, "mem:2", q.String())
	var l resource.Limits
	require.NoError(t, l.UnmarshalJSON([]byte(`{"cpus":1,"mem":1,"cpus":null,"mem":2}`)))
	require.Equal(t, "mem:2", l.String())
}

// Counts end at the largest int, as amounts end at the largest int64.
// docs/resource-model.md §4.2
// docs/resource-model.md §7
func TestCountsStayAtTheirEnd(t *testing.T) {
	v := volume("v", 64)
	v.Shared = true
	r := collect(t, v)
	for range 70 {
		r = r.Add(r)
	}
	require.Equal(t, math.MaxInt, r.Count(v))
	require.Equal(t, math.MaxInt, r.Item(0).Count())
	require.True(t, r.Contains(r))
	require.Equal(t, r, r.Add(collect(t, v)))
	require.Equal(t, math.MaxInt-1, r.SubSaturating(collect(t, v)).Count(v))
	require.Equal(t, "disk:64", r.Quantities().String())
}
