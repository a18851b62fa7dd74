package optim_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

const tableRows, tableSize = 40, 24

// table is a word table and its optimizer: by rows, or, the same words read, the dense one.
type table struct {
	weight *torch.Tensor
	o      optim.Optimizer
}

func newTable(t *testing.T, sparse bool, weightDecay float64) *table {
	b := &table{weight: torch.NewGenerator(3).Randn(nil, torch.Float32CPU, tableRows, tableSize).SetRequiresGrad(true)}
	if sparse {
		b.o = optim.NewRowAdamW(optim.DefaultAdamW(), "words", b.weight, weightDecay)
	} else {
		b.o = optim.NewAdamW(optim.DefaultAdamW(), optim.Group{Names: []string{"words"}, Tensors: []*torch.Tensor{b.weight}, WeightDecay: weightDecay})
	}
	t.Cleanup(func() { b.o.Free(); b.weight.Free() })
	return b
}

// words of a step: few of the first thirty, some twice; the last ten rows are never read.
func words(step int) []int32 {
	r := rand.New(rand.NewPCG(7, uint64(step)))
	ids := make([]int32, 6)
	for i := range ids {
		ids[i] = int32(r.IntN(5) * r.IntN(7))
	}
	return append(ids, ids[0])
}

// step reads the words, with a loss that is not linear in them, clips and moves. It returns the gradients' norm.
func (b *table) step(step int) float64 { return b.read(step, words(step)) }

func (b *table) read(step int, ids []int32) float64 {
	s := torch.NewScope("step")
	defer s.Close()
	long := make([]int64, len(ids))
	for i, id := range ids {
		long[i] = int64(id)
	}
	index := torch.FromSlice(s, long, len(long))
	look := torch.Embedding
	if rows, ok := b.o.(*optim.RowAdamW); ok {
		rows.CatchUp(ids)
		look = torch.SparseEmbedding
	}
	x := look(b.weight, index)
	x.Mul(x).Mul(x).Sum().Backward()
	norm := torch.ClipGradNorm(b.o.Parameters(), 1)
	b.o.Step(2e-2 * float64(step%10+1) / 10)
	torch.ZeroGrad(b.o.Parameters())
	return norm
}

func (b *table) floats() []float32 {
	if rows, ok := b.o.(*optim.RowAdamW); ok {
		rows.Flush()
	}
	return b.weight.Floats()
}

func TestAdamWByRowsIsAdamWOfTheWholeTable(t *testing.T) {
	torchtest.Need(t)
	for _, weightDecay := range []float64{0, 0.01} {
		require.NoError(t, torch.Run(func() error {
			torchtest.NoLeaks(t)
			byRows, whole := newTable(t, true, weightDecay), newTable(t, false, weightDecay)
			for step := range 300 {
				torchtest.Close(t, []float64{whole.step(step)}, []float64{byRows.step(step)}, 1e-6, "norm of step %d", step)
				if step%97 == 0 {
					torchtest.Close(t, whole.floats(), byRows.floats(), 1e-6, "step %d", step)
				}
			}
			torchtest.Close(t, whole.floats(), byRows.floats(), 1e-6, "weight decay %v", weightDecay)
			return nil
		}))
	}
}

func TestAdamWByRowsGivesTorchsTable(t *testing.T) {
	torchtest.Need(t)
	require.NoError(t, torch.Run(func() error {
		s := torch.NewScope("goldens")
		defer s.Close()
		goldens := torchtest.Goldens(t, s, "testdata/adamw_rows.safetensors")
		b := newTable(t, true, 0.01)
		torch.NoGrad(func() { b.weight.Copy(goldens["start"]) })
		read, norms := torch.ToSlice[int64](goldens["words"]), goldens["norms"].Floats()
		for step := range norms {
			ids := make([]int32, 7)
			for i := range ids {
				ids[i] = int32(read[step*7+i])
			}
			torchtest.Close(t, norms[step:step+1], []float32{float32(b.read(step, ids))}, 1e-5, "norm of step %d", step)
			if step%100 == 99 {
				torchtest.Close(t, goldens["tables"].Select(0, step/100).Floats(), b.floats(), 1e-6, "step %d", step)
			}
		}
		return nil
	}))
}

func TestRowsGetTheSameBytesWheneverTheyCatchUp(t *testing.T) {
	torchtest.Need(t)
	require.NoError(t, torch.Run(func() error {
		late, often := newTable(t, true, 0.01), newTable(t, true, 0.01)
		for step := range 120 {
			late.step(step)
			often.step(step)
			if step%3 == 0 {
				often.o.(*optim.RowAdamW).Flush()
			}
		}
		late.floats()
		often.floats()
		require.Equal(t, often.weight.Bytes(), late.weight.Bytes())
		return nil
	}))
}

func TestARestoredTableGoesOnWithTheSameBytes(t *testing.T) {
	torchtest.Need(t)
	require.NoError(t, torch.Run(func() error {
		s := torch.NewScope("state")
		defer s.Close()
		first, second := newTable(t, true, 0.01), newTable(t, true, 0.01)
		for step := range 50 {
			first.step(step)
		}
		saved := map[string]*torch.Tensor{}
		for name, x := range (optim.Several{first.o}).State() {
			saved[name] = x.In(s).Clone()
		}
		second.step(0) // of another run: forgotten
		torch.NoGrad(func() { second.weight.Copy(first.weight) })
		require.NoError(t, optim.Several{second.o}.Restore(saved))
		for step := 50; step < 90; step++ {
			first.step(step)
			second.step(step)
		}
		first.floats()
		second.floats()
		require.Equal(t, first.weight.Bytes(), second.weight.Bytes())

		saved["words.rows"] = torch.FromSlice(s, []int64{3, 3}, 2)
		delete(saved, "words.exp_avg_sq.0")
		saved["other"] = saved["words.step"]
		err := optim.Several{second.o}.Restore(saved)
		require.ErrorContains(t, err, "names row 3 twice")
		require.ErrorContains(t, err, "words.exp_avg_sq.0 is missing")
		require.ErrorContains(t, err, "other belongs to no parameter")
		return nil
	}))
}

func TestAGradientAtAnOldRowIsRefused(t *testing.T) {
	torchtest.Need(t)
	err := torch.Run(func() error {
		b := newTable(t, true, 0.01)
		for range 2 {
			s := torch.NewScope("step")
			torch.SparseEmbedding(b.weight, torch.FromSlice(s, []int64{1}, 1)).Sum().Backward()
			b.o.Step(1e-3)
			torch.ZeroGrad(b.o.Parameters())
			torch.SparseEmbedding(b.weight, torch.FromSlice(s, []int64{2}, 1)).Sum().Backward()
			s.Close()
			b.o.Step(1e-3)
		}
		return nil
	})
	require.ErrorContains(t, err, "row 2 of words has a gradient at a value that lacks 1 steps: call CatchUp")
}

func TestMemoryIsThatOfTheRowsRead(t *testing.T) {
	torchtest.Need(t)
	require.NoError(t, torch.Run(func() error {
		weight := torch.Zeros(nil, torch.Float32CPU, 100_000, 8).SetRequiresGrad(true)
		o := optim.NewRowAdamW(optim.DefaultAdamW(), "words", weight, 0)
		defer weight.Free()
		defer o.Free()
		s := torch.NewScope("step")
		defer s.Close()
		torch.SparseEmbedding(weight, torch.FromSlice(s, []int64{5, 99_999, 5}, 3)).Sum().Backward()
		o.Step(1e-3)
		require.EqualValues(t, 1024*8*2*4, o.Bytes(), "one page for two rows, not 6.4 MB")
		return nil
	}))
}
