package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/salamandra"
)

func newMergeCommand() *cobra.Command {
	var o salamandra.MergeOptions
	shard := "5GB"
	cmd := &cobra.Command{
		Use:   "merge --adapter-path DIR --output-path DIR",
		Short: "Merge an adapter into its base model",
		Long: `Merge an adapter into its base model.

Writes a model directory that transformers 4 and 5, vLLM, ollama and llama.cpp's converter read.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.MaxShardBytes, err = parseBytes(shard); err != nil {
				return fmt.Errorf("--max-shard-size: %w", err)
			}
			display := progress.New(cmd.ErrOrStderr(), progress.Auto)
			defer display.Close()
			o.Progress = byteTask(display, "merge")
			result, err := salamandra.Merge(cmd.Context(), o)
			display.Close()
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "merged %d adapted layers into %s: %s, %d tensors, %.2f GB\n",
				result.Modules, result.Base, o.Output, result.Tensors, float64(result.Bytes)/1e9)
			if v := result.Verification; v != nil {
				fmt.Fprintf(cmd.OutOrStdout(), "verified: largest logit difference %.3g (largest logit %.3g), the same word likeliest after %d of %d tokens\n",
					v.Difference, v.Largest, v.Agree, v.Tokens)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Adapter, "adapter-path", "", "folder of the adapter (needed; also --lora-path)")
	flags.StringVar(&o.Output, "output-path", "", "folder to write (needed)")
	flags.StringVar(&o.Base, "base-model", "", "folder or hub name of the base; default: what the adapter names")
	flags.BoolVar(&o.Force, "force", false, "write into an output folder that exists")
	flags.StringVar(&shard, "max-shard-size", shard, "largest weights file: a number of bytes, or with KB, MB, GB (powers of 1000), KiB, MiB, GiB")
	flags.StringVar(&o.DType, "dtype", "bfloat16", "type of the weights: bfloat16, float16 or float32 (also bf16, fp16, fp32)")
	flags.StringVar(&o.Onto, "onto", "", "what the adapter is added to: the base's 16bit weights, or the nf4 weights that training saw (default: as merge_method of the run says, else 16bit)")
	flags.BoolVar(&o.Verify, "verify", false, "measure the largest logit difference to base and adapter on sample text")
	cmd.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "lora-path" {
			name = "adapter-path"
		}
		return pflag.NormalizedName(name)
	})
	cmd.PreRun = func(*cobra.Command, []string) {
		if long, ok := map[string]string{"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}[o.DType]; ok {
			o.DType = long
		}
	}
	_ = cmd.MarkFlagRequired("adapter-path")
	_ = cmd.MarkFlagRequired("output-path")
	return cmd
}

// parseBytes reads a size such as 5GB, 500MiB or 1000000.
func parseBytes(text string) (int64, error) {
	units := []struct {
		suffix string
		bytes  float64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1}}
	for _, u := range units {
		number, ok := strings.CutSuffix(strings.ToUpper(text), strings.ToUpper(u.suffix))
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || n <= 0 || n*u.bytes > math.MaxInt64/2 {
			break
		}
		return int64(n * u.bytes), nil
	}
	return 0, fmt.Errorf("%q is no size: a positive number, alone or with KB, MB, GB, KiB, MiB, GiB", text)
}
