package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/eval"
)

func newEvalCommand() *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval --test-file T.json --predictions P.jsonl --output R.json",
		Short: "Score the query parser's outputs against gold queries",
		Long: `Scores ready-made outputs, lines {"id": …, "output": "…"} in any order, against a test file of gold queries. The numbers are those of the IMPULS
reference scripts; beside them stand the share of outputs that really parse and fit the schema, and bootstrap intervals.

The report R.json holds everything, query by query; "ajolote report" makes a page of it.`,
		Example: `  ajolote eval --test-file test.json --predictions out.jsonl \
    --output results/ft.json
  ajolote eval --base-model-mode --test-file test.json \
    --predictions base.jsonl --output results/base.json
  ajolote report results/base.json results/ft.json --output report.html`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.define(cmd)
	return cmd
}

type evalFlags struct {
	testFile, predictions, equivalences, output, outputDir, name, format string
	baseModel, allowMissing                                              bool
	failUnder                                                            float64
	bootstrap                                                            eval.Bootstrap
}

func (f *evalFlags) define(cmd *cobra.Command) {
	f.bootstrap = eval.DefaultBootstrap()
	flags := cmd.Flags()
	flags.StringVar(&f.testFile, "test-file", "", "JSON list of gold queries")
	flags.StringVar(&f.predictions, "predictions", "", `JSON lines {"id": …, "output": "…"}`)
	flags.StringVar(&f.equivalences, "equivalences", "", `folder of the equivalence files (default: "equivalences" beside the test file)`)
	flags.StringVar(&f.output, "output", "", "report to write (JSON)")
	flags.StringVar(&f.outputDir, "output-dir", "", "folder for the reference's own files: statistics, table, details, error analysis")
	flags.StringVar(&f.name, "name", "", "name of the run in tables (default: the report's file name)")
	flags.StringVar(&f.format, "format", "text", "what to print: text or json")
	flags.BoolVar(&f.baseModel, "base-model-mode", false, "score as the reference scores base models: without equivalences")
	flags.BoolVar(&f.allowMissing, "allow-missing", false, "count queries without an output as wrong instead of failing")
	flags.Float64Var(&f.failUnder, "fail-under", 0, "exit with status 1 when the relaxed accuracy is below this share (the reference's is 0.5)")
	flags.Uint64Var(&f.bootstrap.Seed, "seed", f.bootstrap.Seed, "seed of the intervals")
	flags.IntVar(&f.bootstrap.Resamples, "resamples", f.bootstrap.Resamples, "resamples for each interval")
	for _, required := range []string{"test-file", "predictions", "output"} {
		if err := cmd.MarkFlagRequired(required); err != nil {
			panic(err) // a flag that is not defined above
		}
	}
}

func (f *evalFlags) run(cmd *cobra.Command) error {
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("--format %s: text or json is needed", f.format)
	}
	if f.bootstrap.Resamples < 1 {
		return fmt.Errorf("--resamples %d: at least 1 is needed", f.bootstrap.Resamples)
	}
	gold, err := eval.ReadGold(f.testFile)
	if err != nil {
		return err
	}
	predictions, err := eval.ReadPredictions(f.predictions)
	if err != nil {
		return err
	}
	equivalences, err := f.readEquivalences(cmd)
	if err != nil {
		return err
	}
	r, err := eval.QueryParser(gold, predictions, equivalences, eval.Options{
		Name:      f.runName(),
		BaseModel: f.baseModel, AllowMissing: f.allowMissing, Bootstrap: f.bootstrap,
		Configuration: map[string]string{"test file": f.testFile, "predictions": f.predictions},
	})
	if err != nil {
		return err
	}
	return f.finish(cmd, r)
}

// finish writes and prints a report, and turns --fail-under into the exit status.
func (f *evalFlags) finish(cmd *cobra.Command, r *eval.Report) error {
	if err := r.WriteFile(f.output); err != nil {
		return err
	}
	if f.outputDir != "" {
		if _, err := r.WriteReferenceFiles(f.outputDir, time.Now()); err != nil {
			return err
		}
	}
	if err := f.print(cmd, r); err != nil {
		return err
	}
	if relaxed := r.Metric("all_correct_relaxed"); relaxed.Share < f.failUnder {
		return exitStatus(1)
	}
	return nil
}

// readEquivalences warns of files that are not there, but a folder given by name must be.
func (f *evalFlags) readEquivalences(cmd *cobra.Command) (*eval.Equivalences, error) {
	if f.baseModel {
		return nil, nil
	}
	dir := f.equivalences
	if dir == "" {
		dir = filepath.Join(filepath.Dir(f.testFile), "equivalences")
	} else if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("--equivalences %s: no such folder", dir)
	}
	e, err := eval.ReadEquivalences(dir)
	if err != nil {
		return nil, err
	}
	for _, w := range e.Warnings {
		fmt.Fprintln(cmd.ErrOrStderr(), "warning:", w)
	}
	return e, nil
}

func (f *evalFlags) runName() string {
	if f.name != "" {
		return f.name
	}
	return strings.TrimSuffix(filepath.Base(f.output), filepath.Ext(f.output))
}

func (f *evalFlags) print(cmd *cobra.Command, r *eval.Report) error {
	if f.format == "text" {
		return r.WriteText(cmd.OutOrStdout())
	}
	summary := *r
	summary.Results = nil
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(summary)
}
