package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/proffer-go/proffer/detect"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

const (
	// plainHost is the first agent where it is not detected.
	plainHost = "cpus:4;mem:8192;disk:20480;ports:[31000-32000]"

	gpuHost           = "cpus:24;gpus:2;mem:24576;disk:409600;ports:[21000-24000,30000-34000];bugs(debug_role):{a,b,c}"
	gpuHostAttributes = "rack:abc;zone:west;os:centos5;level:10;keys:[1000-1500]"
	reservedHost      = "cpus:4;mem:2048;cpus(tuyucheng):8;mem(tuyucheng):4096"

	guarantee  = "cpus:1;mem:512;disk:256" // of etlRole
	limit      = "cpus:9"                  // of helloRole: its 8 reserved ones and one more
	helloTime  = 500 * time.Millisecond    // a hello task's run
	greedyTime = 2 * time.Second           // a greedy task's run

	demoStep  = 100 * time.Millisecond // how far the clock moves at a time
	demoLimit = 60 * time.Second       // of the cluster's time: by then every task has finished, or something is wrong
)

// runDemo runs a whole cluster in this process and tells what happens: proffer demo [flags].
// It answers exitOK only if every task finished and the books balance, so not where an interrupt or SIGTERM ends it.
func runDemo(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := interrupts()
	defer stop()
	// A reader that has gone away is an error of a write, not the end of the process: there is a directory to remove.
	signal.Ignore(syscall.SIGPIPE)
	defer signal.Reset(syscall.SIGPIPE)
	return demoUntil(ctx, args, stdout, stderr)
}

func demoUntil(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := demoFlags(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return failed(stderr, "demo", exitUsage, err)
	}
	first, err := o.firstAgent()
	if err != nil {
		return failed(stderr, "demo", exitUsage, err)
	}
	dir, err := os.MkdirTemp("", "proffer-demo-")
	if err != nil {
		return failed(stderr, "demo", exitFail, err)
	}
	defer os.RemoveAll(dir)
	d := newDemo(o.seed, dir, stdout)
	defer d.cluster.Close()
	if o.record != "" {
		d.cluster.Record(host.TapesIn(o.record))
	}
	if err := d.run(ctx, first); err != nil {
		return failed(stderr, "demo", exitFail, err)
	}
	return exitOK
}

type demoOptions struct {
	seed                  uint64
	noDetect              bool
	resources, attributes string
	record                string // a directory, "" none
}

func demoFlags(args []string, help io.Writer) (o demoOptions, err error) {
	f := flag.NewFlagSet("proffer demo", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.Uint64Var(&o.seed, "seed", 1, "what every random choice comes from")
	f.BoolVar(&o.noDetect, "no-detect", false, "state the first agent as "+plainHost+" instead of detecting it")
	f.StringVar(&o.resources, "resources", "", "state the first agent's resources; what is not stated is detected, unless --no-detect")
	f.StringVar(&o.attributes, "attributes", "", "state the first agent's attributes")
	f.StringVar(&o.record, "record", "", "write a tape of every node into this directory, for proffer replay")
	if err = f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(help, "usage: proffer demo [flags]")
			f.SetOutput(help)
			f.PrintDefaults()
		}
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return o, nil
}

// firstAgent detects or states this host.
func (o demoOptions) firstAgent() (info msg.AgentInfo, err error) {
	if !o.noDetect {
		found, err := detect.Host(context.Background(), detect.Options{Resources: o.resources, Attributes: o.attributes, WorkDir: os.TempDir()})
		if err != nil {
			return info, err
		}
		return msg.AgentInfo{Resources: found.Resources, Attributes: found.Attributes}, nil
	}
	if o.resources == "" {
		o.resources = plainHost
	}
	return stated(o.resources, o.attributes)
}

// stated is an agent as its flags say, nothing detected.
func stated(resources, attributes string) (info msg.AgentInfo, err error) {
	if info.Resources, err = resource.Parse(resources); err != nil {
		return info, fmt.Errorf("--resources: %w", err)
	}
	if info.Attributes, err = resource.ParseAttributes(attributes); err != nil {
		return info, fmt.Errorf("--attributes: %w", err)
	}
	return info, nil
}

// demo is one run.
type demo struct {
	cluster *inproc.Cluster
	story   *timeline
	dir     string

	books error // the first time that they did not balance after a step

	hello    *hello
	producer *producer
	consumer *consumer
	greedy   *greedy
}

func newDemo(seed uint64, dir string, out io.Writer) *demo {
	d := &demo{cluster: inproc.NewCluster(seed), story: newTimeline(out), dir: dir}
	d.story.now, d.story.start = d.cluster.Now, d.cluster.Now()
	d.cluster.Observe(func(o host.Observation) {
		if e, ok := o.What.(host.MasterEvent); ok {
			d.story.event(e.Event)
		}
	})
	d.cluster.AfterStep(func() {
		if d.books == nil {
			d.books = d.cluster.Check()
		}
	})
	d.hello = &hello{tenant: d.tenant("hello", helloRole, 6)}
	d.producer = &producer{tenant: d.tenant("producer", etlRole, 1)}
	d.consumer = &consumer{tenant: d.tenant("consumer", etlRole, 1)}
	d.greedy = &greedy{tenant: d.tenant("greedy", greedyRole, 4)}
	d.greedy.info.Capabilities.GPUResources = true
	return d
}

func (d *demo) tenant(name string, r role.Name, tasks int) tenant {
	return tenant{story: d.story, want: tasks, info: msg.FrameworkInfo{Name: name, Roles: []role.Name{r}}}
}

// run plays the demo: agents, then what the operator sets, then the frameworks; then time passes until all is done.
func (d *demo) run(ctx context.Context, first msg.AgentInfo) error {
	if err := d.addAgents(first); err != nil {
		return err
	}
	if err := d.configure(); err != nil {
		return err
	}
	d.cluster.AddScheduler(d.hello.info, d.hello)
	d.cluster.AddScheduler(d.producer.info, d.producer)
	d.cluster.AddScheduler(d.consumer.info, d.consumer)
	d.cluster.Advance(demoStep)
	d.tellWhyNot()
	d.cluster.AddScheduler(d.greedy.info, d.greedy)
	told := false
	for !d.done() && d.cluster.Now().Sub(d.story.start) < demoLimit {
		if ctx.Err() != nil {
			return fmt.Errorf("%w after %v of the cluster's time", errInterrupted, d.cluster.Now().Sub(d.story.start))
		}
		d.cluster.Advance(demoStep)
		if err := d.failed(); err != nil {
			return err
		}
		if !told && d.greedy.launched > 0 {
			told = true
			d.tellRoles("while tasks run")
		}
	}
	d.tellRoles("at the end")
	return d.verdict()
}

func (d *demo) addAgents(first msg.AgentInfo) error {
	master := d.cluster.AddMaster(master.Config{Version: "demo"})
	if master == nil {
		return d.cluster.Err()
	}
	gpus, err := stated(gpuHost, gpuHostAttributes)
	if err != nil {
		return err
	}
	reserved, err := stated(reservedHost, "")
	if err != nil {
		return err
	}
	for _, a := range []struct {
		name msg.Node
		info msg.AgentInfo
	}{{"this-host", first}, {"gpu-host", gpus}, {"reserved-host", reserved}} {
		d.cluster.AddAgent(a.name, a.info, d.executors(), inproc.WorkDir(filepath.Join(d.dir, string(a.name))))
		d.cluster.Settle()
	}
	d.cluster.Advance(2 * time.Second) // agents register after a random moment
	return d.cluster.Check()
}

// configure is the operator: weights, a guarantee and a limit.
func (d *demo) configure() error {
	d.story.say("operator", "gives %s weight 2 and %s weight 1", greedyRole, helloRole)
	weights := msg.UpdateWeights{Weights: []role.Weight{{Role: greedyRole, Weight: 2}, {Role: helloRole, Weight: 1}}}
	if err := d.cluster.Operate(weights); err != nil {
		return err
	}
	least, err := resource.ParseQuantities(guarantee)
	if err != nil {
		return err
	}
	most, err := resource.ParseLimits(limit)
	if err != nil {
		return err
	}
	d.story.say("operator", "guarantees %s %s and limits %s to %s", etlRole, least, helloRole, most)
	return d.cluster.Operate(msg.UpdateQuota{Configs: []quota.Config{{Role: etlRole, Guarantees: least}, {Role: helloRole, Limits: most}}})
}

// executors are what every agent can run, each a function of this program.
func (d *demo) executors() host.Executors {
	return host.Executors{
		"hello-executor": func(s host.StartInfo) framework.Executor {
			return &worker{dir: s.Directory, work: func(w *worker, e framework.ExecutorDriver, t msg.TaskInfo) ([]byte, error) {
				d.story.say("executor", "%s prints: Hello from task %s", s.Executor.ID, t.ID)
				d.cluster.After(helloTime, func() { finish(e, t.ID, nil, e.SendMessage([]byte("Hello Framework"))) })
				return nil, errLater
			}}
		},
		"producer-executor": func(s host.StartInfo) framework.Executor {
			return &worker{dir: s.Directory, work: func(w *worker, _ framework.ExecutorDriver, t msg.TaskInfo) ([]byte, error) {
				d.story.say("executor", "%s writes %q to %s on the volume", s.Executor.ID, fileText, fileName)
				return nil, os.WriteFile(w.path(), []byte(fileText), 0o600)
			}}
		},
		"consumer-executor": func(s host.StartInfo) framework.Executor {
			return &worker{dir: s.Directory, work: func(w *worker, _ framework.ExecutorDriver, t msg.TaskInfo) ([]byte, error) {
				text, err := os.ReadFile(w.path())
				if err == nil {
					d.story.say("executor", "%s reads %q from %s on the volume", s.Executor.ID, text, fileName)
				}
				return text, err
			}}
		},
		"greedy-executor": func(s host.StartInfo) framework.Executor {
			return &worker{dir: s.Directory, work: func(w *worker, e framework.ExecutorDriver, t msg.TaskInfo) ([]byte, error) {
				d.cluster.After(greedyTime, func() { finish(e, t.ID, nil, nil) })
				return nil, errLater
			}}
		},
	}
}

func (d *demo) done() bool {
	return d.hello.done() && d.producer.done() && d.consumer.done() && d.consumer.cleaned && d.greedy.done()
}

// failed returns what went wrong so far: in a framework, or in the books.
func (d *demo) failed() error {
	return errors.Join(d.hello.failure, d.producer.failure, d.consumer.failure, d.greedy.failure, d.books, d.cluster.Check())
}
