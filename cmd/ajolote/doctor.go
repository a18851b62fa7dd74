package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/internal/library"
	"github.com/ajolote-ai/ajolote/torch"
)

func newDoctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say which library is in use, and what is wrong where there is none",
		Long: `Prints every place where the library over libtorch is looked for, which one is used, and how it computes on
this machine. The exit status is 1 when the library cannot be used; the last line is then the command that mends it.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := diagnose()
			out := cmd.OutOrStdout()
			if asJSON {
				encoder := json.NewEncoder(out)
				encoder.SetIndent("", "  ")
				encoder.SetEscapeHTML(false)
				if err := encoder.Encode(d); err != nil {
					return err
				}
			} else {
				d.print(out)
			}
			if d.Error != "" {
				return exitStatus(1)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

// diagnosis is what `ajolote doctor --json` prints. The keys of the library are always there; they are zero where it
// cannot be used.
type diagnosis struct {
	TorchVersion string          `json:"torch_version"` // "2.11.0"
	ABI          int             `json:"abi"`           // of the table of functions
	Library      string          `json:"library"`       // file of the shim
	Device       string          `json:"device"`        // "cpu", "cuda:0"
	Threads      int             `json:"threads"`       // of one operation
	CPUFeatures  []string        `json:"cpu_features"`  // those that a kernel is chosen by
	ComputeDtype string          `json:"compute_dtype"` // what compute_dtype: auto means here
	ComputeWhy   string          `json:"compute_dtype_reason"`
	Kernels      string          `json:"kernels"` // level of this project's CPU kernels
	ATenKernels  string          `json:"aten_kernels"`
	Places       []library.Place `json:"places"`
	Error        string          `json:"error,omitempty"`
	Mend         string          `json:"mend,omitempty"` // a command line
}

// diagnose walks the places as a program does and, where a library is found, opens it.
func diagnose() diagnosis {
	d := diagnosis{CPUFeatures: cpuFeatures()}
	found, err := library.Find()
	if err != nil {
		d.Error = "no usable library in any of these places"
		var missing *library.NotFoundError
		if errors.As(err, &missing) {
			d.Places, d.Mend = missing.Places, missing.Mend()
		}
		return d
	}
	d.Places, d.Library = found.Places, found.Shim
	r, err := torch.Describe()
	if err != nil {
		// Package torch ends its errors with the mend, on a line of its own.
		d.Error, _, _ = strings.Cut(err.Error(), "\n")
		d.Mend = found.Mend()
		return d
	}
	d.TorchVersion, d.ABI, d.Threads = r.Version, r.ABI, r.Threads
	d.Kernels, d.ATenKernels = r.KernelLevel, r.Capability
	d.Device = "cpu"
	if r.CUDADevices > 0 {
		d.Device = "cuda:0"
	}
	d.ComputeDtype, d.ComputeWhy = computeDtype(r)
	return d
}

// computeDtype is the type that compute_dtype: auto stands for.
func computeDtype(r torch.Runtime) (dtype, why string) {
	switch {
	case r.CUDADevices > 0:
		return "bfloat16", "a CUDA device multiplies bfloat16 fastest"
	case r.CPULevel == "avx512bf16":
		return "bfloat16", "this CPU multiplies bfloat16 in hardware (AVX-512 BF16)"
	default:
		return "float32", "this CPU has no instructions for bfloat16 products"
	}
}

func (d diagnosis) print(out io.Writer) {
	fmt.Fprintln(out, "Places looked at, in order:")
	for _, p := range d.Places {
		verdict := "used"
		if p.Refused != "" {
			verdict = p.Refused
		}
		fmt.Fprintf(out, "  %s: %s\n      %s\n", p.Name, verdict, p.Dir)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(table, name+"\t"+format+"\n", args...)
	}
	if d.Error == "" {
		row("torch", "%s", d.TorchVersion)
		row("abi", "%d", d.ABI)
		row("library", "%s", d.Library)
		row("device", "%s", d.Device)
		row("threads", "%d", d.Threads)
		row("compute type", "%s: %s", d.ComputeDtype, d.ComputeWhy)
		row("kernels", "%s (ATen's own: %s)", d.Kernels, d.ATenKernels)
	}
	row("cpu features", "%s", strings.Join(d.CPUFeatures, " "))
	table.Flush()
	if d.Error != "" {
		fmt.Fprintf(out, "The library cannot be used: %s\n", d.Error)
		fmt.Fprintf(out, "To mend it, run: %s\n", d.Mend)
	}
}
