package mroberta

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"path/filepath"

	"github.com/ajolote-ai/ajolote"
	"github.com/ajolote-ai/ajolote/config"
	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/train"
)

// training is a run of [Train].
type training struct {
	config    *Config
	model     *sbert.Model
	pairs     *Pairs
	columns   [][][]int32 // the pairs by token ids
	classes   []int       // of texts with labels
	stepper   sbert.Stepper
	words     wordRows
	retrieval *Retrieval // nil without evaluation
	perEpoch  int
}

// job turns the run into what the loop needs.
func (r *training) job(o TrainOptions) (job train.Job, err error) {
	defer torch.Catch(&err)
	if err := r.prepare(); err != nil {
		return job, err
	}
	options, err := r.options(o)
	if err != nil {
		return job, err
	}
	c := r.config
	r.perEpoch = options.StepsPerEpoch()
	schedule, err := optim.ScheduleConfig{Kind: c.LRScheduler, LR: c.LearningRate, Steps: options.TotalSteps(), WarmupSteps: c.WarmupSteps}.Build()
	if err != nil {
		return job, fmt.Errorf("mroberta: learning rate: %w", err)
	}
	for _, p := range r.model.Parameters() {
		p.SetRequiresGrad(true)
	}
	about, err := aboutRun(c, DefaultConfig())
	if err != nil {
		return job, err
	}
	job = train.Job{
		Options: options, Schedule: schedule,
		Step: r.step, Save: r.model.Save, Restore: r.model.Restore, Events: o.Events, ExampleID: r.example, About: about,
	}
	if r.retrieval != nil {
		job.Evaluate = r.evaluate
	}
	r.words = trainWords(r.model.Encoder, r.model.Parameters(), c.WeightDecay)
	r.words.settle(&job)
	return job, nil
}

// options are those of the loop.
func (r *training) options(o TrainOptions) (options train.Options, err error) {
	c := r.config
	options = train.DefaultOptions()
	options.OutputDir, options.Examples, options.MicroBatch, options.Epochs, options.MaxSteps = c.OutputPath, len(r.pairs.Columns[0]), c.BatchSize, c.NumEpochs, c.MaxSteps
	options.Seed, options.InOrder, options.MaxGradNorm, options.SkipBadSteps = uint64(c.Seed), !c.Shuffle, c.MaxGradNorm, c.SkipBadSteps
	options.SaveSteps, options.SaveTotalLimit, options.EvalSteps = c.SaveSteps, c.SaveTotalLimit, c.EvaluationSteps
	options.LoggingSteps, options.TensorBoard = c.LoggingSteps, c.TensorBoard
	options.LoadBest, options.Metric, options.GreaterIsBetter = c.LoadBest, c.Metric, true
	if c.Metric == "" {
		options.Metric = r.model.Similarity + "_ndcg@10"
	}
	if c.LoadBest {
		options.SaveSteps = c.EvaluationSteps
	}
	if o.Resume != "" {
		options.Resume = o.Resume
	}
	if c.Duplicates == "resample" {
		texts := numbered(r.pairs.Columns)
		options.Batches = func(order []int) [][]int { return noDuplicates(order, texts, c.BatchSize) }
	}
	if options.Kept, err = train.KeepThreads(c.OutputPath, options.Resume, c.Threads); err != nil {
		return options, err
	}
	if options.Identity, err = identity(c, DefaultConfig(), freeKeys, r.pairs.hash(), r.model.Parameters()); err != nil {
		return options, err
	}
	return options, nil
}

// prepare sets the model up, tokenises the texts and reads what is evaluated on.
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
	r.classes = r.pairs.classes()
	loss, err := c.loss(r.model.Dimensions())
	if err != nil {
		return err
	}
	r.stepper = sbert.Stepper{Model: r.model, Loss: loss}
	if c.Loss == "cached_mnrl" {
		r.stepper.MiniBatch = c.MiniBatchSize
	}
	switch {
	case c.EvalData != "":
		r.retrieval, err = ReadBEIR(c.EvalData, c.EvalSplit)
	case c.EvalQueries != "":
		r.retrieval, err = ReadRetrieval(c.EvalQueries, c.EvalCorpus, c.EvalQrels)
	}
	return err
}

// loss is what the configuration asks for, of vectors of a length.
func (c *Config) loss(dimensions int) (loss sbert.Loss, err error) {
	switch c.Loss {
	case "cosine":
		loss = sbert.CosineSimilarity{}
	case "cosent":
		loss = sbert.CoSENT{Scale: c.Scale}
	case "batch_all_triplet":
		loss = sbert.BatchAllTriplet{Margin: c.TripletMargin}
	default:
		loss = sbert.MultipleNegativesRanking{Scale: c.Scale, Dot: c.Similarity == "dot", Symmetric: c.Symmetric}
	}
	for _, d := range c.MatryoshkaDims {
		if d > dimensions {
			return nil, config.Faults{{Key: "matryoshka_dims", Value: fmt.Sprint(d), Accepts: fmt.Sprintf("at most %d, the model's own length", dimensions)}}
		}
	}
	if len(c.MatryoshkaDims) > 0 {
		loss = sbert.Matryoshka{Loss: loss, Dimensions: c.MatryoshkaDims}
	}
	return loss, nil
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
	result.Labels = len(examples)
	for _, texts := range columns {
		r.words.catchUp(texts)
	}
	result.Loss, err = r.stepper.Step(ctx, columns, r.targets(columns, examples))
	return result, err
}

// targets are what the loss needs beside the texts of a batch.
func (r *training) targets(columns [][][]int32, examples []int) (targets sbert.Targets) {
	c := r.config
	if c.Duplicates == "mask" && c.ranks() {
		targets.Ignore = sameAnswers(columns)
	}
	for _, e := range examples {
		if c.takesScores() {
			targets.Scores = append(targets.Scores, r.pairs.Scores[e])
		}
		if c.takesLabels() {
			targets.Classes = append(targets.Classes, r.classes[e])
		}
	}
	return targets
}

// example names a row in errors.
func (r *training) example(i int) string {
	row := i + 1
	if r.pairs.Rows != nil {
		row = r.pairs.Rows[i]
	}
	return fmt.Sprintf("%s row %d", filepath.Base(r.config.TrainData.Path), row)
}

// evaluate finds the documents of the evaluation set, and adds a row to sentence-transformers' CSV.
func (r *training) evaluate(ctx context.Context, step int) (map[string]float64, error) {
	e, err := Evaluate(ctx, r.model, r.retrieval, sbert.EncodeOptions{}, eval.DefaultRetrievalAt())
	if err != nil {
		return nil, err
	}
	if _, err := eval.AppendRetrievalCSV(filepath.Join(r.config.OutputPath, "eval"), "", e.Score, float64(step)/float64(r.perEpoch), step, e.Metrics); err != nil {
		return nil, err
	}
	return e.Keys(""), nil
}

// freeKeys decide no number of a run: they may change before it is resumed. What the data and the models hold is compared by
// content, not by where it lies.
var freeKeys = []string{"base_model", "revision", "train_data", "eval_data", "eval_split", "eval_queries", "eval_corpus", "eval_qrels", "save_steps",
	"save_total_limit", "logging_steps", "use_tensorboard", "output_path", "threads"}

// identity says what decides the numbers of a run: every key that is not free, and data and base by hashes.
func identity(c, defaults any, free []string, data string, base iter.Seq2[string, *torch.Tensor]) (map[string]string, error) {
	id, err := config.Keys(c, defaults)
	if err != nil {
		return nil, err
	}
	for _, key := range free {
		delete(id, key)
	}
	h := sha256.New()
	for name, p := range base {
		fmt.Fprintln(h, name, p.Shape())
		h.Write(p.Data()[:min(4096, len(p.Data()))])
	}
	id["data"], id["base"] = data, hex.EncodeToString(h.Sum(nil)[:8])
	return id, nil
}

// aboutRun goes into run.json: the configuration and the versions.
func aboutRun(c, defaults any) (map[string]any, error) {
	text, err := config.Encode(c, defaults)
	if err != nil {
		return nil, err
	}
	runtime, err := torch.Describe()
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"config": string(text), "versions": map[string]string{"ajolote": ajolote.Version, "torch": runtime.Version, "kernels": runtime.KernelLevel},
	}, nil
}
