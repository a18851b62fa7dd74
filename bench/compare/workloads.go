package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// workload is a piece of work that several programs do, ours first.
type workload struct {
	name     string
	programs []program
	figures  []figure
}

// program is one way to do it.
type program struct {
	name    string
	ours    bool
	aside   bool   // measured for the reader, not compared with: it does less
	module  string // of Python that it needs; where it is not installed, the program is left out
	command []string
}

// figure is one that all programs of a workload print, under this key.
type figure struct {
	key, unit string
	less      bool // is better
}

var (
	folder  = filepath.Join(cache, "workload-2")
	model   = in("llama-small")
	adapter = in("adapter")
	merged  = filepath.Join(cache, "merged") // written by a merge, removed before the next program
	peak    = figure{"peak_gib", "GiB at most", true}
)

func in(name string) string { return filepath.Join(folder, name) }

// ajolote is our program; kind tells its variants apart.
func ajolote(kind string, args ...string) program {
	return program{name: strings.TrimSpace("ajolote " + kind), ours: true, command: append([]string{"bin/ajolote"}, args...)}
}

// python is a program of bench/peers.
func python(name, module, file string, args ...string) program {
	return program{name: name, module: module, command: append([]string{peer, "bench/peers/" + file}, args...)}
}

const hf, st, cpp = "transformers + bitsandbytes", "sentence-transformers", "llama.cpp IQ4_NL"

var workloads = []workload{
	step("shared"), step("ragged"),
	{
		name: "decode",
		programs: []program{
			ajolote("float32", "bench", "decode", model, "--repeat", "1"),
			python(hf+" float32", "bitsandbytes", "decode.py", model),
			python(hf+" bfloat16", "bitsandbytes", "decode.py", model, "--dtype", "bfloat16"),
			python(cpp, "llama_cpp", "llamacpp_decode.py", model, "--repeat", "1"),
		},
		figures: []figure{{"prefill_tokens_per_s", "tokens/s read", false}, {"decode_tokens_per_s", "tokens/s written", false}, peak},
	},
	{
		name: "queries",
		programs: []program{
			ajolote("float32", "bench", "queries", model),
			ajolote("bfloat16", "bench", "queries", model, "--dtype", "bfloat16"),
			python(hf+" bfloat16, five scaled", "bitsandbytes", "queries.py", model, "--count", "5"),
			python(cpp+", one after another", "llama_cpp", "llamacpp_queries.py", model),
			python(cpp+", 16 at once", "llama_cpp", "llamacpp_queries.py", model, "--parallel", "16"),
		},
		figures: []figure{{"seconds_per_100", "s for 100 queries", true}, peak},
	},
	{
		name:     "load",
		programs: []program{ajolote("", "bench", "load", model), python(hf, "bitsandbytes", "load.py", model)},
		figures:  []figure{{"seconds", "s", true}, peak},
	},
	{
		name: "merge",
		programs: []program{
			ajolote("", "merge", "--base-model", model, "--adapter-path", adapter, "--output-path", merged),
			python("peft", "peft", "merge.py", model, adapter, merged),
			{name: "cp", aside: true, command: []string{"cp", "-r", model, merged}},
		},
		figures: []figure{{"wall_s", "s, with the program's start", true}, peak},
	},
	{
		name: "tokenize",
		programs: []program{
			{name: "ajolote", ours: true, command: []string{"go", "run", "./bench/tokenize", in("bert"), in("texts.jsonl")}},
			python("tokenizers", "tokenizers", "tokenize_texts.py", in("bert"), in("texts.jsonl")),
		},
		figures: []figure{{"mb_per_s_one", "MB/s, ids alone, one thread", false}, {"mb_per_s_batch", "MB/s, ids alone, all cores", false}},
	},
	{
		name: "encode",
		programs: []program{
			ajolote("float32", "bench", "encode", in("bert"), in("texts.json")),
			ajolote("bfloat16", "bench", "encode", in("bert"), in("texts.json"), "--dtype", "bfloat16"),
			python(st, "sentence_transformers", "encode.py", in("bert"), in("texts.json")),
			python("onnxruntime", "onnxruntime", "encode_onnx.py", in("bert"), in("texts.json")),
		},
		figures: []figure{{"texts_per_s", "texts/s", false}, peak},
	},
	{
		name: "mnrl-step",
		programs: []program{
			ajolote("", "bench", "mnrl-step", in("roberta-256k"), in("pairs.jsonl")),
			python(st, "sentence_transformers", "mnrl_step.py", in("roberta-256k"), in("pairs.jsonl")),
		},
		figures: []figure{{"seconds_per_step", "s a step of 32 pairs", true}, peak},
	},
}

// step is the workload of QLoRA training on one kind of data: eight examples a step.
func step(kind string) workload {
	w := workload{name: "qlora-step-" + kind, figures: []figure{{"seconds_per_step", "s a step", true}, peak}}
	tokens := in("tokens-" + kind + ".jsonl")
	for _, dtype := range []string{"float32", "bfloat16"} {
		w.programs = append(w.programs, ajolote(dtype, "bench", "qlora-step", model, tokens, "--dtype", dtype))
	}
	for _, dtype := range []string{"float32", "bfloat16"} {
		w.programs = append(w.programs, python("peft + bitsandbytes "+dtype, "bitsandbytes", "qlora_step.py", model, tokens, "--dtype", dtype, "--steps", "1"))
	}
	return w
}

// choose returns the workloads whose names begin with one of names; all for none.
func choose(names []string) ([]workload, error) {
	if len(names) == 0 {
		return workloads, nil
	}
	var chosen []workload
	for _, name := range names {
		if !slices.ContainsFunc(workloads, func(w workload) bool { return strings.HasPrefix(w.name, name) }) {
			var all []string
			for _, w := range workloads {
				all = append(all, w.name)
			}
			return nil, fmt.Errorf("no workload %s; there are %s", name, strings.Join(all, ", "))
		}
	}
	for _, w := range workloads {
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(w.name, name) }) {
			chosen = append(chosen, w)
		}
	}
	return chosen, nil
}
