package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ajolote-ai/ajolote/torch"
)

// dtypeFlag takes the name of one of some element types.
type dtypeFlag struct {
	to     *torch.DType
	listed []torch.DType
}

// dtypeVar defines a flag for one of the listed types. What to holds is the default, 0 for none.
func dtypeVar(flags *pflag.FlagSet, to *torch.DType, name, usage string, listed ...torch.DType) {
	flags.Var(dtypeFlag{to, listed}, name, usage)
}

// computeVar defines the flag of the type to compute in, float32 unless it is given.
func computeVar(flags *pflag.FlagSet, to *torch.DType, name, what string) {
	*to = torch.Float32
	dtypeVar(flags, to, name, what+": float32, or bfloat16, which is faster where the processor has it, and less exact", torch.Float32, torch.BFloat16)
}

// cacheVar defines the flag of the type of kept keys and values; that of the computation unless to holds another or it is given.
func cacheVar(flags *pflag.FlagSet, to *torch.DType, name string) {
	usage := "type of the kept keys and values: float32, bfloat16 or float16; 16 bits take half the memory and round every number"
	if *to == 0 {
		usage += " (default as --dtype)"
	}
	dtypeVar(flags, to, name, usage, torch.Float32, torch.BFloat16, torch.Float16)
}

func (f dtypeFlag) Set(name string) error {
	d, err := torch.ParseDType(name)
	if err != nil || !slices.Contains(f.listed, d) {
		names := make([]string, len(f.listed))
		for i, d := range f.listed {
			names[i] = d.String()
		}
		return fmt.Errorf("it must be %s", strings.Join(names, " or "))
	}
	*f.to = d
	return nil
}

func (f dtypeFlag) String() string {
	if f.to == nil || *f.to == 0 {
		return ""
	}
	return f.to.String()
}

func (dtypeFlag) Type() string { return "type" }
