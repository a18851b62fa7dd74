package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/eval/report"
	"github.com/ajolote-ai/ajolote/internal/atomicfile"
)

func newReportCommand() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report R1.json R2.json … --output report.html",
		Short: "Make a page of evaluation reports and training runs",
		Long: `Makes one self-contained HTML page (no network, no JavaScript) of the reports that "ajolote eval" wrote. The first report is the one that the others are compared
with, query by query. --train adds the curves of a training run; it may be given several times.

Other formats: md (Markdown tables), tsv (plain numbers), png (a picture), and reference: the IMPULS scripts' own comparative text over folders of
validation_stats_*.json, or, given a validation_detailed_*.json, statistics and error analysis made again beside it.`,
		Example: `  ajolote report results/base.json results/ft.json --train runs/ft \
    --output report.html
  ajolote report results/base.json results/ft.json --format md
  ajolote report --format reference \
    results/a/20260102_030405 results/b/20260102_040506`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.output, "output", "", "file to write (default: standard output)")
	flags.StringVar(&f.format, "format", "", "html, md, tsv, png or reference (default: by the output's ending, else html)")
	flags.StringVar(&f.title, "title", "", "title of the page")
	flags.StringArrayVar(&f.train, "train", nil, "folder of a training run, whose curves are drawn")
	return cmd
}

type reportFlags struct {
	output, format, title string
	train                 []string
}

func (f *reportFlags) run(cmd *cobra.Command, args []string) error {
	format := f.format
	if format == "" {
		format = "html"
		if ending := strings.TrimPrefix(filepath.Ext(f.output), "."); ending == "md" || ending == "tsv" || ending == "png" {
			format = ending
		}
	}
	if format == "reference" {
		return f.reference(cmd, args)
	}
	document, err := f.document(args)
	if err != nil {
		return err
	}
	writers := map[string]func(io.Writer) error{"html": document.WriteHTML, "md": document.WriteMarkdown, "tsv": document.WriteTSV, "png": document.WritePNG}
	write, known := writers[format]
	if !known {
		return fmt.Errorf("--format %s: html, md, tsv, png or reference is needed", format)
	}
	if f.output == "" {
		return write(cmd.OutOrStdout())
	}
	if err := atomicfile.Write(f.output, write); err != nil {
		return err
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "wrote", f.output)
	return nil
}

func (f *reportFlags) document(args []string) (*report.Document, error) {
	var evals []*eval.Report
	names := map[string]int{}
	for _, path := range args {
		r, err := eval.ReadReport(path)
		if err != nil {
			return nil, err
		}
		if names[r.Name]++; names[r.Name] > 1 {
			r.Name = fmt.Sprintf("%s (%d)", r.Name, names[r.Name])
		}
		evals = append(evals, r)
	}
	var logs []*report.TrainLog
	for _, dir := range f.train {
		log, err := report.ReadTrainLog(dir)
		if err != nil {
			return nil, err
		}
		logs = append(logs, log)
	}
	return report.New(f.title, evals, logs)
}

// reference does what the reference's two report scripts do: regenerate the statistics of one file, or compare folders.
func (f *reportFlags) reference(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("--format reference: give folders of validation_stats_*.json, or one validation_detailed_*.json")
	}
	out := cmd.OutOrStdout()
	if info, err := os.Stat(args[0]); err == nil && !info.IsDir() {
		if len(args) > 1 {
			return fmt.Errorf("--format reference: one validation_detailed_*.json at a time, not %d", len(args))
		}
		r, err := eval.Regenerate(args[0])
		if err != nil {
			return err
		}
		share := func(n int) string {
			return fmt.Sprintf("%d/%d (%.1f%%)", n, r.Total, 100*float64(n)/float64(max(r.Total, 1)))
		}
		fmt.Fprintf(out, "Loaded %d queries\nWrote %s\nWrote %s\nTotal: %d\nValid JSON: %s\nAll correct (strict): %s\nAll correct (relaxed): %s\n",
			r.Total, r.Analysis, r.Statistics, r.Total, share(r.ValidJSON), share(r.Strict), share(r.Relaxed))
		return nil
	}
	text, err := report.Comparative(args)
	if err != nil {
		return err
	}
	if f.output == "" {
		fmt.Fprintln(out, text)
		return nil
	}
	if err := atomicfile.Write(f.output, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
		return err
	}
	fmt.Fprintln(out, "✓ Report:", f.output)
	return nil
}
