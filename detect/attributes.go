package detect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/klauspost/cpuid/v2"

	"github.com/proffer-go/proffer/resource"
)

// Names of the attributes that System knows. A stated attribute of the same name replaces the detected one.
const (
	FactArch     = "arch"         // as Go names it: amd64, arm64
	FactOS       = "os"           // as Go names it: linux, darwin, windows
	FactKernel   = "kernel"       // release of the kernel
	FactHostname = "hostname"     // a name of digits only reads as a SCALAR, as in any attribute text
	FactModel    = "cpu_model"    // brand of the processor
	FactFeatures = "cpu_features" // sorted, separated by commas
)

var errNoText = errors.New("detect: the host gives no text")

// facts adds the attributes of the host that are not stated.
func (d *detection) facts(ctx context.Context) error {
	p, ok := d.opts.Prober.(FactProber)
	if !ok || d.opts.StatedAttributesOnly {
		return nil
	}
	all := slices.Collect(d.result.Attributes.All())
	for _, f := range p.Facts(ctx) {
		if _, stated := d.result.Attributes.First(f.Name); stated {
			continue
		}
		found, err := attribute(f)
		if err != nil {
			d.fail(f.Name, err, 0)
			continue
		}
		all = append(all, found...)
	}
	attributes, err := resource.NewAttributes(all...)
	if err != nil {
		return fmt.Errorf("detect: attributes: %w", err)
	}
	d.result.Attributes = attributes
	return nil
}

// attribute reads a fact through the grammar of attribute texts, so that what it gives can be written down and read back.
func attribute(f Fact) ([]resource.Attribute, error) {
	if f.Err != nil {
		return nil, f.Err
	}
	text := attributeText(f.Text)
	if text == "" {
		return nil, fmt.Errorf("%w for %s", errNoText, f.Name)
	}
	as, err := resource.ParseAttributes(f.Name + ":" + text)
	if err != nil {
		return nil, err
	}
	return slices.Collect(as.All()), nil
}

// attributeText replaces by single spaces what would end or spoil an attribute's value (docs/resource-model.md §2.1, §2.6):
// ";", control and invalid bytes, brackets and braces, and parentheses that do not balance.
func attributeText(s string) string {
	var b strings.Builder
	keep := balanced(s)
	for _, r := range s {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), r == utf8.RuneError, strings.ContainsRune(";[]{}", r):
			r = ' '
		case (r == '(' || r == ')') && !keep:
			r = ' '
		}
		b.WriteRune(r)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func balanced(s string) bool {
	open := 0
	for _, r := range s {
		switch r {
		case '(':
			open++
		case ')':
			if open--; open < 0 {
				return false
			}
		}
	}
	return open == 0
}

// hostFacts is what every platform can tell of itself, given how it reads its kernel's release.
func hostFacts(kernel func() (string, error)) []Fact {
	release, kernelErr := kernel()
	hostname, hostErr := os.Hostname()
	return []Fact{
		{Name: FactArch, Text: runtime.GOARCH},
		{Name: FactOS, Text: runtime.GOOS},
		{Name: FactKernel, Text: release, Err: kernelErr},
		{Name: FactHostname, Text: hostname, Err: hostErr},
		textOrUnsupported(FactModel, cpuid.CPU.BrandName),
		textOrUnsupported(FactFeatures, featureText(cpuid.CPU.FeatureSet())),
	}
}

// textOrUnsupported knows that cpuid answers nothing where it cannot ask the processor.
func textOrUnsupported(name, text string) Fact {
	if text == "" {
		return Fact{Name: name, Err: unsupported(name)}
	}
	return Fact{Name: name, Text: text}
}

// featureText writes a set of features so that equal sets give equal texts.
func featureText(features []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(features))), ",")
}
