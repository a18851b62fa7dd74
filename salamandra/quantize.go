package salamandra

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/internal/pyjson"
	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
)

// QuantizeOptions say how a model is written in NF4.
type QuantizeOptions struct {
	Model         string // folder or hub name
	Output        string // folder to write; it must not exist
	DoubleQuant   bool   // quantise the scales too
	Head          bool   // quantise the output head as well; readers find it by its tensors
	Embeddings    bool   // quantise the embedding and the head: a quarter of their bytes, but transformers cannot read such a file
	MaxShardBytes int64
	Progress      func(done, total int64) // told the bytes read; nil for nobody
}

// Quantize writes a model with its linear layers in NF4, in the files of bitsandbytes: transformers loads them with the same
// weights that it would have quantised itself. Norms and biases keep their types, and unless asked for embedding and head.
func Quantize(ctx context.Context, o QuantizeOptions) error {
	return torch.Run(func() error { return quantize(ctx, o) })
}

func quantize(ctx context.Context, o QuantizeOptions) (err error) {
	if exists(o.Output) {
		return fmt.Errorf("quantize: output path %s exists already", o.Output)
	}
	dir, err := hub.Fetch(ctx, hub.Request{Name: o.Model, Allow: hub.ModelFiles()})
	if err != nil {
		return err
	}
	weights, err := safetensors.Open(dir)
	if err != nil {
		return fmt.Errorf("quantize: %w", err)
	}
	defer weights.Close()
	for _, t := range weights.Tensors() {
		if qlora.IsStored(weights, t.Name) {
			return fmt.Errorf("quantize: %s: %s is in NF4 already", dir, t.Name)
		}
		if o.Embeddings && t.Name == "model.embed_tokens.weight" && t.Shape[len(t.Shape)-1]%64 != 0 {
			return fmt.Errorf("quantize: %s: %s %d: an embedding in NF4 needs rows of a multiple of 64", dir, t.Name, t.Shape)
		}
	}
	partial := strings.TrimRight(o.Output, "/") + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return fmt.Errorf("quantize: %w", err)
	}
	defer os.RemoveAll(partial)
	if err := os.MkdirAll(partial, 0o755); err != nil {
		return fmt.Errorf("quantize: %w", err)
	}
	dtype, err := writeQuantized(ctx, o, weights, partial)
	if err != nil {
		return err
	}
	if err := quantizedFiles(o, dir, partial, dtype); err != nil {
		return fmt.Errorf("quantize: %w", err)
	}
	if err := os.Rename(partial, o.Output); err != nil {
		return fmt.Errorf("quantize: %w", err)
	}
	return nil
}

// writeQuantized writes the weights and returns the type that the quantised ones had. The size of a quantised tensor's files
// is known only when it has been quantised (its blob holds numbers as text), so the small parts are made first and kept, and
// the codes in a second pass.
func writeQuantized(ctx context.Context, o QuantizeOptions, weights *safetensors.Weights, dir string) (torch.DType, error) {
	var specs []safetensors.Spec
	small := map[string][]byte{} // scales and blobs, by tensor name
	var dtype torch.DType
	tensors := weights.Tensors()
	slices.SortFunc(tensors, func(a, b *safetensors.Tensor) int { return safetensors.CompareNames(a.Name, b.Name) })
	var done, total int64 = 0, 2 * weights.Bytes()
	advance := func(bytes int64) {
		if done += bytes; o.Progress != nil {
			o.Progress(done, total)
		}
	}
	quantise := func(t *safetensors.Tensor, each func(qlora.Stored) error) error {
		w, err := qlora.QuantizeStored(t, qlora.Options{DoubleQuant: o.DoubleQuant})
		if err != nil {
			return err
		}
		defer w.Free()
		dtype = w.DType
		parts, err := w.Stored(t.Name)
		if err != nil {
			return err
		}
		for _, part := range parts {
			if err := each(part); err != nil {
				return err
			}
		}
		return nil
	}
	for _, t := range tensors {
		if err := ctx.Err(); err != nil {
			return dtype, err
		}
		if !o.quantises(t) {
			specs = append(specs, t.Spec)
		} else if err := quantise(t, func(part qlora.Stored) error {
			specs = append(specs, part.Spec)
			if part.Name != t.Name {
				small[part.Name] = slices.Clone(part.Data)
			}
			return nil
		}); err != nil {
			return dtype, fmt.Errorf("quantize: %w", err)
		}
		advance(t.Bytes())
	}
	w, err := safetensors.CreateSharded(dir, specs, safetensors.ShardOptions{MaxShardBytes: o.MaxShardBytes})
	if err != nil {
		return dtype, fmt.Errorf("quantize: %w", err)
	}
	defer w.Abort()
	for name, data := range small {
		if err := w.Write(name, data); err != nil {
			return dtype, fmt.Errorf("quantize: %w", err)
		}
	}
	for _, t := range tensors {
		if err := ctx.Err(); err != nil {
			return dtype, err
		}
		err := error(nil)
		if o.quantises(t) {
			err = quantise(t, func(part qlora.Stored) error {
				if part.Name != t.Name {
					return nil
				}
				return w.Write(part.Name, part.Data)
			})
		} else {
			err = copyTensor(w, t)
		}
		if err != nil {
			return dtype, fmt.Errorf("quantize: %w", err)
		}
		advance(t.Bytes())
	}
	return dtype, w.Commit()
}

// quantises says whether a tensor becomes NF4: the weights of linear layers, which end in _proj, and what was asked for.
func (o QuantizeOptions) quantises(t *safetensors.Tensor) bool {
	switch {
	case len(t.Shape) != 2:
		return false
	case t.Name == "lm_head.weight":
		return o.Head || o.Embeddings
	case t.Name == "model.embed_tokens.weight":
		return o.Embeddings
	}
	return strings.HasSuffix(t.Name, "_proj.weight")
}

func copyTensor(w *safetensors.Writer, t *safetensors.Tensor) error {
	out, err := w.Tensor(t.Name)
	if err != nil {
		return err
	}
	buffer := make([]byte, 16<<20)
	for at := int64(0); at < t.Bytes(); at += int64(len(buffer)) {
		piece := buffer[:min(int64(len(buffer)), t.Bytes()-at)]
		if _, err := t.ReadAt(piece, at); err != nil {
			return err
		}
		if _, err := out.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// quantizedFiles writes what stands beside the weights, config.json last.
func quantizedFiles(o QuantizeOptions, from, to string, dtype torch.DType) error {
	if err := copyFiles(to, from, append([]string{"generation_config.json", PromptFile}, tokenizerFiles...)...); err != nil {
		return err
	}
	config, err := readObject(filepath.Join(from, "config.json"))
	if err != nil {
		return err
	}
	var skip any
	if o.Head || o.Embeddings {
		skip = []any{} // a list replaces the default, which leaves the head out
	}
	config.Set("quantization_config", pyjson.NewObject(
		"_load_in_4bit", true, "_load_in_8bit", false, "bnb_4bit_compute_dtype", dtype.String(), "bnb_4bit_quant_storage", "uint8",
		"bnb_4bit_quant_type", "nf4", "bnb_4bit_use_double_quant", o.DoubleQuant, "llm_int8_enable_fp32_cpu_offload", false,
		"llm_int8_has_fp16_weight", false, "llm_int8_skip_modules", skip, "llm_int8_threshold", 6.0, "load_in_4bit", true,
		"load_in_8bit", false, "quant_method", "bitsandbytes"))
	return writeObject(filepath.Join(to, "config.json"), config, false)
}
