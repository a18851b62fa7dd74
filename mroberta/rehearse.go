package mroberta

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/torch"
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
		name := append([]string{c.TrainData.Query, c.TrainData.Passage}, c.TrainData.Negatives...)[i]
		fmt.Fprintf(&b, "column %s: %s\n", name, lengths(column, m.MaxTokens))
	}
	o := train.DefaultOptions()
	o.Examples, o.MicroBatch, o.Epochs, o.MaxSteps = len(pairs.Rows), c.BatchSize, c.NumEpochs, c.MaxSteps
	fmt.Fprintf(&b, "%d steps, %d an epoch\n", o.TotalSteps(), o.StepsPerEpoch())
	if r.retrieval != nil {
		fmt.Fprintf(&b, "evaluation: %d queries, %d documents\n", len(r.retrieval.Queries), len(r.retrieval.Docs))
	}
	return b.String(), nil
}

// RehearseClassifier is [Rehearse] for [TrainClassifier].
func RehearseClassifier(ctx context.Context, c *ClassifyConfig) (text string, err error) {
	defer torch.Catch(&err)
	if err := c.Validate(); err != nil {
		return "", err
	}
	r, err := openClassifierTraining(ctx, c, nil)
	if err != nil {
		return "", err
	}
	defer r.model.Free()
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows, %d left out\n", len(r.data.Rows), r.data.Skipped)
	fmt.Fprintf(&b, "column %s: %s\n", c.TrainData.Text, lengths(r.ids, r.model.Texts.MaxTokens))
	texts := make([]int, len(r.model.Labels))
	for _, class := range r.classes {
		texts[class]++
	}
	fmt.Fprintf(&b, "%d labels, of %d to %d texts each\n", len(texts), slices.Min(texts), slices.Max(texts))
	o := train.DefaultOptions()
	o.Examples, o.MicroBatch, o.Epochs, o.MaxSteps = len(r.ids), c.BatchSize, c.NumEpochs, c.MaxSteps
	fmt.Fprintf(&b, "%d steps, %d an epoch\n", o.TotalSteps(), o.StepsPerEpoch())
	if r.test != nil {
		fmt.Fprintf(&b, "evaluation: %d texts\n", len(r.test.Labels))
	}
	return b.String(), nil
}

// lengths says how long tokenised texts are.
func lengths(texts [][]int32, limit int) string {
	total, longest, cut := 0, 0, 0
	for _, ids := range texts {
		total += len(ids)
		longest = max(longest, len(ids))
		if len(ids) == limit {
			cut++
		}
	}
	return fmt.Sprintf("%d tokens, %.1f a text, the longest %d; %d texts fill the limit of %d or are cut",
		total, float64(total)/float64(len(texts)), longest, cut, limit)
}
