package main

import "github.com/spf13/cobra"

// newBenchCommand gathers the measurements. Each prints JSON, a line a workload, in the form of the Python programs in
// bench/peers, so that the two can be laid side by side.
func newBenchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure this program's speed and memory",
	}
	cmd.AddCommand(newBenchDecodeCommand(), newBenchEncodeCommand(), newBenchMNRLStepCommand(), newBenchLoadCommand(), newBenchNF4Command(), newBenchQLoRAStepCommand(), newBenchQueriesCommand(), newBenchScalingCommand())
	return cmd
}
