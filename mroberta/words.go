package mroberta

import (
	"context"
	"iter"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/train"
)

// The word table of a multilingual encoder is two thirds of its parameters, and a batch reads some thousands of its 256,000
// rows. So it has an optimizer of its own, which keeps and moves only what was read: see optim.RowAdamW.

// wordRows trains an encoder's word table by rows, all else of its model densely.
type wordRows struct {
	optimizer optim.Optimizer // of all parameters
	table     *optim.RowAdamW
}

// trainWords makes the optimizer of a model's parameters, among which are the encoder's.
func trainWords(encoder *bert.Model, parameters iter.Seq2[string, *torch.Tensor], weightDecay float64) wordRows {
	words := encoder.Words
	words.Sparse = true
	rest := optim.Without(parameters, words.Weight)
	table := optim.NewRowAdamW(optim.DefaultAdamW(), "embeddings.word_embeddings.weight", words.Weight, weightDecay)
	return wordRows{optim.Several{table, optim.NewAdamW(optim.DefaultAdamW(), optim.GroupsByDecay(rest, weightDecay)...)}, table}
}

// catchUp brings the rows of texts' words up to date, which a forward pass is going to read.
func (w wordRows) catchUp(texts [][]int32) {
	for _, ids := range texts {
		w.table.CatchUp(ids)
	}
}

// settle gives a job its optimizer, and has whatever reads or replaces the model as a whole find all rows up to date.
func (w wordRows) settle(job *train.Job) {
	job.Optimizer = w.optimizer
	save, restore, evaluate := job.Save, job.Restore, job.Evaluate
	job.Save = func(dir string) error {
		w.table.Flush()
		return save(dir)
	}
	job.Restore = func(dir string) error { // steps that rows have yet to make belong to the table that is replaced
		w.table.Flush()
		return restore(dir)
	}
	if evaluate != nil {
		job.Evaluate = func(ctx context.Context, step int) (map[string]float64, error) {
			w.table.Flush()
			return evaluate(ctx, step)
		}
	}
}
