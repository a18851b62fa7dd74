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

// row is what a token is picked from.
type row struct {
	logits  []float32        // of all words, or of ids; pick may change them
	ids     []int32          // nil for all
	allowed func(int32) bool // what the grammar allows of all words; nil for all
}

// pick chooses from a row; -1 when nothing is allowed.
func (p *sampler) pick(r row, s *sequence) (token int32, logProb float32) {
	logits := r.logits
	var normal float64
	if p.o.LogProbs {
		normal = logSumExp(logits)
	}
	raw := func(at int32) float32 { return float32(float64(logits[at]) - normal) }
	if p.o.RepetitionPenalty != 0 && p.o.RepetitionPenalty != 1 {
		untouched := slices.Clone(logits)
		raw = func(at int32) float32 { return float32(float64(untouched[at]) - normal) }
		penalise(logits, s, float32(p.o.RepetitionPenalty))
	}
	if r.allowed != nil {
		for id := range logits {
			if !r.allowed(int32(id)) {
				logits[id] = float32(math.Inf(-1))
			}
		}
	}
	var at int32
	if p.o.Temperature == 0 {
		at = argmax(logits)
	} else {
		at = p.draw(p.cut(logits))
	}
	if at < 0 || math.IsInf(float64(logits[at]), -1) {
		return -1, 0
	}
	logProb = raw(at)
	if r.ids != nil {
		at = r.ids[at]
	}
	return at, logProb
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

// cut returns the tokens that may be drawn, likeliest first where that matters, with their probabilities (not normalised).
func (p *sampler) cut(logits []float32) []candidate {
	list := make([]candidate, 0, len(logits))
	for i, l := range logits {
		if !math.IsInf(float64(l), -1) {
			list = append(list, candidate{int32(i), float64(l) / p.o.Temperature})
		}
	}
	if len(list) == 0 {
		return nil
	}
	if p.o.TopK > 0 && p.o.TopK < len(list) {
		list = likeliest(list, p.o.TopK)
	}
	if p.o.TopK > 0 || p.o.TopP > 0 && p.o.TopP < 1 || p.o.MinP > 0 {
		slices.SortFunc(list, byScore)
	}
	top, sum := slices.MinFunc(list, byScore).score, 0.0
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

// byScore puts the likeliest first, of equal ones the lower token.
func byScore(a, b candidate) int {
	return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.token, b.token))
}

// likeliest moves the k likeliest to the front, in no order, and returns them: Hoare's selection.
func likeliest(list []candidate, k int) []candidate {
	for low, high := 0, len(list)-1; low < high; {
		pivot := list[(low+high)/2]
		i, j := low, high
		for i <= j {
			for byScore(list[i], pivot) < 0 {
				i++
			}
			for byScore(pivot, list[j]) < 0 {
				j--
			}
			if i <= j {
				list[i], list[j] = list[j], list[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k-1 <= j:
			high = j
		case k-1 >= i:
			low = i
		default:
			low = high
		}
	}
	return list[:k]
}

// draw takes a token by chance; -1 from an empty list.
func (p *sampler) draw(list []candidate) int32 {
	if len(list) == 0 {
		return -1
	}
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
