package mroberta

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"time"

	"github.com/ajolote-ai/ajolote/config"
	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/optim"
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

// Train trains as the configuration says; pairs, when not nil, take the place of its train_data. Killed at any moment and
// called again, it goes on from its last checkpoint and ends with the same bytes. When ctx is done, it saves a checkpoint and
// returns ctx's error.
func Train(ctx context.Context, c *Config, pairs *Pairs, o TrainOptions) (result TrainResult, err error) {
	started := time.Now()
	defer func() { result.Seconds = time.Since(started).Seconds() }()
	if err := c.Validate(); err != nil {
		return result, err
	}
	if pairs == nil {
		if pairs, err = ReadPairs(c.TrainData); err != nil {
			return result, err
		}
	}
	if pairs.Skipped > 0 && o.Notice != nil {
		o.Notice(fmt.Sprintf("%d rows without a query or a passage are left out", pairs.Skipped))
	}
	dir, err := hub.Fetch(ctx, hub.Request{Name: c.BaseModel, Revision: c.Revision, Ignore: []string{"*.bin", "*.h5", "*.onnx", "openvino/"}})
	if err != nil {
		return result, err
	}
	m, err := sbert.Load(ctx, dir, bert.LoadOptions{Progress: o.Loading})
	if err != nil {
		return result, err
	}
	defer m.Free()
	r := &training{config: c, model: m, pairs: pairs}
	job, err := r.job(dir, o)
	if err != nil {
		return result, err
	}
	defer job.Optimizer.Free()
	result.Result, err = train.Run(ctx, job)
	return result, err
}

// training is a run of Train.
type training struct {
	config    *Config
	model     *sbert.Model
	pairs     *Pairs
	columns   [][][]int32 // the pairs by token ids
	stepper   sbert.Stepper
	retrieval *Retrieval // nil without evaluation
	perEpoch  int
}

// job turns the run into what the loop needs.
func (r *training) job(dir string, o TrainOptions) (job train.Job, err error) {
	defer torch.Catch(&err)
	c := r.config
	if err := r.prepare(); err != nil {
		return job, err
	}
	options := train.DefaultOptions()
	options.OutputDir, options.Examples, options.MicroBatch, options.Epochs, options.MaxSteps = c.OutputPath, len(r.pairs.Rows), c.BatchSize, c.NumEpochs, c.MaxSteps
	options.Seed, options.InOrder, options.MaxGradNorm = uint64(c.Seed), !c.Shuffle, c.MaxGradNorm
	options.SaveSteps, options.SaveTotalLimit, options.EvalSteps = c.SaveSteps, c.SaveTotalLimit, c.EvaluationSteps
	options.LoadBest, options.Metric, options.GreaterIsBetter = c.LoadBest, c.Metric, true
	if c.Metric == "" {
		options.Metric = ScoreName(r.model) + "_ndcg@10"
	}
	if c.LoadBest {
		options.SaveSteps = c.EvaluationSteps
	}
	if o.Resume != "" {
		options.Resume = o.Resume
	}
	if options.Identity, err = r.identity(dir); err != nil {
		return job, err
	}
	r.perEpoch = options.StepsPerEpoch()
	schedule, err := optim.ScheduleConfig{Kind: c.LRScheduler, LR: c.LearningRate, Steps: options.TotalSteps(), WarmupSteps: c.WarmupSteps}.Build()
	if err != nil {
		return job, fmt.Errorf("mroberta: learning rate: %w", err)
	}
	for _, p := range r.model.Parameters() {
		p.SetRequiresGrad(true)
	}
	job = train.Job{
		Options: options, Schedule: schedule, Optimizer: optim.NewAdamW(optim.DefaultAdamW(), optim.GroupsByDecay(r.model.Parameters(), c.WeightDecay)...),
		Step: r.step, Save: r.model.Save, Restore: r.model.Restore, Events: o.Events,
		ExampleID: func(i int) string { return fmt.Sprintf("%s row %d", filepath.Base(c.TrainData.Path), r.pairs.Rows[i]) },
	}
	if r.retrieval != nil {
		job.Evaluate = r.evaluate
	}
	return job, nil
}

// prepare sets the model up, tokenises the pairs and reads what is evaluated on.
func (r *training) prepare() (err error) {
	c := r.config
	if c.MaxSeqLength > 0 {
		if err := r.model.SetMaxTokens(c.MaxSeqLength); err != nil {
			return err
		}
	}
	if c.Dropout != nil {
		r.model.Encoder.SetDropout(*c.Dropout, *c.Dropout)
	}
	r.model.Encoder.Clock = nn.Clock{Seed: uint64(c.Seed)}
	r.model.Similarity = c.Similarity
	for _, texts := range r.pairs.Columns {
		ids, err := r.model.Tokenize(texts)
		if err != nil {
			return err
		}
		r.columns = append(r.columns, ids)
	}
	var loss sbert.Loss = sbert.MultipleNegativesRanking{Scale: c.Scale, Dot: c.Similarity == "dot", Symmetric: c.Symmetric}
	if len(c.MatryoshkaDims) > 0 {
		for _, d := range c.MatryoshkaDims {
			if most := r.model.Dimensions(); d > most {
				return config.Faults{{Key: "matryoshka_dims", Value: fmt.Sprint(d), Accepts: fmt.Sprintf("at most %d, the model's own length", most)}}
			}
		}
		loss = sbert.Matryoshka{Loss: loss, Dimensions: c.MatryoshkaDims}
	}
	r.stepper = sbert.Stepper{Model: r.model, Loss: loss}
	if c.Loss == "cached_mnrl" {
		r.stepper.MiniBatch = c.MiniBatchSize
	}
	if c.EvalQueries != "" {
		r.retrieval, err = ReadRetrieval(c.EvalQueries, c.EvalCorpus, c.EvalQrels)
	}
	return err
}

func (r *training) step(ctx context.Context, step int, examples []int) (result train.StepResult, err error) {
	clock := &r.model.Encoder.Clock
	clock.Training, clock.Step = true, uint64(step)
	defer func() { clock.Training = false }()
	columns := make([][][]int32, len(r.columns))
	for i, all := range r.columns {
		for _, e := range examples {
			columns[i] = append(columns[i], all[e])
			result.Tokens += len(all[e])
		}
	}
	var targets sbert.Targets
	if r.config.Duplicates == "mask" {
		targets.Ignore = sameAnswers(columns)
	}
	result.Labels = len(examples)
	result.Loss, err = r.stepper.Step(ctx, columns, targets)
	return result, err
}

// evaluate finds the documents of the evaluation set, and adds a row to sentence-transformers' CSV.
func (r *training) evaluate(ctx context.Context, step int) (map[string]float64, error) {
	metrics, err := Evaluate(ctx, r.model, r.retrieval, sbert.EncodeOptions{}, eval.DefaultRetrievalAt())
	if err != nil {
		return nil, err
	}
	name := ScoreName(r.model)
	if _, err := eval.AppendRetrievalCSV(filepath.Join(r.config.OutputPath, "eval"), "", name, float64(step)/float64(r.perEpoch), step, metrics); err != nil {
		return nil, err
	}
	return eval.RetrievalKeys("", name, metrics), nil
}

// identity says what decides the numbers of the run, by hashes.
func (r *training) identity(dir string) (map[string]string, error) {
	effective := *r.config
	effective.OutputPath = "-"
	text, err := config.Encode(&effective, DefaultConfig())
	if err != nil {
		return nil, err
	}
	base := sha256.New()
	for name, p := range r.model.Parameters() {
		fmt.Fprintln(base, name, p.Shape())
		base.Write(p.Data()[:min(4096, len(p.Data()))])
	}
	sum := sha256.Sum256(text)
	return map[string]string{"config": hex.EncodeToString(sum[:8]), "data": r.pairs.hash(), "base": hex.EncodeToString(base.Sum(nil)[:8])}, nil
}
