package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// measured is what the runs of one program gave.
type measured struct {
	program
	runs []map[string]any
}

// values of a figure over the runs, rising.
func (m measured) values(key string) (values []float64) {
	for _, r := range m.runs {
		if v, ok := r[key].(float64); ok {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values
}

// median of a figure over the runs; 0 where there are none.
func (m measured) median(key string) float64 {
	values := m.values(key)
	n := len(values)
	if n == 0 {
		return 0
	}
	return (values[(n-1)/2] + values[n/2]) / 2
}

// row is one figure of one program.
type row struct {
	Workload string  `json:"workload"`
	Figure   string  `json:"figure"`
	Unit     string  `json:"unit"`
	Program  string  `json:"program"`
	Median   float64 `json:"median"`
	Least    float64 `json:"least"`
	Most     float64 `json:"most"`
	Runs     int     `json:"runs"`
	// Better is how many times better ours is than the best of the others; 0 in the others' rows, and without others.
	Better float64 `json:"times_better,omitempty"`
}

// rows are the figures of a workload. Ours are compared with the best of the others: a peer counts in its better type.
func rows(w workload, results []measured) (list []row) {
	for _, f := range w.figures {
		best := 0.0
		for _, m := range results {
			if v := m.median(f.key); !m.ours && !m.aside && v > 0 && (best == 0 || f.less == (v < best)) {
				best = v
			}
		}
		for _, m := range results {
			values := m.values(f.key)
			if len(values) == 0 {
				continue
			}
			r := row{Workload: w.name, Figure: f.key, Unit: f.unit, Program: m.name, Median: m.median(f.key), Least: values[0], Most: values[len(values)-1], Runs: len(values)}
			if m.ours && best > 0 && r.Median > 0 {
				if r.Better = r.Median / best; f.less {
					r.Better = best / r.Median
				}
			}
			list = append(list, r)
		}
	}
	return list
}

// table is the rows in Markdown.
func table(list []row) string {
	var b strings.Builder
	b.WriteString("| workload | figure | program | median | least to most | better than the best other |\n| --- | --- | --- | ---: | ---: | ---: |\n")
	for _, r := range list {
		better := ""
		if r.Better > 0 {
			better = fmt.Sprintf("%.2fx", r.Better)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %.4g | %.4g to %.4g | %s |\n", r.Workload, r.Unit, r.Program, r.Median, r.Least, r.Most, better)
	}
	return b.String()
}

// report is the text of RESULTS.md.
func report(about string, rounds int, text string) string {
	return fmt.Sprintf(`# What was measured

Written by ./build.sh bench: %d runs of each program, in turn, on %s.

%s
%s`, rounds, time.Now().UTC().Format(time.DateOnly), about, "\n"+text)
}

// host describes the machine and the versions.
func host(ctx context.Context, python string) (string, error) {
	out, err := exec.CommandContext(ctx, "bin/ajolote", "doctor", "--json").Output()
	if err != nil {
		return "", fmt.Errorf("bin/ajolote doctor: %w", err)
	}
	var d struct {
		Torch    string   `json:"torch_version"`
		Threads  int      `json:"threads"`
		Kernels  string   `json:"kernels"`
		Features []string `json:"cpu_features"`
	}
	if err := json.Unmarshal(out, &d); err != nil {
		return "", fmt.Errorf("bin/ajolote doctor: %w", err)
	}
	about := fmt.Sprintf("- host: %s, %d threads, kernels %s, CPU features %s\n- libtorch %s, %s\n", cpuModel(), d.Threads, d.Kernels,
		strings.Join(d.Features, " "), d.Torch, runtime.Version())
	if python == "" {
		return about, nil
	}
	const versions = `
import importlib.metadata as m
for p in ("torch", "transformers", "peft", "bitsandbytes", "sentence-transformers", "tokenizers", "llama_cpp_python"):
    try: print(p, m.version(p), end=", ")
    except m.PackageNotFoundError: pass`
	if out, err = exec.CommandContext(ctx, python, "-c", versions).Output(); err != nil {
		return "", fmt.Errorf("%s: %w", python, err)
	}
	return about + "- Python: " + strings.TrimRight(strings.TrimSpace(string(out)), ",") + "\n", nil
}
