// Command compare measures this project's program and others on the same files, in turn, several times over, and writes a
// table of medians and ratios into bench/RESULTS.md, the single runs into bench/.cache/runs.jsonl.
//
//	go run ./bench/compare [WORKLOAD...] [-rounds 3]
//
// Run it from the top of a checkout in which ./build.sh has built bin/ajolote. Where ./build.sh peers has not installed the
// Python programs, only ours are measured.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

const (
	cache  = "bench/.cache"
	peer   = "third_party/peers/bin/python"
	tables = "bench/RESULTS.md"
)

func main() {
	rounds := flag.Int("rounds", 3, "runs of each program")
	names := parse(os.Args[1:])
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rounds, names); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// parse reads flags wherever they stand among the names, which it returns.
func parse(args []string) (names []string) {
	for {
		flag.CommandLine.Parse(args) // exits by itself
		args = flag.Args()
		if len(args) == 0 {
			return names
		}
		names, args = append(names, args[0]), args[1:]
	}
}

func run(ctx context.Context, rounds int, names []string) error {
	if rounds < 1 {
		return fmt.Errorf("-rounds %d: at least 1", rounds)
	}
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	python, err := prepare(ctx)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(cache, "runs.jsonl"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	var all []row
	var failed []error // a program that fails is left out; an hour's other runs are not lost
	for _, w := range chosen {
		results, err := runWorkload(ctx, w, rounds, python, log)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failed = append(failed, err)
		list := rows(w, results)
		for _, r := range list {
			line, err := json.Marshal(r)
			if err != nil {
				return err
			}
			fmt.Printf("%s\n", line)
		}
		all = append(all, list...)
	}
	text := table(all)
	fmt.Print("\n", text)
	about, err := host(ctx, python)
	if err != nil {
		return err
	}
	failed = append(failed, os.WriteFile(tables, []byte(report(about, rounds, text)), 0o644))
	return errors.Join(failed...)
}

// runWorkload runs the programs of a workload in turn, so that a busy minute of the machine falls on all. A program that fails is
// in the error and not in the results.
func runWorkload(ctx context.Context, w workload, rounds int, python string, log io.Writer) ([]measured, error) {
	var results []measured
	for _, p := range w.programs {
		if p.module == "" || python != "" && exec.CommandContext(ctx, python, "-c", "import "+p.module).Run() == nil {
			results = append(results, measured{program: p})
		} else {
			fmt.Fprintf(os.Stderr, "%s: %s is not installed: ./build.sh peers\n", w.name, p.name)
		}
	}
	failed := make([]error, len(results))
	for round := range rounds {
		for i := range results {
			if failed[i] != nil {
				continue
			}
			m := &results[i]
			fmt.Fprintf(os.Stderr, "%s, round %d: %s\n", w.name, round+1, strings.Join(m.command, " "))
			figures, err := measure(ctx, m.command)
			if err != nil {
				failed[i] = fmt.Errorf("%s: %w", w.name, err)
				fmt.Fprintln(os.Stderr, failed[i])
				continue
			}
			m.runs = append(m.runs, figures)
			if err := json.NewEncoder(log).Encode(map[string]any{"workload": w.name, "program": m.name, "round": round + 1, "figures": figures}); err != nil {
				return nil, err
			}
		}
	}
	var ran []measured
	for i, m := range results {
		if failed[i] == nil {
			ran = append(ran, m)
		}
	}
	return ran, errors.Join(failed...)
}

// prepare writes the workload, once, and returns the Python to run the peers with; "" for none.
func prepare(ctx context.Context) (python string, err error) {
	if _, err := os.Stat("bin/ajolote"); err != nil {
		return "", errors.New("there is no bin/ajolote: run ./build.sh at the top of the checkout first")
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	if _, err := os.Stat(peer); err == nil {
		python = peer
	}
	if _, err := os.Stat(folder); err == nil {
		return python, nil
	}
	if python == "" {
		return "", errors.New("the workload is written by the Python programs: run ./build.sh peers first")
	}
	partial := folder + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, python, "bench/peers/workload.py", partial)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("writing the workload: %w", err)
	}
	return python, os.Rename(partial, folder)
}

// measure runs a program once and returns the figures of its last line, and what the system says of it: "wall_s", and
// "peak_gib" where the program does not say it itself.
func measure(ctx context.Context, command []string) (map[string]any, error) {
	if err := os.RemoveAll(merged); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var errs strings.Builder
	cmd.Stderr = &errs
	started := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, tail(errs.String()))
	}
	figures := map[string]any{}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if last := lines[len(lines)-1]; strings.HasPrefix(last, "{") {
		if err := json.Unmarshal([]byte(last), &figures); err != nil {
			return nil, fmt.Errorf("%s printed %q: %w", strings.Join(command, " "), last, err)
		}
	}
	figures["wall_s"] = time.Since(started).Seconds()
	if _, ok := figures["peak_gib"]; !ok {
		figures["peak_gib"] = peakGiB(cmd.ProcessState)
	}
	return figures, nil
}

// tail is the end of what a failed program said.
func tail(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
