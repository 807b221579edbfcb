package drf_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/proffer-go/proffer/drf"
)

// TestScripts runs the transcripts under testdata/scripts. Their commands:
//
//	new [count] [strict] [rescaling] [exclude=NAME]   begin anew
//	totals cpus=100 mem=50                           what the cluster has, in whole units
//	add PATH… | remove PATH… | activate PATH… | deactivate PATH… | block PATH… | unblock PATH…
//	weight PATH=2                                    any number of them
//	grant PATH cpus=1 | release PATH cpus=1
//	order                                            who is next, with shares
//	tree                                             the whole tree
//
// docs/allocation.md §1
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		var s *script
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "new" {
				s = newScript(d.CmdArgs)
				return ""
			}
			out, err := s.do(d.Cmd, d.CmdArgs)
			if err != nil {
				return err.Error() + "\n"
			}
			return out
		})
	})
}

var scriptNames = []string{"cpus", "mem", "gpus", "disk"}

type script struct {
	sorter  *drf.Sorter
	paths   []string
	version uint64
}

func newScript(args []datadriven.CmdArg) *script {
	var opts []drf.Option
	for _, a := range args {
		switch a.Key {
		case "count":
			opts = append(opts, drf.WithTieBreak(drf.Count))
		case "strict":
			opts = append(opts, drf.Strict())
		case "rescaling":
			opts = append(opts, drf.WithRescaling())
		case "exclude":
			for i, name := range scriptNames {
				if name == a.Vals[0] {
					opts = append(opts, drf.Exclude(i))
				}
			}
		}
	}
	return &script{sorter: drf.New(opts...)}
}

func (s *script) client(path string) drf.Client {
	for i, p := range s.paths {
		if p == path {
			return drf.Client(i)
		}
	}
	s.paths = append(s.paths, path)
	return drf.Client(len(s.paths) - 1)
}

func scriptVec(args []datadriven.CmdArg) (*drf.Vec, error) {
	var v drf.Vec
	for _, a := range args {
		for i, name := range scriptNames {
			if name != a.Key {
				continue
			}
			units, err := strconv.ParseFloat(a.Vals[0], 64)
			if err != nil {
				return nil, err
			}
			v.Set(i, thousandths(units))
		}
	}
	return &v, nil
}

func (s *script) do(cmd string, args []datadriven.CmdArg) (string, error) {
	switch cmd {
	case "totals":
		v, err := scriptVec(args)
		if err != nil {
			return "", err
		}
		s.version++
		return "", s.sorter.SetTotals(v, s.version)
	case "grant", "release":
		v, err := scriptVec(args[1:])
		if err != nil {
			return "", err
		}
		if cmd == "grant" {
			return "", s.sorter.Grant(s.client(args[0].Key), v)
		}
		return "", s.sorter.Release(s.client(args[0].Key), v)
	case "order":
		return s.order(), nil
	case "tree":
		return s.sorter.String(), s.sorter.Check()
	}
	for _, a := range args {
		if err := s.each(cmd, a); err != nil {
			return "", err
		}
	}
	return "", nil
}

func (s *script) each(cmd string, a datadriven.CmdArg) error {
	c := s.client(a.Key)
	switch cmd {
	case "add":
		return s.sorter.Add(c, a.Key, true)
	case "remove":
		return s.sorter.Remove(c)
	case "activate", "deactivate":
		return s.sorter.SetActive(c, cmd == "activate")
	case "block", "unblock":
		return s.sorter.SetBlocked(c, cmd == "block")
	case "weight":
		w, err := strconv.ParseFloat(a.Vals[0], 64)
		if err != nil {
			return err
		}
		return s.sorter.SetWeight(a.Key, w)
	default:
		return fmt.Errorf("unknown command %q", cmd)
	}
}

func (s *script) order() string {
	var b strings.Builder
	s.sorter.Ascend(func(c drf.Client) bool {
		fmt.Fprintf(&b, "%s %.4g\n", s.paths[c], s.sorter.Share(c))
		return true
	})
	return b.String()
}
