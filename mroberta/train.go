package mroberta

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/train"
)

// TrainOptions are what a program, not a configuration, decides. The zero value is fine.
type TrainOptions struct {
	// Events is told of every step, evaluation and checkpoint; nil for nobody.
	Events func(train.Event)
	// Notice is told what a user should know once; nil for nobody.
	Notice func(string)
	// Loading is told the bytes of the base model that are read; nil for nobody.
	Loading func(done, total int64)
	// Resume is "auto" (the default), "none" or the path of a checkpoint, as in [train.Options].
	Resume string
}

// TrainResult is what a training ends with. The model lies in OutputPath, as sentence-transformers reads it.
type TrainResult struct {
	train.Result
	Seconds float64
}

// Train trains as the configuration says; pairs, when not nil, take the place of what stands in its train_data. Killed at any moment and
// called again, it goes on from its last checkpoint and ends with the same bytes. When ctx is done, it saves a checkpoint and
// returns ctx's error.
func Train(ctx context.Context, c *Config, pairs *Pairs, o TrainOptions) (result TrainResult, err error) {
	started := time.Now()
	defer func() { result.Seconds = time.Since(started).Seconds() }()
	if err := c.Validate(); err != nil {
		return result, err
	}
	if pairs == nil {
		if pairs, err = ReadPairs(c.data()); err != nil {
			return result, err
		}
	}
	if err := c.fits(pairs); err != nil {
		return result, err
	}
	if pairs.Skipped > 0 && o.Notice != nil {
		o.Notice(fmt.Sprintf("%d rows without a query or a passage are left out", pairs.Skipped))
	}
	m, err := loadModel(ctx, c.BaseModel, c.Revision, o.Loading)
	if err != nil {
		return result, err
	}
	defer m.Free()
	if names := promptNames(m); len(names) > 0 && o.Notice != nil {
		o.Notice(fmt.Sprintf("the base model has prompts (%s), which encoding and evaluation put before texts and training, as in sentence-transformers, does not: "+
			"put them into the texts of train_data, or leave them out when encoding", strings.Join(names, ", ")))
	}
	r := &training{config: c, model: m, pairs: pairs}
	job, err := r.job(o)
	if err != nil {
		return result, err
	}
	defer job.Optimizer.Free()
	result.Result, err = train.Run(ctx, job)
	return result, err
}

// promptNames are the names of a model's prompts that are not empty, in order.
func promptNames(m *sbert.Model) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(m.Prompts)) {
		if m.Prompts[name] != "" {
			names = append(names, name)
		}
	}
	return names
}

// loadModel reads a folder or a model of the hub.
func loadModel(ctx context.Context, name, revision string, progress func(done, total int64)) (*sbert.Model, error) {
	dir, err := hub.Fetch(ctx, hub.Request{Name: name, Revision: revision, Ignore: []string{"*.bin", "*.h5", "*.onnx", "openvino/"}})
	if err != nil {
		return nil, err
	}
	return sbert.Load(ctx, dir, bert.LoadOptions{Progress: progress})
}

// fits says what a loss misses in pairs that a program has made.
func (c *Config) fits(pairs *Pairs) error {
	columns := 2
	if c.takesLabels() {
		columns = 1
	}
	switch n := len(pairs.Columns); {
	case n < columns || n > columns && !c.ranks():
		return fmt.Errorf("mroberta: loss %s takes %d columns of texts, there are %d", c.Loss, columns, n)
	case c.takesScores() && len(pairs.Scores) != len(pairs.Columns[0]):
		return fmt.Errorf("mroberta: loss %s learns from scores: there are %d for %d pairs", c.Loss, len(pairs.Scores), len(pairs.Columns[0]))
	case c.takesLabels() && len(pairs.Labels) != len(pairs.Columns[0]):
		return fmt.Errorf("mroberta: loss %s learns from labels: there are %d for %d texts", c.Loss, len(pairs.Labels), len(pairs.Columns[0]))
	}
	for _, column := range pairs.Columns {
		if len(column) != len(pairs.Columns[0]) {
			return fmt.Errorf("mroberta: the columns of texts have %d and %d rows: all must have the same", len(pairs.Columns[0]), len(column))
		}
	}
	return nil
}
