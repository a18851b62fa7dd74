package mroberta

import (
	"context"
	"iter"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
)

// The word table of a multilingual encoder is two thirds of its parameters, and a batch reads some thousands of its 256,000
// rows. So it has an optimizer of its own, which keeps and moves only what was read: see optim.RowAdamW.

const wordTable = "embeddings.word_embeddings.weight"

// newOptimizer makes AdamW over all parameters, the word table by rows.
func (r *training) newOptimizer() optim.Optimizer {
	words := r.model.Encoder.Words
	words.Sparse = true
	rest := func(yield func(string, *torch.Tensor) bool) {
		for name, p := range r.model.Parameters() {
			if name != wordTable && !yield(name, p) {
				return
			}
		}
	}
	r.words = optim.NewRowAdamW(optim.DefaultAdamW(), wordTable, words.Weight, r.config.WeightDecay)
	return optim.Several{r.words, optim.NewAdamW(optim.DefaultAdamW(), optim.GroupsByDecay(iter.Seq2[string, *torch.Tensor](rest), r.config.WeightDecay)...)}
}

// catchUp brings the rows of a batch's words up to date, which its forward pass reads.
func (r *training) catchUp(columns [][][]int32) {
	for _, texts := range columns {
		for _, ids := range texts {
			r.words.CatchUp(ids)
		}
	}
}

// save writes the model with all rows up to date.
func (r *training) save(dir string) error {
	r.words.Flush()
	return r.model.Save(dir)
}

// restore reads a model back. Steps that rows have yet to make belong to the table that it replaces.
func (r *training) restore(dir string) error {
	r.words.Flush()
	return r.model.Restore(dir)
}

// evaluateWhole evaluates with all rows up to date: its texts may read any of them.
func (r *training) evaluateWhole(ctx context.Context, step int) (map[string]float64, error) {
	r.words.Flush()
	return r.evaluate(ctx, step)
}
