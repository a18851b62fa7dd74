package salamandra

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ajolote-ai/ajolote/config"
)

// Validate reports every fault of the configuration at once, as config.Faults. It looks at no file.
func (c *Config) Validate() error {
	v := &validation{Faults: config.Check(c)}
	c.validateModel(v)
	c.validateAdapter(v)
	c.validateData(v)
	c.validateTraining(v)
	c.validateEvaluation(v)
	return v.Err()
}

// validation collects faults.
type validation struct{ config.Faults }

// bad adds a fault of one value.
func (v *validation) bad(key string, value any, accepts string) {
	v.Faults = append(v.Faults, config.Fault{Key: key, Value: fmt.Sprint(value), Accepts: accepts})
}

// problem adds a fault that concerns more than one value.
func (v *validation) problem(key, format string, args ...any) {
	v.Faults = append(v.Faults, config.Fault{Key: key, Problem: fmt.Sprintf(format, args...)})
}

// exclusive adds a fault when both keys are set.
func (v *validation) exclusive(a string, aSet bool, b string, bSet bool) {
	if aSet && bSet {
		v.problem(b, "%s is set too; keep one of the two", a)
	}
}

func (c *Config) validateModel(v *validation) {
	if c.BaseModel == "" {
		v.problem("base_model", "is missing; name a model folder or a model of the hub")
	}
	if c.LoadIn4Bit && c.Adapter == "" {
		v.problem("load_in_4bit", "4-bit weights cannot be trained themselves; add adapter: qlora, or remove load_in_4bit")
	}
	if c.LoadIn4Bit && c.Init == "random" {
		v.problem("init", "random weights and load_in_4bit exclude each other: NF4 holds a trained base")
	}
	if c.Float32 && c.BFloat16 {
		v.problem("float32", "bfloat16 is set too; keep one of the two")
	}
	if !regexp.MustCompile(`^(auto|cpu|cuda(:\d+)?)$`).MatchString(c.Device) {
		v.bad("device", c.Device, "auto, cpu, cuda or cuda:N")
	}
	if _, err := c.MemoryBudgetBytes(); err != nil {
		v.bad("memory_budget", c.MemoryBudget, "auto or a size such as 8GB or 500MiB")
	}
	if strings.HasPrefix(c.Device, "cuda") {
		v.problem("device", "%s: this version trains on the processor; set cpu or auto", c.Device)
	}
	if c.QuantizeEmbeddings && !c.LoadIn4Bit {
		v.problem("quantize_embeddings", "has no effect without load_in_4bit: true")
	}
	for i, name := range c.Plugins {
		if !harmlessPlugin(name) {
			v.problem(fmt.Sprintf("plugins[%d]", i), "%s is Python code that cannot be run; remove it", name)
		}
	}
}

// harmlessPlugin tells whether a plugin of axolotl changes speed or logging only.
func harmlessPlugin(name string) bool {
	last := name[strings.LastIndex(name, ".")+1:]
	return slices.Contains([]string{"LigerPlugin", "CutCrossEntropyPlugin", "KernelsPlugin", "SwanLabPlugin"}, last)
}

func (c *Config) validateAdapter(v *validation) {
	if c.Adapter == "" {
		for _, key := range []struct {
			name string
			set  bool
		}{{"lora_r", c.LoraR != 0}, {"lora_target_modules", !c.LoraTargetModules.IsZero()}, {"lora_target_linear", c.LoraTargetLinear}, {"peft_use_dora", c.UseDoRA},
			{"lora_modules_to_save", len(c.LoraModulesToSave) > 0}, {"lora_model_dir", c.LoraModelDir != ""}} {
			if key.set {
				v.problem(key.name, "has no effect without an adapter; add adapter: lora or qlora, or remove it to train the whole model")
			}
		}
		return
	}
	if c.Adapter == "qlora" && !c.LoadIn4Bit {
		v.problem("adapter", "qlora needs load_in_4bit: true; without 4-bit weights it is adapter: lora")
	}
	if c.LoraModelDir != "" { // its own configuration decides rank, alpha and modules
		return
	}
	if c.LoraR < 1 {
		v.bad("lora_r", c.LoraR, "a whole number of at least 1")
	}
	if c.LoraAlpha < 1 {
		v.bad("lora_alpha", c.LoraAlpha, "a whole number of at least 1")
	}
	if c.LoraTargetModules.IsZero() && !c.LoraTargetLinear {
		v.problem("lora_target_modules", "is missing; name the layers to adapt, such as [q_proj, k_proj, v_proj, o_proj], or set lora_target_linear: true")
	}
	for _, key := range []struct {
		name    string
		pattern map[string]int
	}{{"lora_rank_pattern", c.LoraRankPattern}, {"lora_alpha_pattern", c.LoraAlphaPattern}} {
		for _, text := range slices.Sorted(maps.Keys(key.pattern)) {
			if _, err := regexp.Compile(text); err != nil {
				v.problem(key.name, "%q is not a regular expression that Go reads: %v", text, err)
			}
		}
	}
	if _, err := regexp.Compile(c.LoraTargetModules.Pattern); err != nil {
		v.problem("lora_target_modules", "not a regular expression that Go reads: %v", err)
	}
}

func (c *Config) validateData(v *validation) {
	if len(c.Datasets) == 0 {
		v.problem("datasets", "is missing; list at least one dataset with path and type")
	}
	for i := range c.Datasets {
		c.validateDataset(v, fmt.Sprintf("datasets[%d]", i), &c.Datasets[i])
	}
	for i := range c.TestDatasets {
		c.validateDataset(v, fmt.Sprintf("test_datasets[%d]", i), &c.TestDatasets[i])
	}
	validateTemplate(v, "", c.ChatTemplate, c.ChatTemplateJinja)
	if c.ValSetSize > 1 && c.ValSetSize != float64(int64(c.ValSetSize)) {
		v.bad("val_set_size", c.ValSetSize, "a share up to 1, or a whole number of rows")
	}
	v.exclusive("test_datasets", len(c.TestDatasets) > 0, "val_set_size", c.ValSetSize > 0)
	if c.MinSampleLen > c.SequenceLen {
		v.problem("min_sample_len", "is larger than sequence_len (%d): every example would be dropped", c.SequenceLen)
	}
	if slices.Contains(c.EOTTokens, "") {
		v.problem("eot_tokens", "has an empty token; remove it")
	}
}

func (c *Config) validateDataset(v *validation, key string, d *Dataset) {
	switch {
	case d.Path == "":
		v.problem(key+".path", "is missing; name a file, a folder or a dataset of the hub")
	case strings.Contains(d.Path, "://"):
		v.problem(key+".path", "%s: files are read from this machine or from the hub; copy it here first", d.Path)
	}
	switch kind, style := d.format(); kind {
	case kindAlpaca:
		if style != "" && style != "chatml" {
			v.bad(key+".type", d.Type, "alpaca or alpaca:chatml")
		}
	case kindShareGPT:
		if style != "" && style != "load_role" && style != "chatml" {
			v.bad(key+".type", d.Type, "sharegpt, sharegpt:chatml or sharegpt.load_role")
		}
	case kindChat, kindCompletion, kindInputOutput, kindTokenised:
		if style != "" {
			v.bad(key+".type", d.Type, kind)
		}
	default:
		v.bad(key+".type", d.Type, "chat_template, sharegpt, alpaca, completion or input_output, or none for rows with input_ids and labels")
	}
	validateTemplate(v, key+".", d.ChatTemplate, d.ChatTemplateJinja)
	for _, ours := range slices.Sorted(maps.Keys(d.MessagePropertyMappings)) {
		if d.MessagePropertyMappings[ours] == "" {
			v.problem(key+".message_property_mappings."+ours, "is empty; name a key of the messages")
		}
	}
	roleOf := map[string]string{}
	for _, role := range slices.Sorted(maps.Keys(d.Roles)) {
		for _, name := range d.Roles[role] {
			if other, ok := roleOf[name]; ok && other != role {
				v.problem(key+".roles."+role, "%s is listed under %s too; a name in the rows has one role", name, other)
			}
			roleOf[name] = role
		}
	}
}

func validateTemplate(v *validation, prefix, name, jinja string) {
	_, isFallback := strings.CutPrefix(name, "tokenizer_default_fallback_")
	switch {
	case name == "jinja" && jinja == "":
		v.problem(prefix+"chat_template", "jinja needs the template itself in chat_template_jinja")
	case isFallback:
		if f := strings.TrimPrefix(name, "tokenizer_default_fallback_"); f != "chatml" && f != "llama3" {
			v.bad(prefix+"chat_template", name, "tokenizer_default_fallback_chatml or tokenizer_default_fallback_llama3")
		}
	case !slices.Contains([]string{"", "tokenizer_default", "chatml", "llama3", "jinja"}, name):
		v.bad(prefix+"chat_template", name, "tokenizer_default, chatml, llama3, jinja, or tokenizer_default_fallback_ and one of the names")
	}
}

// schedulerKwargs are the details that a scheduler takes.
var schedulerKwargs = map[string][]string{
	"cosine":               {"num_cycles"},
	"cosine_with_restarts": {"num_cycles"},
	"polynomial":           {"lr_end", "power"},
	"inverse_sqrt":         {"timescale"},
	"cosine_with_min_lr":   {"num_cycles", "min_lr", "min_lr_rate"},
	"one_cycle":            {"pct_start", "div_factor", "final_div_factor", "anneal_strategy"},
	"rex":                  {"min_lr"},
}

func (c *Config) validateTraining(v *validation) {
	if c.LearningRate == 0 {
		v.problem("learning_rate", "is missing; a usual one for an adapter is 2e-4")
	} else if c.LearningRate < 0 {
		v.bad("learning_rate", c.LearningRate, "a number above 0")
	}
	for _, name := range slices.Sorted(maps.Keys(c.LRSchedulerKwargs)) {
		if known := schedulerKwargs[c.LRScheduler]; !slices.Contains(known, name) {
			v.problem("lr_scheduler_kwargs."+name, "the scheduler %s does not know it; it knows %s", c.LRScheduler, cmp.Or(strings.Join(known, ", "), "none"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.OptimArgs)) {
		if name != "beta1" && name != "beta2" && name != "eps" {
			v.problem("optim_args", "%s cannot be set; want %s", name, OptimArgs(nil).Accepts())
		}
	}
	v.exclusive("warmup_steps", c.WarmupSteps != nil, "warmup_ratio", c.WarmupRatio != nil)
	v.exclusive("gradient_accumulation_steps", c.GradientAccumulationSteps > 1, "batch_size", c.BatchSize > 0)
	if c.MicroBatchSize > 0 && c.BatchSize%c.MicroBatchSize != 0 {
		v.problem("batch_size", "%d is no multiple of micro_batch_size (%d)", c.BatchSize, c.MicroBatchSize)
	}
}

func (c *Config) validateEvaluation(v *validation) {
	hasValidation := c.ValSetSize > 0 || len(c.TestDatasets) > 0
	v.exclusive("eval_steps", c.EvalSteps > 0, "evals_per_epoch", c.EvalsPerEpoch > 0)
	v.exclusive("save_steps", c.SaveSteps > 0, "saves_per_epoch", c.SavesPerEpoch > 0)
	for _, every := range []struct {
		name  string
		steps float64
	}{{"eval_steps", c.EvalSteps}, {"save_steps", c.SaveSteps}, {"logging_steps", c.LoggingSteps}} {
		if every.steps > 1 && every.steps != float64(int64(every.steps)) {
			v.bad(every.name, every.steps, "a share below 1, or a whole number of steps")
		}
	}
	for _, when := range []struct {
		name, strategy string
		bySteps        bool
	}{{"eval", c.EvalStrategy, c.EvalSteps > 0 || c.EvalsPerEpoch > 0}, {"save", c.SaveStrategy, c.SaveSteps > 0 || c.SavesPerEpoch > 0}} {
		key := when.name + "_strategy"
		switch {
		case when.bySteps && (when.strategy == "no" || when.strategy == "epoch"):
			v.problem(key, "is %s, yet %s_steps or %ss_per_epoch is set; keep one of the two", when.strategy, when.name, when.name)
		case !when.bySteps && when.strategy == "steps":
			v.problem(key, "steps needs %s_steps or %ss_per_epoch", when.name, when.name)
		}
	}
	if !hasValidation && c.MetricForBest != "strict" && c.MetricForBest != "relaxed" {
		for _, needs := range []struct {
			key string
			set bool
		}{
			{"eval_steps", c.EvalSteps > 0},
			{"eval_strategy", c.EvalStrategy != "" && c.EvalStrategy != "no"},
			{"early_stopping_patience", c.EarlyStoppingPatience > 0},
			{"load_best_model_at_end", c.LoadBest},
		} {
			if needs.set {
				v.problem(needs.key, "needs data to evaluate on; set val_set_size or test_datasets")
			}
		}
	}
	if (c.MetricForBest == "strict" || c.MetricForBest == "relaxed") && c.QueryTestFile == "" {
		v.problem("metric_for_best_model", "%s needs query_test_file", c.MetricForBest)
	}
	if c.SaveStrategy == "no" && (c.LoadBest || c.AverageCheckpoints > 0) {
		v.problem("save_strategy", "no: load_best_model_at_end and average_checkpoints need checkpoints")
	}
	v.exclusive("auto_resume_from_checkpoints", c.AutoResume != nil && *c.AutoResume, "resume_from_checkpoint", c.ResumeFrom != "")
}

// Warnings says what is understood in another way than axolotl understands it, and what has no effect.
func (c *Config) Warnings() []config.Notice {
	var notices []config.Notice
	note := func(key, format string, args ...any) {
		notices = append(notices, config.Notice{Key: key, Text: fmt.Sprintf(format, args...)})
	}
	if c.Adapter == "lora" && c.LoadIn4Bit {
		note("adapter", "lora with load_in_4bit is QLoRA in NF4, as adapter: qlora (axolotl from 0.13 on would not quantise)")
	}
	if c.ComputeDType != "auto" && (c.BF16 != Auto || c.BFloat16 || c.Float32 || c.BnB.ComputeDType != "") {
		note("compute_dtype", "%s is stronger than bf16, bfloat16, float32 and bnb_4bit_compute_dtype", c.ComputeDType)
	}
	switch c.Optimizer {
	case "adamw_8bit", "adamw_bnb_8bit", "adamw_torch_4bit", "adamw_torch_8bit", "paged_adamw_8bit", "paged_adamw_32bit":
		note("optimizer", "%s is AdamW with states of 32 bits, which are never paged", c.Optimizer)
	}
	if c.GradientCheckpointing == CheckpointingOffload || c.GradientCheckpointing == CheckpointingOffloadDisk {
		note("gradient_checkpointing", "%s is true: what is kept stays in memory", c.GradientCheckpointing)
	}
	if c.TF32 == On {
		note("tf32", "has no effect on a processor")
	}
	if c.EvalSamplePacking != nil {
		note("eval_sample_packing", "has no effect: eval_loss is the mean over all labelled tokens, however they are batched")
	}
	if len(c.ModelOverrides) > 0 && c.Adapter != "" {
		note("overrides_of_model_config", "an adapter does not carry them: lay them over config.json of the base too before merging or serving")
	}
	if c.SaveOnlyModel {
		note("save_only_model", "checkpoints cannot be resumed, except the one that an interruption leaves")
	}
	if c.WandbProject != "" {
		note("wandb_project", "nothing is sent: the run is written into %s/wandb when it ends, and wandb sync hands it over", c.OutputDir)
	}
	for i, name := range c.Plugins {
		note(fmt.Sprintf("plugins[%d]", i), "%s changes speed or logging only", name)
	}
	hasValidation := c.ValSetSize > 0 || len(c.TestDatasets) > 0
	if hasValidation && c.EvalStrategy == "" && c.EvalSteps == 0 && c.EvalsPerEpoch == 0 {
		note("val_set_size", "evaluation runs after every epoch, as no eval key says when")
	}
	if !hasValidation && c.EvalsPerEpoch > 0 {
		note("evals_per_epoch", "has no effect: there is no data to evaluate on; set val_set_size or test_datasets to have some")
	}
	for i := range c.Datasets {
		c.Datasets[i].warnings(fmt.Sprintf("datasets[%d]", i), note)
	}
	for i := range c.TestDatasets {
		c.TestDatasets[i].warnings(fmt.Sprintf("test_datasets[%d]", i), note)
	}
	return notices
}

func (d *Dataset) warnings(key string, note func(key, format string, args ...any)) {
	if kind, _ := d.format(); kind == kindShareGPT {
		note(key+".type", "sharegpt is read as chat_template with field_messages: %s and message_property_mappings: {role: %s, content: %s}; rows with messages are taken as they are",
			d.messagesKey(), d.messageKey("role"), d.messageKey("content"))
	}
	if d.MessageFieldRole != "" || d.MessageFieldContent != "" {
		note(key, "message_field_role and message_field_content are now message_property_mappings: {role: …, content: …}")
	}
	if d.Conversation != "" {
		note(key+".conversation", "is the old name of chat_template")
	}
}

// AccumulationSteps is the number of micro-batches of a step, whichever key gives it.
func (c *Config) AccumulationSteps() int {
	if c.BatchSize > 0 {
		return c.BatchSize / c.MicroBatchSize
	}
	return c.GradientAccumulationSteps
}

// MemoryBudgetBytes reads memory_budget; auto is 0.
func (c *Config) MemoryBudgetBytes() (int64, error) {
	if c.MemoryBudget == "auto" || c.MemoryBudget == "" {
		return 0, nil
	}
	parts := regexp.MustCompile(`^\s*(\d+(?:\.\d+)?)\s*([kMGT]?)(i?)B?\s*$`).FindStringSubmatch(c.MemoryBudget)
	if parts == nil || parts[2] == "" && parts[3] != "" {
		return 0, fmt.Errorf("memory_budget %q: want auto or a size such as 8GB or 500MiB", c.MemoryBudget)
	}
	size, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return 0, err
	}
	base := 1000.0
	if parts[3] != "" {
		base = 1024
	}
	if parts[2] != "" {
		size *= math.Pow(base, float64(1+strings.Index("kMGT", parts[2])))
	}
	if size < 1 || size > 1<<60 {
		return 0, fmt.Errorf("memory_budget %q is out of range", c.MemoryBudget)
	}
	return int64(size), nil
}
