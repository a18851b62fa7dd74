// Package mroberta trains models that find texts by their meaning, as the mRoBERTa retrieval model is trained: pairs of a
// query and a passage, every other passage of the batch a wrong answer. It builds such pairs, measures retrieval, mines hard
// negatives, and trains and measures classifiers of texts.
package mroberta

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/config"
)

// Config is everything that decides a training. Begin with DefaultConfig.
type Config struct {
	// Folder or hub name of the model to start from: of sentence-transformers, or a bare encoder, which gets mean pooling.
	BaseModel string `yaml:"base_model" section:"Model"`
	// Revision of the model on the hub: a branch, a tag or a commit.
	Revision string `yaml:"revision"`
	// Where longer texts are cut, in tokens; absent: as the model says.
	MaxSeqLength int `yaml:"max_seq_length" accept:"[0,)"`
	// Dropout of the encoder; absent: the model's own.
	Dropout *float64 `yaml:"dropout" accept:"[0,1)"`

	// Texts to train on.
	TrainData TrainData `yaml:"train_data" section:"Data"`
	// Shuffle the pairs anew in every epoch.
	Shuffle bool `yaml:"shuffle"`
	// Pairs with a text that another pair of the batch has too: keep them, as sentence-transformers does; resample: put them into
	// another batch, as its no-duplicates sampler does; mask: do not take a right answer of the query for a wrong one.
	Duplicates string `yaml:"duplicates" accept:"keep|resample|mask"`

	// The loss: mnrl is MultipleNegativesRankingLoss; cached_mnrl computes it in mini-batches, the same numbers in less memory;
	// cosine (CosineSimilarityLoss) and cosent (CoSENTLoss) learn from pairs with scores, batch_all_triplet (BatchAllTripletLoss)
	// from texts with labels.
	Loss string `yaml:"loss" accept:"mnrl|cached_mnrl|cosine|cosent|batch_all_triplet" section:"Loss"`
	// What mnrl, cached_mnrl and cosent multiply the similarities with.
	Scale float64 `yaml:"scale" accept:"(0,)"`
	// How far batch_all_triplet draws texts of other labels away.
	TripletMargin float64 `yaml:"triplet_margin" accept:"(0,)"`
	// Similarity of two vectors.
	Similarity string `yaml:"similarity" accept:"cosine|dot"`
	// Find queries by their passages too.
	Symmetric bool `yaml:"symmetric"`
	// Lengths to which vectors can be cut afterwards (MatryoshkaLoss); absent: none.
	MatryoshkaDims []int `yaml:"matryoshka_dims" accept:"[1,)"`

	// Pairs of a step.
	BatchSize int `yaml:"batch_size" accept:"[1,)" section:"Training"`
	// Texts that cached_mnrl computes at once.
	MiniBatchSize int `yaml:"mini_batch_size" accept:"[1,)"`
	// Passes over the pairs.
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
	// Of the order of the pairs and of dropout.
	Seed int `yaml:"seed" accept:"[0,)"`
	// Go on after a loss or gradient that is not finite, without the step.
	SkipBadSteps bool `yaml:"skip_bad_steps"`
	// Number of threads; 0 takes every core. It decides the order of sums, so a resumed run keeps that of its checkpoint.
	Threads int `yaml:"threads" accept:"[0,)"`

	// BEIR folder to evaluate on: corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv. Or the three files apart:
	EvalData string `yaml:"eval_data" section:"Evaluation"`
	// SPLIT of eval_data.
	EvalSplit string `yaml:"eval_split"`
	// Queries to evaluate on: JSONL with _id and text, and lang where the languages are to be told apart.
	EvalQueries string `yaml:"eval_queries"`
	// Documents to find: JSONL with _id, title and text, and lang.
	EvalCorpus string `yaml:"eval_corpus"`
	// Which documents are right: TSV with query-id, corpus-id and score.
	EvalQrels string `yaml:"eval_qrels"`
	// Steps between evaluations; 0: at the end of each epoch.
	EvaluationSteps int `yaml:"evaluation_steps" accept:"[0,)"`
	// End with the model of the best evaluation, by Metric.
	LoadBest bool `yaml:"load_best_model_at_end"`
	// Figure that says which evaluation is best; absent: cosine_ndcg@10, or dot_ndcg@10.
	Metric string `yaml:"metric_for_best_model"`

	// Steps between checkpoints; 0: at the end of each epoch. With load_best_model_at_end it is evaluation_steps.
	SaveSteps int `yaml:"save_steps" accept:"[0,)" section:"Output"`
	// Checkpoints kept, beside the best; 0: all.
	SaveTotalLimit int `yaml:"save_total_limit" accept:"[0,)"`
	// Steps of a row of log_history and of TensorBoard; train_log.jsonl has a line a step whatever it says.
	LoggingSteps int `yaml:"logging_steps" accept:"[1,)"`
	// Write TensorBoard's event files into output_path/runs.
	TensorBoard bool `yaml:"use_tensorboard"`
	// Folder of the trained model.
	OutputPath string `yaml:"output_path"`
}

// TrainData names the texts: a file and its columns.
type TrainData struct {
	// JSONL, CSV, TSV or parquet; or a BEIR folder, whose positive judgements are the pairs.
	Path string `yaml:"path"`
	// Split of a BEIR folder: qrels/SPLIT.tsv.
	Split string `yaml:"split"`
	// Column of the queries (with loss: batch_all_triplet, of the texts).
	Query string `yaml:"query"`
	// Column of the passages.
	Passage string `yaml:"passage"`
	// Columns of passages that are wrong for the query.
	Negatives []string `yaml:"negatives"`
	// Column of how alike query and passage are, for loss: cosine (0 to 1) and cosent (any numbers).
	Score string `yaml:"score"`
	// Column of the label, for loss: batch_all_triplet.
	Label string `yaml:"label"`
}

// DefaultConfig is the guide's run.
func DefaultConfig() *Config {
	return &Config{
		TrainData: TrainData{Split: "train", Query: "query", Passage: "passage"}, Shuffle: true, Duplicates: "keep", Loss: "mnrl", Scale: 20,
		TripletMargin: 5, Similarity: "cosine", BatchSize: 32, MiniBatchSize: 32, NumEpochs: 3, WarmupSteps: 500, LRScheduler: "linear",
		LearningRate: 2e-5, WeightDecay: 0.01, MaxGradNorm: 1, EvalSplit: "test", EvaluationSteps: 500, Seed: 42, SaveTotalLimit: 2,
		LoggingSteps: 1, TensorBoard: true,
	}
}

// LoadConfig reads a YAML file; set holds values laid over it, as key=value. Notices are for the user to read.
func LoadConfig(path string, set ...string) (c *Config, notices []config.Notice, err error) {
	c = DefaultConfig()
	d, err := config.Load(path, c, config.Options{Set: set})
	return c, d.Notices, err
}

// evaluates says whether there is something to evaluate on.
func (c *Config) evaluates() bool { return c.EvalData != "" || c.EvalQueries != "" }

// takesScores and takesLabels say what the loss needs beside texts.
func (c *Config) takesScores() bool { return c.Loss == "cosine" || c.Loss == "cosent" }
func (c *Config) takesLabels() bool { return c.Loss == "batch_all_triplet" }
func (c *Config) ranks() bool       { return c.Loss == "mnrl" || c.Loss == "cached_mnrl" }

// data is train_data with the columns alone that the loss looks at.
func (c *Config) data() TrainData {
	d := c.TrainData
	if c.takesLabels() {
		d.Passage, d.Negatives = "", nil
	} else {
		d.Label = ""
	}
	if !c.takesScores() {
		d.Score = ""
	}
	return d
}

// Validate reports every fault at once, as config.Faults. It looks at no file.
func (c *Config) Validate() error {
	faults := config.Check(c)
	problem := func(key, format string, args ...any) {
		faults = append(faults, config.Fault{Key: key, Problem: fmt.Sprintf(format, args...)})
	}
	for _, need := range []struct {
		key, value, what string
		needed           bool
	}{
		{"base_model", c.BaseModel, "name a model folder or a model of the hub", true},
		{"train_data.path", c.TrainData.Path, "name a JSONL, CSV, TSV or parquet file, or a BEIR folder", true},
		{"train_data.query", c.TrainData.Query, "name the column of the queries", true},
		{"train_data.passage", c.TrainData.Passage, "name the column of the passages", !c.takesLabels()},
		{"train_data.score", c.TrainData.Score, "loss " + c.Loss + " learns from scores: name their column", c.takesScores()},
		{"train_data.label", c.TrainData.Label, "loss " + c.Loss + " learns from labels: name their column", c.takesLabels()},
		{"output_path", c.OutputPath, "name the folder of the trained model", true},
	} {
		if need.needed && need.value == "" {
			problem(need.key, "is missing; %s", need.what)
		}
	}
	if !c.ranks() {
		c.validateOther(problem)
	}
	given := 0
	for _, path := range []string{c.EvalQueries, c.EvalCorpus, c.EvalQrels} {
		if path != "" {
			given++
		}
	}
	if given != 0 && given != 3 {
		problem("eval_queries", "eval_queries, eval_corpus and eval_qrels belong together: give all three or none")
	}
	if given != 0 && c.EvalData != "" {
		problem("eval_data", "stands beside eval_queries, eval_corpus and eval_qrels: give the folder or the files")
	}
	if c.LoadBest && !c.evaluates() {
		problem("load_best_model_at_end", "without an evaluation there is no best model; give eval_data, or eval_queries, eval_corpus and eval_qrels")
	}
	if c.LoadBest && c.SaveSteps != 0 && c.SaveSteps != c.EvaluationSteps {
		problem("save_steps", "is %d, evaluation_steps %d: for load_best_model_at_end every evaluated model must be saved; leave save_steps out", c.SaveSteps, c.EvaluationSteps)
	}
	if c.ranks() && c.BatchSize == 1 && len(c.TrainData.Negatives) == 0 {
		problem("batch_size", "a pair alone has no wrong answers; at least 2")
	}
	return faults.Err()
}

// validateOther looks for keys that only the ranking losses heed.
func (c *Config) validateOther(problem func(key, format string, args ...any)) {
	for _, key := range []struct {
		name string
		set  bool
	}{
		{"duplicates", c.Duplicates != "keep"}, {"symmetric", c.Symmetric}, {"train_data.negatives", len(c.TrainData.Negatives) > 0},
		{"matryoshka_dims", len(c.MatryoshkaDims) > 0 && c.takesLabels()},
	} {
		if key.set {
			problem(key.name, "does nothing with loss %s; leave it out, or use mnrl or cached_mnrl", c.Loss)
		}
	}
	if c.takesLabels() && c.BatchSize < 3 {
		problem("batch_size", "is %d: a triplet needs three texts", c.BatchSize)
	}
}
