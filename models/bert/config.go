package bert

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Config is the shape of an encoder, as its config.json says it. Unknown keys are ignored.
type Config struct {
	ModelType        string   // "bert", "roberta", "camembert" or "xlm-roberta"
	VocabSize        int      // words
	HiddenSize       int      // elements of a token's state
	Layers           int      // blocks
	Heads            int      // of attention; divides HiddenSize
	Intermediate     int      // width between the two halves of a layer's feed-forward part
	MaxPositions     int      // rows of the position table
	TokenTypes       int      // rows of the type table
	NormEps          float64  // of every LayerNorm
	PAD              int      // id of the padding word
	Activation       string   // "gelu", "gelu_new" or "relu"
	HiddenDropout    float64  // in training: of embeddings and of what each half of a layer adds
	AttentionDropout float64  // in training: of the attention probabilities
	HeadDropout      float64  // in training: before a classification head's last layer
	Labels           []string // of a classifier, by their number (id2label); nil where the file has none
}

type configFile struct {
	ModelType        string            `json:"model_type"`
	VocabSize        *int              `json:"vocab_size"`
	HiddenSize       *int              `json:"hidden_size"`
	Layers           *int              `json:"num_hidden_layers"`
	Heads            *int              `json:"num_attention_heads"`
	Intermediate     *int              `json:"intermediate_size"`
	MaxPositions     *int              `json:"max_position_embeddings"`
	TokenTypes       *int              `json:"type_vocab_size"`
	NormEps          *float64          `json:"layer_norm_eps"`
	PAD              *int              `json:"pad_token_id"`
	Activation       *string           `json:"hidden_act"`
	HiddenDropout    *float64          `json:"hidden_dropout_prob"`
	AttentionDropout *float64          `json:"attention_probs_dropout_prob"`
	HeadDropout      *float64          `json:"classifier_dropout"`
	PositionKind     *string           `json:"position_embedding_type"`
	Decoder          bool              `json:"is_decoder"`
	Labels           map[string]string `json:"id2label"`
}

// ReadConfig reads dir/config.json.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("bert: %w", err)
	}
	c, err := ParseConfig(data)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// ParseConfig reads the config.json of an encoder, with transformers' defaults for absent keys. The error lists every fault.
func ParseConfig(data []byte) (Config, error) {
	var f configFile
	if err := json.Unmarshal(data, &f); err != nil {
		return Config{}, err
	}
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	pad := 0
	switch f.ModelType {
	case "bert":
	case "roberta", "camembert", "xlm-roberta":
		pad = 1
	default: // whose other keys say nothing here
		return Config{}, fmt.Errorf("model_type is %q: encoders of bert, roberta, camembert and xlm-roberta are read", f.ModelType)
	}
	c := Config{
		ModelType: f.ModelType, VocabSize: or(f.VocabSize, 30522), HiddenSize: or(f.HiddenSize, 768), Layers: or(f.Layers, 12),
		Heads: or(f.Heads, 12), Intermediate: or(f.Intermediate, 3072), MaxPositions: or(f.MaxPositions, 512),
		TokenTypes: or(f.TokenTypes, 2), NormEps: or(f.NormEps, 1e-12), PAD: or(f.PAD, pad), Activation: or(f.Activation, "gelu"),
		HiddenDropout: or(f.HiddenDropout, 0.1), AttentionDropout: or(f.AttentionDropout, 0.1),
	}
	c.HeadDropout = or(f.HeadDropout, c.HiddenDropout)
	if kind := or(f.PositionKind, "absolute"); kind != "absolute" {
		fault("position_embedding_type is %q: only absolute positions are known", kind)
	}
	if f.Decoder {
		fault("is_decoder is true: this package computes encoders")
	}
	switch c.Activation {
	case "gelu", "gelu_new", "relu":
	default:
		fault("hidden_act is %q: gelu, gelu_new or relu are known", c.Activation)
	}
	for _, size := range []struct {
		key   string
		value int
	}{{"vocab_size", c.VocabSize}, {"hidden_size", c.HiddenSize}, {"num_hidden_layers", c.Layers}, {"num_attention_heads", c.Heads},
		{"intermediate_size", c.Intermediate}, {"max_position_embeddings", c.MaxPositions}, {"type_vocab_size", c.TokenTypes}} {
		if size.value <= 0 || size.value > 1<<24 {
			fault("%s is %d: it must be positive and at most 16777216", size.key, size.value)
		}
	}
	if c.Layers > 1<<12 {
		fault("num_hidden_layers is %d: at most 4096", c.Layers)
	}
	if c.Heads > 0 && c.HiddenSize%c.Heads != 0 {
		fault("hidden_size is %d: it must be a multiple of num_attention_heads, %d", c.HiddenSize, c.Heads)
	}
	if !(c.NormEps >= 0) {
		fault("layer_norm_eps is %v: it must not be negative", c.NormEps)
	}
	for _, p := range []struct {
		key   string
		value float64
	}{{"hidden_dropout_prob", c.HiddenDropout}, {"attention_probs_dropout_prob", c.AttentionDropout}, {"classifier_dropout", c.HeadDropout}} {
		if !(p.value >= 0 && p.value < 1) {
			fault("%s is %v: a probability lies in [0, 1)", p.key, p.value)
		}
	}
	if c.MaxTokens() <= 0 {
		fault("max_position_embeddings is %d: with pad_token_id %d no position is left for a token", c.MaxPositions, c.PAD)
	}
	if f.Labels != nil {
		c.Labels = make([]string, len(f.Labels))
		for id, label := range f.Labels {
			var i int
			if _, err := fmt.Sscan(id, &i); err != nil || i < 0 || i >= len(c.Labels) {
				fault("id2label has the key %q: the keys count from 0 to %d", id, len(c.Labels)-1)
				continue
			}
			c.Labels[i] = label
		}
	}
	if len(faults) > 0 {
		return Config{}, fmt.Errorf("%s", strings.Join(faults, "; "))
	}
	return c, nil
}

func or[T any](p *T, v T) T {
	if p != nil {
		return *p
	}
	return v
}

// roberta says whether positions begin behind the padding id, as in RoBERTa and its relatives.
func (c Config) roberta() bool { return c.ModelType != "bert" }

// MaxTokens is the length of the longest text that the model has positions for: 512 of 514 in RoBERTa's files.
func (c Config) MaxTokens() int {
	if c.roberta() {
		return c.MaxPositions - c.PAD - 1
	}
	return c.MaxPositions
}
