package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// row is one figure of one workload, medians of both programs; theirs is 0 where it was not measured.
type row struct {
	workload string
	metric
	ours, theirs float64
}

// ratio is how many times better ours is; 0 where theirs was not measured.
func (r row) ratio() float64 {
	switch {
	case r.ours == 0 || r.theirs == 0:
		return 0
	case r.less:
		return r.theirs / r.ours
	}
	return r.ours / r.theirs
}

func (r row) MarshalJSON() ([]byte, error) {
	line := map[string]any{"workload": r.workload, "figure": r.key, "ours": r.ours}
	if ratio := r.ratio(); ratio > 0 {
		line["theirs"], line["ratio"] = r.theirs, ratio
	}
	return json.Marshal(line)
}

// table is the rows in Markdown.
func table(rows []row) string {
	var b strings.Builder
	b.WriteString("| workload | figure | ajolote | Python | times better |\n| --- | --- | ---: | ---: | ---: |\n")
	for _, r := range rows {
		theirs, ratio := "", ""
		if r.ratio() > 0 {
			theirs, ratio = fmt.Sprintf("%.4g", r.theirs), fmt.Sprintf("%.2f", r.ratio())
		}
		fmt.Fprintf(&b, "| %s | %s | %.4g | %s | %s |\n", r.workload, r.unit, r.ours, theirs, ratio)
	}
	return b.String()
}

// report is the text of RESULTS.md.
func report(about string, rounds int, text string) string {
	return fmt.Sprintf(`# What was measured

Written by bench/run: medians of %d runs of each program, in turn, on %s.

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
	const versions = `import importlib.metadata as m; print(", ".join(p + " " + m.version(p) for p in ("torch", "transformers", "peft", "bitsandbytes")))`
	if out, err = exec.CommandContext(ctx, python, "-c", versions).Output(); err != nil {
		return "", fmt.Errorf("%s: %w", python, err)
	}
	return about + "- Python: " + strings.TrimSpace(string(out)) + "\n", nil
}
