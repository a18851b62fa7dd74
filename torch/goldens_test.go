package torch_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// golden is a case of testdata/ops.json, which says what the fields mean.
type golden struct {
	Op, Note       string
	Ints           []int
	Floats         []number
	Flag           bool
	In, Out, Views []string
	Seed, Grad     []string // "" where there is none
}

// number is a float64 that may be written "-inf".
type number float64

func (n *number) UnmarshalJSON(text []byte) error {
	if string(text) == `"-inf"` {
		*n = number(math.Inf(-1))
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

func (g golden) float(i int) float64 { return float64(g.Floats[i]) }

// one wraps an operation of one result.
func one(f func(g golden, in []*torch.Tensor) *torch.Tensor) func(golden, []*torch.Tensor) []*torch.Tensor {
	return func(g golden, in []*torch.Tensor) []*torch.Tensor { return []*torch.Tensor{f(g, in)} }
}

// written wraps an operation that writes into its first operand.
func written(f func(g golden, in []*torch.Tensor)) func(golden, []*torch.Tensor) []*torch.Tensor {
	return func(g golden, in []*torch.Tensor) []*torch.Tensor {
		in[0] = in[0].Clone()
		f(g, in)
		return in[:1]
	}
}

func unary(f func(*torch.Tensor) *torch.Tensor) func(golden, []*torch.Tensor) []*torch.Tensor {
	return one(func(_ golden, in []*torch.Tensor) *torch.Tensor { return f(in[0]) })
}

func binary(f func(a, b *torch.Tensor) *torch.Tensor) func(golden, []*torch.Tensor) []*torch.Tensor {
	return one(func(_ golden, in []*torch.Tensor) *torch.Tensor { return f(in[0], in[1]) })
}

func scalar(f func(*torch.Tensor, float64) *torch.Tensor) func(golden, []*torch.Tensor) []*torch.Tensor {
	return one(func(g golden, in []*torch.Tensor) *torch.Tensor { return f(in[0], g.float(0)) })
}

func dims(f func(*torch.Tensor, ...int) *torch.Tensor) func(golden, []*torch.Tensor) []*torch.Tensor {
	return one(func(g golden, in []*torch.Tensor) *torch.Tensor { return f(in[0], g.Ints...) })
}

func dim(f func(*torch.Tensor, int) *torch.Tensor) func(golden, []*torch.Tensor) []*torch.Tensor {
	return one(func(g golden, in []*torch.Tensor) *torch.Tensor { return f(in[0], g.Ints[0]) })
}

func optional(in []*torch.Tensor, i int) *torch.Tensor {
	if i < len(in) {
		return in[i]
	}
	return nil
}

var operations = map[string]func(g golden, in []*torch.Tensor) []*torch.Tensor{
	"Add": binary((*torch.Tensor).Add), "Sub": binary((*torch.Tensor).Sub), "Mul": binary((*torch.Tensor).Mul),
	"Div": binary((*torch.Tensor).Div), "Maximum": binary((*torch.Tensor).Maximum), "Minimum": binary((*torch.Tensor).Minimum),
	"AddScaled": one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].AddScaled(in[1], g.float(0)) }),
	"AddScalar": scalar((*torch.Tensor).AddScalar), "MulScalar": scalar((*torch.Tensor).MulScalar),
	"PowScalar": scalar((*torch.Tensor).PowScalar), "ClampMin": scalar((*torch.Tensor).ClampMin),
	"Clamp": one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].Clamp(g.float(0), g.float(1)) }),

	"AddInPlace":       written(func(g golden, in []*torch.Tensor) { in[0].AddInPlace(in[1], g.float(0)) }),
	"MulInPlace":       written(func(g golden, in []*torch.Tensor) { in[0].MulInPlace(in[1]) }),
	"MulScalarInPlace": written(func(g golden, in []*torch.Tensor) { in[0].MulScalarInPlace(g.float(0)) }),
	"Copy":             written(func(g golden, in []*torch.Tensor) { in[0].Copy(in[1]) }),
	"Fill":             written(func(g golden, in []*torch.Tensor) { in[0].Fill(g.float(0)) }),

	"Neg": unary((*torch.Tensor).Neg), "Abs": unary((*torch.Tensor).Abs), "Exp": unary((*torch.Tensor).Exp),
	"Log": unary((*torch.Tensor).Log), "Sqrt": unary((*torch.Tensor).Sqrt), "Rsqrt": unary((*torch.Tensor).Rsqrt),
	"Reciprocal": unary((*torch.Tensor).Reciprocal), "Sin": unary((*torch.Tensor).Sin), "Cos": unary((*torch.Tensor).Cos),
	"Tanh": unary((*torch.Tensor).Tanh), "Sigmoid": unary((*torch.Tensor).Sigmoid), "Relu": unary((*torch.Tensor).Relu),
	"Silu": unary((*torch.Tensor).Silu), "Gelu": unary((*torch.Tensor).Gelu), "GeluTanh": unary((*torch.Tensor).GeluTanh),
	"Round": unary((*torch.Tensor).Round), "Floor": unary((*torch.Tensor).Floor), "Sign": unary((*torch.Tensor).Sign),

	"Eq": binary((*torch.Tensor).Eq), "Ne": binary((*torch.Tensor).Ne), "Lt": binary((*torch.Tensor).Lt),
	"Le": binary((*torch.Tensor).Le), "Gt": binary((*torch.Tensor).Gt), "Ge": binary((*torch.Tensor).Ge),
	"EqScalar": scalar((*torch.Tensor).EqScalar), "NeScalar": scalar((*torch.Tensor).NeScalar),
	"LtScalar": scalar((*torch.Tensor).LtScalar), "LeScalar": scalar((*torch.Tensor).LeScalar),
	"GtScalar": scalar((*torch.Tensor).GtScalar), "GeScalar": scalar((*torch.Tensor).GeScalar),
	"And": binary((*torch.Tensor).And), "Or": binary((*torch.Tensor).Or), "Not": unary((*torch.Tensor).Not),
	"IsFinite": unary((*torch.Tensor).IsFinite),

	"Sum": dims((*torch.Tensor).Sum), "SumKeep": dims((*torch.Tensor).SumKeep), "Mean": dims((*torch.Tensor).Mean),
	"MeanKeep": dims((*torch.Tensor).MeanKeep), "Amax": dims((*torch.Tensor).Amax), "AmaxKeep": dims((*torch.Tensor).AmaxKeep),
	"Amin": dims((*torch.Tensor).Amin), "AminKeep": dims((*torch.Tensor).AminKeep), "Norm": dims((*torch.Tensor).Norm),
	"NormKeep": dims((*torch.Tensor).NormKeep), "Argmax": dim((*torch.Tensor).Argmax), "CumSum": dim((*torch.Tensor).CumSum),
	"Any": unary((*torch.Tensor).Any), "All": unary((*torch.Tensor).All),
	"Var": one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].Var(g.Ints[0], g.Flag) }),
	"TopK": func(g golden, in []*torch.Tensor) []*torch.Tensor {
		values, indices := in[0].TopK(g.Ints[0], g.Ints[1])
		return []*torch.Tensor{values, indices}
	},
	"Sort": func(g golden, in []*torch.Tensor) []*torch.Tensor {
		values, indices := in[0].Sort(g.Ints[0], g.Flag)
		return []*torch.Tensor{values, indices}
	},

	"Reshape": dims((*torch.Tensor).Reshape), "Expand": dims((*torch.Tensor).Expand), "Permute": dims((*torch.Tensor).Permute),
	"Squeeze": dim((*torch.Tensor).Squeeze), "Unsqueeze": dim((*torch.Tensor).Unsqueeze), "Flip": dim((*torch.Tensor).Flip),
	"Tril": dim((*torch.Tensor).Tril), "Triu": dim((*torch.Tensor).Triu), "T": unary((*torch.Tensor).T),
	"Clone": unary((*torch.Tensor).Clone), "Contiguous": unary((*torch.Tensor).Contiguous), "Detach": unary((*torch.Tensor).Detach),
	"Transpose": one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].Transpose(g.Ints[0], g.Ints[1]) }),
	"Narrow":    one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].Narrow(g.Ints[0], g.Ints[1], g.Ints[2]) }),
	"Slice": one(func(g golden, in []*torch.Tensor) *torch.Tensor {
		return in[0].Slice(g.Ints[0], g.Ints[1], g.Ints[2], g.Ints[3])
	}),
	"Rows":             one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].Rows(g.Ints[0], g.Ints[1]) }),
	"Select":           one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].Select(g.Ints[0], g.Ints[1]) }),
	"Cat":              one(func(g golden, in []*torch.Tensor) *torch.Tensor { return torch.Cat(g.Ints[0], in...) }),
	"Stack":            one(func(g golden, in []*torch.Tensor) *torch.Tensor { return torch.Stack(g.Ints[0], in...) }),
	"Split":            func(g golden, in []*torch.Tensor) []*torch.Tensor { return in[0].Split(g.Ints[0], g.Ints[1:]...) },
	"RepeatInterleave": one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].RepeatInterleave(g.Ints[0], g.Ints[1]) }),
	"To":               one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].To(torch.DType(g.Ints[0])) }),

	"IndexSelect":  one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].IndexSelect(g.Ints[0], in[1]) }),
	"Gather":       one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].Gather(g.Ints[0], in[1]) }),
	"Scatter":      one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].Scatter(g.Ints[0], in[1], in[2]) }),
	"ScatterAdd":   one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].ScatterAdd(g.Ints[0], in[1], in[2]) }),
	"IndexAdd":     one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].IndexAdd(g.Ints[0], in[1], in[2]) }),
	"MaskedSelect": binary((*torch.Tensor).MaskedSelect),
	"MaskedFill":   one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].MaskedFill(in[1], g.float(0)) }),
	"Where":        one(func(_ golden, in []*torch.Tensor) *torch.Tensor { return torch.Where(in[0], in[1], in[2]) }),
	"Nonzero":      unary((*torch.Tensor).Nonzero),
	"Embedding":    binary(torch.Embedding),

	"MatMul": binary((*torch.Tensor).MatMul),
	"AddMM": one(func(g golden, in []*torch.Tensor) *torch.Tensor {
		return in[0].AddMM(in[1], in[2], g.float(0), g.float(1))
	}),
	"Linear":  one(func(_ golden, in []*torch.Tensor) *torch.Tensor { return in[0].Linear(in[1], optional(in, 2)) }),
	"Softmax": dim((*torch.Tensor).Softmax), "LogSoftmax": dim((*torch.Tensor).LogSoftmax), "LogSumExp": dim((*torch.Tensor).LogSumExp),
	"LayerNorm": one(func(g golden, in []*torch.Tensor) *torch.Tensor {
		return in[0].LayerNorm(optional(in, 1), optional(in, 2), g.float(0))
	}),
	"CrossEntropy": one(func(g golden, in []*torch.Tensor) *torch.Tensor { return in[0].CrossEntropy(in[1], g.Ints[0]) }),
	"Attention": one(func(g golden, in []*torch.Tensor) *torch.Tensor {
		a := torch.Attention{Causal: g.Flag, Mask: optional(in, 3)}
		if len(g.Floats) > 0 {
			a.Scale = g.float(0)
		}
		return a.Apply(in[0], in[1], in[2])
	}),
}

// tolerances are parts of the largest value. 16-bit results may fall on the other side of one rounding.
var tolerances = map[torch.DType]float64{torch.Float32: 2e-6, torch.Float64: 1e-13, torch.Float16: 1e-3, torch.BFloat16: 8e-3}

func requireSame(t *testing.T, want, got *torch.Tensor, tolerances map[torch.DType]float64, what string) {
	t.Helper()
	require.NotNil(t, got, what)
	require.Equal(t, want.Shape(), got.Shape(), "%s: shape", what)
	require.Equal(t, want.DType(), got.DType(), "%s: type", what)
	switch want.DType() {
	case torch.Float64:
		torchtest.Close(t, torch.ToSlice[float64](want), torch.ToSlice[float64](got), tolerances[torch.Float64], "%s", what)
	case torch.Float32, torch.Float16, torch.BFloat16:
		torchtest.Close(t, want.Floats(), got.Floats(), tolerances[want.DType()], "%s", what)
	default:
		require.Equal(t, want.Bytes(), got.Bytes(), "%s: values of %s", what, want.DType())
	}
}

func TestOperationsAgreeWithPythonTorch(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	cases := readCases(t, "testdata/ops.json")
	file := torch.NewScope("goldens")
	defer file.Close()
	tensors := torchtest.Goldens(t, file, "testdata/ops.safetensors")
	for i, g := range cases {
		t.Run(fmt.Sprintf("%d %s %s", i, g.Op, g.Note), func(t *testing.T) {
			check := func() error { checkGolden(t, file.Child("case"), tensors, g, tolerances, operations[g.Op]); return nil }
			require.NoError(t, torch.Run(check))
		})
	}
}

func readCases(t *testing.T, path string) []golden {
	var cases []golden
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &cases))
	return cases
}

func checkGolden(t *testing.T, s *torch.Scope, tensors map[string]*torch.Tensor, g golden, tolerances map[torch.DType]float64, f func(golden, []*torch.Tensor) []*torch.Tensor) {
	defer s.Close()
	require.NotNil(t, f, "no operation of this name")
	var leaves, in, roots, seeds []*torch.Tensor
	for j, name := range g.In {
		leaf := tensors[name].In(s).Clone()
		if g.Grad[j] != "" {
			leaf.SetRequiresGrad(true)
		}
		leaves = append(leaves, leaf)
		switch g.Views[j] {
		case "t":
			leaf = leaf.Transpose(-1, -2)
		case "half":
			leaf = leaf.Slice(-1, 0, leaf.Dim(-1), 2)
		}
		in = append(in, leaf)
	}
	outs := f(g, in)
	require.Len(t, outs, len(g.Out))
	for j, out := range outs {
		requireSame(t, tensors[g.Out[j]], out, tolerances, fmt.Sprintf("result %d", j))
		if g.Seed[j] != "" && out.RequiresGrad() {
			roots, seeds = append(roots, out), append(seeds, tensors[g.Seed[j]].In(s))
		}
	}
	if len(roots) > 0 {
		torch.Backward(roots, seeds)
	}
	for j, name := range g.Grad {
		if name == "" {
			require.Nil(t, leaves[j].Grad(s), "input %d has no gradient", j)
			continue
		}
		requireSame(t, tensors[name], leaves[j].Grad(s), tolerances, fmt.Sprintf("gradient %d", j))
	}
}

// Methods of Tensor that are no arithmetic: other tests hold them.
var elsewhere = strings.Fields(`Backward Bytes Data Device DType Dim Equal Floats Free Grad In IsContiguous Item Keep Len Rank
	RequiresGrad Scope SetGrad SetRequiresGrad Shape String ToDevice
	RMSNorm Rotary LinearCrossEntropy CounterDropout
	QuantizeNF4 CompressAbsmax ProjectNF4 LinearRows LinearArgmax LinearGelu`)

func TestEveryOperationHasAGolden(t *testing.T) {
	covered := map[string]bool{}
	for _, g := range readCases(t, "testdata/ops.json") {
		covered[g.Op] = true
	}
	for _, name := range elsewhere {
		covered[name] = true
	}
	tensor := reflect.TypeFor[*torch.Tensor]()
	for i := range tensor.NumMethod() {
		require.True(t, covered[tensor.Method(i).Name], "testdata/ops.py has no case for %s", tensor.Method(i).Name)
	}
	for name := range operations {
		require.True(t, covered[name], "testdata/ops.py has no case for %s", name)
	}
}

func inf(sign int) float64 { return math.Inf(sign) }
func nan() float64         { return math.NaN() }
