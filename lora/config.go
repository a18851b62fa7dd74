// Package lora adds low-rank adapters (Hu et al., "LoRA", 2021) to the linear layers of a model, and reads and writes them
// as peft does.
package lora

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Config is an adapter_config.json: what is adapted, and how. The zero value of a field is peft's default, except for R
// and Alpha (8 each), which [DefaultConfig] sets.
type Config struct {
	BaseModel string // base_model_name_or_path
	TaskType  string // "CAUSAL_LM", "FEATURE_EXTRACTION", ... or ""

	R       int     // rank of A and B
	Alpha   float64 // the product BA counts Alpha/R, with UseRSLoRA Alpha/√R
	Dropout float64 // on the input of A, in training

	TargetModules  Targets // which linear layers; see [Targets]
	ExcludeModules Targets // which of them not

	RankPattern  map[string]int     // R for modules whose name, or its end after a dot, matches the regular expression
	AlphaPattern map[string]float64 // Alpha likewise

	LayersToTransform []int    // only layers of these numbers; nil for all
	LayersPattern     []string // what the list of layers is called in module names; nil for any

	UseRSLoRA bool
	UseDoRA   bool
	// Init of A and B: "true" (Kaiming uniform A, zero B), "gaussian" (normal A of deviation 1/R, zero B) or "false"
	// (B random too, for tests). "" is "true".
	Init string

	// ModulesToSave are modules trained in full beside the adapters and kept in their file: embed_tokens, lm_head. As in peft
	// the end of a module's name counts, without regard to dots: norm stands for input_layernorm too.
	ModulesToSave []string
	// Bias says which biases of the base are trained: "none" (also ""), "all", or "lora_only", those of adapted layers.
	Bias string
}

// DefaultConfig is peft's.
func DefaultConfig() Config { return Config{R: 8, Alpha: 8} }

// Targets names linear layers: a list of names or ends of names after a dot, one regular expression for the whole name, or
// every linear layer but the head ("all-linear").
type Targets struct {
	Names  []string
	Regexp string
}

// AllLinear is the target "all-linear".
var AllLinear = Targets{Regexp: "all-linear"}

// Empty says that nothing is named.
func (t Targets) Empty() bool { return len(t.Names) == 0 && t.Regexp == "" }

// MarshalJSON writes a list, a string, or null.
func (t Targets) MarshalJSON() ([]byte, error) {
	switch {
	case t.Regexp != "":
		return json.Marshal(t.Regexp)
	case len(t.Names) > 0:
		return json.Marshal(t.Names)
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Targets) UnmarshalJSON(data []byte) error {
	*t = Targets{}
	if string(data) == "null" {
		return nil
	}
	if json.Unmarshal(data, &t.Regexp) == nil {
		return nil
	}
	if json.Unmarshal(data, &t.Names) != nil {
		return fmt.Errorf("%s is neither a name, a list of names nor null", data)
	}
	return nil
}

// PEFTVersion is the version of peft whose files this package writes.
const PEFTVersion = "0.21.2"

// file has every key of peft's adapter_config.json, in its order. Raw keys belong to features that this package does not
// have; they are written with peft's defaults, and refused with any other value.
type file struct {
	AloraInvocationTokens json.RawMessage `json:"alora_invocation_tokens"`
	AlphaPattern          map[string]num  `json:"alpha_pattern"`
	ArrowConfig           json.RawMessage `json:"arrow_config"`
	AutoMapping           json.RawMessage `json:"auto_mapping"`
	BaseModel             *string         `json:"base_model_name_or_path"`
	Bias                  string          `json:"bias"`
	CordaConfig           json.RawMessage `json:"corda_config"`
	EnsureWeightTying     json.RawMessage `json:"ensure_weight_tying"`
	EvaConfig             json.RawMessage `json:"eva_config"`
	ExcludeModules        Targets         `json:"exclude_modules"`
	FanInFanOut           json.RawMessage `json:"fan_in_fan_out"`
	InferenceMode         json.RawMessage `json:"inference_mode"`
	Init                  json.RawMessage `json:"init_lora_weights"`
	KasaConfig            json.RawMessage `json:"kasa_config"`
	LayerReplication      json.RawMessage `json:"layer_replication"`
	LayersPattern         json.RawMessage `json:"layers_pattern"`
	LayersToTransform     json.RawMessage `json:"layers_to_transform"`
	LoftQConfig           json.RawMessage `json:"loftq_config"`
	Alpha                 num             `json:"lora_alpha"`
	LoraBias              json.RawMessage `json:"lora_bias"`
	Dropout               float           `json:"lora_dropout"`
	LoraGAConfig          json.RawMessage `json:"lora_ga_config"`
	MegatronConfig        json.RawMessage `json:"megatron_config"`
	MegatronCore          json.RawMessage `json:"megatron_core"`
	ModulesToSave         []string        `json:"modules_to_save"`
	MonteCLoRAConfig      json.RawMessage `json:"monteclora_config"`
	PEFTType              string          `json:"peft_type"`
	PEFTVersion           string          `json:"peft_version"`
	QALoRAGroupSize       json.RawMessage `json:"qalora_group_size"`
	R                     int             `json:"r"`
	RankPattern           map[string]int  `json:"rank_pattern"`
	Revision              json.RawMessage `json:"revision"`
	TargetModules         Targets         `json:"target_modules"`
	TargetParameters      json.RawMessage `json:"target_parameters"`
	TaskType              *string         `json:"task_type"`
	TrainableTokens       json.RawMessage `json:"trainable_token_indices"`
	UseBDLoRA             json.RawMessage `json:"use_bdlora"`
	UseDoRA               bool            `json:"use_dora"`
	UseQALoRA             json.RawMessage `json:"use_qalora"`
	UseRSLoRA             bool            `json:"use_rslora"`
	VeLoRAConfig          json.RawMessage `json:"velora_config"`
}

// unsupported are the keys of features that this package does not have, with the values that leave them off.
var unsupported = map[string][]string{
	"alora_invocation_tokens": {"null"}, "arrow_config": {"null"}, "corda_config": {"null"}, "ensure_weight_tying": {"false"},
	"eva_config": {"null"}, "fan_in_fan_out": {"false"}, "kasa_config": {"null"}, "layer_replication": {"null"},
	"loftq_config": {"{}", "null"}, "lora_bias": {"false"}, "lora_ga_config": {"null"}, "monteclora_config": {"null"},
	"target_parameters": {"null", "[]"}, "trainable_token_indices": {"null"}, "use_bdlora": {"null", "false"},
	"use_qalora": {"false"}, "velora_config": {"null"},
}

// num is a number that is written as Python writes it: an integer without a point.
type num float64

func (n num) MarshalJSON() ([]byte, error) { return json.Marshal(float64(n)) }

// float is a number that is written with a point, as Python writes a float.
type float float64

func (f float) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(float64(f))
	if err == nil && !strings.ContainsAny(string(text), ".e") {
		text = append(text, ".0"...)
	}
	return text, err
}

// ReadConfig reads dir/adapter_config.json.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "adapter_config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("lora: %s holds no adapter: %w", dir, err)
	}
	c, err := ParseConfig(data)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// ParseConfig reads an adapter_config.json of any version of peft. Keys that are absent have peft's defaults. A feature
// that this package does not have is an error, where peft's own older versions drop it silently.
func ParseConfig(data []byte) (Config, error) {
	f := file{R: 8, Alpha: 8, Bias: "none"}
	if err := json.Unmarshal(data, &f); err != nil {
		return Config{}, err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return Config{}, err
	}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if f.PEFTType != "LORA" {
		fault("peft_type is %q: only LORA adapters are read", f.PEFTType)
	}
	for _, key := range sortedKeys(unsupported) {
		if v, ok := keys[key]; ok && !slices.Contains(unsupported[key], string(v)) {
			fault("%s is %s: this feature is not supported", key, v)
		}
	}
	c := Config{
		R: f.R, Alpha: float64(f.Alpha), Dropout: float64(f.Dropout), TargetModules: f.TargetModules, ExcludeModules: f.ExcludeModules,
		RankPattern: f.RankPattern, UseRSLoRA: f.UseRSLoRA, UseDoRA: f.UseDoRA, ModulesToSave: f.ModulesToSave, Bias: f.Bias,
	}
	if f.BaseModel != nil {
		c.BaseModel = *f.BaseModel
	}
	if f.TaskType != nil {
		c.TaskType = *f.TaskType
	}
	for k, v := range f.AlphaPattern {
		if c.AlphaPattern == nil {
			c.AlphaPattern = map[string]float64{}
		}
		c.AlphaPattern[k] = float64(v)
	}
	c.Init = strings.Trim(string(f.Init), `"`)
	var err error
	if c.LayersToTransform, err = oneOrMany[int](f.LayersToTransform); err != nil {
		fault("layers_to_transform: %w", err)
	}
	if c.LayersPattern, err = oneOrMany[string](f.LayersPattern); err != nil {
		fault("layers_pattern: %w", err)
	}
	if len(faults) == 0 {
		if err := c.Validate(); err != nil {
			fault("%w", err)
		}
	}
	return c, errors.Join(faults...)
}

// Validate reports every fault of the numbers.
func (c Config) Validate() error {
	var faults []error
	if c.R <= 0 {
		faults = append(faults, fmt.Errorf("r is %d: it must be positive", c.R))
	}
	if c.Dropout < 0 || c.Dropout >= 1 {
		faults = append(faults, fmt.Errorf("lora_dropout is %v: it must lie in [0, 1)", c.Dropout))
	}
	for _, key := range sortedKeys(c.RankPattern) {
		if c.RankPattern[key] <= 0 {
			faults = append(faults, fmt.Errorf("rank_pattern %q is %d: it must be positive", key, c.RankPattern[key]))
		}
	}
	if !slices.Contains([]string{"", "true", "false", "null", "gaussian"}, c.Init) {
		faults = append(faults, fmt.Errorf("init_lora_weights is %q: true, false or gaussian are supported", c.Init))
	}
	if !slices.Contains([]string{"", "none", "all", "lora_only"}, c.Bias) {
		faults = append(faults, fmt.Errorf("bias is %q: none, all or lora_only", c.Bias))
	}
	if slices.Contains(c.ModulesToSave, "") {
		faults = append(faults, fmt.Errorf("modules_to_save has an empty name, which every module ends with"))
	}
	return errors.Join(faults...)
}

// JSON is the adapter_config.json of c, with every key of peft.
func (c Config) JSON() ([]byte, error) {
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	null := raw("null")
	f := file{
		AloraInvocationTokens: null, AlphaPattern: map[string]num{}, ArrowConfig: null, AutoMapping: null, Bias: cmp.Or(c.Bias, "none"),
		CordaConfig: null, EnsureWeightTying: raw("false"), EvaConfig: null, ExcludeModules: c.ExcludeModules,
		FanInFanOut: raw("false"), InferenceMode: raw("true"), Init: raw("true"), KasaConfig: null, LayerReplication: null,
		LayersPattern: null, LayersToTransform: null, LoftQConfig: raw("{}"), Alpha: num(c.Alpha), LoraBias: raw("false"),
		Dropout: float(c.Dropout), LoraGAConfig: null, MegatronConfig: null, MegatronCore: raw(`"megatron.core"`),
		ModulesToSave: c.ModulesToSave, MonteCLoRAConfig: null, PEFTType: "LORA", PEFTVersion: PEFTVersion,
		QALoRAGroupSize: raw("16"), R: c.R, RankPattern: c.RankPattern, Revision: null, TargetModules: c.TargetModules,
		TargetParameters: null, TrainableTokens: null, UseBDLoRA: null, UseDoRA: c.UseDoRA, UseQALoRA: raw("false"),
		UseRSLoRA: c.UseRSLoRA, VeLoRAConfig: null,
	}
	if c.BaseModel != "" {
		f.BaseModel = &c.BaseModel
	}
	if c.TaskType != "" {
		f.TaskType = &c.TaskType
	}
	if f.RankPattern == nil {
		f.RankPattern = map[string]int{}
	}
	for k, v := range c.AlphaPattern {
		f.AlphaPattern[k] = num(v)
	}
	if c.Init == "false" {
		f.Init = raw("false")
	} else if c.Init == "gaussian" {
		f.Init = raw(`"gaussian"`)
	}
	var err error
	if c.LayersToTransform != nil {
		f.LayersToTransform, err = json.Marshal(c.LayersToTransform)
	}
	if c.LayersPattern != nil && err == nil {
		f.LayersPattern, err = json.Marshal(c.LayersPattern)
	}
	if err != nil {
		return nil, err
	}
	// The set of names has no order; sorted, the same adapter gives the same file.
	f.TargetModules.Names = slices.Sorted(slices.Values(c.TargetModules.Names))
	return json.MarshalIndent(f, "", "  ")
}

// oneOrMany reads a value, a list of values, or null.
func oneOrMany[T any](raw json.RawMessage) ([]T, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var one T
	if json.Unmarshal(raw, &one) == nil {
		return []T{one}, nil
	}
	var list []T
	err := json.Unmarshal(raw, &list)
	return list, err
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
