package mroberta

import (
	"context"
	"fmt"
	"strings"

	"github.com/ajolote-ai/ajolote/train"
)

// Rehearse checks everything that a training needs, short of training: configuration, data, model, evaluation set. It says
// what there is, for people to read.
func Rehearse(ctx context.Context, c *Config) (string, error) {
	if err := c.Validate(); err != nil {
		return "", err
	}
	pairs, err := ReadPairs(c.data())
	if err != nil {
		return "", err
	}
	m, err := loadModel(ctx, c.BaseModel, c.Revision, nil)
	if err != nil {
		return "", err
	}
	defer m.Free()
	r := &training{config: c, model: m, pairs: pairs}
	if err := r.prepare(); err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows, %d left out\n", len(pairs.Rows), pairs.Skipped)
	for i, column := range r.columns {
		total, longest, cut := 0, 0, 0
		for _, ids := range column {
			total += len(ids)
			longest = max(longest, len(ids))
			if len(ids) == m.MaxTokens {
				cut++
			}
		}
		name := append([]string{c.TrainData.Query, c.TrainData.Passage}, c.TrainData.Negatives...)[i]
		fmt.Fprintf(&b, "column %s: %d tokens, %.1f a text, the longest %d; %d texts fill the limit of %d or are cut\n",
			name, total, float64(total)/float64(len(column)), longest, cut, m.MaxTokens)
	}
	o := train.DefaultOptions()
	o.Examples, o.MicroBatch, o.Epochs, o.MaxSteps = len(pairs.Rows), c.BatchSize, c.NumEpochs, c.MaxSteps
	fmt.Fprintf(&b, "%d steps, %d an epoch\n", o.TotalSteps(), o.StepsPerEpoch())
	if r.retrieval != nil {
		fmt.Fprintf(&b, "evaluation: %d queries, %d documents\n", len(r.retrieval.Queries), len(r.retrieval.Docs))
	}
	return b.String(), nil
}
