package lora

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// Adapter is the adapters of one model.
type Adapter struct {
	Config  Config
	modules []module
	wholes  []whole
	merged  bool
}

// module is one adapted layer.
type module struct {
	name      string
	term      *nn.LowRank
	magnitude *torch.Tensor // DoRA's; else nil
	place     *nn.Linear
	base      nn.Linear
}

// Attach puts adapters on the linear layers of model that c names, and freezes everything else. A is random from g, B is
// zero, so that the model's output does not change. clock tells the dropout where training is. With c.ModulesToSave or c.Bias
// the model must be an [nn.Exchangeable]; copies of these tensors in float32 are trained, and the model's own return with
// [Adapter.Detach].
//
// Modules are matched as peft matches them; c.TargetModules and c.ModulesToSave that match nothing are an error which lists near
// names.
func Attach(model nn.Model, c Config, clock *nn.Clock, g *torch.Generator) (a *Adapter, err error) {
	defer torch.Catch(&err)
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("lora: %w", err)
	}
	match, err := newMatcher(c)
	if err != nil {
		return nil, err
	}
	a = &Adapter{Config: c}
	var names []string
	for name, place := range model.Linears() {
		names = append(names, name)
		if match.matches(name, name == "lm_head") {
			r, scale := match.rank(name)
			m, err := newModule(name, place, r, scale, c, clock, len(a.modules), g)
			if err != nil {
				a.Free()
				return nil, err
			}
			a.modules = append(a.modules, m)
		}
	}
	err = unmatched(c, names, match)
	if err == nil {
		a.wholes, err = wholes(model, c, a.Modules())
	}
	if err != nil {
		a.Free()
		return nil, err
	}
	for _, p := range model.Parameters() {
		if p.DType().IsFloat() {
			p.SetRequiresGrad(false)
		}
	}
	for _, m := range a.modules {
		m.attach(c.UseDoRA)
	}
	for i := range a.wholes {
		a.wholes[i].exchange()
	}
	return a, nil
}

func newModule(name string, place *nn.Linear, r int, scale float64, c Config, clock *nn.Clock, number int, g *torch.Generator) (module, error) {
	base := *place
	in, out := base.InFeatures(), base.OutFeatures()
	m := module{name: name, place: place, base: base, term: &nn.LowRank{
		A: torch.Zeros(nil, torch.Float32CPU, r, in), B: torch.Zeros(nil, torch.Float32CPU, out, r), Scale: scale,
	}}
	if c.Dropout > 0 {
		m.term.Dropout = &nn.Dropout{P: c.Dropout, Layer: uint64(number), Clock: clock}
	}
	switch c.Init {
	case "gaussian":
		g.Normal(m.term.A, 0, 1/float64(r))
	default: // Kaiming uniform with a = √5
		bound := 1 / math.Sqrt(float64(in))
		g.Uniform(m.term.A, -bound, bound)
		if c.Init == "false" {
			g.Uniform(m.term.B, -1/math.Sqrt(float64(r)), 1/math.Sqrt(float64(r)))
		}
	}
	if c.UseDoRA {
		weighted, ok := base.(Weighted)
		if !ok {
			return m, fmt.Errorf("lora: %s: its layer does not show its weight, which DoRA needs", name)
		}
		s := torch.NewScope("dora")
		defer s.Close()
		m.magnitude = weighted.DenseWeight(s).To(torch.Float32).AddScaled(m.term.B.In(s).MatMul(m.term.A), scale).Norm(1).Keep(nil)
	}
	for _, p := range m.tensors() {
		p.tensor.SetRequiresGrad(true)
	}
	return m, nil
}

func (m module) attach(dora bool) {
	if dora {
		*m.place = &DoRA{base: m.base, Magnitude: m.magnitude, LowRank: *m.term}
		return
	}
	*m.place = &Linear{base: m.base, LowRank: *m.term}
}

// unmatched reports target names, or a pattern, that match nothing.
func unmatched(c Config, names []string, match *matcher) error {
	if c.TargetModules.Empty() {
		return fmt.Errorf("lora: target_modules is empty: name layers, or all-linear; the model has %s", strings.Join(shortNames(names), ", "))
	}
	if c.TargetModules.Regexp != "" {
		if !slices.ContainsFunc(names, func(n string) bool { return match.matches(n, n == "lm_head") }) {
			return fmt.Errorf("lora: target_modules %q matches no linear layer; the model has %s", c.TargetModules.Regexp, strings.Join(shortNames(names), ", "))
		}
		return nil
	}
	for _, target := range c.TargetModules.Names {
		if !slices.ContainsFunc(names, func(n string) bool { return n == target || strings.HasSuffix(n, "."+target) }) {
			return fmt.Errorf("lora: target module %q matches no linear layer; near names: %s", target, strings.Join(nearest(target, shortNames(names)), ", "))
		}
	}
	return nil
}

// shortNames are the last parts of module names, each once.
func shortNames(names []string) []string {
	var short []string
	for _, n := range names {
		if s := n[strings.LastIndex(n, ".")+1:]; !slices.Contains(short, s) {
			short = append(short, s)
		}
	}
	return short
}

// nearest sorts names by edit distance and keeps three.
func nearest(target string, names []string) []string {
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(distance(target, a), distance(target, b)) })
	return sorted[:min(3, len(sorted))]
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
