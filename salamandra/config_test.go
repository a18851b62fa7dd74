package salamandra

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ajolote-ai/ajolote/config"
)

var update = flag.Bool("update", false, "write the documents that tests compare with")

// smallest is a configuration without faults.
const smallest = `
base_model: m
learning_rate: 2e-4
datasets: [{path: a.jsonl, type: chat_template}]
`

func parse(t *testing.T, text string, set ...string) (*Config, []string, error) {
	t.Helper()
	c, notices, err := ParseConfig("train.yml", []byte(text), set...)
	var lines []string
	for _, n := range notices {
		lines = append(lines, n.String())
	}
	return c, lines, err
}

func TestTheGuidesOwnYAMLIsReadAsItIs(t *testing.T) {
	got, notices, err := LoadConfig("../examples/queryparser/salamandra-7b.yml")
	require.NoError(t, err)
	want := DefaultConfig()
	want.BaseModel = "BSC-LT/salamandra-7b-instruct-tools"
	want.ModelType = "LlamaForCausalLM"
	want.LoadIn4Bit = true
	want.Adapter = "lora"
	want.LoraR, want.LoraAlpha, want.LoraDropout = 16, 32, 0.05
	want.LoraTargetModules = TargetModules{Names: []string{"q_proj", "v_proj", "k_proj", "o_proj"}}
	want.PreparedPath = "data/training/prepared"
	want.Datasets = []Dataset{{Path: "data/training/impulse_training_salamandra.jsonl", Type: "sharegpt"}}
	want.SequenceLen, want.MicroBatchSize, want.GradientAccumulationSteps, want.NumEpochs = 2048, 2, 8, 3
	want.LearningRate, want.Optimizer, want.LRScheduler, want.WarmupRatio = 2e-4, "adamw_torch", "cosine", new(0.1)
	want.OutputDir = "outputs/salamandra-impuls-lora"
	require.Equal(t, want, got)
	require.Equal(t, int64(42), got.Seed)

	var lines []string
	for _, n := range notices {
		lines = append(lines, n.String())
	}
	require.Equal(t, []string{
		"../examples/queryparser/salamandra-7b.yml:8: adapter: lora with load_in_4bit is QLoRA in NF4, as adapter: qlora (axolotl from 0.13 on would not quantise)",
		"../examples/queryparser/salamandra-7b.yml:21: datasets[0].type: sharegpt is read as chat_template with field_messages: conversations and message_property_mappings: {role: from, content: value}; rows with messages are taken as they are",
	}, lines)
}

func TestEveryFaultOfAConfigurationIsReportedTogether(t *testing.T) {
	_, _, err := parse(t, `base_modell: m
model_type: MistralForCausalLM
load_in_8bit: true
adapter: qlora
lora_r: 0
lora_alpha:
lora_dropout: 1
lora_target_module: [q_proj]
datasets:
  - type: alpaca_chat.load_qa
    path: s3://bucket/a.jsonl
    field_message: conversations
    train_on_eos: sometimes
chat_template: qwen_25
sequence_len: 2k
learning_rate: -1
lr_scheduler: cosinus
optimizer: lion
warmup_steps: 10
warmup_ratio: 0.1
eval_steps: 0.2
save_steps: 10
saves_per_epoch: 2
gradient_checkpointing: unsloth
memory_budget: lots
device: tpu
`, "seed=-1")
	require.EqualError(t, err, `26 faults in the configuration:
  --set seed=-1: seed: want a whole number of at least 0, have -1
  train.yml: base_model: is missing; name a model folder or a model of the hub
  train.yml: lora_target_modules: is missing; name the layers to adapt, such as [q_proj, k_proj, v_proj, o_proj], or set lora_target_linear: true
  train.yml:1: base_modell: no such key; did you mean base_model?
  train.yml:2: model_type: want LlamaForCausalLM, AutoModelForCausalLM or nothing, have MistralForCausalLM
  train.yml:3: load_in_8bit: true is refused: 8-bit weights are not supported; use load_in_4bit: true with adapter: qlora
  train.yml:4: adapter: qlora needs load_in_4bit: true; without 4-bit weights it is adapter: lora
  train.yml:5: lora_r: want a whole number of at least 1, have 0
  train.yml:6: lora_alpha: want a whole number of at least 1, have 0
  train.yml:7: lora_dropout: want a number of at least 0 and below 1, have 1
  train.yml:8: lora_target_module: no such key; did you mean lora_target_modules?
  train.yml:10: datasets[0].type: want chat_template, sharegpt, alpaca, completion or input_output, or none for rows with input_ids and labels, have alpaca_chat.load_qa
  train.yml:11: datasets[0].path: s3://bucket/a.jsonl: files are read from this machine or from the hub; copy it here first
  train.yml:12: datasets[0].field_message: no such key; did you mean field_messages?
  train.yml:13: datasets[0].train_on_eos: want all, turn, last, none or nothing, have sometimes
  train.yml:14: chat_template: want tokenizer_default, chatml, llama3, jinja, or tokenizer_default_fallback_ and one of the names, have qwen_25
  train.yml:15: sequence_len: want a whole number of at least 1, have 2k
  train.yml:16: learning_rate: want a number above 0, have -1
  train.yml:17: lr_scheduler: want linear, cosine, cosine_with_restarts, polynomial, constant, constant_with_warmup, inverse_sqrt, cosine_with_min_lr, one_cycle or rex, have cosinus
  train.yml:18: optimizer: want adamw_torch, adamw_torch_fused, adamw_hf, adamw_8bit, adamw_bnb_8bit, adamw_torch_8bit, adamw_torch_4bit, paged_adamw_8bit, paged_adamw_32bit or muon, have lion
  train.yml:20: warmup_ratio: warmup_steps is set too; keep one of the two
  train.yml:21: eval_steps: needs data to evaluate on; set val_set_size or test_datasets
  train.yml:23: saves_per_epoch: save_steps is set too; keep one of the two
  train.yml:24: gradient_checkpointing: want true, false, offload or offload_disk, have unsloth
  train.yml:25: memory_budget: want auto or a size such as 8GB or 500MiB, have lots
  train.yml:26: device: want auto, cpu, cuda or cuda:N, have tpu`)
}

func TestFaultsOfValuesThatDoNotFitTogether(t *testing.T) {
	const adapter = "adapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"
	for text, want := range map[string]string{
		"load_in_4bit: true":                                                 "load_in_4bit: 4-bit weights cannot be trained themselves",
		"lora_r: 8":                                                          "lora_r: has no effect without an adapter",
		"adapter: qlora\nlora_model_dir: a":                                  "adapter: qlora needs load_in_4bit: true",
		"adapter: lora\nlora_r: 8\nlora_alpha: 8":                            "lora_target_modules: is missing",
		adapter + "init: random\nload_in_4bit: true":                         "init: random weights and load_in_4bit exclude each other",
		adapter + "lora_target_modules: 'q_proj('":                           "lora_target_modules: not a regular expression that Go reads",
		adapter + "lora_rank_pattern: {'q(': 3}":                             `lora_rank_pattern: "q(" is not a regular expression`,
		adapter + "lora_rank_pattern: {q: 0}":                                "lora_rank_pattern.q: want a whole number of at least 1, have 0",
		"lora_modules_to_save: [embed_tokens]":                               "lora_modules_to_save: has no effect without an adapter",
		"quantize_embeddings: true":                                          "quantize_embeddings: has no effect without load_in_4bit: true",
		adapter + "peft_init_lora_weights: pissa":                            "peft_init_lora_weights: want true, false or gaussian, have pissa",
		"float32: true\nbfloat16: true":                                      "float32: bfloat16 is set too",
		"fp16: true":                                                         "half precision with loss scaling is not supported",
		"bf16: full":                                                         "bf16: want auto, true or false, have full",
		"bnb_config_kwargs: {bnb_4bit_quant_type: fp4}":                      "bnb_config_kwargs.bnb_4bit_quant_type: want nf4 or nothing, have fp4",
		"bnb_config_kwargs: {llm_int8_threshold: 6}":                         "bnb_config_kwargs.llm_int8_threshold: 6 is refused",
		"plugins: [axolotl.integrations.spectrum.SpectrumPlugin]":            "plugins[0]: axolotl.integrations.spectrum.SpectrumPlugin is Python code",
		"rope_scaling: {type: linear, factor: 2}":                            "put it under overrides_of_model_config",
		"model_kwargs: {a: b}":                                               "these are arguments of a Python loader",
		"val_set_size: 0.1\ntest_datasets: [{path: b, type: chat_template}]": "val_set_size: test_datasets is set too",
		"val_set_size: 10.5":                                                 "val_set_size: want a share up to 1, or a whole number of rows, have 10.5",
		"eval_steps: 10":                                                     "eval_steps: needs data to evaluate on",
		"early_stopping_patience: 3":                                         "early_stopping_patience: needs data to evaluate on",
		"eval_strategy: epoch":                                               "eval_strategy: needs data to evaluate on",
		"val_set_size: 1\neval_strategy: steps":                              "eval_strategy: steps needs eval_steps or evals_per_epoch",
		"val_set_size: 1\neval_strategy: epoch\neval_steps: 3":               "eval_strategy: is epoch, yet eval_steps or evals_per_epoch is set",
		"val_set_size: 1\neval_steps: 3\nevals_per_epoch: 2":                 "evals_per_epoch: eval_steps is set too",
		"save_strategy: no\naverage_checkpoints: 3":                          "average_checkpoints need checkpoints",
		"metric_for_best_model: strict":                                      "metric_for_best_model: strict needs query_test_file",
		"warmup_steps: 0\nwarmup_ratio: 0":                                   "warmup_ratio: warmup_steps is set too",
		"batch_size: 8\ngradient_accumulation_steps: 4":                      "batch_size: gradient_accumulation_steps is set too",
		"batch_size: 3\nmicro_batch_size: 2":                                 "batch_size: 3 is no multiple of micro_batch_size (2)",
		"lr_scheduler_kwargs: {power: 2}":                                    "lr_scheduler_kwargs.power: the scheduler cosine does not know it; it knows num_cycles",
		"optim_args: beta3=1":                                                "optim_args: beta3 cannot be set",
		"optim_args: beta1=x":                                                "optim_args: want beta1, beta2 and eps",
		"min_sample_len: 600":                                                "min_sample_len: is larger than sequence_len (512)",
		"chat_template: jinja":                                               "chat_template: jinja needs the template itself",
		"chat_template: tokenizer_default_fallback_gemma":                    "chat_template: want tokenizer_default_fallback_chatml or",
		"eval_steps: 2.5\nval_set_size: 1":                                   "eval_steps: want a share below 1, or a whole number of steps, have 2.5",
		"save_safetensors: false":                                            "only safetensors are written",
		"world_size: 2":                                                      "training runs on one device",
		"rl: dpo":                                                            "training by preference or reward is not supported",
		"resume_from_checkpoint: c\nauto_resume_from_checkpoints: true":      "resume_from_checkpoint: auto_resume_from_checkpoints is set too",
	} {
		t.Run(text, func(t *testing.T) {
			_, _, err := parse(t, smallest+text)
			require.ErrorContains(t, err, want)
			var faults config.Faults
			require.ErrorAs(t, err, &faults)
			require.Len(t, faults, 1, "%v", err)
			if !strings.Contains(want, "is missing") {
				require.Greater(t, faults[0].Line, 4)
			}
		})
	}
}

func TestFaultsOfDatasets(t *testing.T) {
	for text, want := range map[string]string{
		"{type: alpaca}":                                   "datasets[0].path: is missing",
		"{path: gs://b/a.json, type: alpaca}":              "datasets[0].path: gs://b/a.json: files are read from this machine or from the hub",
		"{path: a, type: alpaca:phi}":                      "datasets[0].type: want alpaca or alpaca:chatml, have alpaca:phi",
		"{path: a, type: sharegpt.load_ultrachat}":         "datasets[0].type: want sharegpt, sharegpt:chatml or sharegpt.load_role",
		"{path: a, type: completion:x}":                    "datasets[0].type: want completion, have completion:x",
		"{path: a, type: pygmalion}":                       "datasets[0].type: want chat_template, sharegpt, alpaca, completion or input_output",
		"{path: a, type: {format: x}}":                     "datasets[0].type: want a text, have a mapping",
		"{path: a, chat_template: gemma}":                  "datasets[0].chat_template: want tokenizer_default, chatml",
		"{path: a, shards: 4}":                             "datasets[0].shards: 4 is refused: it selects a part of the rows",
		"{path: a, message_property_mappings: {role: ''}}": "datasets[0].message_property_mappings.role: is empty",
		"{path: a, roles: {user: [x], assistant: [x]}}":    "datasets[0].roles.user: x is listed under assistant too",
		"{path: a, ds_type: csv}":                          "datasets[0].ds_type: want json, jsonl, parquet or nothing, have csv",
	} {
		t.Run(text, func(t *testing.T) {
			_, _, err := parse(t, "base_model: m\nlearning_rate: 1\ndatasets:\n  - "+text)
			require.ErrorContains(t, err, "train.yml:4: "+want)
		})
	}
}

func TestKeysThatChangeNothingAreIgnoredWithANotice(t *testing.T) {
	_, notices, err := parse(t, `base_model: m
learning_rate: 1e-3
datasets: [{path: a, type: alpaca}]
flash_attention: true
tokenizer_type: LlamaTokenizer
deepspeed: zero1.json
fsdp:
wandb_watch:
gptq: false
save_safetensors: true
torch_compile_backend: inductor
hub_model_id: me/m
context_parallel_size: 1
optimizer: paged_adamw_8bit
gradient_checkpointing: offload
plugins: [axolotl.integrations.liger.LigerPlugin]
evaluation_strategy: epoch
val_set_size: 0.05
bf16: true
compute_dtype: float32
`)
	require.NoError(t, err)
	require.Equal(t, []string{
		"train.yml:4: flash_attention: has no effect here: there is one attention here; examples never see each other, packed or not",
		"train.yml:5: tokenizer_type: has no effect here: the tokenizer is what tokenizer.json and tokenizer_config.json say",
		"train.yml:6: deepspeed: has no effect here: training runs on one device",
		"train.yml:10: save_safetensors: has no effect here: safetensors are always written",
		"train.yml:11: torch_compile_backend: has no effect here: it changes speed only, and the fast paths are always on",
		"train.yml:12: hub_model_id: has no effect here: nothing is uploaded",
		"train.yml:14: optimizer: paged_adamw_8bit is AdamW with states of 32 bits, which are never paged",
		"train.yml:15: gradient_checkpointing: offload is true: what is kept stays in memory",
		"train.yml:16: plugins[0]: axolotl.integrations.liger.LigerPlugin changes speed or logging only",
		"train.yml:17: evaluation_strategy: is now called eval_strategy",
		"train.yml:20: compute_dtype: float32 is stronger than bf16, bfloat16, float32 and bnb_4bit_compute_dtype",
	}, notices)
}

func TestManyRecipesEvaluateNothingAndAreNoFault(t *testing.T) {
	_, notices, err := parse(t, smallest+"val_set_size: 0\nevals_per_epoch: 4\n")
	require.NoError(t, err)
	require.Equal(t, []string{"train.yml:6: evals_per_epoch: has no effect: there is no data to evaluate on; set val_set_size or test_datasets to have some"}, notices)
}

func TestValuesOfSeveralShapes(t *testing.T) {
	for text, want := range map[string]func(*Config){
		"bf16: auto":                       func(c *Config) { c.BF16 = Auto },
		"bf16: yes":                        func(c *Config) { c.BF16 = On },
		"gradient_checkpointing: true":     func(c *Config) { c.GradientCheckpointing = CheckpointingOn },
		"peft_init_lora_weights: gaussian": func(c *Config) { c.InitLoraWeights = InitLoraGaussian },
		"optim_args: beta1=0.8, eps=1e-6":  func(c *Config) { c.OptimArgs = OptimArgs{"beta1": 0.8, "eps": 1e-6} },
		"optim_args: {betas: [0.8, 0.9], epsilon: 1e-6}": func(c *Config) {
			c.OptimArgs = OptimArgs{"beta1": 0.8, "beta2": 0.9, "eps": 1e-6}
		},
		"peft_layers_pattern: layers":                                    func(c *Config) { c.LayersPattern = config.Strings{"layers"} },
		"model_config: {rope_scaling: {factor: 2.0}}":                    func(c *Config) { c.ModelOverrides = map[string]any{"rope_scaling": map[string]any{"factor": 2.0}} },
		"adapter: lora\nlora_model_dir: x\nlora_target_modules: .*_proj": func(c *Config) { c.Adapter, c.LoraModelDir, c.LoraTargetModules.Pattern = "lora", "x", ".*_proj" },
		"warmup_steps: 0": func(c *Config) { c.WarmupSteps = new(0) },
	} {
		t.Run(text, func(t *testing.T) {
			want0, _, err := parse(t, smallest)
			require.NoError(t, err)
			got, _, err := parse(t, smallest+text)
			require.NoError(t, err)
			want(want0)
			require.Equal(t, want0, got)
		})
	}
}

func TestTheOldNamesOfShareGPTMean(t *testing.T) {
	for _, c := range []struct {
		d                       Dataset
		messages, role, content string
		template                string
	}{
		{Dataset{Type: "sharegpt"}, "conversations", "from", "value", "tokenizer_default"},
		{Dataset{Type: "sharegpt:chatml"}, "conversations", "from", "value", "chatml"},
		{Dataset{Type: "sharegpt", Conversation: "chatml"}, "conversations", "from", "value", "chatml"},
		{Dataset{Type: "sharegpt.load_role"}, "conversations", "role", "value", "tokenizer_default"},
		{Dataset{Type: "chat_template"}, "messages", "role", "content", "tokenizer_default"},
		{Dataset{Type: "chat_template", FieldMessages: "conversations", MessageFieldRole: "from", MessageFieldContent: "value"}, "conversations", "from", "value", "tokenizer_default"},
		{Dataset{Type: "sharegpt", MessagePropertyMappings: map[string]string{"role": "who"}}, "conversations", "who", "value", "tokenizer_default"},
		{Dataset{Type: "chat_template", ChatTemplateJinja: "{{ x }}"}, "messages", "role", "content", "jinja"},
	} {
		name, _ := (&Config{}).template(&c.d)
		require.Equal(t, []string{c.messages, c.role, c.content, c.template}, []string{c.d.messagesKey(), c.d.messageKey("role"), c.d.messageKey("content"), name}, "%+v", c.d)
	}
}

func TestMemoryBudget(t *testing.T) {
	for text, want := range map[string]int64{"auto": 0, "": 0, "8GB": 8e9, "500MiB": 500 << 20, "1.5 GB": 15e8, "123": 123, "2k": 2000, "1KiB": -1, "GB": -1, "8iB": -1, "0": -1, "-1GB": -1, "9999999TB": -1} {
		c := DefaultConfig()
		c.MemoryBudget = text
		got, err := c.MemoryBudgetBytes()
		if want < 0 {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestBatchSizeGivesTheAccumulation(t *testing.T) {
	require.Equal(t, 4, (&Config{MicroBatchSize: 2, BatchSize: 8, GradientAccumulationSteps: 1}).AccumulationSteps())
	require.Equal(t, 3, (&Config{MicroBatchSize: 2, GradientAccumulationSteps: 3}).AccumulationSteps())
}

func TestTheEffectiveConfigurationReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := DefaultConfig()
		c.BaseModel = rapid.StringN(1, 20, -1).Draw(t, "base_model")
		c.LearningRate = rapid.Float64Range(1e-9, 1).Draw(t, "learning_rate")
		c.Datasets = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Dataset {
			return Dataset{
				Path: rapid.SampledFrom([]string{"a.jsonl", "dir", "org/name"}).Draw(t, "path"), Type: rapid.SampledFrom([]string{"sharegpt", "alpaca:chatml", ""}).Draw(t, "type"),
				RolesToTrain: []string{"assistant", "user"}, Roles: map[string][]string{"user": {"human"}}, DropSystemMessage: rapid.Bool().Draw(t, "drop"),
			}
		}), 1, 3).Draw(t, "datasets")
		c.WarmupSteps = rapid.Ptr(rapid.IntRange(0, 100), true).Draw(t, "warmup_steps")
		c.BF16 = rapid.SampledFrom([]AutoBool{Auto, On, Off}).Draw(t, "bf16")
		c.InitLoraWeights = rapid.SampledFrom([]InitLora{InitLoraKaiming, InitLoraGaussian, InitLoraNonZero}).Draw(t, "init")
		c.ShuffleMerged = rapid.Bool().Draw(t, "shuffle")
		c.BnB.DoubleQuant = rapid.Ptr(rapid.Bool(), true).Draw(t, "double")
		c.Adapter, c.LoraR, c.LoraAlpha = "lora", 8, 16
		c.LoraTargetModules = rapid.SampledFrom([]TargetModules{{Names: []string{"q_proj"}}, {Pattern: "all-linear"}}).Draw(t, "modules")
		c.OptimArgs = rapid.SampledFrom([]OptimArgs{nil, {"eps": 1e-6}}).Draw(t, "optim_args")
		require.NoError(t, c.Validate())

		text, err := c.YAML()
		require.NoError(t, err)
		got, notices, err := ParseConfig("dump.yml", text)
		require.NoError(t, err, "%s", text)
		require.Equal(t, c, got, "%s", text)
		for _, n := range notices {
			require.NotContains(t, n.Text, "has no effect")
		}
	})
}

func TestTheDumpShowsEveryDefault(t *testing.T) {
	c, _, err := parse(t, smallest)
	require.NoError(t, err)
	text, err := c.YAML()
	require.NoError(t, err)
	for _, line := range []string{"seed: 42\n", "optimizer: adamw_torch_fused\n", "adam_epsilon: 1.0e-08\n", "learning_rate: 0.0002\n", "bf16: auto\n", "shared_prefix: true\n", "sequence_len: 512\n", "load_in_4bit: false\n"} {
		require.Contains(t, string(text), line)
	}
}

func TestTheDocumentListsEveryKey(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`# Keys of the fine-tuning configuration

The keys are those of axolotl 0.19, with the same meaning, and some of our own, which say so. A key without a value is as good as absent.
Numbers may be written as 2e-4, with or without quotes. Any key can be set from the command line: --set lora_r=32 --set datasets[0].path=other.jsonl.
A key that is listed nowhere below is an error. This page is written from the program: go test ./salamandra -run Document -update.
`)
	var source [][]byte
	for _, name := range []string{"config.go", "config_dataset.go"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		source = append(source, text)
	}
	require.NoError(t, config.Reference(&b, DefaultConfig(), axolotlRules(), source...))
	const path = "../docs/config.md"
	if *update {
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	if !bytes.Equal(b.Bytes(), have) {
		t.Errorf("%s is not what the program would write: run go test ./salamandra -run Document -update", path)
	}
}

func FuzzParseConfig(f *testing.F) {
	guide, err := os.ReadFile("../examples/queryparser/salamandra-7b.yml")
	require.NoError(f, err)
	f.Add(guide)
	f.Add([]byte(smallest + "optim_args: a=b,\nmemory_budget: 1e9\nlora_target_modules: '('\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, _, err := ParseConfig("fuzz.yml", text)
		if err != nil {
			return
		}
		dump, err := c.YAML()
		if err != nil { // a text that is not UTF-8
			return
		}
		again, _, err := ParseConfig("dump.yml", dump)
		require.NoError(t, err, "%s", dump)
		require.Equal(t, c, again, "%s", dump)
	})
}
