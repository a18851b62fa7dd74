package generate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// sampler chooses tokens of one sequence. The order of its steps is that of transformers: repetition penalty, temperature,
// top-k, top-p, min-p, then a draw.
type sampler struct {
	o      Options
	random *rand.Rand
}

func newSampler(o Options) *sampler {
	return &sampler{o: o, random: rand.New(rand.NewPCG(o.Seed, 0x616a6f6c6f7465))}
}

type candidate struct {
	token int32
	score float64
}

// pick chooses from the logits of one row, which it may change.
func (p *sampler) pick(logits []float32, s *sequence) (token int32, logProb float32) {
	var normal float64
	if p.o.LogProbs {
		normal = logSumExp(logits)
	}
	raw := func(token int32) float32 { return float32(float64(logits[token]) - normal) }
	if p.o.RepetitionPenalty != 0 && p.o.RepetitionPenalty != 1 {
		untouched := slices.Clone(logits)
		raw = func(token int32) float32 { return float32(float64(untouched[token]) - normal) }
		penalise(logits, s, float32(p.o.RepetitionPenalty))
	}
	if p.o.Temperature == 0 {
		token = argmax(logits)
		return token, raw(token)
	}
	token = p.draw(p.cut(logits))
	return token, raw(token)
}

// penalise divides positive logits of the tokens that stand in prompt or output, and multiplies negative ones, once each.
func penalise(logits []float32, s *sequence, penalty float32) {
	seen := map[int32]bool{}
	for _, list := range [][]int32{s.Prompt, s.tokens} {
		for _, t := range list {
			if seen[t] {
				continue
			}
			seen[t] = true
			if logits[t] > 0 {
				logits[t] /= penalty
			} else {
				logits[t] *= penalty
			}
		}
	}
}

// cut returns the tokens that may be drawn, likeliest first, with their probabilities (not normalised).
func (p *sampler) cut(logits []float32) []candidate {
	list := make([]candidate, len(logits))
	for i, l := range logits {
		list[i] = candidate{int32(i), float64(l) / p.o.Temperature}
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.token, b.token))
	})
	if p.o.TopK > 0 && p.o.TopK < len(list) {
		list = list[:p.o.TopK]
	}
	top, sum := list[0].score, 0.0
	for i := range list {
		list[i].score = math.Exp(list[i].score - top)
		sum += list[i].score
	}
	if p.o.TopP > 0 && p.o.TopP < 1 {
		mass := 0.0
		for i := range list { // a token stays while those before it do not reach P
			if mass >= p.o.TopP*sum {
				list = list[:i]
				break
			}
			mass += list[i].score
		}
	}
	if p.o.MinP > 0 {
		n := 1
		for n < len(list) && list[n].score >= p.o.MinP {
			n++
		}
		list = list[:n]
	}
	return list
}

func (p *sampler) draw(list []candidate) int32 {
	sum := 0.0
	for _, c := range list {
		sum += c.score
	}
	at := p.random.Float64() * sum
	for _, c := range list {
		if at -= c.score; at < 0 {
			return c.token
		}
	}
	return list[len(list)-1].token
}

// argmax returns the place of the largest, the first of equal ones.
func argmax(logits []float32) int32 {
	best := 0
	for i, l := range logits {
		if l > logits[best] {
			best = i
		}
	}
	return int32(best)
}

func logSumExp(logits []float32) float64 {
	top := float64(logits[argmax(logits)])
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l) - top)
	}
	return top + math.Log(sum)
}
