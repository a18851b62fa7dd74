package salamandra

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
	"github.com/ajolote-ai/ajolote/train"
)

const tinyModel = "../testdata/stories260k"

// tinyConfig is a LoRA run of eight steps on 16 short conversations; set are keys laid over it.
func tinyConfig(t *testing.T, set ...string) *Config {
	t.Helper()
	dir := t.TempDir()
	var rows bytes.Buffer
	for i := range 16 {
		line, err := json.Marshal(map[string]any{"messages": []map[string]string{
			{"role": "system", "content": "Tell a story about a girl and a dog in the park."},
			{"role": "user", "content": fmt.Sprintf("story %d about Tom", i)},
			{"role": "assistant", "content": fmt.Sprintf("Tom went to the park %d times and saw %d dogs.", i, i*7%10)},
		}})
		require.NoError(t, err)
		rows.Write(append(line, '\n'))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data.jsonl"), rows.Bytes(), 0o644))
	c, _, err := ParseConfig("tiny.yml", []byte(`
base_model: `+tinyModel+`
adapter: lora
lora_r: 4
lora_alpha: 8
lora_target_modules: [q_proj, down_proj]
datasets: [{path: `+dir+`/data.jsonl, type: chat_template}]
chat_template: jinja
chat_template_jinja: "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + eos_token }}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
sequence_len: 300
micro_batch_size: 2
gradient_accumulation_steps: 2
num_epochs: 2
learning_rate: 1e-2
output_dir: `+filepath.Join(dir, "out")+`
`), set...)
	require.NoError(t, err)
	return c
}

func fineTune(t *testing.T, c *Config) FineTuneResult {
	t.Helper()
	result, err := FineTune(context.Background(), c, FineTuneOptions{})
	require.NoError(t, err)
	return result
}

func losses(t *testing.T, c *Config) (list []float64) {
	t.Helper()
	for _, r := range records(t, c) {
		list = append(list, r.Loss)
	}
	return list
}

func tokensOf(t *testing.T, c *Config) (list []int) {
	t.Helper()
	for _, r := range records(t, c) {
		list = append(list, r.Tokens)
	}
	return list
}

// records are the lines of the log.
func records(t *testing.T, c *Config) (list []train.Record) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.OutputDir, train.LogFile))
	require.NoError(t, err)
	for line := range bytes.Lines(text) {
		var r train.Record
		require.NoError(t, json.Unmarshal(line, &r))
		list = append(list, r)
	}
	return list
}

func weightsOf(t *testing.T, c *Config) []byte {
	t.Helper()
	name := "adapter_model.safetensors"
	if c.Adapter == "" {
		name = "model.safetensors"
	}
	text, err := os.ReadFile(filepath.Join(c.OutputDir, name))
	require.NoError(t, err)
	return text
}

func TestEveryKindOfTrainingLearnsAndIsDeterministic(t *testing.T) {
	torchtest.Need(t)
	full := []string{"adapter=", "lora_r=0", "lora_alpha=0", "lora_target_modules=[]", "learning_rate=1e-3"}
	for name, set := range map[string][]string{
		"LoRA on 16 or 32 bits":     {},
		"QLoRA":                     {"load_in_4bit=true"},
		"rank-stabilised":           {"peft_use_rslora=true"},
		"DoRA":                      {"peft_use_dora=true", "load_in_4bit=true"},
		"LoRA+":                     {"loraplus_lr_ratio=4"},
		"the whole model":           full,
		"the whole model with Muon": append(slices.Clone(full), "optimizer=muon"),
		"from random weights":       append(slices.Clone(full), "init=random"),
		"packed":                    {"sample_packing=true"},
		"named and all linear":      {"lora_target_linear=true", "lora_target_modules=[lm_head]"},
		"embedding and head beside": {"lora_modules_to_save=[embed_tokens, lm_head, norm]"},
		"all of it in NF4":          {"load_in_4bit=true", "quantize_embeddings=true"},
		"with dropout":              {"lora_dropout=0.2"},
		"with noise":                {"neftune_noise_alpha=5"},
		"dropout without sharing":   {"lora_dropout=0.2", "shared_prefix=false"},
	} {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeaks(t)
			set = append(set, "num_epochs=1")
			first, second := tinyConfig(t, set...), tinyConfig(t, set...)
			fineTune(t, first)
			fineTune(t, second)
			l := losses(t, first)
			require.Less(t, l[len(l)-1], l[0])
			require.Equal(t, weightsOf(t, first), weightsOf(t, second))
		})
	}
}

func TestRecomputationWithDropoutGivesTheSameBytes(t *testing.T) {
	torchtest.Need(t)
	for _, more := range [][]string{{}, {"load_in_4bit=true"}, {"shared_prefix=false"}, {"neftune_noise_alpha=5"}} {
		keeping := tinyConfig(t, append([]string{"lora_dropout=0.3"}, more...)...)
		recomputing := tinyConfig(t, append([]string{"lora_dropout=0.3", "gradient_checkpointing=true"}, more...)...)
		fineTune(t, keeping)
		fineTune(t, recomputing)
		require.Equal(t, weightsOf(t, keeping), weightsOf(t, recomputing), "%v", more)
	}
}

// The rows that dropout counts are 0..P-1 for the shared prefix, and go on with each example's own: the mask of a token does
// not depend on how the step is split into micro-batches.
func TestNeitherDropoutNorNoiseDependOnTheSplitIntoMicroBatches(t *testing.T) {
	torchtest.Need(t)
	for _, set := range []string{"lora_dropout=0.3", "neftune_noise_alpha=50"} {
		whole, split := tinyConfig(t, set), tinyConfig(t, set, "memory_budget=1MB")
		fineTune(t, whole)
		fineTune(t, split)
		a, b := losses(t, whole), losses(t, split)
		for i := range a {
			require.InEpsilon(t, a[i], b[i], 1e-4, "%s, step %d", set, i+1)
		}
	}
}

func TestAnAdapterIsTheStartOfAnother(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	first := tinyConfig(t)
	fineTune(t, first)
	second := tinyConfig(t, "lora_model_dir="+first.OutputDir)
	fineTune(t, second)
	require.Less(t, losses(t, second)[0], losses(t, first)[0])
	c, err := lora.ReadConfig(second.OutputDir)
	require.NoError(t, err)
	require.Equal(t, 4, c.R)
}

func TestPackingFillsSequencesWithEveryExampleOnce(t *testing.T) {
	var examples []Tokenized
	for _, n := range []int{50, 20, 30, 70, 10, 100, 40} {
		examples = append(examples, Tokenized{IDs: make([]int32, n)})
	}
	require.Equal(t, [][]int{{5}, {3, 2}, {0, 6, 4}, {1}}, pack(examples, 100, false))
	require.Equal(t, [][]int{{0, 1, 2}, {3, 4}, {5}, {6}}, pack(examples, 100, true), "in the files' order")

	c := tinyConfig(t, "sample_packing=true")
	data, err := c.LoadData(context.Background(), LoadOptions{Tokenizer: tinyModel})
	require.NoError(t, err)
	var o train.Options
	c.counts(&o, data.Train)
	require.Less(t, o.Examples, len(data.Train))
	for _, p := range o.Packs {
		n := 0
		for _, i := range p {
			n += len(data.Train[i].IDs)
		}
		require.LessOrEqual(t, n, c.SequenceLen)
	}
}

func TestKeysReachTheModel(t *testing.T) {
	shape := func(set ...string) (*Config, llama.Config) {
		c := tinyConfig(t, set...)
		b, err := c.fetchBase(context.Background())
		require.NoError(t, err)
		return c, b.shape
	}
	_, s := shape("overrides_of_model_config={rms_norm_eps: 1e-3, rope_theta: 5e5}")
	require.Equal(t, 1e-3, s.NormEps)
	require.Equal(t, 5e5, s.Rope.Theta)

	other := t.TempDir()
	text, err := os.ReadFile(tinyModel + "/config.json")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(other+"/config.json", bytes.Replace(text, []byte("1e-05"), []byte("0.25"), 1), 0o644))
	_, s = shape("base_model_config=" + other)
	require.Equal(t, 0.25, s.NormEps)

	c, s := shape("lora_target_linear=true", "lora_target_modules=[lm_head]")
	require.Equal(t, []string{"down_proj", "gate_proj", "k_proj", "lm_head", "o_proj", "q_proj", "up_proj", "v_proj"}, c.loraConfig(s).TargetModules.Names)

	c, _ = shape("load_in_4bit=true", "bnb_config_kwargs={bnb_4bit_compute_dtype: float32}", "bf16=true")
	dtype, notice := c.computeType()
	require.Equal(t, torch.Float32, dtype)
	require.Empty(t, notice)
}

func TestALoadedCheckpointIsRefusedUnderAnotherConfigurationByItsKeys(t *testing.T) {
	torchtest.Need(t)
	c := tinyConfig(t)
	fineTune(t, c)
	c.LearningRate, c.LoggingSteps = 3e-3, 2
	_, err := FineTune(context.Background(), c, FineTuneOptions{})
	require.ErrorContains(t, err, `learning_rate was "0.01" and is "0.003"`)
	require.NotContains(t, err.Error(), "logging_steps")
}

func TestTheSameRunKeepsTheTimeOfItsFirstStart(t *testing.T) {
	torchtest.Need(t)
	c := tinyConfig(t)
	c.ChatTemplateJinja = `{{ strftime_now('%H:%M:%S') }}` + c.ChatTemplateJinja
	ctx, cancel := context.WithCancel(context.Background())
	_, err := FineTune(ctx, c, FineTuneOptions{Events: func(e train.Event) {
		if e.Kind == train.Stepped && e.Step == 3 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	time.Sleep(time.Second) // the prompts would now be others
	result := fineTune(t, c)
	require.Equal(t, filepath.Join(c.OutputDir, "checkpoint-3"), result.ResumedFrom)
}

func TestQueriesDecideWhichModelIsBest(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	gold := filepath.Join(t.TempDir(), "test.json")
	require.NoError(t, os.WriteFile(gold, []byte(`[{"doc_type": "projects", "filters": {}, "organisations": [], "semantic_query": null,
		"query_rewrite": "dogs", "meta": {"id": "Q1", "lang": "EN", "original_query": "dogs"}}]`), 0o644))
	c := tinyConfig(t, "query_test_file="+gold, "metric_for_best_model=relaxed", "eval_strategy=epoch", "load_best_model_at_end=true")
	var evaluated []map[string]float64
	result, err := FineTune(context.Background(), c, FineTuneOptions{Events: func(e train.Event) {
		if e.Kind == train.Evaluated {
			evaluated = append(evaluated, e.Metrics)
		}
	}})
	require.NoError(t, err)
	require.Len(t, evaluated, 3, "before the first step, and after each epoch")
	require.ElementsMatch(t, []string{"strict", "relaxed"}, slices.Collect(maps.Keys(evaluated[0])))
	require.Equal(t, 4, result.BestStep, "none is better than the first")
	without := tinyConfig(t)
	fineTune(t, without)
	require.Equal(t, losses(t, without), losses(t, c), "evaluation leaves training as it was")
}

func TestMemoryIsFlatOverFiveHundredSteps(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	c := tinyConfig(t, "load_in_4bit=true", "lora_dropout=0.1", "max_steps=500", "val_set_size=4", "eval_steps=100", "save_steps=50", "save_total_limit=2")
	resident := map[int]int64{}
	_, err := FineTune(context.Background(), c, FineTuneOptions{Events: func(e train.Event) {
		if e.Kind == train.Stepped && (e.Step == 60 || e.Step == 499) {
			runtime.GC() // what is left over is then what is held
			now, _, err := torch.Memory()
			require.NoError(t, err)
			resident[e.Step] = now
		}
	}})
	require.NoError(t, err)
	const margin = 8 << 20
	require.Less(t, resident[499]-resident[60], int64(margin), "%v", resident)
}

func TestARunWithoutProgressStopsEarlyAndEndsWithItsBest(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	// With warm-up over all steps the rate rises from nothing: the first steps improve the loss, then it is too much of it.
	c := tinyConfig(t, "val_set_size=4", "eval_steps=2", "save_steps=2", "save_total_limit=1", "early_stopping_patience=2", "load_best_model_at_end=true",
		"metric_for_best_model=loss", "num_epochs=30", "learning_rate=20", "lr_scheduler=constant_with_warmup", "warmup_ratio=1.0", "max_grad_norm=0")
	var evaluated []train.Event
	result, err := FineTune(context.Background(), c, FineTuneOptions{Events: func(e train.Event) {
		if e.Kind == train.Evaluated {
			evaluated = append(evaluated, e)
		}
	}})
	require.NoError(t, err)
	require.True(t, result.StoppedEarly)
	require.Less(t, result.Steps, 90)
	last := len(evaluated) - 1
	require.Greater(t, last, 2)
	require.Equal(t, evaluated[last-2].Step, result.BestStep)
	for _, e := range evaluated[1:] { // the one before the first step is not one to keep
		require.LessOrEqual(t, result.BestMetric, e.Metrics["eval_loss"])
	}
	best, err := os.ReadFile(filepath.Join(c.OutputDir, fmt.Sprintf("checkpoint-%d", result.BestStep), adapterWeights))
	require.NoError(t, err)
	require.Equal(t, best, weightsOf(t, c))
	left, err := filepath.Glob(filepath.Join(c.OutputDir, "checkpoint-*"))
	require.NoError(t, err)
	require.Len(t, left, 2, "a limit of one leaves the best and the newest: %v", left)
}

func TestTheModelThatAnswersIsTheOneThatIsKept(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	const record = `{"doc_type": "projects", "filters": {"programme": null, "funding_level": null, "year": null, "location": null, "location_level": null}, "organisations": [], "semantic_query": null, "query_rewrite": "List the projects about dogs", "meta": {"id": "Q1", "lang": "EN", "original_query": "dogs", "notes": ""}}`
	gold, rows := filepath.Join(dir, "test.json"), filepath.Join(dir, "rows.jsonl")
	require.NoError(t, os.WriteFile(gold, []byte("["+record+"]"), 0o644))
	answer := strings.Split(record, `"meta"`)[0] + `"meta": {"lang": "EN", "original_query": "dogs", "notes": null}}`
	line, err := json.Marshal(map[string]any{"messages": []map[string]string{
		{"role": "system", "content": "Answer."}, {"role": "user", "content": "dogs"}, {"role": "assistant", "content": answer},
	}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(rows, bytes.Repeat(append(line, '\n'), 4), 0o644))
	c := tinyConfig(t, "adapter=", "lora_r=0", "lora_alpha=0", "lora_target_modules=[]", "num_epochs=80", "learning_rate=3e-3", "sequence_len=512",
		"query_test_file="+gold, "metric_for_best_model=strict", "eval_strategy=steps", "eval_steps=20", "load_best_model_at_end=true")
	c.Datasets[0].Path = rows
	strict := map[int]float64{}
	result, err := FineTune(context.Background(), c, FineTuneOptions{Events: func(e train.Event) {
		if e.Kind == train.Evaluated {
			strict[e.Step] = e.Metrics["strict"]
		}
	}})
	require.NoError(t, err)
	require.Zero(t, strict[0])
	require.EqualValues(t, 1, result.BestMetric, "%v", strict)
	for step := range strict {
		require.False(t, step < result.BestStep && strict[step] == 1, "%v: the first is the best", strict)
	}
}
