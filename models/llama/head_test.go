package llama_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// manyWords has enough of them that its head is screened.
const manyWords = `{"model_type": "llama", "vocab_size": 5003, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 2,
	"num_attention_heads": 6, "num_key_value_heads": 2, "rms_norm_eps": 1e-05, "tie_word_embeddings": false}`

func TestTheLikeliestWordIsThatOfTheLogits(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	m := random(t, manyWords)
	dense := m.Head.(*nn.Dense).Weight
	defer func() { m.Head = &nn.Dense{Weight: dense} }()
	s := torch.NewScope("test")
	defer s.Close()
	for _, dtype := range []torch.DType{torch.BFloat16, torch.Float16, torch.Float32} {
		head := &nn.Dense{Weight: dense.In(s).To(dtype)}
		m.Head = head
		torch.NoGrad(func() {
			for from := range 10 {
				n := 8 + 13*(from%2) // few are screened, more are not
				hidden := m.Hidden(s, llama.Rows{IDs: tokens(n, m.Config.VocabSize, int32(8*from))})
				if from >= 5 { // as a model in 16 bits has them
					hidden = hidden.To(dtype)
				}
				logits := m.Logits(hidden)
				require.Equal(t, torch.ToSlice[int64](logits.Argmax(1)), m.Likeliest(hidden, nil))
				few := []int32{3, 4, 5002}
				var wide []int64
				allowed := make([][]uint64, n)
				for _, id := range few {
					wide = append(wide, int64(id))
				}
				for i := range allowed {
					allowed[i] = make([]uint64, (m.Config.VocabSize+63)/64)
					for _, id := range few {
						allowed[i][id/64] |= 1 << (id % 64)
					}
				}
				some := m.LogitsOf(hidden, few)
				want := torch.ToSlice[int64](some.Argmax(1))
				for i, at := range want {
					want[i] = wide[at]
				}
				require.Equal(t, want, m.Likeliest(hidden, allowed))
				torchtest.Close(t, logits.IndexSelect(1, torch.FromSlice(s, wide, len(wide))).Floats(), some.Floats(), 1e-6)
			}
		})
	}
}

// The states of a trained model, in which many words are nearly as likely.
func TestScreenedChoicesOfATrainedModelAreThoseOfTheFullProduct(t *testing.T) {
	torchtest.Need(t)
	m, err := llama.Load(context.Background(), "../../testdata/stories260k", llama.LoadOptions{})
	require.NoError(t, err)
	defer m.Free()
	s := torch.NewScope("test")
	defer s.Close()
	head := m.Head.(*nn.Dense).Weight.In(s).To(torch.BFloat16)
	screen := torch.NewHeadScreen(head)
	defer screen.Free()
	torch.NoGrad(func() {
		ids := tokens(400, m.Config.VocabSize, 3)
		for range 20 {
			hidden := m.Hidden(s, llama.Rows{IDs: ids})
			for from := 0; from < len(ids); from += 8 {
				states := hidden.Rows(from, from+8)
				best := torch.ToSlice[int64](states.LinearArgmax(head, screen, nil))
				require.Equal(t, torch.ToSlice[int64](states.Linear(head, nil).Argmax(1)), best)
				for i, id := range best { // the next text is what the model makes of this one
					ids[from+i] = int32(id)
				}
			}
			ids[0] = (ids[0] + 7) % int32(m.Config.VocabSize)
		}
	})
}

func TestCachesIn16BitsChangeLogitsByTheirRounding(t *testing.T) {
	torchtest.Need(t)
	m := random(t, small)
	ids := tokens(60, m.Config.VocabSize, 5)
	const prefix, own = 20, 25
	s := torch.NewScope("test")
	defer s.Close()
	torch.NoGrad(func() {
		whole := m.Hidden(s, llama.Rows{IDs: ids}).Rows(prefix+own, len(ids)).Floats()
		bytes := m.CacheBytes(100)
		for dtype, tolerance := range map[torch.DType]float64{torch.Float32: 1e-5, torch.Float16: 2e-3, torch.BFloat16: 2e-2} {
			m.CacheType = dtype
			require.Equal(t, bytes*int64(dtype.Size())/4, m.CacheBytes(100))
			p := m.Stored(s, m.Start(s, ids[:prefix]))
			c := m.NewCache(s, len(ids))
			m.Hidden(s, llama.Rows{IDs: ids[prefix : prefix+own], Prefix: p, Caches: []*llama.Cache{c}, Outputs: []int{}})
			var got []float32
			for at := prefix + own; at < len(ids); at++ {
				got = append(got, m.Hidden(s, llama.Rows{IDs: ids[at : at+1], Prefix: p, Caches: []*llama.Cache{c}}).Floats()...)
			}
			torchtest.Close(t, whole, got, tolerance, "%v", dtype)
		}
	})
}
