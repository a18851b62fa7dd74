package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/internal/atomicfile"
	"github.com/ajolote-ai/ajolote/mroberta"
	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/train"
)

// newEmbedClassifyCommand gathers the commands for texts with labels.
func newEmbedClassifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "classify",
		Short: "Train, measure and use classifiers of texts",
	}
	cmd.AddCommand(newClassifyTrainCommand(), newClassifyEvaluateCommand(), newClassifyPredictCommand(), newClassifyProbeCommand())
	return cmd
}

func newClassifyTrainCommand() *cobra.Command {
	var set []string
	var resume string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "train CONFIG.yml",
		Short: "Fine-tune an encoder to tell the labels of texts",
		Long: `Fine-tune an encoder to tell the labels of texts: transformers' ...ForSequenceClassification.

Killed at any moment and started again, it goes on from its newest checkpoint and ends with the same bytes.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, notices, err := mroberta.LoadClassifyConfig(args[0], set...)
			for _, n := range notices {
				fmt.Fprintln(cmd.ErrOrStderr(), "note:", n)
			}
			if err != nil {
				return err
			}
			if dryRun {
				text, err := mroberta.RehearseClassifier(cmd.Context(), c)
				if err == nil {
					_, err = fmt.Fprint(cmd.OutOrStdout(), text)
				}
				return err
			}
			display := progress.New(cmd.ErrOrStderr(), progress.Auto)
			defer display.Close()
			result, err := mroberta.TrainClassifier(cmd.Context(), c, mroberta.TrainOptions{
				Resume:  resume,
				Notice:  func(text string) { display.Printf("note: %s", text) },
				Loading: byteTask(display, "load"),
				Events: showTraining(display, func(r train.Record) string {
					return fmt.Sprintf("loss %.4f  %.1f texts/s", r.Loss, float64(r.Labels)/r.Seconds)
				}),
			})
			display.Close()
			if err != nil {
				return err
			}
			printTrained(cmd, result.Result, result.Seconds, c.OutputPath)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&set, "set", nil, "override a key: --set learning_rate=1e-5")
	flags.StringVar(&resume, "resume", "", "auto (the newest checkpoint), none (begin anew), or the path of a checkpoint")
	flags.BoolVar(&dryRun, "dry-run", false, "check everything, tokenise, and say what training would take")
	return cmd
}

// labelledFlags are those of a file of texts with labels.
func labelledFlags(cmd *cobra.Command, d *mroberta.LabelledData) {
	cmd.Flags().StringVar(&d.Path, "input", "", "texts: .jsonl, .csv, .tsv or .parquet")
	cmd.Flags().StringVar(&d.Text, "text", "text", "column of the texts")
	_ = cmd.MarkFlagRequired("input")
}

// reportClassification prints the figures, and writes them to a file where one is named.
func reportClassification(cmd *cobra.Command, output string, e *eval.Classification) error {
	if output != "" {
		if err := writeIndented(output, e); err != nil {
			return err
		}
	}
	return e.WriteReport(cmd.OutOrStdout())
}

func newClassifyEvaluateCommand() *cobra.Command {
	var model, output string
	var data mroberta.LabelledData
	cmd := &cobra.Command{
		Use:   "evaluate --model MODEL --input FILE",
		Short: "Compare a classifier's labels with the right ones",
		Args:  flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			texts, err := mroberta.ReadLabelled(data)
			if err != nil {
				return err
			}
			display := progress.New(cmd.ErrOrStderr(), progress.Auto)
			defer display.Close()
			c, err := mroberta.LoadClassifier(cmd.Context(), model, byteTask(display, "load"))
			if err != nil {
				return err
			}
			defer c.Free()
			task := display.Task("classify", int64(len(texts.Labels)), progress.Count("texts"))
			e, err := mroberta.EvaluateClassifier(cmd.Context(), c, texts, func(done, _ int) { task.Set(int64(done)) })
			if err != nil {
				return err
			}
			task.Done()
			display.Close()
			return reportClassification(cmd, output, e)
		},
	}
	labelledFlags(cmd, &data)
	cmd.Flags().StringVar(&data.Label, "label", "label", "column of the labels")
	cmd.Flags().StringVar(&model, "model", "", "folder or hub name of the classifier")
	cmd.Flags().StringVar(&output, "output", "", "JSON file for the figures and the confusion matrix")
	_ = cmd.MarkFlagRequired("model")
	return cmd
}

func newClassifyPredictCommand() *cobra.Command {
	var model, input, output, column string
	cmd := &cobra.Command{
		Use:   "predict --model MODEL --input FILE --output FILE.jsonl",
		Short: "Tell the labels of texts",
		Long: `Tell the labels of texts. Lines of the output are {"label", "probability"} with all fields of the input before them.

Files may be larger than the memory.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			display := progress.New(cmd.ErrOrStderr(), progress.Auto)
			defer display.Close()
			c, err := mroberta.LoadClassifier(cmd.Context(), model, byteTask(display, "load"))
			if err != nil {
				return err
			}
			defer c.Free()
			task := display.Task("classify", 0, progress.Count("texts"))
			n := 0
			err = atomicfile.Write(output, func(w io.Writer) error {
				n, err = predictFile(cmd, c, input, column, w, func(done int) { task.Set(int64(done)) })
				return err
			})
			if err != nil {
				return err
			}
			task.Done()
			display.Close()
			fmt.Fprintf(cmd.OutOrStdout(), "%d texts in %s\n", n, output)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&model, "model", "", "folder or hub name of the classifier")
	flags.StringVar(&input, "input", "", "texts: .txt, .jsonl, .csv, .tsv or .parquet")
	flags.StringVar(&column, "text", "text", "column of the texts")
	flags.StringVar(&output, "output", "", "file of the labels")
	for _, name := range []string{"model", "input", "output"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

// predictChunk texts are in memory at once.
const predictChunk = 4096

func predictFile(cmd *cobra.Command, c *mroberta.Classifier, input, column string, w io.Writer, progress func(done int)) (done int, err error) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	var chunk []sbert.Record
	flush := func() error {
		texts := make([]string, len(chunk))
		for i, r := range chunk {
			texts[i] = r[column]
		}
		predictions, err := c.Predict(cmd.Context(), texts, nil)
		if err != nil {
			return err
		}
		for i, p := range predictions {
			line := map[string]any{}
			for name, value := range chunk[i] {
				line[name] = value
			}
			line["label"], line["probability"] = p.Label, p.Probability
			if err := e.Encode(line); err != nil {
				return err
			}
		}
		done += len(chunk)
		progress(done)
		chunk = chunk[:0]
		return nil
	}
	row := 0
	for r, err := range sbert.Records(input) {
		if err != nil {
			return done, err
		}
		row++
		if _, ok := r[column]; !ok {
			return done, fmt.Errorf("%s: row %d has no column %q", input, row, column)
		}
		if chunk = append(chunk, r); len(chunk) == predictChunk {
			if err := flush(); err != nil {
				return done, err
			}
		}
	}
	return done, flush()
}

func newClassifyProbeCommand() *cobra.Command {
	var model, test, output, method string
	var data mroberta.LabelledData
	var k int
	var distance bool
	var strength float64
	var o sbert.EncodeOptions
	cmd := &cobra.Command{
		Use:   "probe --model MODEL --input FILE --test FILE",
		Short: "Measure an embedding model by the labels that its vectors tell",
		Long: `Measure an embedding model by the labels that its vectors tell: by the nearest neighbours among the texts of --input, or by a
logistic regression on them, as scikit-learn's KNeighborsClassifier (metric cosine) and LogisticRegression do.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if method != "neighbours" && method != "logistic" {
				return fmt.Errorf("method is %q: neighbours or logistic", method)
			}
			known, err := mroberta.ReadLabelled(data)
			if err != nil {
				return err
			}
			asked, err := mroberta.ReadLabelled(mroberta.LabelledData{Path: test, Text: data.Text, Label: data.Label})
			if err != nil {
				return err
			}
			display := progress.New(cmd.ErrOrStderr(), progress.Auto)
			defer display.Close()
			m, err := loadEmbedder(cmd.Context(), display, model)
			if err != nil {
				return err
			}
			defer m.Free()
			p := mroberta.Probe{Method: method, K: k, Distance: distance, C: strength, Encode: o}
			task := display.Task("encode", int64(len(known.Labels)+len(asked.Labels)), progress.Count("texts"))
			p.Encode.Progress = func(done, _ int) { task.Set(int64(done)) }
			e, err := p.Measure(cmd.Context(), m, known, asked)
			if err != nil {
				return err
			}
			task.Done()
			display.Close()
			return reportClassification(cmd, output, e)
		},
	}
	labelledFlags(cmd, &data)
	flags := cmd.Flags()
	flags.StringVar(&data.Label, "label", "label", "column of the labels")
	flags.StringVar(&model, "model", "", "folder or hub name of the embedding model")
	flags.StringVar(&test, "test", "", "texts whose labels are to be told, with the same columns")
	flags.StringVar(&method, "method", "neighbours", "neighbours or logistic")
	flags.IntVar(&k, "neighbours", 5, "how many neighbours have a vote")
	flags.BoolVar(&distance, "distance", false, "weigh the votes by 1 / (1 - cosine)")
	flags.Float64Var(&strength, "c", 1, "of the logistic regression: the smaller, the closer its weights stay to zero")
	flags.IntVar(&o.BatchSize, "batch-size", 64, "texts of ordinary length at once")
	flags.IntVar(&o.Dimensions, "dimensions", 0, "keep only so many of each vector's first numbers")
	flags.StringVar(&output, "output", "", "JSON file for the figures and the confusion matrix")
	_ = cmd.MarkFlagRequired("model")
	_ = cmd.MarkFlagRequired("test")
	return cmd
}

func writeIndented(path string, value any) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(value)
	})
}
