package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/internal/library"
	"github.com/ajolote-ai/ajolote/internal/setup"
	"github.com/ajolote-ai/ajolote/progress"
)

func newSetupCommand() *cobra.Command {
	var options setup.Options
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Fetch libtorch and build the library over it",
		Long: `Fetches the wheels that torch.lock pins (torch and two small CUDA libraries that it is linked with; with
--cuda all CUDA libraries), checks their SHA-256, unpacks the libraries and headers, and compiles the C++ sources
that this program carries. Through pip where there is one, else from the package index that pip's settings name.

It does nothing when all is in place, goes on where an interrupted set-up stopped, and lets one set-up work at a
time. It needs a C++ compiler: g++, clang++, or the one that CXX names.

The result is found by every ajolote program of this version (ajolote doctor shows where). With --dir it is a
directory of its own, to ship beside a program or to name in AJOLOTE_LIB.`,
		Example: `  ajolote setup
  ajolote setup --cuda
  ajolote setup --torch .venv/lib/python3.12/site-packages/torch`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			start := time.Now()
			display := progress.New(cmd.ErrOrStderr(), progress.Auto)
			options.Report = showSetup(display)
			found, err := setup.Run(cmd.Context(), options)
			display.Close()
			if errors.Is(err, context.Canceled) {
				return errors.New("set-up was interrupted; the next one goes on from here")
			}
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "in place after %s: %s\n", time.Since(start).Round(10*time.Millisecond), found.Shim)
			if used, err := library.Find(); err != nil || used.Dir != found.Dir {
				fmt.Fprintf(out, "programs find it with %s=%s, or when it lies beside them\n", library.Override, found.Dir)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&options.Torch, "torch", "", "use the libtorch in this `directory` (an installed Python torch, or a libtorch archive) and fetch nothing")
	flags.BoolVar(&options.CUDA, "cuda", false, "fetch the CUDA libraries too (2 GB more)")
	flags.StringVar(&options.Dir, "dir", "", "build into this `directory`, with copies of the libraries")
	flags.BoolVar(&options.Force, "force", false, "compile and link again although all is in place")
	return cmd
}

// showSetup draws a task for every stage of a set-up.
func showSetup(display *progress.Display) func(setup.Event) {
	var task *progress.Task
	var current string
	return func(e setup.Event) {
		if e.Stage == setup.Wait {
			display.Printf("another set-up is at work (%s): waiting for it", e.Name)
			return
		}
		if e.Total == 0 { // nothing to do at this stage
			return
		}
		if name := string(e.Stage) + " " + e.Name; name != current {
			unit := progress.Bytes
			if e.Stage == setup.Compile || e.Stage == setup.Link {
				unit = progress.Count("files")
			}
			task, current = display.Task(name, e.Total, unit), name
			task.Resume(e.Done)
		}
		task.Set(e.Done)
		if e.Done == e.Total {
			task.Done()
		}
	}
}
