// Command proffer shows what the library does: it detects this host, checks texts of resources, and runs a whole cluster
// in one process.
package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Exit statuses, alike for all commands.
const (
	exitOK    = 0
	exitFail  = 1 // the command ran and what it checks does not hold
	exitUsage = 2 // the arguments or the texts in them are bad; one line says which
)

// A command is one subcommand: run gets what follows its name.
type command struct {
	name, summary string
	run           func(args []string, stdin io.Reader, stdout, stderr io.Writer) int
}

var commands = []command{
	{"demo", "run a master, three agents and four frameworks in this process", runDemo},
	{"detect", "print this host's resources and attributes", func(args []string, _ io.Reader, stdout, stderr io.Writer) int {
		return runDetect(args, stdout, stderr)
	}},
	{"resources", "check texts of resources or attributes, one a line", runResources},
	{"replay", "play what a node recorded, and print its state at any step", runReplay},
	{"sim", "replay scenario files on an allocator", runSim},
	{"soak", "run clusters with faults in virtual time and check invariants", runSoak},
}

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is main without the process: it returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return exitUsage
	}
	name, rest := args[0], args[1:]
	help := name == "help" || name == "-h" || name == "--help"
	if help && len(rest) > 0 { // help COMMAND is COMMAND -h
		name, rest, help = rest[0], []string{"-h"}, false
	}
	out := &output{w: stdout}
	status := exitOK
	if help {
		usage(out)
	} else {
		c := slices.IndexFunc(commands, func(c command) bool { return c.name == name })
		if c < 0 {
			fmt.Fprintf(stderr, "proffer: no command %q; proffer help lists them\n", name)
			return exitUsage
		}
		status = commands[c].run(rest, stdin, out, stderr)
	}
	if status == exitOK && out.err != nil {
		return failed(stderr, name, exitFail, out.err)
	}
	return status
}

// output remembers that something could not be written: what a command prints is what it is for.
type output struct {
	w   io.Writer
	err error // the first
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// failed tells err in one line and answers status.
func failed(stderr io.Writer, name string, status int, err error) int {
	fmt.Fprintf(stderr, "proffer %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
	return status
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: proffer COMMAND [flags]")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
	}
	fmt.Fprintln(w, "proffer help COMMAND, or proffer COMMAND -h, lists the flags of a command")
}
