package mroberta

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/ajolote-ai/ajolote/config"
	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/train"
)

// ClassifyConfig is everything that decides the training of a classifier. Begin with DefaultClassifyConfig.
type ClassifyConfig struct {
	// Folder or hub name of the encoder to start from; one of sentence-transformers gives its transformer.
	BaseModel string `yaml:"base_model" section:"Model"`
	// Revision of the model on the hub: a branch, a tag or a commit.
	Revision string `yaml:"revision"`
	// Where longer texts are cut, in tokens; absent: as the model says.
	MaxSeqLength int `yaml:"max_seq_length" accept:"[0,)"`
	// Dropout of encoder and head; absent: the model's own.
	Dropout *float64 `yaml:"dropout" accept:"[0,1)"`

	// Texts to train on.
	TrainData LabelledData `yaml:"train_data" section:"Data"`
	// Texts to measure on, with the same columns; absent: none.
	EvalPath string `yaml:"eval_path"`
	// Shuffle the texts anew in every epoch.
	Shuffle bool `yaml:"shuffle"`

	// Texts of a step.
	BatchSize int `yaml:"batch_size" accept:"[1,)" section:"Training"`
	// Passes over the texts.
	NumEpochs float64 `yaml:"num_epochs" accept:"(0,)"`
	// Steps, instead of num_epochs; 0 for none.
	MaxSteps int `yaml:"max_steps" accept:"[0,)"`
	// Steps of a rising learning rate.
	WarmupSteps int `yaml:"warmup_steps" accept:"[0,)"`
	// Course of the learning rate after them.
	LRScheduler string `yaml:"lr_scheduler" accept:"linear|cosine|constant|constant_with_warmup"`
	// The highest learning rate of AdamW.
	LearningRate float64 `yaml:"learning_rate" accept:"(0,)"`
	// Weight decay of AdamW, on matrices alone.
	WeightDecay float64 `yaml:"weight_decay" accept:"[0,)"`
	// Gradients are scaled down to this norm; 0 for not.
	MaxGradNorm float64 `yaml:"max_grad_norm" accept:"[0,)"`
	// Of the head's first weights, the order of the texts and dropout.
	Seed int `yaml:"seed" accept:"[0,)"`
	// Number of threads; 0 takes every core. It decides the order of sums, so a resumed run keeps that of its checkpoint.
	Threads int `yaml:"threads" accept:"[0,)"`

	// Steps between evaluations; 0: at the end of each epoch.
	EvaluationSteps int `yaml:"evaluation_steps" accept:"[0,)" section:"Evaluation"`
	// End with the model of the best evaluation.
	LoadBest bool `yaml:"load_best_model_at_end"`
	// Figure that says which evaluation is best.
	Metric string `yaml:"metric_for_best_model" accept:"accuracy|macro_f1|weighted_f1"`

	// Steps between checkpoints; 0: at the end of each epoch. With load_best_model_at_end it is evaluation_steps.
	SaveSteps int `yaml:"save_steps" accept:"[0,)" section:"Output"`
	// Checkpoints kept, beside the best; 0: all.
	SaveTotalLimit int `yaml:"save_total_limit" accept:"[0,)"`
	// Write TensorBoard's event files into output_path/runs.
	TensorBoard bool `yaml:"use_tensorboard"`
	// Folder of the trained classifier.
	OutputPath string `yaml:"output_path"`
}

// LabelledData names texts with labels: a file and its columns.
type LabelledData struct {
	// JSONL, CSV, TSV or parquet.
	Path string `yaml:"path"`
	// Column of the texts.
	Text string `yaml:"text"`
	// Column of the labels, which are texts: "7" is a label like any other.
	Label string `yaml:"label"`
}

// DefaultClassifyConfig is transformers' Trainer with the batch of the guide.
func DefaultClassifyConfig() *ClassifyConfig {
	return &ClassifyConfig{
		TrainData: LabelledData{Text: "text", Label: "label"}, Shuffle: true, BatchSize: 32, NumEpochs: 3, LRScheduler: "linear", LearningRate: 2e-5,
		WeightDecay: 0.01, MaxGradNorm: 1, Seed: 42, Metric: "macro_f1", SaveTotalLimit: 2, TensorBoard: true,
	}
}

// LoadClassifyConfig reads a YAML file; set holds values laid over it, as key=value. Notices are for the user to read.
func LoadClassifyConfig(path string, set ...string) (c *ClassifyConfig, notices []config.Notice, err error) {
	c = DefaultClassifyConfig()
	d, err := config.Load(path, c, config.Options{Set: set})
	return c, d.Notices, err
}

// Validate reports every fault at once, as config.Faults. It looks at no file.
func (c *ClassifyConfig) Validate() error {
	faults := config.Check(c)
	problem := func(key, what string) { faults = append(faults, config.Fault{Key: key, Problem: what}) }
	for _, need := range []struct{ key, value, what string }{
		{"base_model", c.BaseModel, "is missing; name a model folder or a model of the hub"},
		{"train_data.path", c.TrainData.Path, "is missing; name a JSONL, CSV, TSV or parquet file"},
		{"train_data.text", c.TrainData.Text, "is missing; name the column of the texts"},
		{"train_data.label", c.TrainData.Label, "is missing; name the column of the labels"},
		{"output_path", c.OutputPath, "is missing; name the folder of the trained classifier"},
	} {
		if need.value == "" {
			problem(need.key, need.what)
		}
	}
	if c.LoadBest && c.EvalPath == "" {
		problem("load_best_model_at_end", "without an evaluation there is no best model; give eval_path")
	}
	if c.LoadBest && c.SaveSteps != 0 && c.SaveSteps != c.EvaluationSteps {
		problem("save_steps", "differs from evaluation_steps: for load_best_model_at_end every evaluated model must be saved; leave save_steps out")
	}
	return faults.Err()
}

// ReadLabelled reads texts and their labels. Rows with an empty text are skipped and counted.
func ReadLabelled(d LabelledData) (*Pairs, error) {
	return ReadPairs(TrainData{Path: d.Path, Query: d.Text, Label: d.Label})
}

// TrainClassifier trains a classifier of texts on labelled ones, with a new head: cross-entropy, AdamW. Killed at any moment and
// called again, it goes on from its last checkpoint and ends with the same bytes. The labels are those of the training texts,
// in order.
func TrainClassifier(ctx context.Context, c *ClassifyConfig, o TrainOptions) (result TrainResult, err error) {
	started := time.Now()
	defer func() { result.Seconds = time.Since(started).Seconds() }()
	defer torch.Catch(&err)
	if err := c.Validate(); err != nil {
		return result, err
	}
	r, err := openClassifierTraining(ctx, c, o.Loading)
	if err != nil {
		return result, err
	}
	defer r.model.Free()
	if skipped := r.data.Skipped; skipped > 0 && o.Notice != nil {
		o.Notice(fmt.Sprintf("%d rows without a text are left out", skipped))
	}
	job, err := r.job(o)
	if err != nil {
		return result, err
	}
	defer job.Optimizer.Free()
	result.Result, err = train.Run(ctx, job)
	return result, err
}

// classifierTraining is a run of [TrainClassifier].
type classifierTraining struct {
	config     *ClassifyConfig
	model      *Classifier
	data, test *Pairs
	ids        [][]int32
	classes    []int
	words      wordRows
}

// openClassifierTraining reads the data, loads the encoder, puts a new head on it and tokenises. The run's model is the
// caller's to free.
func openClassifierTraining(ctx context.Context, c *ClassifyConfig, loading func(done, total int64)) (r *classifierTraining, err error) {
	r = &classifierTraining{config: c}
	if r.data, err = ReadLabelled(c.TrainData); err != nil {
		return nil, err
	}
	labels := slices.Compact(slices.Sorted(slices.Values(r.data.Labels)))
	if len(labels) < 2 {
		return nil, fmt.Errorf("%s: the only label is %q: a classifier needs two or more", c.TrainData.Path, labels[0])
	}
	if c.EvalPath != "" {
		if r.test, err = ReadLabelled(LabelledData{c.EvalPath, c.TrainData.Text, c.TrainData.Label}); err != nil {
			return nil, fmt.Errorf("evaluation: %w", err)
		}
	}
	texts, err := loadModel(ctx, c.BaseModel, c.Revision, loading)
	if err != nil {
		return nil, err
	}
	texts.FreeAfter() // a model of sentence-transformers has modules that a classifier does not use
	r.model = &Classifier{bert.NewClassifier(texts.Encoder, labels, uint64(c.Seed)), texts}
	if err := r.prepare(); err != nil {
		r.model.Free()
		return nil, err
	}
	return r, nil
}

// prepare sets the model up and tokenises the texts.
func (r *classifierTraining) prepare() (err error) {
	c := r.config
	if c.MaxSeqLength > 0 {
		if err := r.model.Texts.SetMaxTokens(c.MaxSeqLength); err != nil {
			return err
		}
	}
	if c.Dropout != nil {
		r.model.SetDropout(*c.Dropout)
	}
	r.model.Encoder.Clock = nn.Clock{Seed: uint64(c.Seed)}
	if r.ids, err = r.model.Texts.Tokenize(r.data.Columns[0]); err != nil {
		return err
	}
	r.classes = r.data.classes()
	return nil
}

func (r *classifierTraining) job(o TrainOptions) (job train.Job, err error) {
	defer torch.Catch(&err)
	c := r.config
	options := train.DefaultOptions()
	options.OutputDir, options.Examples, options.MicroBatch, options.Epochs, options.MaxSteps = c.OutputPath, len(r.ids), c.BatchSize, c.NumEpochs, c.MaxSteps
	options.Seed, options.InOrder, options.MaxGradNorm, options.TensorBoard = uint64(c.Seed), !c.Shuffle, c.MaxGradNorm, c.TensorBoard
	options.SaveSteps, options.SaveTotalLimit, options.EvalSteps = c.SaveSteps, c.SaveTotalLimit, c.EvaluationSteps
	options.LoadBest, options.Metric, options.GreaterIsBetter = c.LoadBest, c.Metric, true
	if c.LoadBest {
		options.SaveSteps = c.EvaluationSteps
	}
	if o.Resume != "" {
		options.Resume = o.Resume
	}
	if options.Kept, err = train.KeepThreads(c.OutputPath, options.Resume, c.Threads); err != nil {
		return job, err
	}
	free := []string{"base_model", "revision", "train_data", "eval_path", "save_steps", "save_total_limit", "use_tensorboard", "output_path", "threads"}
	if options.Identity, err = identity(c, DefaultClassifyConfig(), free, r.data.hash(), r.model.Parameters()); err != nil {
		return job, err
	}
	schedule, err := optim.ScheduleConfig{Kind: c.LRScheduler, LR: c.LearningRate, Steps: options.TotalSteps(), WarmupSteps: c.WarmupSteps}.Build()
	if err != nil {
		return job, fmt.Errorf("mroberta: learning rate: %w", err)
	}
	about, err := aboutRun(c, DefaultClassifyConfig())
	if err != nil {
		return job, err
	}
	for _, p := range r.model.Parameters() {
		p.SetRequiresGrad(true)
	}
	job = train.Job{
		Options: options, Schedule: schedule,
		Step: r.step, Save: r.model.Save, Restore: r.model.Restore, Events: o.Events, About: about,
		ExampleID: func(i int) string { return fmt.Sprintf("%s row %d", filepath.Base(c.TrainData.Path), r.data.Rows[i]) },
	}
	if r.test != nil {
		job.Evaluate = func(ctx context.Context, _ int) (map[string]float64, error) {
			e, err := EvaluateClassifier(ctx, r.model, r.test, nil)
			if err != nil {
				return nil, err
			}
			return map[string]float64{"accuracy": e.Accuracy, "macro_f1": e.MacroF1, "weighted_f1": e.WeightedF1}, nil
		}
	}
	r.words = trainWords(r.model.Encoder, r.model.Parameters(), c.WeightDecay)
	r.words.settle(&job)
	return job, nil
}

func (r *classifierTraining) step(_ context.Context, step int, examples []int) (result train.StepResult, err error) {
	s := torch.NewScope("step")
	defer s.Close()
	clock := &r.model.Encoder.Clock
	clock.Training, clock.Step = true, uint64(step)
	defer func() { clock.Training = false }()
	texts, targets := make([][]int32, len(examples)), make([]int64, len(examples))
	for i, e := range examples {
		texts[i], targets[i] = r.ids[e], int64(r.classes[e])
		result.Tokens += len(texts[i])
	}
	result.Labels = len(examples)
	r.words.catchUp(texts)
	loss := r.model.Forward(s, bert.Join(texts...)).CrossEntropy(torch.FromSlice(s, targets, len(targets)), -100)
	loss.Backward()
	result.Loss = loss.Item()
	return result, nil
}

// EvaluateClassifier compares the labels that the classifier tells with those of the texts, as scikit-learn does. A label that
// the classifier does not know counts as missed. progress is told how many texts are done; nil for nobody.
func EvaluateClassifier(ctx context.Context, c *Classifier, texts *Pairs, progress func(done, total int)) (*eval.Classification, error) {
	predictions, err := c.Predict(ctx, texts.Columns[0], progress)
	if err != nil {
		return nil, err
	}
	told := make([]string, len(predictions))
	for i, p := range predictions {
		told[i] = p.Label
	}
	return eval.Classify(texts.Labels, told)
}
