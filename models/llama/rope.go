package llama

import (
	"fmt"
	"math"
	"sync"

	"github.com/ajolote-ai/ajolote/torch"
)

// Rope says how positions become angles: rope_parameters of transformers 5, or rope_theta and rope_scaling of 4.
// Sources: Su et al., "RoFormer", 2021; Chen et al., position interpolation ("linear"), 2023; "dynamic" NTK scaling;
// Peng et al., "YaRN", 2023; Llama 3.1 ("llama3"), as transformers' modeling_rope_utils computes them.
type Rope struct {
	Type     string  // default, linear, dynamic, llama3 or yarn
	Theta    float64 // base of the frequencies
	Factor   float64
	Original int // positions that the model was first trained for

	LowFreqFactor, HighFreqFactor float64 // llama3

	BetaFast, BetaSlow, AttentionFactor, MScale, MScaleAllDim float64 // yarn; 0 where absent
	NoTruncate                                                bool    // yarn: do not round the correction range
}

type ropeFile struct {
	RopeType        string   `json:"rope_type"`
	Type            string   `json:"type"` // the old spelling
	Theta           *float64 `json:"rope_theta"`
	Factor          *float64 `json:"factor"`
	Original        *int     `json:"original_max_position_embeddings"`
	LowFreqFactor   *float64 `json:"low_freq_factor"`
	HighFreqFactor  *float64 `json:"high_freq_factor"`
	BetaFast        *float64 `json:"beta_fast"`
	BetaSlow        *float64 `json:"beta_slow"`
	AttentionFactor *float64 `json:"attention_factor"`
	MScale          *float64 `json:"mscale"`
	MScaleAllDim    *float64 `json:"mscale_all_dim"`
	Truncate        *bool    `json:"truncate"`
}

// ropeConfig joins the two spellings; rope_parameters wins, as in transformers 5.
func ropeConfig(f configFile, maxPositions int) (Rope, error) {
	r := Rope{Type: "default", Theta: 10000, Original: maxPositions, Factor: 1}
	if f.RopeTheta != nil {
		r.Theta = *f.RopeTheta
	}
	p := f.RopeParams
	if p == nil {
		p = f.RopeScaling
	}
	if p != nil {
		set := func(to *float64, from *float64) {
			if from != nil {
				*to = *from
			}
		}
		if r.Type = p.RopeType; r.Type == "" {
			r.Type = p.Type
		}
		if r.Type == "" {
			r.Type = "default"
		}
		if p.Original != nil {
			r.Original = *p.Original
		}
		set(&r.Theta, p.Theta)
		set(&r.Factor, p.Factor)
		set(&r.LowFreqFactor, p.LowFreqFactor)
		set(&r.HighFreqFactor, p.HighFreqFactor)
		set(&r.BetaFast, p.BetaFast)
		set(&r.BetaSlow, p.BetaSlow)
		set(&r.AttentionFactor, p.AttentionFactor)
		set(&r.MScale, p.MScale)
		set(&r.MScaleAllDim, p.MScaleAllDim)
		r.NoTruncate = p.Truncate != nil && !*p.Truncate
		switch {
		case r.Type == "default":
		case p.Factor == nil && r.Type != "yarn":
			return r, fmt.Errorf("rope type %q needs a factor", r.Type)
		case r.Type == "llama3" && (p.LowFreqFactor == nil || p.HighFreqFactor == nil || p.Original == nil):
			return r, fmt.Errorf("rope type llama3 needs low_freq_factor, high_freq_factor and original_max_position_embeddings")
		}
	}
	switch r.Type {
	case "default", "linear", "dynamic", "llama3", "yarn":
	default:
		return r, fmt.Errorf("rope type %q is not known: default, linear, dynamic, llama3 or yarn", r.Type)
	}
	if !(r.Theta > 0) || !(r.Factor > 0) || r.Original <= 0 {
		return r, fmt.Errorf("rope: theta %v, factor %v and original positions %d must be positive", r.Theta, r.Factor, r.Original)
	}
	return r, nil
}

// frequencies returns the angle per position of each of size/2 pairs, and the factor on cos and sin. length is that of the
// longest sequence at hand: only "dynamic" looks at it.
func (r Rope) frequencies(size, length int) (freq []float64, scale float64) {
	theta := r.Theta
	if r.Type == "dynamic" && length > r.Original {
		d := float64(size)
		theta *= math.Pow(r.Factor*float64(length)/float64(r.Original)-(r.Factor-1), d/(d-2))
	}
	freq = make([]float64, size/2)
	for i := range freq {
		freq[i] = 1 / math.Pow(theta, float64(2*i)/float64(size))
	}
	switch r.Type {
	case "linear":
		for i := range freq {
			freq[i] /= r.Factor
		}
	case "llama3":
		for i, f := range freq {
			freq[i] = r.llama3(f)
		}
	case "yarn":
		return r.yarn(freq, size)
	}
	return freq, 1
}

// check refuses parameters from which no frequencies follow: a base of 1, equal bounds of a blend, numbers that overflow.
func (r Rope) check(size, positions int) error {
	for _, length := range []int{positions, r.Original + 1} {
		freq, scale := r.frequencies(size, length)
		for i, f := range append(freq, scale) {
			if math.IsNaN(f) || math.IsInf(float64(float32(f)), 0) {
				return fmt.Errorf("rope: its parameters give the frequency %v for pair %d of %d", f, i, len(freq))
			}
		}
	}
	return nil
}

// llama3 slows long waves down by the factor, leaves short ones, and blends between.
func (r Rope) llama3(f float64) float64 {
	wavelength, original := 2*math.Pi/f, float64(r.Original)
	switch {
	case wavelength < original/r.HighFreqFactor:
		return f
	case wavelength > original/r.LowFreqFactor:
		return f / r.Factor
	}
	smooth := (original/wavelength - r.LowFreqFactor) / (r.HighFreqFactor - r.LowFreqFactor)
	return (1-smooth)*f/r.Factor + smooth*f
}

func (r Rope) yarn(freq []float64, size int) ([]float64, float64) {
	mscale := func(m float64) float64 {
		if r.Factor <= 1 {
			return 1
		}
		return 0.1*m*math.Log(r.Factor) + 1
	}
	scale := r.AttentionFactor
	switch {
	case scale != 0:
	case r.MScale != 0 && r.MScaleAllDim != 0:
		scale = mscale(r.MScale) / mscale(r.MScaleAllDim)
	default:
		scale = mscale(1)
	}
	fast, slow := r.BetaFast, r.BetaSlow
	if fast == 0 {
		fast = 32
	}
	if slow == 0 {
		slow = 1
	}
	// The dimension whose wave turns n times over the original positions.
	dimension := func(n float64) float64 {
		return float64(size) * math.Log(float64(r.Original)/(n*2*math.Pi)) / (2 * math.Log(r.Theta))
	}
	low, high := dimension(fast), dimension(slow)
	if !r.NoTruncate {
		low, high = math.Floor(low), math.Ceil(high)
	}
	low, high = max(low, 0), min(high, float64(size-1))
	if low == high {
		high += 0.001
	}
	for i, f := range freq {
		ramp := min(max((float64(i)-low)/(high-low), 0), 1)
		freq[i] = f/r.Factor*ramp + f*(1-ramp)
	}
	return freq, scale
}

// angles is a growing table of cos and sin by position.
type angles struct {
	rope Rope
	size int // of a head

	mu       sync.Mutex
	length   int
	cos, sin []float32 // [length, size/2]
}

// rows returns cos and sin [len(positions), size/2] in s.
func (a *angles) rows(s *torch.Scope, positions []int32) (cos, sin *torch.Tensor) {
	half := a.size / 2
	longest := int32(0)
	for _, p := range positions {
		longest = max(longest, p)
	}
	tableCos, tableSin := a.table(int(longest) + 1)
	c, n := make([]float32, 0, len(positions)*half), make([]float32, 0, len(positions)*half)
	for _, p := range positions {
		at := int(p) * half
		c = append(c, tableCos[at:at+half]...)
		n = append(n, tableSin[at:at+half]...)
	}
	return torch.FromSlice(s, c, len(positions), half), torch.FromSlice(s, n, len(positions), half)
}

func (a *angles) table(length int) (cos, sin []float32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	dynamic := a.rope.Type == "dynamic" && (length > a.rope.Original || a.length > a.rope.Original)
	if length <= a.length && !(dynamic && length != a.length) {
		return a.cos, a.sin
	}
	if !dynamic { // grow in steps, so that decoding token by token does not rebuild
		length = (length + 511) / 512 * 512
		if a.rope.Type == "dynamic" {
			length = min(length, a.rope.Original)
		}
	}
	freq, scale := a.rope.frequencies(a.size, length)
	cos, sin = make([]float32, 0, length*len(freq)), make([]float32, 0, length*len(freq))
	for p := range length {
		for _, f := range freq {
			// The angle is rounded to float32 as transformers has it: at position 100,000 the rounding shows.
			angle := float64(float32(p) * float32(f))
			cos = append(cos, float32(math.Cos(angle)*scale))
			sin = append(sin, float32(math.Sin(angle)*scale))
		}
	}
	a.length, a.cos, a.sin = length, cos, sin
	return cos, sin
}
