package qlora_test

import (
	"fmt"
	"testing"

	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func Example() {
	err := torch.Run(func() error {
		s := torch.NewScope("example")
		defer s.Close()
		dense := torch.Arange(s, -8, 8, 0.125, torch.Float32CPU).Reshape(2, 64)
		w, err := qlora.Quantize("dense", dense, qlora.Options{DoubleQuant: true})
		if err != nil {
			return err
		}
		defer w.Free()
		layer := &qlora.Linear{Weight: w}
		y := layer.Forward(torch.Ones(s, torch.Float32CPU, 3, 64))
		fmt.Println(y.Shape(), w.Elements(), "weights of", w.DType)
		for name, t := range layer.Parameters() {
			fmt.Println(name, t.Shape())
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// [3 2] 128 weights of float32
	// weight [64 1]
	// weight.absmax [2]
	// weight.nested_absmax [1]
	// weight.nested_quant_map [256]
	// weight.quant_map [16]
	// weight.quant_state.bitsandbytes__nf4 [153]
	// <nil>
}
