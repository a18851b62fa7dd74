// Command tokenize measures how fast package tokenizer encodes a file of texts, and prints one JSON line. Its Python
// counterpart is ../peers/tokenize_texts.py; ./build.sh bench tokenize runs both in turn.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/ajolote-ai/ajolote/tokenizer"
)

// result is the printed line: megabytes of text and tokens a second, the best of the rounds.
type result struct {
	Workload     string  `json:"workload"`
	Tokens       int     `json:"tokens"`
	Bytes        int     `json:"bytes"`
	LoadSeconds  float64 `json:"load_s"`
	HeapMB       float64 `json:"live_heap_mb"`
	FirstMBs     float64 `json:"mb_per_s_first"`
	OneMBs       float64 `json:"mb_per_s_one"`
	BatchMBs     float64 `json:"mb_per_s_batch"`
	FullOneMBs   float64 `json:"mb_per_s_one_with_offsets"`
	FullBatchMBs float64 `json:"mb_per_s_batch_with_offsets"`
	LineTokens   float64 `json:"tokens_per_s_one_line"`
	OneTokens    float64 `json:"tokens_per_s_one"`
	AllocsOne    float64 `json:"allocs_per_text"`
}

func main() {
	rounds := flag.Int("rounds", 7, "rounds; the best counts")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: tokenize [-rounds N] TOKENIZER TEXTS.jsonl")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := measure(flag.Arg(0), flag.Arg(1), *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "tokenize:", err)
		os.Exit(1)
	}
}

func measure(path, textFile string, rounds int) error {
	texts, err := readTexts(textFile)
	if err != nil {
		return err
	}
	r := result{Workload: "tokenize"}
	before := liveHeap()
	start := time.Now()
	t, err := tokenizer.Load(path)
	if err != nil {
		return err
	}
	r.LoadSeconds = time.Since(start).Seconds()
	r.HeapMB = float64(liveHeap()-before) / 1e6
	if t, err = t.WithTruncation(nil); err != nil {
		return err
	}
	if t, err = t.WithPadding(nil); err != nil {
		return err
	}
	line := ""
	for _, text := range texts {
		r.Bytes += len(text)
		line += text + " "
	}
	opts := tokenizer.EncodeOptions{}
	var ids []int32
	one := func() (n int, err error) {
		for _, text := range texts {
			if ids, err = t.AppendIDs(ids[:0], text, opts); err != nil {
				return 0, err
			}
			n += len(ids)
		}
		return n, nil
	}
	speed := func(rounds int, f func() (int, error)) (mbs, tokens float64, n int, err error) {
		for range rounds {
			start := time.Now()
			if n, err = f(); err != nil {
				return 0, 0, 0, err
			}
			seconds := time.Since(start).Seconds()
			mbs, tokens = max(mbs, float64(r.Bytes)/seconds/1e6), max(tokens, float64(n)/seconds)
		}
		return mbs, tokens, n, nil
	}
	if r.FirstMBs, _, _, err = speed(1, one); err != nil {
		return err
	}
	if r.OneMBs, r.OneTokens, r.Tokens, err = speed(rounds, one); err != nil {
		return err
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	mallocs := stats.Mallocs
	if _, err := one(); err != nil {
		return err
	}
	runtime.ReadMemStats(&stats)
	r.AllocsOne = float64(stats.Mallocs-mallocs) / float64(len(texts))
	for _, m := range []struct {
		into *float64
		f    func() (int, error)
	}{
		{&r.BatchMBs, func() (int, error) { _, err := t.EncodeBatchIDs(texts, opts); return 0, err }},
		{&r.FullOneMBs, func() (int, error) {
			for _, text := range texts {
				if _, err := t.Encode(text, opts); err != nil {
					return 0, err
				}
			}
			return 0, nil
		}},
		{&r.FullBatchMBs, func() (int, error) { _, err := t.EncodeBatch(texts, opts); return 0, err }},
	} {
		if *m.into, _, _, err = speed(rounds, m.f); err != nil {
			return err
		}
	}
	_, r.LineTokens, _, err = speed(rounds, func() (int, error) {
		var err error
		ids, err = t.AppendIDs(ids[:0], line, opts)
		return len(ids), err
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func readTexts(name string) ([]string, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var texts []string
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<28)
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", name, len(texts)+1, err)
		}
		texts = append(texts, text)
	}
	return texts, lines.Err()
}

func liveHeap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
