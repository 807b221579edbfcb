package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/proffer-go/proffer/resource"
)

// maxLine bounds one line of input.
const maxLine = 64 << 20

// checked is one line of output of proffer resources.
type checked struct {
	In         string               `json:"in"`
	OK         bool                 `json:"ok"`
	Resources  *resource.Resources  `json:"resources,omitempty"`
	Attributes *resource.Attributes `json:"attributes,omitempty"`
	Text       *string              `json:"text,omitempty"`
	Error      string               `json:"error,omitempty"`
	Item       *int                 `json:"item,omitempty"`
	Offset     *int                 `json:"offset,omitempty"`
}

const resourcesUsage = `usage: proffer resources [flags] <FILE

Reads texts of resources, one a line, and prints a JSON object for each: what it stands for and its canonical form, or what
is wrong with it and where. The status is 0 for refused texts, too; the objects say "ok".

`

// runResources reads one text per line and prints one JSON object per line. It answers exitOK for refused texts, too: that they
// are is what it prints. exitFail: a line cannot be read or written.
func runResources(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("proffer resources", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // bad flags get one line
	flags.Usage = func() {}
	attributes := flags.Bool("attributes", false, "the lines are attributes, such as rack:abc;level:10")
	asJSON := flags.Bool("json", false, "the lines are JSON arrays of Resource messages, in any of the wire forms")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, resourcesUsage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return exitOK
	} else if err != nil {
		return failed(stderr, "resources", exitUsage, err)
	}
	check := checkText
	switch {
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "proffer resources: unexpected argument %q; texts are read from standard input, one a line\n", flags.Arg(0))
		return exitUsage
	case *attributes && *asJSON:
		fmt.Fprintln(stderr, "proffer resources: --attributes and --json exclude each other")
		return exitUsage
	case *attributes:
		check = checkAttributes
	case *asJSON:
		check = checkJSON
	}
	if err := eachLine(stdin, stdout, check); err != nil {
		fmt.Fprintf(stderr, "proffer resources: %v\n", err)
		return exitFail
	}
	return exitOK
}

// eachLine writes the object that check makes of each line, in order, each as soon as it is made.
func eachLine(in io.Reader, out io.Writer, check func(string) checked) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	n := 0
	for lines.Scan() {
		n++
		if err := enc.Encode(check(lines.Text())); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w (a line may have %d bytes)", n+1, err, maxLine)
	}
	return nil
}

func checkText(line string) checked {
	r, err := resource.Parse(line)
	return result(line, r, err)
}

func checkJSON(line string) checked {
	var r resource.Resources
	if !strings.HasPrefix(strings.TrimSpace(line), "[") {
		return result(line, r, &resource.ParseError{Err: errors.New("expected a JSON array of resources")})
	}
	err := json.Unmarshal([]byte(line), &r)
	return result(line, r, err)
}

func checkAttributes(line string) checked {
	a, err := resource.ParseAttributes(line)
	if err != nil {
		return refused(line, err)
	}
	text := a.String()
	return checked{In: line, OK: true, Attributes: &a, Text: &text}
}

func result(line string, r resource.Resources, err error) checked {
	if err != nil {
		return refused(line, err)
	}
	text := r.String()
	return checked{In: line, OK: true, Resources: &r, Text: &text}
}

// refused tells an error with the item and the byte it is about, where it is about one.
func refused(line string, err error) checked {
	c := checked{In: line, Error: err.Error()}
	var at *resource.ParseError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &at):
		c.Item, c.Offset = &at.Item, &at.Offset
	case errors.As(err, &syntax):
		offset := int(syntax.Offset)
		c.Offset = &offset
	}
	return c
}
