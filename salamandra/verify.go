package salamandra

import (
	"context"
	"math"

	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/tokenizer"
	"github.com/ajolote-ai/ajolote/torch"
)

// sampleTexts are what a merge is verified on.
var sampleTexts = []string{
	"List of European projects on renewable energy in Barcelona since 2020",
	"Projectes d'intel·ligència artificial coordinats per la Universitat Politècnica de Catalunya",
	"Proyectos sobre salud con empresas de Valencia y financiación nacional",
}

// Verification is how far a merged model is from its base with the adapter, on sample text in Catalan, Spanish and English.
type Verification struct {
	Tokens     int
	Difference float64 // largest difference of two logits
	Largest    float64 // largest logit of base and adapter by amount, to compare Difference with
	Agree      int     // tokens after which both find the same word likeliest
}

// verify computes the logits of the merged model, and of base and adapter, in float32: one model after the other, each whole in
// memory in the type of its file. With onto nf4 the base is quantised as in training.
func (m *merge) verify(ctx context.Context) (*Verification, error) {
	t, err := tokenizer.Load(m.Output)
	if err != nil {
		return nil, err
	}
	var texts [][]int32
	v := &Verification{}
	for _, text := range sampleTexts {
		ids, err := t.AppendIDs(nil, text, tokenizer.EncodeOptions{})
		if err != nil {
			return nil, err
		}
		texts = append(texts, ids)
		v.Tokens += len(ids)
	}
	s := torch.NewScope("verify")
	defer s.Close()
	merged, err := sampleLogits(ctx, s, m.Output, "", llama.LoadOptions{Stored: true}, texts)
	if err != nil {
		return nil, err
	}
	base, err := sampleLogits(ctx, s, m.baseDir, m.Adapter, llama.LoadOptions{Load4Bit: m.Onto == "nf4", DoubleQuant: true, Stored: true}, texts)
	if err != nil {
		return nil, err
	}
	for i := range texts {
		v.Difference = math.Max(v.Difference, merged[i].Sub(base[i]).Abs().Amax().Item())
		v.Largest = math.Max(v.Largest, base[i].Abs().Amax().Item())
		ours := torch.ToSlice[int64](merged[i].Argmax(1))
		for j, word := range torch.ToSlice[int64](base[i].Argmax(1)) {
			if ours[j] == word {
				v.Agree++
			}
		}
	}
	return v, nil
}

// sampleLogits are a model's logits [tokens, words] of each text, in s.
func sampleLogits(ctx context.Context, s *torch.Scope, dir, adapter string, o llama.LoadOptions, texts [][]int32) (all []*torch.Tensor, err error) {
	model, err := llama.Load(ctx, dir, o)
	if err != nil {
		return nil, err
	}
	defer model.Free()
	if adapter != "" {
		a, err := lora.Load(model, adapter, &model.Clock)
		if err != nil {
			return nil, err
		}
		defer a.Free()
	}
	err = torch.Run(func() error {
		torch.NoGrad(func() {
			for _, ids := range texts {
				inner := s.Child("text")
				all = append(all, model.Logits(model.Hidden(inner, llama.Rows{IDs: ids})).To(torch.Float32).Keep(s))
				inner.Close()
			}
		})
		return nil
	})
	return all, err
}
