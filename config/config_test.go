package config_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/ajolote-ai/ajolote/config"
)

// settings has a field of every kind that a configuration needs.
type settings struct {
	BaseModel    string             `yaml:"base_model" accept:"nonempty"`
	LearningRate float64            `yaml:"learning_rate" accept:"(0,1)"`
	LoraR        int                `yaml:"lora_r" accept:"[1,)"`
	LoadIn4Bit   bool               `yaml:"load_in_4bit"`
	WarmupSteps  *int               `yaml:"warmup_steps" accept:"[0,)"`
	WarmupRatio  *float64           `yaml:"warmup_ratio"`
	Excess       string             `yaml:"excess_length_strategy" accept:"drop|truncate|raise"`
	TrainOnEOS   string             `yaml:"train_on_eos" accept:"|all|turn|last|none"`
	BF16         precision          `yaml:"bf16"`
	Targets      config.Strings     `yaml:"lora_target_modules"`
	Datasets     []dataset          `yaml:"datasets"`
	Tokens       map[string]string  `yaml:"special_tokens"`
	Patterns     map[string]int     `yaml:"lora_rank_pattern"`
	Model        map[string]any     `yaml:"model_config"`
	Threads      uint8              `yaml:"threads"`
	Mix          map[string]float64 `yaml:"mix" accept:"[0,1]"`
	Untagged     string
}

type dataset struct {
	Path  string              `yaml:"path"`
	Type  string              `yaml:"type"`
	Rows  int                 `yaml:"rows"`
	Roles map[string][]string `yaml:"roles"`
}

// precision is a union: auto or a bool.
type precision string

func (p *precision) UnmarshalYAML(n *yaml.Node) error {
	if n.Value == "full" {
		return config.Fault{Problem: "full is not supported", Accepts: p.Accepts()}
	}
	if on, ok := config.ParseBool(n.Value); ok {
		*p = map[bool]precision{true: "true", false: "false"}[on]
		return nil
	}
	if n.Value != "auto" {
		return config.ErrType
	}
	*p = "auto"
	return nil
}

func (precision) Accepts() string { return "auto, true or false" }

func (s *settings) Validate() error {
	faults := config.Check(s)
	if s.WarmupSteps != nil && s.WarmupRatio != nil {
		faults = append(faults, config.Fault{Key: "warmup_ratio", Problem: "warmup_steps is set too; keep one"})
	}
	for i, d := range s.Datasets {
		if d.Type == "sharegpt" && d.Rows > 5 {
			faults = append(faults, config.Fault{Key: "datasets[" + string(rune('0'+i)) + "].rows", Problem: "too many"})
		}
	}
	return faults.Err()
}

func (s *settings) Warnings() []config.Notice {
	if s.LoraR > 256 {
		return []config.Notice{{Key: "lora_r", Text: "is large"}}
	}
	return nil
}

var rules = []config.Rule{
	{Key: "tokenizer_type", Do: config.Ignore, Why: "the tokenizer is chosen by tokenizer.json"},
	{Key: "comet_*", Do: config.Ignore, Why: "nothing is sent to Comet"},
	{Key: "load_in_8bit", Do: config.Refuse, Why: "8-bit loading is not supported; use load_in_4bit"},
	{Key: "save_safetensors", Do: config.Refuse, Only: []string{"false"}, Why: "only safetensors are written"},
	{Key: "world_size", Do: config.Refuse, Except: []string{"1"}, Why: "one device is used"},
	{Key: "datasets.shards", Do: config.Refuse, Why: "split the file instead"},
	{Key: "lr", Do: config.Rename, To: "learning_rate"},
}

func defaults() settings {
	return settings{BaseModel: "m", LearningRate: 1e-3, LoraR: 8, Excess: "drop", BF16: "auto"}
}

func parse(t *testing.T, text string, set ...string) (settings, *config.Document, error) {
	t.Helper()
	s := defaults()
	document, err := config.Parse("train.yml", []byte(text), &s, config.Options{Rules: rules, Set: set})
	require.NotNil(t, document)
	return s, document, err
}

func TestScalarsAreReadByTheTypeOfTheirField(t *testing.T) {
	for text, want := range map[string]func(*settings){
		"learning_rate: 2e-4":                  func(s *settings) { s.LearningRate = 2e-4 },
		`learning_rate: "2e-4"`:                func(s *settings) { s.LearningRate = 2e-4 },
		"learning_rate: .5":                    func(s *settings) { s.LearningRate = 0.5 },
		"learning_rate: 0.000_1":               func(s *settings) { s.LearningRate = 1e-4 },
		"lora_r: 16":                           func(s *settings) { s.LoraR = 16 },
		"lora_r: 16.0":                         func(s *settings) { s.LoraR = 16 },
		"lora_r: 1e2":                          func(s *settings) { s.LoraR = 100 },
		"lora_r: 0x10":                         func(s *settings) { s.LoraR = 16 },
		"lora_r: 1_000":                        func(s *settings) { s.LoraR = 1000 },
		"load_in_4bit: yes":                    func(s *settings) { s.LoadIn4Bit = true },
		"load_in_4bit: On":                     func(s *settings) { s.LoadIn4Bit = true },
		`load_in_4bit: "true"`:                 func(s *settings) { s.LoadIn4Bit = true },
		"warmup_steps: 0":                      func(s *settings) { s.WarmupSteps = new(0) },
		"base_model: 0123":                     func(s *settings) { s.BaseModel = "0123" },
		"base_model: no":                       func(s *settings) { s.BaseModel = "no" },
		"base_model: |\n  a\n  b":              func(s *settings) { s.BaseModel = "a\nb" },
		"bf16: no":                             func(s *settings) { s.BF16 = "false" },
		"lora_target_modules: q_proj":          func(s *settings) { s.Targets = config.Strings{"q_proj"} },
		"lora_target_modules: [q_proj, v_]":    func(s *settings) { s.Targets = config.Strings{"q_proj", "v_"} },
		"lora_target_modules:\n- q_proj":       func(s *settings) { s.Targets = config.Strings{"q_proj"} },
		"datasets: [{path: a, type: b}]":       func(s *settings) { s.Datasets = []dataset{{Path: "a", Type: "b"}} },
		"datasets:\n  - path: a\n    type:\n":  func(s *settings) { s.Datasets = []dataset{{Path: "a"}} },
		"special_tokens: {eos_token: </s>}":    func(s *settings) { s.Tokens = map[string]string{"eos_token": "</s>"} },
		"special_tokens: {eos_token: }":        func(s *settings) { s.Tokens = map[string]string{} },
		"lora_rank_pattern: {a.b: 4}":          func(s *settings) { s.Patterns = map[string]int{"a.b": 4} },
		"excess_length_strategy: truncate":     func(s *settings) { s.Excess = "truncate" },
		"train_on_eos: \"\"":                   func(s *settings) {},
		"datasets: [{roles: {user: [human]}}]": func(s *settings) { s.Datasets = []dataset{{Roles: map[string][]string{"user": {"human"}}}} },
		"model_config: {rope_scaling: {type: linear, factor: 2e0}, x: [1, a, null, true], n:}": func(s *settings) {
			s.Model = map[string]any{"rope_scaling": map[string]any{"type": "linear", "factor": 2.0}, "x": []any{int64(1), "a", nil, true}}
		},
	} {
		t.Run(text, func(t *testing.T) {
			got, _, err := parse(t, text)
			require.NoError(t, err)
			expected := defaults()
			want(&expected)
			require.Equal(t, expected, got)
		})
	}
}

func TestKeysWithoutValueKeepTheDefault(t *testing.T) {
	text := "base_model:\nlearning_rate: null\nlora_r: ~\nload_in_4bit:\nwarmup_steps:\nlora_target_modules:\ndatasets:\nspecial_tokens:\nbf16:\nload_in_8bit:\ntokenizer_type:\n"
	got, document, err := parse(t, text)
	require.NoError(t, err)
	require.Equal(t, defaults(), got)
	require.Empty(t, document.Notices)
	require.False(t, document.IsSet("base_model"))
	for _, empty := range []string{"", "\n\n", "# only a comment\n", "---\n", "null\n"} {
		got, _, err := parse(t, empty)
		require.NoError(t, err)
		require.Equal(t, defaults(), got)
	}
}

func TestEveryFaultIsReportedAtOnceWithItsLine(t *testing.T) {
	_, _, err := parse(t, `base_model: BSC-LT/salamandra-7b
lora_rr: 16
learning_rate: quick
lora_r: 0
load_in_4bit: 4
lora_r: 8

excess_length_strategy: split
datasets:
  - path: a.jsonl
    typ: alpaca
  - path: b.jsonl
    type: sharegpt
    rows: 6
    shards: 3
warmup_ratio: 0.1
warmup_steps: 10
load_in_8bit: true
`)
	var faults config.Faults
	require.ErrorAs(t, err, &faults)
	require.Equal(t, strings.TrimSpace(`
10 faults in the configuration:
  train.yml:2: lora_rr: no such key; did you mean lora_r?
  train.yml:3: learning_rate: want a number above 0 and below 1, have quick
  train.yml:5: load_in_4bit: want true or false, have 4
  train.yml:6: lora_r: occurs twice, first in line 4; keep one
  train.yml:8: excess_length_strategy: want drop, truncate or raise, have split
  train.yml:11: datasets[0].typ: no such key; did you mean type?
  train.yml:14: datasets[1].rows: too many
  train.yml:15: datasets[1].shards: 3 is refused: split the file instead
  train.yml:16: warmup_ratio: warmup_steps is set too; keep one
  train.yml:18: load_in_8bit: true is refused: 8-bit loading is not supported; use load_in_4bit`), err.Error())
	require.Equal(t, config.Fault{File: "train.yml", Line: 3, Key: "learning_rate", Value: "quick", Accepts: "a number above 0 and below 1"}, faults[1])
}

func TestValuesThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"learning_rate: .inf":             "train.yml:1: learning_rate: want a number above 0 and below 1, have .inf",
		"learning_rate: .nan":             "have .nan",
		"learning_rate: 1e999":            "have 1e999",
		"learning_rate: [1]":              "have a list of 1",
		"learning_rate: 1":                "want a number above 0 and below 1, have 1",
		"learning_rate: 0x1p-2":           "have 0x1p-2",
		"lora_r: 1.5":                     "want a whole number of at least 1, have 1.5",
		"lora_r: 99999999999999999999999": "have 99999999999999999999999",
		"lora_r: 1:30":                    "have 1:30",
		"lora_r: ''":                      `have ""`,
		"threads: 256":                    "have 256",
		"threads: -1":                     "have -1",
		"bf16: full":                      "full is not supported; want auto, true or false",
		"bf16: 2":                         "want auto, true or false, have 2",
		"base_model: !!binary aGk=":       "want a text that is not empty",
		"base_model: ' '":                 "want a text that is not empty",
		"base_model: {a: b}":              "want a text that is not empty, have a mapping",
		"datasets: {path: a}":             "datasets: want a list, each item a mapping (key: value), have a mapping",
		"datasets: [a]":                   "datasets[0]: want a mapping (key: value), have a",
		"datasets: [{path: a},]":          "",
		"datasets: [~]":                   "datasets[0]: the item is empty",
		"special_tokens: a":               "special_tokens: want a mapping",
		"special_tokens: {a: [b]}":        "special_tokens.a: want a text, have a list of 1",
		"special_tokens: {a: b, a: c}":    "special_tokens.a: occurs twice",
		"lora_target_modules: [q, {a: }]": "lora_target_modules: want a text or a list of texts, have a list of 2",
		"train_on_eos: both":              "want all, turn, last, none or nothing, have both",
		"mix: {a: 0.5, b: 2}":             "train.yml:1: mix.b: want a number of at least 0 and of at most 1, have 2",
		"model_config: {a: !x b}":         "model_config.a: the tag !x is not supported",
		"datasets[0]: 3":                  `"datasets[0]": no such key`,
		"? [a]\n: b":                      "a key is a list or a mapping",
		"- a":                             "want lines of the form key: value",
		"just text":                       "want lines of the form key: value",
		"lora_r: 8\n---\nlora_r: 9":       "a second document begins here",
		"lora_r: [":                       "not YAML",
		"a: b: c":                         "train.yml:1: not YAML: mapping values are not allowed in this context",
		"\tlora_r: 8":                     "not YAML",
		"<<: 3":                           "<<: want a mapping, or a list of mappings",
		"a: &a [*a]":                      "*a stands for something that holds itself",
		"a: &a {b: *a}":                   "*a stands for something that holds itself",
		"save_safetensors: false":         "save_safetensors: false is refused: only safetensors are written",
		"world_size: 2":                   "world_size: 2 is refused: one device is used",
		"zzzzzzzzzzzzz: 1":                "zzzzzzzzzzzzz: no such key",
		"excess_length: x":                "did you mean excess_length_strategy?",
		"tokeniser_type: x":               "did you mean tokenizer_type?",
		"lr: 1\nlearning_rate: 0.5":       "lr: is the old name of learning_rate, which is set too (line 2); keep one",
	} {
		t.Run(text, func(t *testing.T) {
			_, _, err := parse(t, text)
			if want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, want)
			var faults config.Faults
			require.ErrorAs(t, err, &faults)
			require.Len(t, faults, 1)
		})
	}
}

func TestAliasesAndMergeKeysAreFollowed(t *testing.T) {
	got, _, err := parse(t, `
datasets:
  - &one {path: a, type: alpaca, rows: 3}
  - <<: *one
    path: b
  - <<: [*one, {rows: 9}]
`)
	require.NoError(t, err)
	require.Equal(t, []dataset{{Path: "a", Type: "alpaca", Rows: 3}, {Path: "b", Type: "alpaca", Rows: 3}, {Path: "a", Type: "alpaca", Rows: 3}}, got.Datasets)
}

func TestAnAliasBombIsAFaultAndNotAnEmptyMemory(t *testing.T) {
	text := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'l'; c++ {
		text += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(c-1)+", ", 10), ", ") + "]\n"
	}
	_, _, err := parse(t, text)
	require.ErrorContains(t, err, "unfolds to more than")
}

func TestRulesIgnoreRefuseAndRename(t *testing.T) {
	got, document, err := parse(t, "tokenizer_type: LlamaTokenizer\ncomet_api_key: x\ncomet_mode: ''\nworld_size: 1\nload_in_8bit: false\nsave_safetensors: true\nlr: 2e-4\nlora_r: 512\n")
	require.NoError(t, err)
	require.Equal(t, 2e-4, got.LearningRate)
	var lines []string
	for _, n := range document.Notices {
		lines = append(lines, n.String())
	}
	require.Equal(t, []string{
		"train.yml:1: tokenizer_type: has no effect here: the tokenizer is chosen by tokenizer.json",
		"train.yml:2: comet_api_key: has no effect here: nothing is sent to Comet",
		"train.yml:7: lr: is now called learning_rate",
		"train.yml:8: lora_r: is large",
	}, lines)

	_, _, err = parse(t, "lr: 3")
	require.ErrorContains(t, err, "train.yml:1: learning_rate: want a number above 0 and below 1, have 3", "a renamed key is known by its line")
}

func TestOverridesAreLaidOverTheFile(t *testing.T) {
	file := "lora_r: 8\nlearning_rate: 0.5\ndatasets:\n  - path: a\n    type: alpaca\nbase_model: &m org/model\nspecial_tokens:\n"
	for name, c := range map[string]struct {
		set  []string
		want func(*settings)
	}{
		"a value":             {[]string{"lora_r=16"}, func(s *settings) { s.LoraR = 16 }},
		"the last wins":       {[]string{"lora_r=16", "lora_r=32"}, func(s *settings) { s.LoraR = 32 }},
		"a list":              {[]string{"lora_target_modules=[q_proj, v_proj]"}, func(s *settings) { s.Targets = config.Strings{"q_proj", "v_proj"} }},
		"an item":             {[]string{"datasets[0].path=b"}, func(s *settings) { s.Datasets[0].Path = "b" }},
		"an item with a dot":  {[]string{"datasets.0.path=b"}, func(s *settings) { s.Datasets[0].Path = "b" }},
		"a new item":          {[]string{"datasets[1].path=b"}, func(s *settings) { s.Datasets = append(s.Datasets, dataset{Path: "b"}) }},
		"a whole list":        {[]string{"datasets=[{path: c}]"}, func(s *settings) { s.Datasets = []dataset{{Path: "c"}} }},
		"an empty mapping":    {[]string{"special_tokens.eos_token=<|im_end|>"}, func(s *settings) { s.Tokens = map[string]string{"eos_token": "<|im_end|>"} }},
		"an absent mapping":   {[]string{`lora_rank_pattern."a.b"=4`}, func(s *settings) { s.Patterns = map[string]int{"a.b": 4} }},
		"an equals sign":      {[]string{"base_model=a=b"}, func(s *settings) { s.BaseModel = "a=b" }},
		"a colon and a space": {[]string{"base_model=a: b"}, func(s *settings) { s.BaseModel = "a: b" }},
		"a hash":              {[]string{"base_model='a # b'"}, func(s *settings) { s.BaseModel = "a # b" }},
		"no value":            {[]string{"learning_rate="}, func(s *settings) { s.LearningRate = 1e-3 }},
		"an old name":         {[]string{"learning_rate=", "lr=0.25"}, func(s *settings) { s.LearningRate = 0.25 }},
	} {
		t.Run(name, func(t *testing.T) {
			want, _, err := parse(t, file)
			require.NoError(t, err)
			got, _, err := parse(t, file, c.set...)
			require.NoError(t, err)
			c.want(&want)
			require.Equal(t, want, got)
		})
	}
}

func TestOverridesAreHeldToTheSameRules(t *testing.T) {
	for set, want := range map[string]string{
		"lora_r=none":              "--set lora_r=none: lora_r: want a whole number of at least 1, have none",
		"lora_rr=3":                "--set lora_rr=3: lora_rr: no such key; did you mean lora_r?",
		"lora_r":                   "--set lora_r: want key=value",
		"=3":                       "a key is missing",
		"datasets[2].path=x":       "datasets[2]: the list has 1 items; want an index from 0 to 1",
		"datasets[x].path=x":       "want a list index such as [0]",
		"datasets.path=x":          "datasets holds no keys",
		"base_model.x=3":           "base_model holds no keys",
		"base_model[0]=3":          "base_model is no list",
		"lora_target_modules=[a":   "the value is not YAML",
		`lora_rank_pattern."a=4`:   "want key=value",
		"load_in_8bit=true":        "--set load_in_8bit=true: load_in_8bit: true is refused",
		"excess_length_strategy=x": "--set excess_length_strategy=x: excess_length_strategy: want drop, truncate or raise, have x",
	} {
		t.Run(set, func(t *testing.T) {
			_, _, err := parse(t, "datasets: [{path: a}]\nbase_model: b\n", set)
			require.ErrorContains(t, err, want)
		})
	}
	got, _, err := parse(t, "", "lora_r=3")
	require.NoError(t, err, "an empty file can be overlaid")
	require.Equal(t, 3, got.LoraR)
}

func TestLoadNamesAFileThatIsNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "absent.yml")
	s := defaults()
	document, err := config.Load(path, &s, config.Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, path)
	require.NotNil(t, document)
}

func TestValidateErrorsThatAreNoFaultsAreReportedToo(t *testing.T) {
	_, err := config.Parse("a.yml", []byte("x: 1"), &broken{}, config.Options{})
	require.EqualError(t, err, "a.yml: the moon is down")
}

type broken struct {
	X int `yaml:"x"`
}

func (*broken) Validate() error { return errors.New("the moon is down") }

func TestCheckRefusesNumbersThatAreNotFinite(t *testing.T) {
	s := defaults()
	s.LearningRate = math.NaN()
	s.WarmupRatio = new(math.Inf(1))
	s.Mix = map[string]float64{"b": 3}
	require.Equal(t, config.Faults{
		{Key: "learning_rate", Value: "NaN", Accepts: "a number above 0 and below 1"},
		{Key: "warmup_ratio", Value: "+Inf", Accepts: "a number"},
		{Key: "mix.b", Value: "3", Accepts: "a number of at least 0 and of at most 1"},
	}, config.Check(&s))
}

func TestAMalformedAcceptTagPanics(t *testing.T) {
	for name, v := range map[string]any{
		"words on a number": &struct {
			A int `yaml:"a" accept:"x|y"`
		}{},
		"interval on a text": &struct {
			A string `yaml:"a" accept:"[1,2]"`
		}{},
		"no interval": &struct {
			A int `yaml:"a" accept:"[1"`
		}{},
		"no number": &struct {
			A int `yaml:"a" accept:"[one,)"`
		}{},
	} {
		t.Run(name, func(t *testing.T) {
			require.Panics(t, func() { config.Check(v) })
		})
	}
}
