package proffer_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// This file holds the drawing of docs/design.md, "Packages": which package may import which, and what the pure ones may
// not do. It parses files itself, so that no cached result hides a break.

const modulePath = "github.com/proffer-go/proffer"

// rule is one row of the import table.
type rule struct {
	pure   bool     // the syntax bans hold as well
	own    []string // packages of this module that non-test files may import
	extern []string // modules outside the standard library that non-test files may import
	why    string
}

// Sets of packages that stand for "… and below" in the drawing.
var (
	values   = []string{"role", "resource", "role/quota", "reservation", "drf"}
	upToMsg  = append(slices.Clone(values), "offer", "offer/msg")
	machines = []string{"offer/master", "offer/agent", "offer/framework"}
	upToHost = slices.Concat(upToMsg, machines, []string{"offer/registry", "offer/replay", "transport", "transport/host"})
)

// table is the whole import table. A package that is not in it fails the test: add its row, with the reason.
var table = map[string]rule{
	".":                           {why: "documentation and Examples only"},
	"role":                        {pure: true, why: "names alone; everything else stands on it"},
	"resource":                    {pure: true, own: []string{"role"}, why: "taken alone by authors of other schedulers"},
	"role/quota":                  {pure: true, own: []string{"role", "resource"}, why: "quota is in quantities"},
	"reservation":                 {pure: true, own: []string{"role", "resource"}, why: "knows no offers and no tasks"},
	"drf":                         {pure: true, own: []string{"role", "resource"}, extern: []string{"github.com/google/btree"}, why: "an order over dense handles; no names cross its seam"},
	"offer":                       {pure: true, own: append(slices.Clone(values), "internal/scratch"), why: "an allocator to call from a loop of one's own, without a master"},
	"offer/scenario":              {pure: true, own: append(slices.Clone(values), "offer"), why: "recorded scenarios, for the simulator and the tests"},
	"offer/msg":                   {pure: true, own: append(slices.Clone(values), "offer"), why: "the one vocabulary of all machines"},
	"offer/registry":              {pure: true, own: upToMsg, why: "what a master must remember, and the interface of its stores; no store that keeps anything"},
	"offer/registry/registrytest": {own: append(slices.Clone(upToMsg), "offer/registry"), extern: testModules, why: "tests any store"},
	"offer/registry/filestore":    {own: append(slices.Clone(upToMsg), "offer/registry"), why: "a registry in a directory: files and fsync"},
	"offer/master":                {pure: true, own: append(slices.Clone(upToMsg), "offer/registry", "internal/scratch"), why: "no machine sees another"},
	"offer/agent":                 {pure: true, own: append(slices.Clone(upToMsg), "internal/scratch"), why: "no machine sees another"},
	"offer/agent/dirstore":        {own: append(slices.Clone(upToMsg), "offer/agent", "offer/registry", "offer/registry/filestore"), why: "a checkpoint in a directory: the files of filestore, which has done that work"},
	"offer/agent/checkpointtest":  {own: append(slices.Clone(upToMsg), "offer/agent"), extern: testModules, why: "tests any store of a checkpoint"},
	"offer/framework":             {pure: true, own: upToMsg, why: "no machine sees another"},
	"offer/replay":                {pure: true, own: slices.Concat(upToMsg, machines), why: "tapes of any machine; it sees them all, and none of them sees another or a tape"},
	"transport":                   {own: upToMsg, why: "the contract carries messages and knows no machine"},
	"transport/host":              {own: slices.Concat(upToMsg, machines, []string{"offer/registry", "offer/replay", "transport"}), why: "goroutines under the machines"},
	"transport/inproc":            {own: upToHost, why: "the reference transport also runs hosts by hand"},
	"transport/inproc/simulate":   {own: slices.Concat(upToHost, []string{"transport/inproc"}), why: "runs whole clusters from a seed; a command and tests call it, so no test libraries"},
	"transport/transporttest":     {own: append(slices.Clone(upToMsg), "transport"), extern: testModules, why: "tests any transport"},
	"offer/offertest":             {own: slices.Concat(upToHost, []string{"transport/inproc"}), extern: testModules, why: "harness and property suite for users' tests; knows no wire"},
	"resource/resourcetest":       {own: []string{"role", "resource"}, extern: testModules, why: "generators"},
	"internal/scratch":            {pure: true, why: "memory for the checks of the allocator and the machines, which all go through everything after every step"},
	"internal/mutant":             {why: "reads the faults that tests are held against; only tests import it"},
	"internal/golden":             {extern: testModules, why: "one runner for all recorded files; only tests import it"},
	"detect":                      {own: []string{"role", "resource"}, extern: []string{"github.com/klauspost/cpuid/v2", "golang.org/x/sys"}, why: "reads the host, models nothing"},
	"cmd/proffer":                 {own: slices.Concat(upToHost, []string{"offer/scenario", "transport/inproc", "transport/inproc/simulate", "detect"}), why: "thin over all of it"},
}

// testModules are what tests and the …test packages may use on top.
var testModules = []string{"pgregory.net/rapid", "github.com/stretchr/testify", "github.com/cockroachdb/datadriven", "golang.org/x/exp"}

// pureStandard are the standard packages that a pure package may import: they compute, and do nothing else. Of time,
// math/rand/v2, iter and context only some names may be used: see selector.
var pureStandard = []string{
	"bytes", "cmp", "container/heap", "context", "crypto/sha256", "encoding", "encoding/binary", "encoding/hex", "encoding/json", "errors", "fmt",
	"hash", "hash/fnv", "io", "iter", "maps", "math", "math/big", "math/bits", "math/rand/v2", "path", "reflect", "regexp", "regexp/syntax",
	"slices", "sort", "strconv", "strings", "time", "unicode", "unicode/utf8",
}

// bannedImports are packages that somebody might reach for, each with the reason why no pure package may.
var bannedImports = map[string]string{
	"sync":          "a machine is called by one caller at a time; hosts lock",
	"sync/atomic":   "as sync",
	"net":           "hosts own sockets",
	"os":            "hosts own files and the environment",
	"log":           "effects are data, not lines",
	"log/slog":      "as log",
	"unsafe":        "nothing here needs it",
	"math/rand":     "random order is hashed from a seed",
	"os/exec":       "hosts own processes",
	"net/http":      "hosts own sockets",
	"runtime":       "a machine does not look at what it runs on",
	"crypto/rand":   "hosts draw entropy",
	"path/filepath": "paths of the agent's host are text joined with path, alike on every platform",
}

// timeAllowed are the names of package time that a pure package may use: durations, never clocks.
var timeAllowed = []string{"Duration", "Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour"}

// TestImportTable holds every non-test file of the module against the table and the bans
// (docs/resource-model.md §9 for the packages of values).
func TestImportTable(t *testing.T) {
	packages := packageFiles(t, ".")
	for _, dir := range slices.Sorted(maps.Keys(table)) {
		require.NotEmpty(t, packages[dir], "the import table has a row for %s, which is not there", dir)
	}
	l, n := newLoader(), 0
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		r, ok := table[dir]
		if !ok {
			t.Errorf("package %s has no row in the import table of deps_test.go: add it, with the reason", dir)
			continue
		}
		n += len(packages[dir])
		for _, v := range violations(t, l, dir, packages[dir], r) {
			t.Error(v)
		}
	}
	t.Logf("%d packages, %d files", len(packages), n)
}

// TestTestPackagesAreUsedFromOutside holds that a test that imports a …test package of this module is external: the tested
// package would import itself.
func TestTestPackagesAreUsedFromOutside(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imp := range f.Imports {
			p, _ := strconv.Unquote(imp.Path.Value)
			if strings.HasPrefix(p, modulePath+"/") && strings.HasSuffix(p, "test") {
				seen++
				if !strings.HasSuffix(f.Name.Name, "_test") {
					t.Errorf("%s imports %s from inside package %s; make it package %s_test", name, p, f.Name.Name, f.Name.Name)
				}
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.NotZero(t, seen)
}

// TestBansBite runs the bans over one fixture per ban; each must be found, and for its own reason.
func TestBansBite(t *testing.T) {
	pure := rule{pure: true, own: []string{"role"}}
	entries, err := os.ReadDir("testdata/deps")
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	seen := map[string]bool{}
	for _, e := range entries {
		file := filepath.Join("testdata/deps", e.Name())
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		first, _, _ := strings.Cut(string(src), "\n")
		want, ok := strings.CutPrefix(first, "// want: ")
		require.True(t, ok, "%s: its first line must be // want: <part of the message>", file)
		seen[want] = true
		got := violations(t, newLoader(), "testdata/deps", []string{file}, pure)
		require.Len(t, got, 1, "%s: just one violation each", file)
		require.Contains(t, got[0], want, file)
	}
	for imp := range bannedImports {
		require.True(t, seen["imports "+imp+":"], "no fixture for the banned import %s", imp)
	}
	for _, stmt := range []string{"go statement", "select statement", "channel type", "ranges over a map", "time.Now", "rand.IntN", "iter.Pull", "context.WithTimeout", "is not in its row", "imports hash/maphash:", "imports syscall:"} {
		require.True(t, seen[stmt], "no fixture for %q", stmt)
	}
}

// packageFiles lists the non-test Go files of each package below root, testdata, vendored and nested modules left out.
func packageFiles(t *testing.T, root string) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != root && (base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil && name != root {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go") {
			dir := filepath.ToSlash(filepath.Dir(name))
			files[dir] = append(files[dir], name)
		}
		return nil
	})
	require.NoError(t, err)
	return files
}

// violations says what in the files of one package breaks r.
func violations(t *testing.T, l *loader, dir string, files []string, r rule) []string {
	t.Helper()
	_, parsed, err := l.check(modulePath+"/"+dir, files)
	require.NoError(t, err)
	c := &checker{fset: l.fset, rule: r, types: l.info.Types}
	for _, f := range parsed {
		c.names = map[string]string{}
		c.imports(f)
		if r.pure {
			ast.Inspect(f, c.visit)
		}
	}
	return c.found
}

type checker struct {
	fset  *token.FileSet
	rule  rule
	types map[ast.Expr]types.TypeAndValue
	names map[string]string // of the file at hand: local name of an import → its path
	found []string
}

func (c *checker) report(at token.Pos, format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf("%s: %s", c.fset.Position(at), fmt.Sprintf(format, args...)))
}

func (c *checker) imports(f *ast.File) {
	for _, imp := range f.Imports {
		p, _ := strconv.Unquote(imp.Path.Value)
		name := path.Base(p)
		if v := strings.TrimPrefix(name, "v"); v != name && strings.Trim(v, "0123456789") == "" {
			name = path.Base(path.Dir(p))
		}
		if imp.Name != nil {
			name = imp.Name.Name
		}
		c.names[name] = p
		standard := !strings.Contains(strings.Split(p, "/")[0], ".")
		if c.rule.pure && standard && !slices.Contains(pureStandard, p) {
			why, named := bannedImports[p]
			if !named {
				why = "it is not among the standard packages that compute and do nothing else; add it there if it is one"
			}
			c.report(imp.Pos(), "a pure package imports %s: %s", p, why)
			continue
		}
		if c.rule.pure && name == "." {
			c.report(imp.Pos(), "a pure package imports %s into its own names; the bans could not see its uses", p)
		}
		own, inside := strings.CutPrefix(p, modulePath+"/")
		switch {
		case inside && !slices.Contains(c.rule.own, own):
			c.report(imp.Pos(), "import of %s is not in its row of the import table", own)
		case !inside && strings.Contains(strings.Split(p, "/")[0], ".") && !underAny(p, c.rule.extern):
			c.report(imp.Pos(), "import of module %s is not in its row of the import table", p)
		}
	}
}

func underAny(p string, modules []string) bool {
	return slices.ContainsFunc(modules, func(m string) bool { return p == m || strings.HasPrefix(p, m+"/") })
}

func (c *checker) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		c.report(n.Pos(), "a pure package has a go statement; hosts own goroutines")
	case *ast.SelectStmt:
		c.report(n.Pos(), "a pure package has a select statement; hosts wait")
	case *ast.ChanType:
		c.report(n.Pos(), "a pure package has a channel type; effects are data")
	case *ast.SelectorExpr:
		c.selector(n)
	case *ast.RangeStmt:
		if c.isMap(n.X) {
			c.report(n.Pos(), "a pure package ranges over a map; its order is random: range over slices.Sorted(maps.Keys(m))")
		}
	}
	return true
}

// selector checks the uses of packages of which only some names are banned.
func (c *checker) selector(n *ast.SelectorExpr) {
	x, ok := n.X.(*ast.Ident)
	if !ok {
		return
	}
	switch c.names[x.Name] {
	case "time":
		if !slices.Contains(timeAllowed, n.Sel.Name) {
			c.report(n.Pos(), "a pure package uses time.%s; time arrives as an argument", n.Sel.Name)
		}
	case "iter":
		if strings.HasPrefix(n.Sel.Name, "Pull") {
			c.report(n.Pos(), "a pure package uses iter.%s, which is a goroutine", n.Sel.Name)
		}
	case "context":
		if n.Sel.Name != "Context" {
			c.report(n.Pos(), "a pure package uses context.%s; it may only pass one on", n.Sel.Name)
		}
	case "math/rand/v2":
		if !strings.HasPrefix(n.Sel.Name, "New") && n.Sel.Name != "Rand" && n.Sel.Name != "PCG" && n.Sel.Name != "Source" {
			c.report(n.Pos(), "a pure package uses the global source by rand.%s", n.Sel.Name)
		}
	}
}

// isMap reports whether ranging over e yields a map's entries in its random order: a value of a map type, or an iterator
// of package maps that nothing sorts.
func (c *checker) isMap(e ast.Expr) bool {
	if call, ok := e.(*ast.CallExpr); ok {
		if s, ok := call.Fun.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && c.names[x.Name] == "maps" {
				return true
			}
		}
	}
	t := c.types[e].Type
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}

// loader type-checks packages of this module from source, as far as map types need it: what comes from other modules is
// left unknown, and errors about it are ignored.
type loader struct {
	fset     *token.FileSet
	done     map[string]*types.Package
	info     *types.Info
	standard types.Importer
}

// standardTypes imports standard packages, each once.
var standardTypes = importer.Default()

func newLoader() *loader {
	return &loader{fset: token.NewFileSet(), done: map[string]*types.Package{},
		info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}, standard: standardTypes}
}

// Import implements types.Importer.
func (l *loader) Import(p string) (*types.Package, error) {
	if pkg, ok := l.done[p]; ok {
		return pkg, nil
	}
	dir, inside := strings.CutPrefix(p, modulePath+"/")
	if !inside {
		pkg, err := l.standard.Import(p)
		if err != nil { // a module: its types are not needed
			pkg = types.NewPackage(p, path.Base(p))
			pkg.MarkComplete()
		}
		l.done[p] = pkg
		return pkg, nil
	}
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(dir), "*.go"))
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
	pkg, _, err := l.check(p, files)
	l.done[p] = pkg
	return pkg, err
}

// check parses and type-checks files as one package.
func (l *loader) check(p string, names []string) (*types.Package, []*ast.File, error) {
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(l.fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, f)
	}
	conf := types.Config{Importer: l, FakeImportC: true, Error: func(error) {}}
	pkg, _ := conf.Check(p, l.fset, files, l.info) // errors come from what is left unknown
	return pkg, files, nil
}
