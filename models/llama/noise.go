package llama

import (
	"math"

	"github.com/ajolote-ai/ajolote/torch"
)

// noisy adds noise to the embedded tokens x of rows while the model trains (Jain et al., "NEFTune: Noisy Embeddings Improve
// Instruction Finetuning", 2023): uniform between ± Noise / √(tokens of the sequence · hidden size). It is a function of seed,
// step and the first row of the sequence in the step: neither recomputation nor the split into micro-batches changes it.
func (m *Model) noisy(x *torch.Tensor, rows Rows) *torch.Tensor {
	if m.Noise == 0 || !m.Clock.Training {
		return x
	}
	s := x.Scope()
	noise := torch.Empty(s, torch.Options{DType: torch.Float32, Device: torch.CPU}, x.Dim(0), x.Dim(1))
	bounds := rows.bounds()
	for i := 1; i < len(bounds); i++ {
		n := bounds[i] - bounds[i-1]
		if n == 0 {
			continue
		}
		most := m.Noise / math.Sqrt(float64(n)*float64(x.Dim(1)))
		g := torch.NewGenerator(m.Clock.Seed ^ mixed(m.Clock.Step<<32|uint64(m.Clock.Row+bounds[i-1])))
		g.Uniform(noise.Rows(bounds[i-1], bounds[i]), -most, most)
	}
	return x.Add(noise.To(x.DType()))
}

// mixed spreads a count over 64 bits: the last step of SplitMix64.
func mixed(z uint64) uint64 {
	z += 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}
