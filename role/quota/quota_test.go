package quota_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

func config(t require.TestingT, name, guarantees, limits string) quota.Config {
	c, err := quota.Parse(name, guarantees, limits)
	require.NoError(t, err, "%s", name)
	return c
}

func quantities(t require.TestingT, text string) resource.Quantities {
	q, err := resource.ParseQuantities(text)
	require.NoError(t, err)
	return q
}

// forced builds a tree whose only concern is its shape.
func forced(t require.TestingT, list ...quota.Config) quota.Tree {
	tree, err := quota.Tree{}.Update(list, quota.Facts{Force: true})
	require.NoError(t, err)
	return tree
}

// docs/resource-model.md §5.4
func TestConfigRoleIsChecked(t *testing.T) {
	for _, name := range []string{"", "a//b", "-a"} {
		_, err := quota.Parse(name, "cpus:1", "")
		require.ErrorIs(t, err, role.ErrInvalid, "%q", name)
	}
	require.NoError(t, config(t, "*", "cpus:1", "").Validate(), "the default role may have quota")
}

// docs/resource-model.md §5.4
func TestConfigCeilings(t *testing.T) {
	for _, c := range []struct {
		guarantees, limits string
		ok                 bool
	}{
		{"cpus:1000000000000", "", true},
		{"", "cpus:1000000000000", true},
		{"", "cpus:1000000000001", false},
		{"", "cpus:1000000000000.001", false},
		{"licenses:1000000000001", "", false},
		{"disk:1099511627776", "", true},
		{"disk:1099511627777", "", false},
		{"", "mem:1099511627776", true},
		{"", "mem:1099511627777", false},
	} {
		_, err := quota.Parse("eng", c.guarantees, c.limits)
		if c.ok {
			require.NoError(t, err, "%+v", c)
		} else {
			require.ErrorIs(t, err, quota.ErrCeiling, "%+v", c)
		}
	}
}

// docs/resource-model.md §5.4
func TestConfigAmountsAreFiniteAndNotNegative(t *testing.T) {
	for _, bad := range []string{"cpus:-1", "cpus:NaN", "cpus:Inf", "cpus:1e-320", "cpus", "cpus:"} {
		_, err := quota.Parse("eng", bad, "")
		require.Error(t, err, bad)
		_, err = quota.Parse("eng", "", bad)
		require.Error(t, err, bad)
	}
}

// docs/resource-model.md §5.4
func TestConfigIsForScalarsOnly(t *testing.T) {
	_, err := quota.Parse("eng", "ports:10", "")
	require.ErrorIs(t, err, quota.ErrNotScalar)
	_, err = quota.Parse("eng", "", "ports:10")
	require.ErrorIs(t, err, quota.ErrNotScalar)
	require.NoError(t, config(t, "eng", "licenses:3", "").Validate(), "any other name is a scalar")
}

// docs/resource-model.md §5.4
func TestConfigLimitsContainGuarantees(t *testing.T) {
	_, err := quota.Parse("eng", "cpus:2", "cpus:1")
	require.ErrorIs(t, err, quota.ErrLimitBelowGuarantee)
	_, err = quota.Parse("eng", "cpus:2", "cpus:0")
	require.ErrorIs(t, err, quota.ErrLimitBelowGuarantee, "a limit of 0 is a limit")
	require.NoError(t, config(t, "eng", "cpus:2", "").Validate(), "what is not limited is not below")
	require.NoError(t, config(t, "eng", "cpus:2", "cpus:2;mem:0").Validate())
}

// docs/resource-model.md §5.4
func TestBothMapsEmptyRemoveTheQuota(t *testing.T) {
	tree := forced(t, config(t, "eng", "cpus:1", ""), config(t, "ops", "", "cpus:0"))
	require.Equal(t, []role.Name{"eng", "ops"}, tree.Roles())
	tree, err := tree.Update([]quota.Config{config(t, "eng", "", ""), config(t, "new", "cpus:0", "")}, quota.Facts{})
	require.NoError(t, err)
	require.Equal(t, []role.Name{"ops"}, tree.Roles(), "an explicit guarantee of 0 is none")
	_, ok := tree.Get("eng")
	require.False(t, ok)
}

// docs/resource-model.md §5.4
func TestUpdateRefusesARoleTwice(t *testing.T) {
	_, err := quota.Tree{}.Update([]quota.Config{config(t, "a", "", "cpus:1"), config(t, "b", "", "cpus:1"), config(t, "a", "", "")}, quota.Facts{Force: true})
	require.ErrorIs(t, err, quota.ErrDuplicate)
}

// docs/resource-model.md §5.4
func TestUpdateKeepsLimitsAboveConsumption(t *testing.T) {
	consumed := func(n role.Name) resource.Quantities {
		if n == "eng" {
			return quantities(t, "cpus:4;mem:100")
		}
		return resource.Quantities{}
	}
	tight := []quota.Config{config(t, "eng", "", "cpus:3")}
	_, err := quota.Tree{}.Update(tight, quota.Facts{Consumed: consumed})
	require.ErrorIs(t, err, quota.ErrLimitBelowUse)

	tree, err := quota.Tree{}.Update(tight, quota.Facts{Consumed: consumed, Force: true})
	require.NoError(t, err, "force overrides")
	require.Equal(t, 1, tree.Len())

	_, err = quota.Tree{}.Update([]quota.Config{config(t, "eng", "cpus:1", "")}, quota.Facts{
		Capacity: quantities(t, "cpus:1"),
		Consumed: func(role.Name) resource.Quantities { panic("asked about a role without a limit") },
	})
	require.NoError(t, err)
	for _, fine := range []quota.Config{config(t, "eng", "", "cpus:4"), config(t, "eng", "", "disk:1"), config(t, "ops", "", "cpus:0")} {
		_, err = quota.Tree{}.Update([]quota.Config{fine}, quota.Facts{Consumed: consumed})
		require.NoError(t, err, "%s", fine)
	}
}

// docs/resource-model.md §5.4
func TestUpdateHoldsChildrenWithinTheirParent(t *testing.T) {
	tree := forced(t, config(t, "eng", "cpus:2", ""), config(t, "eng/dev", "cpus:1", ""), config(t, "eng/prod", "cpus:1", ""))
	for why, bad := range map[string]quota.Config{
		"a third child":                config(t, "eng/qa", "cpus:1", ""),
		"another name":                 config(t, "eng/qa", "mem:1", ""),
		"a parent without quota":       config(t, "ops/db", "cpus:0.001", ""),
		"a grandchild without a child": config(t, "eng/dev/x/y", "cpus:1", ""),
		"the parent's taken away":      config(t, "eng", "", ""),
		"the parent's made smaller":    config(t, "eng", "cpus:1.999", ""),
	} {
		for _, force := range []bool{false, true} {
			got, err := tree.Update([]quota.Config{bad}, quota.Facts{Capacity: quantities(t, "cpus:100"), Force: force})
			require.ErrorIs(t, err, quota.ErrTree, "%s, force %v", why, force)
			require.True(t, got.Equal(tree))
		}
	}
	_, err := tree.Update([]quota.Config{config(t, "eng/dev/x", "cpus:1", "")}, quota.Facts{Force: true})
	require.NoError(t, err, "the grandchild is the child's")
	_, err = tree.Update([]quota.Config{config(t, "ops/db", "", "cpus:5")}, quota.Facts{Force: true})
	require.NoError(t, err, "a nested limit needs nothing above it")
}

// docs/resource-model.md §5.4
func TestUpdateRefusesToOvercommit(t *testing.T) {
	tree := forced(t, config(t, "eng", "cpus:1", ""), config(t, "eng/dev", "cpus:1", ""))
	two := quota.Facts{Capacity: quantities(t, "cpus:2")}
	sales, err := tree.Update([]quota.Config{config(t, "sales", "cpus:1", "")}, two)
	require.NoError(t, err, "children are not counted again")
	_, err = sales.Update([]quota.Config{config(t, "more", "cpus:0.001", "")}, two)
	require.ErrorIs(t, err, quota.ErrOvercommit)

	dev := []quota.Config{config(t, "dev", "cpus:12", "")}
	ten := quota.Facts{Capacity: quantities(t, "cpus:10")}
	_, err = quota.Tree{}.Update(dev, ten)
	require.ErrorIs(t, err, quota.ErrOvercommit)
	ten.Force = true
	_, err = quota.Tree{}.Update(dev, ten)
	require.NoError(t, err)
}

// docs/resource-model.md §5.4
func TestUpdateChecksInOrder(t *testing.T) {
	all := []quota.Config{
		config(t, "big", "cpus:50", ""),    // step 4
		config(t, "a/child", "cpus:1", ""), // step 3
		config(t, "used", "", "cpus:0"),    // step 2
		{Role: "b//d"},                     // step 1
	}
	facts := quota.Facts{
		Consumed: func(role.Name) resource.Quantities { return quantities(t, "cpus:1") },
		Capacity: quantities(t, "cpus:10"),
	}
	for i, want := range []error{role.ErrInvalid, quota.ErrLimitBelowUse, quota.ErrTree, quota.ErrOvercommit} {
		got, err := quota.Tree{}.Update(all[:len(all)-i], facts)
		require.ErrorIs(t, err, want)
		require.Equal(t, 0, got.Len())
	}
}

// docs/resource-model.md §5.4
func TestEffectiveLimitIsTheLeastOnTheWayUp(t *testing.T) {
	tree := forced(t,
		config(t, "a", "", "cpus:10;mem:100"),
		config(t, "a/b/c", "", "cpus:20;mem:50;disk:7"),
		config(t, "a/b/c/d", "", "gpus:0"),
		config(t, "z", "", "cpus:1"))
	for name, want := range map[role.Name]string{
		"a":         "cpus:10; mem:100",
		"a/b":       "cpus:10; mem:100",
		"a/b/c":     "cpus:10; disk:7; mem:50",
		"a/b/c/d/e": "cpus:10; disk:7; gpus:0; mem:50",
		"b":         "{}",
		"*":         "{}",
	} {
		require.Equal(t, want, tree.EffectiveLimit(name).String(), "%s", name)
	}
}

// docs/resource-model.md §5.4
func TestConsumptionCountsReservationsAndUnreservedUse(t *testing.T) {
	total := resource.MustParse("cpus:10;mem:100;ports:[1-10];cpus(eng):4;cpus(eng/web):2;cpus(ops):1")
	used := resource.MustParse("cpus:3;ports:[1-2]").Allocate("eng/web").
		Add(resource.MustParse("cpus(eng):1").Allocate("eng/web")).
		Add(resource.MustParse("cpus:1").Allocate("ops"))
	spare, err := resource.New(resource.Resource{Name: "cpus", Scalar: resource.Whole(5), Revocable: true, AllocationRole: "eng/web"})
	require.NoError(t, err)
	used = used.Add(spare)
	for name, want := range map[role.Name]string{
		"eng":     "cpus:9", // 4 + 2 reserved, 3 used
		"eng/web": "cpus:5", // 2 reserved, 3 used; what it uses of its parent's reservation is the parent's
		"eng/db":  "{}",
		"ops":     "cpus:2",
	} {
		require.Equal(t, want, quota.Consumption(name, total, used).String(), "%s", name)
	}
}

// docs/http-v1.md §9.2
func TestConfigJSON(t *testing.T) {
	text := `{"role":"dev","guarantees":{"cpus":{"value":10},"mem":{"value":4096.5}},"limits":{"cpus":{"value":20},"gpus":{"value":0}}}`
	var c quota.Config
	require.NoError(t, json.Unmarshal([]byte(text), &c))
	require.Equal(t, "dev: guarantees cpus:10; mem:4096.5, limits cpus:20; gpus:0", c.String())
	b, err := json.Marshal(c)
	require.NoError(t, err)
	require.Equal(t, text, string(b))

	require.NoError(t, json.Unmarshal([]byte(`{"role":"x","limits":{"cpus":{"value":"1.5"}},"more":1}`), &c))
	require.True(t, c.Equal(config(t, "x", "", "cpus:1.5")))
	b, err = json.Marshal(config(t, "x", "", ""))
	require.NoError(t, err)
	require.Equal(t, `{"role":"x"}`, string(b))
}

// docs/resource-model.md §5.4
func TestConfigJSONRefuses(t *testing.T) {
	c := config(t, "keep", "cpus:1", "")
	for _, text := range []string{
		`{"guarantees":{"cpus":{"value":1}}}`,
		`{"role":7}`,
		`[]`,
		`{"role":"a","guarantees":{"cpus":1}}`,
		`{"role":"a","guarantees":{"cpus":{}}}`,
		`{"role":"a","guarantees":{"cpus":{"value":-1}}}`,
		`{"role":"a","guarantees":{"cpus":{"value":1e19}}}`,
		`{"role":"a","guarantees":{"":{"value":1}}}`,
		`{"role":"a","limits":{"":{"value":1}}}`,
		`{"role":"a","limits":{"cpus":{"value":"NaN"}}}`,
		`{"role":"a","limits":{"cpus":{"value":"Infinity"}}}`,
		`{"role":"a","limits":{"cpus":{"value":0.0004}}}`,
		`{"role":"a","limits":{"cpus":{"value":true}}}`,
		`{"role":"a","limits":{"cpus":{"value":null}}}`,
		`{"role":"a","limits":{"cpus":null}}`,
		`{"role":"a","limits":{"cpus":1}}`,
		`{"role":"a","limits":{"cpus":"1"}}`,
		`{"role":"a","limits":{"cpus(r)":{"value":1}}}`,
		`{"role":"a","limits":[]}`,
		`{"role":"a","guarantees":{"cpus":{"value":0.0004}}}`,
		`{"role":"a","guarantees":{"cpus(r)":{"value":1}}}`,
		`{"role":"a","guarantees":7}`,
	} {
		require.Error(t, json.Unmarshal([]byte(text), &c), text)
		require.True(t, c.Equal(config(t, "keep", "cpus:1", "")), text)
	}
}

// Amounts are written and read as everywhere else.
// docs/http-v1.md §9.2
func TestConfigJSONIsThatOfItsAmounts(t *testing.T) {
	c := config(t, "x", "cpus:1.5;é:2", "cpus:3;mem:0;é:9")
	guarantees, err := json.Marshal(c.Guarantees)
	require.NoError(t, err)
	limits, err := json.Marshal(c.Limits)
	require.NoError(t, err)
	b, err := json.Marshal(c)
	require.NoError(t, err)
	require.Equal(t, `{"role":"x","guarantees":`+string(guarantees)+`,"limits":`+string(limits)+`}`, string(b))

	var d quota.Config
	err = json.Unmarshal([]byte(`{"role":"x","limits":{"cpus":{"value":0.0004}}}`), &d)
	require.ErrorIs(t, err, quota.ErrMalformed)
	require.ErrorIs(t, err, resource.ErrTooSmall)
	require.ErrorIs(t, json.Unmarshal([]byte(`{"role":"x","guarantees":{"cpus":{"value":0.0004}}}`), &d), resource.ErrTooSmall)
	require.NoError(t, json.Unmarshal([]byte(`{"role":"x","guarantees":null,"limits":{"cpus":{"value":0}},"guarantees":{"cpus":{"value":0}}}`), &d))
	require.True(t, d.Equal(config(t, "x", "", "cpus:0")))
}

// A quota built from JSON of another kind is held against the names of quotas, too.
// docs/resource-model.md §4.5
func TestQuotaNamesHaveNoParentheses(t *testing.T) {
	c := quota.Config{Role: "a"}
	require.NoError(t, c.Limits.UnmarshalJSON([]byte(`{"cpus(r)":1}`)))
	require.ErrorIs(t, c.Validate(), resource.ErrName)
}

// docs/resource-model.md §5.4
func TestTreeJSON(t *testing.T) {
	tree := forced(t, config(t, "eng/dev", "cpus:1", "cpus:9"), config(t, "eng", "cpus:2", ""))
	b, err := json.Marshal(tree)
	require.NoError(t, err)
	require.Equal(t, `[{"role":"eng","guarantees":{"cpus":{"value":2}}},{"role":"eng/dev","guarantees":{"cpus":{"value":1}},"limits":{"cpus":{"value":9}}}]`, string(b))
	var back quota.Tree
	require.NoError(t, json.Unmarshal(b, &back))
	require.True(t, back.Equal(tree))
	require.Equal(t, "eng: guarantees cpus:2, limits {}\neng/dev: guarantees cpus:1, limits cpus:9", back.String())

	require.ErrorIs(t, json.Unmarshal([]byte(`[{"role":"eng/dev","guarantees":{"cpus":{"value":1}}}]`), &back), quota.ErrTree)
	require.ErrorIs(t, json.Unmarshal([]byte(`[{"role":"eng"},{"role":"eng"}]`), &back), quota.ErrDuplicate)
	require.ErrorIs(t, json.Unmarshal([]byte(`[{}]`), &back), quota.ErrMalformed)
	require.True(t, back.Equal(tree))
	b, err = json.Marshal(quota.Tree{})
	require.NoError(t, err)
	require.Equal(t, `[]`, string(b))
}

func TestTreeIsSorted(t *testing.T) {
	tree := forced(t, config(t, "b", "", "cpus:2"), config(t, "a", "", "cpus:1"), config(t, "a/x", "", "cpus:1"))
	tree, err := tree.Update([]quota.Config{config(t, "a-b", "", "cpus:3"), config(t, "b", "", "cpus:4")}, quota.Facts{})
	require.NoError(t, err)
	var names []role.Name
	for c := range tree.All() {
		names = append(names, c.Role)
	}
	require.Equal(t, []role.Name{"a", "a-b", "a/x", "b"}, names)
	got, ok := tree.Get("b")
	require.True(t, ok)
	require.Equal(t, "cpus:4", got.Limits.String())
}
