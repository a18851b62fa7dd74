// Package salamandra fine-tunes the Salamandra language models, Llama models with a vocabulary of 256,000 words, to parse
// queries: from a folder of batch files to an adapter and a merged model.
//
// The configuration is axolotl's: its YAML files are read as they are.
package salamandra

import (
	"github.com/ajolote-ai/ajolote/config"
)

// Config is everything that decides a fine-tuning. Its keys are those of axolotl 0.19 with the same meaning, and some of our
// own. Begin with DefaultConfig; a zero or empty field means that the key is absent, unless its comment says otherwise.
type Config struct {
	// Folder or hub name of the model to start from.
	BaseModel string `yaml:"base_model" section:"Model and quantisation"`
	// Folder or hub name to take config.json from; absent: base_model.
	BaseModelConfig string `yaml:"base_model_config"`
	// Revision of the model on the hub: a branch, a tag or a commit. A local folder has none.
	Revision string `yaml:"revision_of_model"`
	// Python class of the model, as a check: only Llama models are trained.
	ModelType string `yaml:"model_type" accept:"|LlamaForCausalLM|AutoModelForCausalLM"`
	// Folder or hub name to take the tokenizer from; absent: base_model.
	TokenizerConfig string `yaml:"tokenizer_config"`
	// Keys laid over config.json, such as rope_scaling.
	ModelOverrides map[string]any `yaml:"overrides_of_model_config"`
	// Where the weights come from: none reads them from base_model, random draws new ones after its config.json. Our own key.
	Init string `yaml:"init" accept:"none|random"`
	// Hold the linear layers of the base in NF4, 4 bits a weight. Needs an adapter. With adapter: lora this is QLoRA too.
	LoadIn4Bit bool `yaml:"load_in_4bit"`
	// Details of NF4.
	BnB BnBConfig `yaml:"bnb_config_kwargs"`
	// Hold embedding and head in NF4 too, a quarter of their 16 bits; neither is then trained. Needs load_in_4bit. Our own key.
	QuantizeEmbeddings bool `yaml:"quantize_embeddings"`
	// Compute in bfloat16 where the processor is fast at it. On a processor that is not, true means float32, with a notice.
	BF16 AutoBool `yaml:"bf16"`
	// Compute in bfloat16 throughout, as bf16: true.
	BFloat16 bool `yaml:"bfloat16"`
	// Compute in float32 throughout, as compute_dtype: float32.
	Float32 bool `yaml:"float32"`
	// Type of the matrix products. Unless it is auto it is stronger than bf16, bfloat16 and float32. Our own key.
	ComputeDType string `yaml:"compute_dtype" accept:"auto|float32|bfloat16"`
	// Allow TF32 products on GPUs that have them.
	TF32 AutoBool `yaml:"tf32"`
	// Special tokens laid over those of the tokenizer. They must be in its vocabulary.
	SpecialTokens SpecialTokens `yaml:"special_tokens"`
	// Python plugins. Those that change speed or logging only (Liger, cut cross-entropy, kernels, SwanLab) are ignored, others are refused.
	Plugins []string `yaml:"plugins"`

	// Device to train on: auto or cpu; cuda and cuda:N are refused by this version. Our own key.
	Device string `yaml:"device" section:"Machine"`
	// Number of threads; 0 takes every core. It decides the order of sums, so a resumed run keeps that of its checkpoint. Our own key.
	Threads int `yaml:"threads" accept:"[0,)"`
	// Memory that a step may use for what it keeps for the backward pass, as 8GB or 500MiB; auto chooses once, at the start. Our own key.
	MemoryBudget string `yaml:"memory_budget"`
	// Compute the tokens that all examples of a step begin with only once; the same loss and gradients. Our own key.
	SharedPrefix bool `yaml:"shared_prefix"`

	// What is trained: lora or qlora an adapter; absent the whole model.
	Adapter string `yaml:"adapter" accept:"|lora|qlora" section:"Adapter"`
	// Adapter to start from. Its adapter_config.json decides rank, alpha and modules.
	LoraModelDir string `yaml:"lora_model_dir"`
	// Rank of the adapter, at least 1. Needed with an adapter.
	LoraR int `yaml:"lora_r"`
	// Scale of the adapter, times the rank: the product BA counts alpha/r times. At least 1. Needed with an adapter.
	LoraAlpha int `yaml:"lora_alpha"`
	// Share of the adapter's inputs that are dropped while training. On a shared prefix one mask holds for all examples of the step.
	LoraDropout float64 `yaml:"lora_dropout" accept:"[0,1)"`
	// Linear layers that get an adapter: names or ends of names; or one regular expression for whole names.
	LoraTargetModules TargetModules `yaml:"lora_target_modules"`
	// Adapt all linear layers but the output head, in addition to lora_target_modules.
	LoraTargetLinear bool `yaml:"lora_target_linear"`
	// Modules that are trained in full beside the adapter and kept in its file, by the ends of their names: embed_tokens, lm_head, norm.
	LoraModulesToSave []string `yaml:"lora_modules_to_save"`
	// Rank of single modules: the key is a regular expression for the name or its end.
	LoraRankPattern map[string]int `yaml:"lora_rank_pattern" accept:"[1,)"`
	// Alpha of single modules, as lora_rank_pattern.
	LoraAlphaPattern map[string]int `yaml:"lora_alpha_pattern" accept:"[1,)"`
	// Scale by alpha/√r instead of alpha/r.
	UseRSLora bool `yaml:"peft_use_rslora"`
	// Train the lengths of the weights' rows beside their directions (DoRA): better at a small rank, and slower.
	UseDoRA bool `yaml:"peft_use_dora"`
	// Numbers of the layers to adapt; absent: all.
	LayersToTransform []int `yaml:"peft_layers_to_transform" accept:"[0,)"`
	// Name of the list of layers in module names; absent: layers.
	LayersPattern config.Strings `yaml:"peft_layers_pattern"`
	// How A begins: true is uniform (Kaiming) with B zero; gaussian; false draws B as well, so that the adapter does not begin as nothing.
	InitLoraWeights InitLora `yaml:"peft_init_lora_weights"`
	// Learning rate of B over that of A (LoRA+).
	LoraPlusRatio float64 `yaml:"loraplus_lr_ratio" accept:"[0,)"`
	// What a merge adds to: legacy the 16-bit weights, memory_efficient the NF4 weights that training saw.
	MergeMethod string `yaml:"merge_method" accept:"|legacy|memory_efficient"`

	// Data to train on.
	Datasets []Dataset `yaml:"datasets" section:"Data"`
	// Data to evaluate on. Not together with val_set_size.
	TestDatasets []Dataset `yaml:"test_datasets"`
	// Part of the data to evaluate on: up to 1 a share, above 1 a number of rows.
	ValSetSize float64 `yaml:"val_set_size" accept:"[0,)"`
	// Folder for tokenised data, which is read again when neither the files nor what decides the tokens has changed.
	PreparedPath string `yaml:"dataset_prepared_path"`
	// Chat template: tokenizer_default, tokenizer_default_fallback_NAME, chatml, llama3 or jinja. Absent: the tokenizer's.
	ChatTemplate string `yaml:"chat_template"`
	// Chat template as Jinja text, or the path of a file that has it.
	ChatTemplateJinja string `yaml:"chat_template_jinja"`
	// More variables for the chat template.
	ChatTemplateKwargs map[string]any `yaml:"chat_template_kwargs"`
	// Marks that end a turn, each one token. Absent: whatever the template writes after a message, and the end-of-sequence token.
	EOTTokens []string `yaml:"eot_tokens"`
	// System message of conversations that have none.
	DefaultSystemMessage string `yaml:"default_system_message"`
	// Count every message in the loss, not only the answers.
	TrainOnInputs bool `yaml:"train_on_inputs"`
	// Longest example in tokens.
	SequenceLen int `yaml:"sequence_len" accept:"[1,)"`
	// What becomes of a longer one: drop and truncate are counted and said, raise stops.
	ExcessLength string `yaml:"excess_length_strategy" accept:"drop|truncate|raise"`
	// Shortest example in tokens. Shorter ones are dropped and counted.
	MinSampleLen int `yaml:"min_sample_len" accept:"[1,)"`
	// Longest example of the evaluation; 0: sequence_len.
	EvalSequenceLen int `yaml:"eval_sequence_len" accept:"[0,)"`
	// A micro-batch counts sequences of sequence_len tokens filled with examples instead of examples. Examples never see each other.
	SamplePacking bool `yaml:"sample_packing"`
	// The same in evaluation; absent: as sample_packing.
	EvalSamplePacking *bool `yaml:"eval_sample_packing"`
	// Take the examples in the order of the files.
	CurriculumSampling bool `yaml:"curriculum_sampling"`
	// Shuffle all examples after reading.
	ShuffleMerged bool `yaml:"shuffle_merged_datasets"`
	// Shuffle each dataset before they are joined.
	ShuffleBeforeMerging bool `yaml:"shuffle_before_merging_datasets"`
	// Drop examples whose tokens and labels occurred before.
	ExactDeduplication bool `yaml:"dataset_exact_deduplication"`
	// Leave out the examples at the end of an epoch that do not fill a step.
	DropLast bool `yaml:"dataloader_drop_last"`
	// Go on when a row cannot be read or rendered, and count it. Our own key.
	SkipBadRows bool `yaml:"skip_bad_rows"`
	// System prompt to store with the adapter for inference. Absent: the system message that all examples share, if they do. Our own key.
	PromptFile string `yaml:"prompt_file"`

	// Examples of a micro-batch.
	MicroBatchSize int `yaml:"micro_batch_size" accept:"[1,)" section:"Training"`
	// Micro-batches of a step.
	GradientAccumulationSteps int `yaml:"gradient_accumulation_steps" accept:"[1,)"`
	// Examples of a step, instead of gradient_accumulation_steps; a multiple of micro_batch_size.
	BatchSize int `yaml:"batch_size" accept:"[0,)"`
	// Examples of a batch in evaluation; 0: micro_batch_size.
	EvalBatchSize int `yaml:"eval_batch_size" accept:"[0,)"`
	// Times to go through the data; may be a fraction.
	NumEpochs float64 `yaml:"num_epochs" accept:"(0,)"`
	// Steps in all; when set, stronger than num_epochs.
	MaxSteps int `yaml:"max_steps" accept:"[-1,)"`
	// Learning rate at its top. Needed.
	LearningRate float64 `yaml:"learning_rate"`
	// Course of the learning rate.
	LRScheduler string `yaml:"lr_scheduler" accept:"linear|cosine|cosine_with_restarts|polynomial|constant|constant_with_warmup|inverse_sqrt|cosine_with_min_lr|one_cycle|rex"`
	// Details of it: num_cycles, power, lr_end, min_lr, min_lr_rate, timescale.
	LRSchedulerKwargs map[string]any `yaml:"lr_scheduler_kwargs"`
	// Least learning rate of cosine, as a share of learning_rate.
	CosineMinRatio float64 `yaml:"cosine_min_lr_ratio" accept:"[0,1]"`
	// Share of the steps after which cosine stays at its least rate.
	CosineConstantRatio float64 `yaml:"cosine_constant_lr_ratio" accept:"[0,1]"`
	// Warm up by the square of the step instead of by the step.
	QuadraticWarmup bool `yaml:"lr_quadratic_warmup"`
	// Steps in which the learning rate rises to its top; with neither this nor warmup_ratio 3 % of the steps, at most 100.
	WarmupSteps *int `yaml:"warmup_steps" accept:"[0,)"`
	// The same as a share of all steps.
	WarmupRatio *float64 `yaml:"warmup_ratio" accept:"[0,1]"`
	// Optimizer. All AdamW names are one AdamW with 32-bit states.
	Optimizer string `yaml:"optimizer" accept:"adamw_torch|adamw_torch_fused|adamw_hf|adamw_8bit|adamw_bnb_8bit|adamw_torch_8bit|adamw_torch_4bit|paged_adamw_8bit|paged_adamw_32bit|muon"`
	// Details of the optimizer: betas or beta1 and beta2, eps.
	OptimArgs OptimArgs `yaml:"optim_args"`
	// How slowly AdamW forgets past gradients.
	AdamBeta1 float64 `yaml:"adam_beta1" accept:"[0,1)"`
	// How slowly it forgets past squares of gradients.
	AdamBeta2 float64 `yaml:"adam_beta2" accept:"[0,1)"`
	// Added to the root of the squares.
	AdamEpsilon float64 `yaml:"adam_epsilon" accept:"(0,)"`
	// Share of each weight taken off a step, times the learning rate.
	WeightDecay float64 `yaml:"weight_decay" accept:"[0,)"`
	// Longest gradient over all trained weights; 0: no limit.
	MaxGradNorm float64 `yaml:"max_grad_norm" accept:"[0,)"`
	// Noise on the embedded tokens while training (NEFTune's alpha, usually 5); 0: none. Nothing is shared between examples then.
	NEFTuneAlpha float64 `yaml:"neftune_noise_alpha" accept:"[0,)"`
	// Compute the layers again in the backward pass instead of keeping their insides.
	GradientCheckpointing Checkpointing `yaml:"gradient_checkpointing"`
	// Loss above which a step counts as bad; a run of bad steps stops with an error. 0: no watch.
	WatchdogThreshold float64 `yaml:"loss_watchdog_threshold" accept:"[0,)"`
	// Bad steps in a row that stop the run.
	WatchdogPatience int `yaml:"loss_watchdog_patience" accept:"[1,)"`
	// Leave out a step whose loss or gradient is not finite and go on, instead of stopping. Our own key.
	SkipBadSteps bool `yaml:"skip_bad_steps"`
	// Decides order, split, first weights and dropout.
	Seed int64 `yaml:"seed" accept:"[0,)"`

	// Folder for the result, its checkpoints and logs.
	OutputDir string `yaml:"output_dir" accept:"nonempty" section:"Evaluation, saving, logging"`
	// When to evaluate: no, epoch or steps. Absent: by the other eval keys; with a validation set and none of them, every epoch.
	EvalStrategy string `yaml:"eval_strategy" accept:"|no|epoch|steps"`
	// Steps between evaluations; below 1 a share of all steps.
	EvalSteps float64 `yaml:"eval_steps" accept:"[0,)"`
	// Evaluations in an epoch, instead of eval_steps.
	EvalsPerEpoch int `yaml:"evals_per_epoch" accept:"[0,)"`
	// When to save a checkpoint: no, epoch, steps or best. Absent: by the other save keys, else every epoch.
	SaveStrategy string `yaml:"save_strategy" accept:"|no|epoch|steps|best"`
	// Steps between checkpoints; below 1 a share of all steps.
	SaveSteps float64 `yaml:"save_steps" accept:"[0,)"`
	// Checkpoints in an epoch, instead of save_steps.
	SavesPerEpoch int `yaml:"saves_per_epoch" accept:"[0,)"`
	// Checkpoints to keep; the best is never deleted. 0: all.
	SaveTotalLimit int `yaml:"save_total_limit" accept:"[0,)"`
	// Leave optimizer and state out of checkpoints, which then cannot be resumed; the one of an interruption has them.
	SaveOnlyModel bool `yaml:"save_only_model"`
	// Save a checkpoint after the first step.
	SaveFirstStep bool `yaml:"save_first_step"`
	// Average the last N checkpoints at the end, into averaged_model in output_dir; 0: do not. Our own key.
	AverageCheckpoints int `yaml:"average_checkpoints" accept:"[0,)"`
	// Evaluations without a better result after which the run ends; 0: never.
	EarlyStoppingPatience int `yaml:"early_stopping_patience" accept:"[0,)"`
	// End with the weights of the best evaluation.
	LoadBest bool `yaml:"load_best_model_at_end"`
	// What best means: eval_loss, or strict or relaxed accuracy of parsed queries on query_test_file.
	MetricForBest string `yaml:"metric_for_best_model" accept:"eval_loss|loss|strict|relaxed"`
	// Whether a larger metric is better. Absent: by the metric.
	GreaterIsBetter *bool `yaml:"greater_is_better"`
	// Query test file for strict and relaxed. Our own key.
	QueryTestFile string `yaml:"query_test_file"`
	// Folder of equivalence lists for it. Our own key.
	QueryEquivalences string `yaml:"query_equivalences"`
	// Steps of a row in trainer_state.json and TensorBoard; below 1 a share of all steps; 0: half a percent of the steps, from 1 to 10.
	LoggingSteps float64 `yaml:"logging_steps" accept:"[0,)"`
	// Checkpoint to resume from.
	ResumeFrom string `yaml:"resume_from_checkpoint"`
	// Resume from the newest complete checkpoint of output_dir, if there is one. Absent: yes.
	AutoResume *bool `yaml:"auto_resume_from_checkpoints"`
	// Write TensorBoard event files.
	TensorBoard bool `yaml:"use_tensorboard"`
	// W&B project of the run, which is written as an offline run into wandb in output_dir when it ends. Nothing is sent; wandb sync does that.
	WandbProject string `yaml:"wandb_project"`
	// Account of the W&B project.
	WandbEntity string `yaml:"wandb_entity"`
	// Name of the W&B run.
	WandbName string `yaml:"wandb_name"`
	// Identity of the W&B run.
	WandbRunID string `yaml:"wandb_run_id"`
}

// BnBConfig is what of bitsandbytes' NF4 can be chosen.
type BnBConfig struct {
	// Quantise the scales as well. Absent: yes.
	DoubleQuant *bool `yaml:"bnb_4bit_use_double_quant"`
	// Kind of 4-bit numbers.
	QuantType string `yaml:"bnb_4bit_quant_type" accept:"|nf4"`
	// Type of the matrix products, as compute_dtype.
	ComputeDType string `yaml:"bnb_4bit_compute_dtype" accept:"|float32|bfloat16"`
}

// SpecialTokens replace those of the tokenizer.
type SpecialTokens struct {
	// Ends a sequence; as end-of-turn mark it is trained.
	EOS string `yaml:"eos_token"`
	// Begins a sequence.
	BOS string `yaml:"bos_token"`
	// Fills batches; nothing is filled here.
	Pad string `yaml:"pad_token"`
	// Stands for what the vocabulary lacks.
	Unknown string `yaml:"unk_token"`
	// More tokens that are never split.
	Additional []string `yaml:"additional_special_tokens"`
}

// LoadConfig reads a configuration: the defaults, the YAML file at path, then each of set as key=value. The notices say what
// was ignored or understood in a way of our own; a command prints them. All faults are in one error, which is config.Faults.
func LoadConfig(path string, set ...string) (*Config, []config.Notice, error) {
	c := DefaultConfig()
	document, err := config.Load(path, c, config.Options{Rules: axolotlRules(), Set: set})
	return c, document.Notices, err
}

// ParseConfig is LoadConfig for a text that is at hand; name stands for the file in errors.
func ParseConfig(name string, text []byte, set ...string) (*Config, []config.Notice, error) {
	c := DefaultConfig()
	document, err := config.Parse(name, text, c, config.Options{Rules: axolotlRules(), Set: set})
	return c, document.Notices, err
}

// YAML writes the configuration with every default. Reading it gives the same configuration.
func (c *Config) YAML() ([]byte, error) { return config.Encode(c, DefaultConfig()) }
