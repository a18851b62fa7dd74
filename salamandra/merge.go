package salamandra

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/internal/atomicfile"
	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
	"github.com/ajolote-ai/ajolote/train"
)

// MergeOptions say how an adapter becomes part of its base.
type MergeOptions struct {
	Adapter string // folder of the adapter
	Output  string // folder to write
	Base    string // folder or hub name of the base; "" takes what the adapter names
	Force   bool   // write into an output folder that exists; nothing in it is deleted but an earlier model's weights

	MaxShardBytes int64  // of one weights file; 0 for 5,000,000,000
	DType         string // bfloat16 (also ""), float16 or float32: of all weights
	// Onto is what the adapter is added to: "16bit" (also ""), the base's own weights, or "nf4", the dequantised weights that
	// a QLoRA training saw. Embedding and head, which training did not quantise, are untouched in both.
	// Absent, it is what the configuration of the run that made the adapter says (merge_method in its run.json).
	Onto string
	// Verify compares the merged model with base and adapter on sample text afterwards. It needs memory for the whole model, in
	// the type of its files.
	Verify bool

	Progress func(done, total int64) // told the bytes written, one call at a time; nil for nobody
}

// MergeResult is what a merge has written.
type MergeResult struct {
	Base    string // folder of the base
	Modules int    // layers that were adapted
	Tensors int
	Bytes   int64
	Files   []string
	Onto    string // "16bit" or "nf4"

	Verification *Verification // nil unless asked for
}

// Merge adds an adapter to its base and writes the result as a model directory: W becomes W + Scale · BA, summed in float32
// and rounded once. Tensors stream through in bands, so memory stays below one large matrix. A folder that did not exist
// appears when all of it is written; an interrupted merge leaves nothing that loads as a model.
func Merge(ctx context.Context, o MergeOptions) (result MergeResult, err error) {
	defer torch.Catch(&err)
	m := &merge{MergeOptions: o, ctx: ctx}
	if err := m.open(); err != nil {
		return result, err
	}
	defer m.close()
	if err := m.check(); err != nil {
		return result, err
	}
	if exists(m.Output) {
		// Nothing loads without a config.json, which comes last.
		if err := os.Remove(filepath.Join(m.Output, "config.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return result, fmt.Errorf("merge: %w", err)
		}
		err = m.write(m.Output)
	} else {
		err = atomicfile.WriteDir(m.Output, m.write)
	}
	if err != nil {
		return result, fmt.Errorf("merge: %w", err)
	}
	result = m.result()
	if m.Verify {
		if result.Verification, err = m.verify(ctx); err != nil {
			return result, fmt.Errorf("merge: verifying %s: %w", m.Output, err)
		}
	}
	return result, nil
}

func (m *merge) write(dir string) error {
	if err := m.weights(dir); err != nil {
		return err
	}
	return m.files(dir)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// merge is a Merge at work.
type merge struct {
	MergeOptions
	ctx     context.Context
	dtype   torch.DType
	baseDir string
	base    *safetensors.Weights
	adapter *lora.Stored
	specs   []safetensors.Spec
	written sync.Mutex // guards done, and keeps calls of Progress apart
	done    int64
	total   int64
}

func (m *merge) open() (err error) {
	if !exists(m.Adapter) {
		return fmt.Errorf("merge: adapter path %s does not exist", m.Adapter)
	}
	if exists(m.Output) && !m.Force {
		return fmt.Errorf("merge: output path %s exists already: choose another, or force (--force) writing into it", m.Output)
	}
	if m.dtype, err = torch.ParseDType(cmp.Or(m.DType, "bfloat16")); err != nil || !m.dtype.IsFloat() || m.dtype == torch.Float64 {
		return fmt.Errorf("merge: dtype is %q: bfloat16, float16 or float32", m.DType)
	}
	if m.Onto != "" && m.Onto != "16bit" && m.Onto != "nf4" {
		return fmt.Errorf("merge: onto is %q: 16bit or nf4", m.Onto)
	}
	if m.Onto == "" {
		m.Onto = trainedOnto(m.Adapter)
	}
	if m.adapter, err = lora.Open(m.Adapter); err != nil {
		return err
	}
	if m.Base = cmp.Or(m.Base, m.adapter.Config.BaseModel); m.Base == "" {
		m.adapter.Close()
		return fmt.Errorf("merge: %s names no base model; give it", filepath.Join(m.Adapter, "adapter_config.json"))
	}
	m.baseDir, err = hub.Fetch(m.ctx, hub.Request{Name: m.Base, Allow: hub.ModelFiles()})
	if err == nil {
		m.base, err = safetensors.Open(m.baseDir)
	}
	if err != nil {
		m.adapter.Close()
	}
	return err
}

// trainedOnto is what the configuration of the run that made the adapter says; 16bit where there is none, or it says nothing.
func trainedOnto(adapter string) string {
	var run struct {
		About struct {
			Config struct {
				MergeMethod string `json:"merge_method"`
			} `json:"config"`
		} `json:"about"`
	}
	text, err := os.ReadFile(filepath.Join(adapter, train.FinishedFile))
	if err == nil && json.Unmarshal(text, &run) == nil && run.About.Config.MergeMethod == "memory_efficient" {
		return "nf4"
	}
	return "16bit"
}

func (m *merge) close() {
	m.adapter.Close()
	m.base.Close()
}

// check declares the tensors to write, and makes sure that the adapter fits the base, before anything is written.
func (m *merge) check() error {
	var faults []string
	left := map[string]bool{}
	for _, module := range m.adapter.Modules {
		left[module] = true
	}
	whole := map[string]bool{}
	for _, name := range m.adapter.Wholes() {
		whole[name] = true
	}
	sources := m.base.Tensors()
	if embed := m.base.Tensor(embedWeight); m.unties() && embed != nil {
		head := *embed
		head.Name = headWeight
		sources = append(sources, &head)
	}
	for _, t := range sources {
		name, shape := t.Name, t.Shape
		if trained := m.adapter.Whole(name); trained != nil {
			if delete(whole, name); !slices.Equal(trained.Shape, shape) {
				faults = append(faults, fmt.Sprintf("%s has shape %d, the one that was trained in full %d", name, shape, trained.Shape))
			}
		}
		switch {
		case qlora.IsStored(m.base, name):
			q, err := qlora.Read(m.base, name)
			if err != nil {
				return err
			}
			shape = nil
			for _, d := range q.Shape {
				shape = append(shape, int64(d))
			}
			q.Free()
		case m.belongsToQuantised(name):
			continue
		}
		module := strings.TrimSuffix(name, ".weight")
		if out, in, ok := m.adapter.Adapts(module); ok {
			delete(left, module)
			if len(shape) != 2 || shape[0] != int64(out) || shape[1] != int64(in) {
				faults = append(faults, fmt.Sprintf("%s has shape %d, the adapter's is [%d %d]", name, shape, out, in))
			}
		}
		dtype, err := tensorfile.DType(t.DType)
		spec := safetensors.Spec{Name: name, DType: t.DType, Shape: shape}
		if err == nil && dtype.IsFloat() || qlora.IsStored(m.base, name) {
			spec.DType = tensorfile.FileDType(m.dtype)
		}
		m.specs = append(m.specs, spec)
		m.total += spec.Bytes()
	}
	for _, module := range m.adapter.Modules {
		if left[module] {
			faults = append(faults, "the base has no "+module+".weight")
		}
	}
	for _, name := range m.adapter.Wholes() {
		if whole[name] {
			faults = append(faults, "the base has no "+name+", which was trained in full")
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("merge: adapter %s does not fit base %s: %s", m.Adapter, m.baseDir, strings.Join(faults, "; "))
	}
	return nil
}

const (
	embedWeight = "model.embed_tokens.weight"
	headWeight  = "lm_head.weight"
)

// unties says whether the base ties its head to the embedding, and one of the two was trained by itself: then the merged model
// has both.
func (m *merge) unties() bool {
	return m.base.Tensor(headWeight) == nil && (m.adapter.Whole(embedWeight) != nil || m.adapter.Whole(headWeight) != nil)
}

// belongsToQuantised says whether a tensor of the base is a companion of an NF4 weight.
func (m *merge) belongsToQuantised(name string) bool {
	for _, suffix := range qlora.StoredNames("")[1:] {
		if weight, ok := strings.CutSuffix(name, suffix); ok && qlora.IsStored(m.base, weight) {
			return true
		}
	}
	return false
}

func (m *merge) result() MergeResult {
	files, _ := filepath.Glob(filepath.Join(m.Output, "*.safetensors"))
	return MergeResult{Base: m.baseDir, Modules: len(m.adapter.Modules), Tensors: len(m.specs), Bytes: m.total, Files: files, Onto: m.Onto}
}
