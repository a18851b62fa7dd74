package lora

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// matcher decides as peft does which modules a [Config] adapts, and with which rank and alpha.
type matcher struct {
	config           Config
	target, exclude  func(module string) bool
	saved            []pattern // modules_to_save, which get no adapter
	ranks, alphas    []pattern
	layers           map[int]bool
	layerExpressions []*regexp.Regexp
}

type pattern struct {
	expression *regexp.Regexp
	key        string
}

func newMatcher(c Config) (*matcher, error) {
	m := &matcher{config: c}
	var err error
	if m.target, err = matching("target_modules", c.TargetModules); err != nil {
		return nil, err
	}
	if m.exclude, err = matching("exclude_modules", c.ExcludeModules); err != nil {
		return nil, err
	}
	for _, name := range c.ModulesToSave {
		e, err := compile("modules_to_save", `(?:.*\.)?`+regexp.QuoteMeta(name)+`(?:\..*)?`)
		if err != nil {
			return nil, err
		}
		m.saved = append(m.saved, pattern{e, name})
	}
	if m.ranks, err = patterns("rank_pattern", sortedKeys(c.RankPattern)); err != nil {
		return nil, err
	}
	if m.alphas, err = patterns("alpha_pattern", sortedKeys(c.AlphaPattern)); err != nil {
		return nil, err
	}
	if c.LayersToTransform != nil {
		m.layers = map[int]bool{}
		for _, l := range c.LayersToTransform {
			m.layers[l] = true
		}
		names := c.LayersPattern
		if len(names) == 0 {
			names = []string{`[^.]*`}
		}
		for _, name := range names {
			e, err := compile("layers_pattern", `.*\.`+name+`\.(\d+)\..*`)
			if err != nil {
				return nil, err
			}
			m.layerExpressions = append(m.layerExpressions, e)
		}
	}
	return m, nil
}

// matches says whether the module of that full name is adapted. The head is not, unless it is named.
func (m *matcher) matches(module string, isHead bool) bool {
	if m.config.TargetModules.Regexp == AllLinear.Regexp {
		if isHead {
			return false
		}
	} else if !m.target(module) {
		return false
	}
	_, saved := first(m.saved, module)
	return !saved && !m.exclude(module) && m.inLayers(module)
}

// Ranks says which of the modules c adapts, by their full names, and with which rank.
func (c Config) Ranks(modules []string) (map[string]int, error) {
	m, err := newMatcher(c)
	if err != nil {
		return nil, err
	}
	ranks := map[string]int{}
	for _, name := range modules {
		if m.matches(name, name == "lm_head") {
			ranks[name], _ = m.rank(name)
		}
	}
	return ranks, nil
}

func (m *matcher) inLayers(module string) bool {
	if m.layers == nil {
		return true
	}
	for _, e := range m.layerExpressions {
		if found := e.FindStringSubmatch(module); found != nil {
			n, err := strconv.Atoi(found[1])
			return err == nil && m.layers[n]
		}
	}
	return false
}

// rank returns the module's rank, and the factor of its product.
func (m *matcher) rank(module string) (r int, scale float64) {
	r, alpha := m.config.R, m.config.Alpha
	if key, ok := first(m.ranks, module); ok {
		r = m.config.RankPattern[key]
	}
	if key, ok := first(m.alphas, module); ok {
		alpha = m.config.AlphaPattern[key]
	}
	if m.config.UseRSLoRA {
		return r, alpha / math.Sqrt(float64(r))
	}
	return r, alpha / float64(r)
}

func first(list []pattern, module string) (key string, ok bool) {
	i := slices.IndexFunc(list, func(p pattern) bool { return p.expression.MatchString(module) })
	if i < 0 {
		return "", false
	}
	return list[i].key, true
}

// patterns compiles expressions for a whole name or its end after a dot.
func patterns(key string, expressions []string) ([]pattern, error) {
	var list []pattern
	for _, text := range expressions {
		e, err := compile(key, `(?:.*\.)?(?:`+text+`)`)
		if err != nil {
			return nil, err
		}
		list = append(list, pattern{e, text})
	}
	return list, nil
}

func matching(key string, t Targets) (func(string) bool, error) {
	if t.Regexp != "" && t.Regexp != AllLinear.Regexp {
		e, err := compile(key, t.Regexp)
		if err != nil {
			return nil, err
		}
		return e.MatchString, nil
	}
	return func(module string) bool {
		return slices.ContainsFunc(t.Names, func(name string) bool {
			return module == name || strings.HasSuffix(module, "."+name)
		})
	}, nil
}

// compile makes an expression that must match the whole name.
func compile(key, text string) (*regexp.Regexp, error) {
	e, err := regexp.Compile(`^(?:` + text + `)$`)
	if err != nil {
		return nil, fmt.Errorf("lora: %s %q is no regular expression that Go knows (look-around and back-references are not): %w", key, text, err)
	}
	return e, nil
}
