package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/proffer-go/proffer/detect"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// runDetect prints what an agent on this host would have: proffer detect [flags]. See detectUsage.
// It answers the exit status: exitOK (failed probes are told, not fatal), exitFail if the host cannot serve what is
// asked, exitUsage for flags or texts that cannot be used, told in one line on stderr.
func runDetect(args []string, stdout, stderr io.Writer) int {
	return detectWith(detect.System(), args, stdout, stderr)
}

const detectUsage = `usage: proffer detect [flags]

Prints the resources and attributes of this host as an agent would state them.
What is not stated is detected; probes that fail are named.

`

// detectWith is runDetect on any prober.
func detectWith(p detect.Prober, args []string, stdout, stderr io.Writer) int {
	opts, asJSON, err := detectFlags(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return tell(stderr, exitUsage, err)
	}
	opts.Prober = p
	res, err := detect.Host(context.Background(), opts)
	switch {
	case errors.Is(err, detect.ErrProbe), errors.Is(err, detect.ErrTooManyGPUs):
		return tell(stderr, exitFail, err)
	case err != nil:
		return tell(stderr, exitUsage, err)
	case asJSON:
		err = printJSON(stdout, res)
	default:
		err = printPlain(stdout, stderr, res)
	}
	if err != nil {
		return tell(stderr, exitFail, err)
	}
	return exitOK
}

// tell writes err as one line and answers status.
func tell(stderr io.Writer, status int, err error) int {
	return failed(stderr, "detect", status, errors.New(strings.TrimPrefix(err.Error(), "detect: ")))
}

func detectFlags(args []string, help io.Writer) (detect.Options, bool, error) {
	var opts detect.Options
	f := flag.NewFlagSet("proffer detect", flag.ContinueOnError)
	f.SetOutput(io.Discard) // bad flags get one line from the caller
	f.Usage = func() {}
	asJSON := f.Bool("json", false, "print one JSON object")
	f.StringVar(&opts.Resources, "resources", "", "stated resources: text, JSON, or file:///path holding either")
	f.StringVar(&opts.Attributes, "attributes", "", "stated attributes: name:value;...")
	f.StringVar(&opts.WorkDir, "work-dir", ".", "existing directory whose filesystem is the disk")
	defaultRole := f.String("default-role", string(role.Default), "role of resources stated without one, and of detected ones")
	f.BoolVar(&opts.GPUs.Enabled, "gpus", false, "count GPUs, or check the stated ones")
	devices := f.String("gpu-devices", "", "indices of the GPUs to offer, where gpus are stated: 0,1,...")
	f.BoolVar(&opts.ClampToCgroup, "cgroup", false, "cut detected cpus and mem to the limits of this process's control groups")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(help, detectUsage)
			f.SetOutput(help)
			f.PrintDefaults()
		}
		return opts, false, err
	}
	if f.NArg() > 0 {
		return opts, false, fmt.Errorf("unexpected argument %q: everything is given by flags, see -help", f.Arg(0))
	}
	opts.DefaultRole = role.Name(*defaultRole)
	if err := opts.DefaultRole.Validate(); err != nil {
		return opts, false, fmt.Errorf("-default-role: %w", err)
	}
	var err error
	opts.GPUs.Devices, err = deviceList(*devices)
	return opts, *asJSON, err
}

// deviceList reads indices separated by commas.
func deviceList(text string) ([]uint, error) {
	if text == "" {
		return nil, nil
	}
	var list []uint
	for item := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(item), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("-gpu-devices: %q is not an index: give whole numbers separated by commas", item)
		}
		list = append(list, uint(n))
	}
	return list, nil
}

// printPlain lists resources and attributes for people, one a line, and tells of failed probes on stderr.
func printPlain(stdout, stderr io.Writer, res detect.Result) error {
	for _, f := range res.Failed {
		used := "nothing is stated instead"
		if f.Used > 0 {
			used = fmt.Sprintf("%s:%v is stated instead", f.Probe, f.Used)
		}
		fmt.Fprintf(stderr, "proffer detect: probe %s failed: %s; %s\n", f.Probe, strings.TrimPrefix(f.Err.Error(), f.Probe+": "), used)
	}
	var b strings.Builder
	b.WriteString("resources\n")
	for r, count := range res.Resources.All() {
		for range count {
			fmt.Fprintf(&b, "  %v\n", r)
		}
	}
	b.WriteString("attributes\n")
	for a := range res.Attributes.All() {
		fmt.Fprintf(&b, "  %v\n", a)
	}
	_, err := io.WriteString(stdout, b.String())
	return err
}

// detectOutput is what --json prints.
type detectOutput struct {
	Resources  resource.Resources  `json:"resources"`
	Attributes resource.Attributes `json:"attributes"`
	Measured   []measuredOutput    `json:"measured"`
	Failed     []failedOutput      `json:"failed"`
}

type measuredOutput struct {
	Probe string `json:"probe"`
	Value uint64 `json:"value"`
	Unit  string `json:"unit"`
}

type failedOutput struct {
	Probe string   `json:"probe"`
	Error string   `json:"error"`
	Used  *float64 `json:"used,omitempty"` // absent: nothing was stated instead
}

func printJSON(w io.Writer, res detect.Result) error {
	out := detectOutput{
		Resources: res.Resources, Attributes: res.Attributes,
		Measured: []measuredOutput{}, Failed: []failedOutput{},
	}
	for _, m := range res.Measured {
		out.Measured = append(out.Measured, measuredOutput(m))
	}
	for _, f := range res.Failed {
		failed := failedOutput{Probe: f.Probe, Error: f.Err.Error()}
		if used := f.Used.Float(); used > 0 {
			failed.Used = &used
		}
		out.Failed = append(out.Failed, failed)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
