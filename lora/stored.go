package lora

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// Stored is an adapter read from files without a model: what a merge needs.
type Stored struct {
	Config  Config
	Modules []string // full names of the adapted layers, in the order of the file
	terms   map[string]*storedTerm
	wholes  map[string]*safetensors.Tensor // what was trained in full, by its name in the base
	weights *safetensors.Weights
	scope   *torch.Scope
}

type storedTerm struct {
	a, b      *torch.Tensor // [r, in], [out, r], float32
	magnitude *torch.Tensor // [out], of DoRA; else nil
	scale     float64
}

// Open reads the adapter in dir. Close it.
func Open(dir string) (s *Stored, err error) {
	defer torch.Catch(&err)
	c, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	match, err := newMatcher(c)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, weightsFile)
	weights, err := safetensors.Open(path)
	if err != nil {
		return nil, fmt.Errorf("lora: %w", err)
	}
	s = &Stored{Config: c, terms: map[string]*storedTerm{}, wholes: map[string]*safetensors.Tensor{}, weights: weights,
		scope: torch.NewScope("adapter")}
	for _, source := range weights.Tensors() {
		if err := s.add(source, match); err != nil {
			s.Close()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	for _, module := range s.Modules {
		if err := s.terms[module].check(c.UseDoRA); err != nil {
			s.Close()
			return nil, fmt.Errorf("%s: %s: %w", path, module, err)
		}
	}
	return s, nil
}

func (s *Stored) add(source *safetensors.Tensor, match *matcher) error {
	name, ok := strings.CutPrefix(source.Name, namePrefix)
	if !ok {
		return fmt.Errorf("tensor %s does not begin with %s", source.Name, namePrefix)
	}
	for _, part := range []struct {
		suffix string
		place  func(*storedTerm) **torch.Tensor
	}{
		{".lora_A.weight", func(m *storedTerm) **torch.Tensor { return &m.a }},
		{".lora_B.weight", func(m *storedTerm) **torch.Tensor { return &m.b }},
		{".lora_magnitude_vector", func(m *storedTerm) **torch.Tensor { return &m.magnitude }},
	} {
		module, ok := strings.CutSuffix(name, part.suffix)
		if !ok {
			continue
		}
		t, err := tensorfile.Read(s.scope, source)
		if err != nil {
			return err
		}
		t = t.To(torch.Float32)
		if s.terms[module] == nil {
			if !match.matches(module, false) {
				return fmt.Errorf("tensor %s belongs to no layer that target_modules names", source.Name)
			}
			_, scale := match.rank(module)
			s.terms[module] = &storedTerm{scale: scale}
			s.Modules = append(s.Modules, module)
		}
		*part.place(s.terms[module]) = t
		return nil
	}
	module, tensor := cutLast(name)
	inBase, isAdapted := strings.CutSuffix(module, ".base_layer")
	all := s.Config.Bias == "all"
	if s.Config.saves(module) == "" && !(tensor == "bias" && (all || isAdapted && s.Config.Bias == "lora_only")) {
		return fmt.Errorf("tensor %s is none of a LoRA adapter, and neither modules_to_save nor bias take it", source.Name)
	}
	s.wholes[inBase+"."+tensor] = source
	return nil
}

func (t *storedTerm) check(dora bool) error {
	switch {
	case t.a == nil || t.b == nil:
		return fmt.Errorf("lora_A and lora_B are not both there")
	case t.a.Rank() != 2 || t.b.Rank() != 2 || t.a.Dim(0) != t.b.Dim(1):
		return fmt.Errorf("lora_A %d and lora_B %d do not fit each other", t.a.Shape(), t.b.Shape())
	case dora && (t.magnitude == nil || t.magnitude.Rank() != 1 || t.magnitude.Dim(0) != t.b.Dim(0)):
		return fmt.Errorf("lora_magnitude_vector is missing or does not fit lora_B %d", t.b.Shape())
	}
	return nil
}

// Adapts says whether the module of that full name is adapted, with its shape [out, in].
func (s *Stored) Adapts(module string) (out, in int, ok bool) {
	t := s.terms[module]
	if t == nil {
		return 0, 0, false
	}
	return t.b.Dim(0), t.a.Dim(1), true
}

// Merge returns rows of W + Scale · BA, float32, given those rows of W, [n, in] float32, from row first on; with DoRA
// stretched to the trained lengths. The result is in w's scope.
func (s *Stored) Merge(module string, w *torch.Tensor, first int) *torch.Tensor {
	t := s.terms[module]
	n := w.Dim(0)
	in := w.Scope()
	delta := t.b.In(in).Rows(first, first+n).MatMul(t.a.In(in)).MulScalar(t.scale)
	merged := w.Add(delta)
	if t.magnitude == nil {
		return merged
	}
	stretch := t.magnitude.In(in).Rows(first, first+n).Div(merged.Norm(1))
	return merged.Mul(stretch.Unsqueeze(1))
}

// Wholes lists the tensors that were trained in full, by their names in the base; each takes the place of the base's.
func (s *Stored) Wholes() []string { return slices.Sorted(maps.Keys(s.wholes)) }

// Whole is the trained tensor for the base's of that name; nil where there is none. It reads from a file that Close closes.
func (s *Stored) Whole(name string) *safetensors.Tensor { return s.wholes[name] }

// Close frees the adapter's tensors and closes its file.
func (s *Stored) Close() {
	s.scope.Close()
	s.weights.Close()
}
