package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// workload is one piece of work, and the two programs that do it.
type workload struct {
	name         string
	ours, theirs []string
	metrics      []metric
}

// metric is a figure that both programs print under one key.
type metric struct {
	key, unit string
	less      bool // is better
}

var (
	model   = filepath.Join(cache, "workload", "llama-small")
	adapter = filepath.Join(cache, "workload", "adapter")
	output  = filepath.Join(cache, "merged")
	peak    = metric{"peak_gib", "GiB at most", true}
)

func tokens(kind string) string { return filepath.Join(cache, "workload", "tokens-"+kind+".jsonl") }

var workloads = []workload{
	step("shared", "float32"), step("ragged", "float32"), step("shared", "bfloat16"), step("ragged", "bfloat16"),
	{
		name:    "decode",
		ours:    []string{"bin/ajolote", "bench", "decode", model, "--repeat", "1"},
		theirs:  []string{peer, "bench/peers/decode.py", model},
		metrics: []metric{{"prefill_tokens_per_s", "tokens/s read", false}, {"decode_tokens_per_s", "tokens/s written", false}, peak},
	},
	{
		name:    "load",
		ours:    []string{"bin/ajolote", "bench", "load", model},
		theirs:  []string{peer, "bench/peers/load.py", model},
		metrics: []metric{{"seconds", "s", true}, peak},
	},
	{
		name:    "merge",
		ours:    []string{"bin/ajolote", "merge", "--base-model", model, "--adapter-path", adapter, "--output-path", output},
		theirs:  []string{peer, "bench/peers/merge.py", model, adapter, output},
		metrics: []metric{{"wall_s", "s, with the program's start", true}, peak},
	},
}

// step is the workload of QLoRA training on one kind of data.
func step(kind, dtype string) workload {
	return workload{
		name:    "qlora-step-" + kind + "-" + dtype,
		ours:    []string{"bin/ajolote", "bench", "qlora-step", model, tokens(kind), "--dtype", dtype},
		theirs:  []string{peer, "bench/peers/qlora_step.py", model, tokens(kind), "--dtype", dtype},
		metrics: []metric{{"seconds_per_step", "s a step", true}, peak},
	}
}

// choose returns the workloads whose names begin with one of names; all for none.
func choose(names []string) ([]workload, error) {
	if len(names) == 0 {
		return workloads, nil
	}
	var chosen []workload
	for _, name := range names {
		n := len(chosen)
		for _, w := range workloads {
			known := slices.ContainsFunc(chosen, func(c workload) bool { return c.name == w.name })
			if strings.HasPrefix(w.name, name) && !known {
				chosen = append(chosen, w)
			}
		}
		if len(chosen) == n {
			var all []string
			for _, w := range workloads {
				all = append(all, w.name)
			}
			return nil, fmt.Errorf("no workload %s; there are %s", name, strings.Join(all, ", "))
		}
	}
	return chosen, nil
}
