package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/internal/bench"
	"github.com/ajolote-ai/ajolote/torch"
)

func newBenchNF4Command() *cobra.Command {
	var shapes, tokens, types []string
	var least time.Duration
	cmd := &cobra.Command{
		Use:   "nf4",
		Short: "Measure the NF4 kernels beside libtorch's float32 linear layer",
		Long: `Measure products with NF4 matrices, forward and backward, beside libtorch's float32 linear layer of the same shape, and
print one JSON object a line: seconds (the best repetition), GFLOP/s, GB/s of the stored weight, the ratio of libtorch's time
to ours, and the kind of host. For 0 tokens it measures quantising, dequantising and how fast the memory is read. Products of
1 to 16 tokens in float32 get a line of their own ("few tokens"): the bytes a token costs, the memory's rate and the kernel's own
rate over a matrix that lies in the caches, both measured in turn with it, and its share of the lesser of the two.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := bench.NF4Options{Least: least}
			for _, t := range tokens {
				n, err := strconv.Atoi(t)
				if err != nil || n < 0 {
					return fmt.Errorf("--tokens: %q is not a number of tokens", t)
				}
				o.Tokens = append(o.Tokens, n)
			}
			known := map[string]torch.DType{"float32": torch.Float32, "bfloat16": torch.BFloat16, "float16": torch.Float16}
			for _, t := range types {
				dtype, ok := known[t]
				if !ok {
					return fmt.Errorf("--compute: %q is not float32, bfloat16 or float16", t)
				}
				o.Compute = append(o.Compute, dtype)
			}
			out := json.NewEncoder(cmd.OutOrStdout())
			for _, shape := range shapes {
				rows, cols, _ := strings.Cut(shape, "x")
				var err error
				if o.Rows, err = strconv.Atoi(rows); err == nil {
					o.Cols, err = strconv.Atoi(cols)
				}
				if err != nil || o.Rows < 1 || o.Cols < 1 {
					return fmt.Errorf("--shapes: %q is not ROWSxCOLUMNS, such as 5632x2048", shape)
				}
				var failed error
				if err := bench.NF4(cmd.Context(), o, func(r bench.NF4Result) {
					line := struct {
						bench.NF4Result
						Cores int      `json:"cores"`
						CPU   []string `json:"cpu_features"`
					}{r, runtime.NumCPU(), cpuFeatures()}
					if err := out.Encode(line); err != nil {
						failed = err
					}
				}); err != nil {
					return err
				}
				if failed != nil {
					return failed
				}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&shapes, "shapes", []string{"2048x2048", "5440x2048", "2048x5440"}, "matrices as ROWSxCOLUMNS")
	f.StringSliceVar(&tokens, "tokens", []string{"0", "1", "4", "16", "64", "256", "1024"}, "numbers of tokens; 0 for conversions")
	f.StringSliceVar(&types, "compute", []string{"float32", "bfloat16"}, "types of the factors: float32, bfloat16, float16")
	f.DurationVar(&least, "time", 500*time.Millisecond, "time spent on each measurement")
	return cmd
}
