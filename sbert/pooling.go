package sbert

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// Pooling makes one vector of a text's hidden states. Several modes are put side by side.
type Pooling struct {
	// Modes are some of mean, cls, max, mean_sqrt_len_tokens, weightedmean (by the place of the token, from 1) and lasttoken.
	Modes []string
	// IncludePrompt is false when the tokens of a prompt do not count.
	IncludePrompt bool
}

// poolingModes in the order in which sentence-transformers joins the vectors of several, with the keys of versions 2 to 5.
var poolingModes = []struct{ name, key string }{
	{"cls", "pooling_mode_cls_token"}, {"max", "pooling_mode_max_tokens"}, {"mean", "pooling_mode_mean_tokens"},
	{"mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"}, {"weightedmean", "pooling_mode_weightedmean_tokens"},
	{"lasttoken", "pooling_mode_lasttoken"},
}

func readPooling(path string) (Pooling, error) {
	p := Pooling{IncludePrompt: true}
	var f map[string]json.RawMessage
	found, err := readJSON(path, &f)
	if err != nil {
		return p, err
	}
	if !found {
		return p, fmt.Errorf("%s is missing: the pooling of the model is not known", path)
	}
	var one string
	if raw, ok := f["pooling_mode"]; ok {
		if json.Unmarshal(raw, &one) == nil {
			p.Modes = []string{one}
		} else if err := json.Unmarshal(raw, &p.Modes); err != nil {
			return p, fmt.Errorf("%s: pooling_mode: %w", path, err)
		}
	} else {
		for _, mode := range poolingModes {
			if string(f[mode.key]) == "true" {
				p.Modes = append(p.Modes, mode.name)
			}
		}
	}
	if len(p.Modes) == 0 {
		p.Modes = []string{"mean"}
	}
	for _, m := range p.Modes {
		if !slices.ContainsFunc(poolingModes, func(known struct{ name, key string }) bool { return known.name == m }) {
			return p, fmt.Errorf("%s: pooling_mode is %q: cls, max, mean, mean_sqrt_len_tokens, weightedmean and lasttoken are known", path, m)
		}
	}
	p.IncludePrompt = string(f["include_prompt"]) != "false"
	return p, nil
}

// Forward pools hidden [tokens, size] by the offsets of the texts: [texts, modes·size]. The first promptTokens of every text
// do not count unless IncludePrompt.
func (p Pooling) Forward(hidden *torch.Tensor, bounds []int, promptTokens int) *torch.Tensor {
	if p.IncludePrompt {
		promptTokens = 0
	}
	var parts []*torch.Tensor
	for _, mode := range p.Modes {
		switch mode {
		case "max":
			parts = append(parts, p.largest(hidden, bounds, promptTokens))
		case "cls", "lasttoken":
			at := make([]int64, len(bounds)-1)
			for i := range at {
				at[i] = int64(min(bounds[i]+promptTokens, bounds[i+1]-1))
				if mode == "lasttoken" {
					at[i] = int64(bounds[i+1] - 1)
				}
			}
			parts = append(parts, hidden.IndexSelect(0, torch.FromSlice(hidden.Scope(), at, len(at))))
		default:
			parts = append(parts, weights(mode, hidden, bounds, promptTokens).MatMul(hidden))
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return torch.Cat(-1, parts...)
}

// weights is the matrix [texts, tokens] whose product with the hidden states averages every text.
func weights(mode string, hidden *torch.Tensor, bounds []int, skip int) *torch.Tensor {
	texts, tokens := len(bounds)-1, hidden.Dim(0)
	w := make([]float32, texts*tokens)
	for i := range texts {
		from, to := bounds[i]+skip, bounds[i+1]
		total := 0.0
		for at := from; at < to; at++ {
			weight := 1.0
			if mode == "weightedmean" {
				weight = float64(at - bounds[i] + 1)
			}
			w[i*tokens+at] = float32(weight)
			total += weight
		}
		if mode == "mean_sqrt_len_tokens" {
			total = math.Sqrt(total)
		}
		for at := from; at < to; at++ {
			w[i*tokens+at] = float32(float64(w[i*tokens+at]) / max(total, 1e-9))
		}
	}
	return torch.FromSlice(hidden.Scope(), w, texts, tokens).To(hidden.DType())
}

func (p Pooling) largest(hidden *torch.Tensor, bounds []int, skip int) *torch.Tensor {
	rows := make([]*torch.Tensor, len(bounds)-1)
	for i := range rows {
		rows[i] = hidden.Rows(min(bounds[i]+skip, bounds[i+1]-1), bounds[i+1]).Amax(0)
	}
	return torch.Stack(0, rows...)
}

func readDense(ctx context.Context, dir, path string, compute torch.DType) (*Dense, error) {
	var f struct {
		In         int    `json:"in_features"`
		Out        int    `json:"out_features"`
		Activation string `json:"activation_function"`
		Bias       *bool  `json:"bias"`
	}
	if found, err := readJSON(filepath.Join(dir, "config.json"), &f); err != nil || !found {
		return nil, fmt.Errorf("sbert: dense layer %s: config.json cannot be read (%v)", dir, err)
	}
	d := &Dense{path: path, Activation: "identity"}
	switch f.Activation {
	case "torch.nn.modules.activation.Tanh":
		d.Activation = "tanh"
	case "torch.nn.modules.linear.Identity", "":
	default:
		return nil, fmt.Errorf("%s: activation_function is %s: Tanh and Identity are known", filepath.Join(dir, "config.json"), f.Activation)
	}
	file, err := tensorfile.Open(dir, nil)
	if err != nil {
		return nil, fmt.Errorf("sbert: dense layer: %w", err)
	}
	defer file.Close()
	file.Want("linear.weight", f.Out, f.In)
	biased := f.Bias == nil || *f.Bias
	if biased {
		file.Want("linear.bias", f.Out)
	}
	if err := file.Check(dir+": the dense layer does not fit its config.json", nil); err != nil {
		return nil, err
	}
	if d.Weight, err = file.Read(ctx, "linear.weight", compute); err != nil {
		return nil, err
	}
	if biased {
		if d.Bias, err = file.Read(ctx, "linear.bias", compute); err != nil {
			d.Weight.Free()
			return nil, err
		}
	}
	return d, nil
}
