package role_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/role"
)

// docs/resource-model.md §5.1
func TestParseNames(t *testing.T) {
	valid := []string{"*", "a", "A", "a/b", "a/b/c", "...", "a/.b", "foo..bar", "a*", "*a", "a-b", "a/b-", "a,b", "€", "a:b", "a(b)", "a%20b", "a_b", "a.b/..."}
	for _, s := range valid {
		n, err := role.Parse(s)
		require.NoError(t, err, "%q", s)
		require.Equal(t, role.Name(s), n)
	}
	invalid := map[string][]string{
		"default role in a path": {"*/a", "a/*", "a/*/b", "*/*"},
		"slashes":                {"", "/", "/a", "a/", "a//b", "//"},
		"dots":                   {".", "..", "a/.", "a/..", "../a", "a/./b"},
		"dash":                   {"-", "-a", "a/-b", "a/-"},
		"white space":            {"a b", " a", "a ", "a\tb", "a\nb", "a\vb", "a\fb", "a\rb", "\x7f", "a/b\x7f"},
	}
	for why, list := range invalid {
		for _, s := range list {
			n, err := role.Parse(s)
			require.ErrorIs(t, err, role.ErrInvalid, "%s: %q", why, s)
			require.Empty(t, n)
		}
	}
}

// docs/resource-model.md §5.1 (our divergence: other control bytes and broken UTF-8)
func TestParseRefusesControlBytesAndBrokenText(t *testing.T) {
	for c := range 0x20 {
		require.ErrorIs(t, role.Name("a"+string(rune(c))).Validate(), role.ErrInvalid, "byte %#x", c)
	}
	for _, s := range []string{"\xff", "a/\xc3", "a\xed\xa0\x80"} {
		require.ErrorIs(t, role.Name(s).Validate(), role.ErrInvalid, "%q", s)
	}
}

func TestErrorQuotesNoMoreThanIsBearable(t *testing.T) {
	err := role.Name(strings.Repeat("a b", 10_000)).Validate()
	require.ErrorIs(t, err, role.ErrInvalid)
	require.Less(t, len(err.Error()), 300)
}

// docs/resource-model.md §5.1
func TestParseList(t *testing.T) {
	for text, want := range map[string][]role.Name{
		"":           nil,
		",":          nil,
		",abc,,edf,": {"abc", "edf"},
		"a,a":        {"a", "a"},
		"*,a/b":      {"*", "a/b"},
	} {
		got, err := role.ParseList(text)
		require.NoError(t, err, "%q", text)
		require.Equal(t, want, got, "%q", text)
	}
	for _, text := range []string{"foo,.,*", "a, b", " a", "a,/", "a ,b"} {
		got, err := role.ParseList(text)
		require.ErrorIs(t, err, role.ErrInvalid, "%q", text)
		require.Nil(t, got)
	}
	_, err := role.ParseList("ok,.,-x")
	require.ErrorContains(t, err, `"."`, "the first bad one is named")
}

// docs/resource-model.md §5.1
func TestValidateListOfOneFramework(t *testing.T) {
	require.NoError(t, role.ValidateList(nil))
	require.NoError(t, role.ValidateList([]role.Name{"*", "a", "a/b"}))
	require.ErrorIs(t, role.ValidateList([]role.Name{"a", "b", "a"}), role.ErrDuplicate)
	require.ErrorIs(t, role.ValidateList([]role.Name{"a", "b "}), role.ErrInvalid)
}

// docs/resource-model.md §5.2
func TestIsStrictSubrole(t *testing.T) {
	for _, c := range []struct {
		left, right role.Name
		want        bool
	}{
		{"foo/bar", "foo", true},
		{"foo/bar/baz", "foo", true},
		{"foobar", "foo", false},
		{"foo", "foo", false},
		{"foo", "foo/bar", false},
		{"foo/bar", "foo/ba", false},
		{"a", "*", false},
		{"*", "*", false},
		{"*", "a", false},
		{"*/a", "*", false},
		{"/a", "", false},
	} {
		require.Equal(t, c.want, c.left.IsStrictSubroleOf(c.right), "%s below %s", c.left, c.right)
		require.Equal(t, c.want || c.left == c.right, c.left.IsWithin(c.right), "%s within %s", c.left, c.right)
	}
}

// docs/resource-model.md §5.2
func TestAncestorsNearestFirst(t *testing.T) {
	require.Equal(t, []role.Name{"a/b", "a"}, role.Name("a/b/c").Ancestors())
	require.Empty(t, role.Name("a").Ancestors())
	require.Empty(t, role.Default.Ancestors())
}

// docs/resource-model.md §5.2
func TestPlaceInTheTree(t *testing.T) {
	for _, c := range []struct {
		name, parent, top role.Name
		depth             int
	}{
		{"a/b/c", "a/b", "a", 3},
		{"a", "", "a", 1},
		{"*", "", "*", 1},
		{"", "", "", 0},
	} {
		parent, ok := c.name.Parent()
		require.Equal(t, c.parent != "", ok, "%q", c.name)
		require.Equal(t, c.parent, parent, "%q", c.name)
		require.Equal(t, c.top, c.name.Top(), "%q", c.name)
		require.Equal(t, c.depth, c.name.Depth(), "%q", c.name)
	}
	require.True(t, role.Name("*").IsDefault())
	require.False(t, role.Name("a").IsDefault())
}

// docs/resource-model.md §5.2
func TestKnownRoles(t *testing.T) {
	subscribed, reserved := []role.Name{"eng/web", "*"}, []role.Name{"a/b/c"}
	weighted, quota := []role.Name{"eng"}, []role.Name{"ops", "", "eng/web"}
	require.Equal(t, []role.Name{"*", "a", "a/b", "a/b/c", "eng", "eng/web", "ops"},
		role.Known(subscribed, reserved, weighted, quota))
	require.Empty(t, role.Known())
	require.Equal(t, []role.Name{"eng/web", "*"}, subscribed, "the groups are only read")
}

// docs/protocol.md §18.1
func TestBounds(t *testing.T) {
	var b role.Bounds
	deep := func(n int) role.Name { return role.Name(strings.TrimSuffix(strings.Repeat("a/", n), "/")) }
	require.NoError(t, b.Check(deep(16)))
	require.ErrorIs(t, b.Check(deep(17)), role.ErrTooDeep)
	require.NoError(t, deep(17).Validate(), "depth is the door's business, not the name's")

	require.NoError(t, b.Check(role.Name(strings.Repeat("x", 1024))))
	require.ErrorIs(t, b.Check(role.Name(strings.Repeat("x", 1025))), role.ErrTooLong)
	require.ErrorIs(t, b.Check("a//b"), role.ErrInvalid)

	many := make([]role.Name, 257)
	for i := range many {
		many[i] = role.Name("r" + strings.Repeat("x", i))
	}
	require.NoError(t, b.CheckList(many[:256]))
	require.ErrorIs(t, b.CheckList(many), role.ErrTooMany)
	require.ErrorIs(t, b.CheckList([]role.Name{"a", "a"}), role.ErrDuplicate)
	require.ErrorIs(t, b.CheckList([]role.Name{"a", deep(17)}), role.ErrTooDeep)

	tight := role.Bounds{Roles: 1, Depth: 1, Length: 3}
	require.NoError(t, tight.CheckList([]role.Name{"abc"}))
	require.ErrorIs(t, tight.Check("abcd"), role.ErrTooLong)
	require.ErrorIs(t, tight.Check("a/b"), role.ErrTooDeep)
	require.ErrorIs(t, tight.CheckList([]role.Name{"a", "b"}), role.ErrTooMany)
}

// plainSubrole is the definition of §5.2 in its slowest form: by components.
func plainSubrole(l, r role.Name) bool {
	a, b := strings.Split(string(l), "/"), strings.Split(string(r), "/")
	return r != role.Default && len(a) > len(b) && slices.Equal(a[:len(b)], b)
}
