package config_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ajolote-ai/ajolote/config"
)

func TestEncodeWritesEveryKeyAndDefaultsInTheOrderOfTheFields(t *testing.T) {
	s := defaults()
	s.BaseModel = "BSC-LT/salamandra-7b-instruct-tools"
	s.LearningRate = 1e-8
	s.WarmupSteps = new(0)
	s.Targets = config.Strings{"q_proj", "no", "12", "1e3", "a: b"}
	s.Datasets = []dataset{{Path: "data.jsonl", Rows: 3}, {}}
	s.Tokens = map[string]string{"pad_token": "<unk>", "eos_token": "</s>"}
	s.Model = map[string]any{"rope": map[string]any{"factor": 8.0, "on": true, "none": nil, "list": []any{int64(1)}}}
	text, err := config.Encode(s, defaults())
	require.NoError(t, err)
	require.Equal(t, `base_model: BSC-LT/salamandra-7b-instruct-tools
learning_rate: 1.0e-08
lora_r: 8
load_in_4bit: false
warmup_steps: 0
excess_length_strategy: drop
bf16: auto
lora_target_modules:
  - q_proj
  - "no"
  - "12"
  - "1e3"
  - "a: b"
datasets:
  - path: data.jsonl
    rows: 3
  - {}
special_tokens:
  eos_token: "</s>"
  pad_token: "<unk>"
model_config:
  rope:
    factor: 8.0
    list:
      - 1
    none: null
    "on": true
threads: 0
`, string(text))
}

func TestWhatIsEmptyButHasADefaultIsWritten(t *testing.T) {
	base := defaults()
	base.Targets = config.Strings{"q_proj"}
	s := base
	s.Targets, s.Excess = nil, ""
	text, err := config.Encode(s, base)
	require.NoError(t, err)
	require.Contains(t, string(text), "lora_target_modules: []\n")
	require.Contains(t, string(text), "excess_length_strategy: \"\"\n")
}

func TestEncodeRefusesWhatCouldNotBeReadAgain(t *testing.T) {
	base := defaults()
	base.WarmupSteps = new(3)
	for name, change := range map[string]func(*settings){
		"configuration key learning_rate: NaN is not a finite number":                                 func(s *settings) { s.LearningRate = math.NaN() },
		`configuration key base_model: the text "\xff" is not UTF-8`:                                  func(s *settings) { s.BaseModel = "\xff" },
		"configuration key warmup_steps: no value cannot be written, as the default is one":           func(s *settings) { s.WarmupSteps = nil },
		`configuration key special_tokens: the key "\xff" is not UTF-8`:                               func(s *settings) { s.Tokens = map[string]string{"\xff": ""} },
		`configuration key datasets: [0]: path: the text "\xff" is not UTF-8`:                         func(s *settings) { s.Datasets = []dataset{{Path: "\xff"}} },
		`configuration key model_config: a: [0]: +Inf is not a finite number`:                         func(s *settings) { s.Model = map[string]any{"a": []any{math.Inf(1)}} },
		`configuration key lora_target_modules: [1]: the text "\xc0" is not UTF-8`:                    func(s *settings) { s.Targets = config.Strings{"a", "\xc0"} },
		`configuration key mix: b: -Inf is not a finite number`:                                       func(s *settings) { s.Mix = map[string]float64{"b": math.Inf(-1)} },
		`configuration key warmup_ratio: NaN is not a finite number`:                                  func(s *settings) { s.WarmupRatio = new(math.NaN()) },
		`configuration key datasets: [0]: roles: user: [0]: the text "\xff" is not UTF-8`:             func(s *settings) { s.Datasets = []dataset{{Roles: map[string][]string{"user": {"\xff"}}}} },
		fmt.Sprintf("configuration key excess_length_strategy: the text %q is not UTF-8", "drop\xff"): func(s *settings) { s.Excess = "drop\xff" },
	} {
		t.Run(name, func(t *testing.T) {
			s := base
			change(&s)
			_, err := config.Encode(s, base)
			require.EqualError(t, err, name)
		})
	}
}

// anyText draws short texts that YAML likes to misread, beside random ones.
var anyText = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
	"", " ", "~", "null", "Null", "no", "Yes", "y", "1", "1e3", "0x1f", "1:30", ".5", ".inf", "-", "- a", "? a", "a: b", "a #b", "# a", "[a]", "{a}",
	"&a", "*a", "!x", "|", ">", "'", `"`, "%", "@", "`", "<<", "=", "a\nb", "\n", "a\n\n", "\t", "\u0085", "\u2028", "\ufeff", "\x00", "é", "2020-01-01", "a.b[0]", "\r\n", "…",
}))

func drawSettings(t *rapid.T) settings {
	s := settings{
		BaseModel:    anyText.Draw(t, "base_model"),
		LearningRate: rapid.Float64Range(-1e300, 1e300).Draw(t, "learning_rate"),
		LoraR:        rapid.Int().Draw(t, "lora_r"),
		LoadIn4Bit:   rapid.Bool().Draw(t, "load_in_4bit"),
		Excess:       anyText.Draw(t, "excess"),
		BF16:         rapid.SampledFrom([]precision{"auto", "true", "false"}).Draw(t, "bf16"),
		Threads:      rapid.Uint8().Draw(t, "threads"),
		WarmupSteps:  rapid.Ptr(rapid.Int(), true).Draw(t, "warmup_steps"),
		WarmupRatio:  rapid.Ptr(rapid.Float64Range(-1, 1), true).Draw(t, "warmup_ratio"),
	}
	if rapid.Bool().Draw(t, "lists") {
		s.Targets = rapid.SliceOfN(anyText, 1, 3).Draw(t, "targets")
		s.Tokens = rapid.MapOfN(anyText, anyText, 1, 3).Draw(t, "tokens")
		s.Patterns = rapid.MapOfN(anyText, rapid.Int(), 1, 3).Draw(t, "patterns")
		s.Datasets = []dataset{{Path: anyText.Draw(t, "path"), Roles: map[string][]string{"user": {anyText.Draw(t, "role")}}}}
		s.Model = map[string]any{"text": anyText.Draw(t, "any text"), "whole": rapid.Int64().Draw(t, "any int"), "number": rapid.Float64Range(-9, 9).Draw(t, "any float"), "list": []any{true, anyText.Draw(t, "item")}}
	}
	return s
}

// unchecked is settings without limits, so that any value may be written and read.
type unchecked settings

func (*unchecked) Validate() error { return nil }

func TestWhatIsWrittenReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := unchecked(drawSettings(t))
		text, err := config.Encode(want, unchecked(defaults()))
		require.NoError(t, err)
		got := unchecked(defaults())
		_, err = config.Parse("round.yml", text, &got, config.Options{})
		require.NoError(t, err, "%s", text)
		require.Equal(t, want, got, "%s", text)
	})
}

func FuzzParse(f *testing.F) {
	f.Add("lora_r: 8\ndatasets:\n  - &a {path: a}\n  - <<: *a\n", "datasets[0].path=x")
	f.Add("model_config: {a: [1, ~, {b: 2e-4}], ? [x] : y}\n", `lora_rank_pattern."a.b"=4`)
	f.Add("a: &a [*a]\n--- \nb: |\n  x\n", "a[0]=[1,2")
	f.Add("lr: !!str 2e-4\nspecial_tokens: !!binary aGk=\n", "base_model=")
	f.Fuzz(func(t *testing.T, text, set string) {
		got := unchecked(defaults())
		_, err := config.Parse("fuzz.yml", []byte(text), &got, config.Options{Rules: rules, Set: []string{set}})
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		again, err := config.Encode(got, unchecked(defaults()))
		if err != nil { // a text that is not UTF-8
			return
		}
		back := unchecked(defaults())
		_, err = config.Parse("again.yml", again, &back, config.Options{})
		require.NoError(t, err, "%s", again)
		second, err := config.Encode(back, unchecked(defaults()))
		require.NoError(t, err)
		require.Equal(t, string(again), string(second))
	})
}
