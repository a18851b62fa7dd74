package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/salamandra"
)

// referenceFlags are the spellings of the reference's script for flags of ours.
var referenceFlags = map[string]string{"model-path": "model", "equiv-dir": "equivalences"}

func newValidateCommand() *cobra.Command {
	var e evalFlags
	var m modelFlags
	var o salamandra.ValidateOptions
	quantize, constrained := "none", false
	cmd := &cobra.Command{
		Use:   "validate --model DIR --test-file T.json --output R.json",
		Short: "Let a model answer test queries, and score the answers",
		Long: `Let a model answer test queries, and score the answers as eval does.

The flags of the reference's script are taken as well (--model-path, --equiv-dir, --quantize). A folder of an adapter may stand
for the model; then its base is the one that it names, or --base-model.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch quantize {
			case "none":
			case "4bit":
				m.options.Load4Bit = true
			case "8bit":
				return errors.New("--quantize 8bit is not supported: use 4bit or none")
			default:
				return fmt.Errorf("--quantize %s: none, 4bit or 8bit", quantize)
			}
			m.options.Unconstrained = !constrained
			return validate(cmd, &e, &m, o)
		},
	}
	m.add(cmd)
	e.define(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.Base, "base-model", "", "base of an adapter; default: the one that it names")
	flags.StringVar(&o.Predictions, "save-predictions", "", "file for the outputs, a line each as soon as it is there")
	flags.BoolVar(&o.Resume, "resume", false, "go on with the file of --save-predictions")
	flags.StringVar(&quantize, "quantize", quantize, "none or 4bit, as --load-in-4bit")
	flags.BoolVar(&constrained, "constrained", false, "make every answer a query by construction; the reference does not")
	flags.Float64Var(&m.options.Temperature, "temperature", 0, "of sampling; 0 takes the likeliest token")
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if ours, ok := referenceFlags[name]; ok {
			name = ours
		}
		return pflag.NormalizedName(name)
	})
	hidden := flags.Lookup("predictions") // eval's: here the model makes them
	hidden.Hidden = true
	delete(hidden.Annotations, cobra.BashCompOneRequiredFlag)
	return cmd
}

func validate(cmd *cobra.Command, e *evalFlags, m *modelFlags, o salamandra.ValidateOptions) (err error) {
	if o.Resume && o.Predictions == "" {
		return errors.New("--resume needs --save-predictions: the file to go on with")
	}
	if o.Equivalences, err = e.readEquivalences(cmd); err != nil {
		return err
	}
	display := progress.New(cmd.ErrOrStderr(), progress.Auto)
	defer display.Close()
	if err := m.prepare(display); err != nil {
		return err
	}
	o.Model, o.Parser, o.TestFile, o.BaseModel, o.Name, o.Bootstrap = m.model, m.options, e.testFile, e.baseModel, e.runName(), e.bootstrap
	var task *progress.Task
	o.Progress = func(done, total int) {
		if task == nil {
			task = display.Task("queries", int64(total), progress.Count("queries"))
			task.Resume(int64(done))
		}
		if task.Set(int64(done)); done == total {
			task.Done()
		}
	}
	r, err := salamandra.Validate(cmd.Context(), o)
	display.Close()
	if errors.Is(err, salamandra.ErrNoPrompt) {
		return fmt.Errorf("%w; the whole command: %s --prompt-file PROMPT.txt", err, strings.Join(os.Args, " "))
	}
	if err != nil {
		return err
	}
	return e.finish(cmd, r)
}
