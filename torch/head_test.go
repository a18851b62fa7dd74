package torch_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// head is a weight in 16 bits full of ties: a tenth of its words have twins further up, and another tenth words that differ
// from them in the last bit of one element.
func head(s *torch.Scope, g *torch.Generator, words, size int, dtype torch.DType) *torch.Tensor {
	w := g.Randn(s, torch.Float32CPU, words, size).To(dtype).To(torch.Float32)
	rows := w.Floats()
	tenth := words / 10
	for i := range tenth {
		copy(rows[(words-1-i)*size:(words-i)*size], rows[i*size:(i+1)*size])
		near := rows[(words-1-tenth-i)*size : (words-tenth-i)*size]
		copy(near, rows[i*size:(i+1)*size])
		near[i%size] *= 1 + 1.0/128
	}
	return torch.FromSlice(s, rows, words, size).To(dtype)
}

// near are states that look like words, those with twins among them, so that ties decide; every other one is random.
func near(s *torch.Scope, g *torch.Generator, w *torch.Tensor, n int) *torch.Tensor {
	at := make([]int64, n)
	scale := make([]float32, n)
	for i := range at {
		at[i] = int64(i*7919) % int64(w.Dim(0))
		scale[i] = float32(i % 2)
	}
	chosen := w.IndexSelect(0, torch.FromSlice(s, at, n)).To(torch.Float32).Mul(torch.FromSlice(s, scale, n, 1))
	return chosen.Add(g.Randn(s, torch.Float32CPU, n, w.Dim(1)).MulScalar(0.3))
}

func TestAHundredThousandScreenedChoicesAreThoseOfTheFullProduct(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	defer torch.SetKernelLevel("")
	g := torch.NewGenerator(5)
	steps, tied := 0, 0
	compare := func(words, size, n int, dtype torch.DType, level string) {
		s := torch.NewScope("test")
		defer s.Close()
		w := head(s, g, words, size, dtype)
		screen := torch.NewHeadScreen(w)
		defer screen.Free()
		states := near(s, g, w, n)
		for from := 0; from < n; from += 8 {
			inner := s.Child("step")
			x := states.Rows(from, min(n, from+8)).In(inner)
			logits := x.Linear(w, nil)
			want := torch.ToSlice[int64](logits.Argmax(1))
			require.Equal(t, want, torch.ToSlice[int64](x.LinearArgmax(w, screen, nil)), "%s, %d words of %d, states from %d", level, words, size, from)
			steps += len(want)
			for _, best := range want {
				if int(best) < words/10 { // its twin has the same logit
					tied++
				}
			}
			inner.Close()
		}
	}
	for _, level := range levels(t)[1:] {
		require.NoError(t, torch.SetKernelLevel(level))
		n := map[string]int{"portable": 400, "avx2": 8000}[level]
		if n == 0 {
			n = 40000
		}
		compare(1000, 100, n, torch.BFloat16, level)
		compare(3001, 64, n/2, torch.Float16, level)
		compare(5000, 1000, 200, torch.BFloat16, level)
	}
	if len(levels(t)) > 3 {
		require.GreaterOrEqual(t, steps, 100_000)
	}
	require.Greater(t, tied, steps/50, "ties were met")
}

func TestTheLikeliestOfAllowedWordsIsThatOfThePlainChoice(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	defer torch.SetKernelLevel("")
	const words, size, n = 1003, 70, 11 // more states than are screened at once
	g := torch.NewGenerator(6)
	s := torch.NewScope("test")
	defer s.Close()
	for _, level := range levels(t) {
		require.NoError(t, torch.SetKernelLevel(level))
		for i, dtype := range []torch.DType{torch.BFloat16, torch.Float16, torch.Float32, torch.BFloat16} {
			every := 1 + 4*(i/3) // in the last round few words are allowed, so that others are not read
			w := head(s, g, words, size, dtype)
			screen := torch.NewHeadScreen(w)
			x := near(s, g, w, n)
			logits := x.Linear(w, nil).Floats()
			sets := make([]int64, 0, n*((words+63)/64))
			want := make([]int64, n)
			for state := range n {
				want[state] = -1
				for first := 0; first < words; first += 64 {
					var set uint64
					for word := first; word < min(first+64, words); word++ {
						if word%every != 0 {
							continue
						}
						if state == 3 || (word+state)%(1+state) != 0 { // state 0 and 3: one has no word at all, one has all
							if state == 0 {
								continue
							}
							set |= 1 << (word - first)
							if at := state*words + word; want[state] < 0 || logits[at] > logits[state*words+int(want[state])] {
								want[state] = int64(word)
							}
						}
					}
					sets = append(sets, int64(set))
				}
			}
			allowed := torch.FromSlice(s, sets, n, (words+63)/64)
			require.Equal(t, want, torch.ToSlice[int64](x.LinearArgmax(w, screen, allowed)), "%s, %v", level, dtype)
			require.Equal(t, want, torch.ToSlice[int64](x.LinearArgmax(w, nil, allowed)), "%s, %v, without a screen", level, dtype)
			require.Equal(t, int64(-1), want[0])
			screen.Free()
		}
	}
}

// More states than are screened at once take the full product; 16-bit states have products with float32 sums, however many.
func TestManyStatesChooseByTheFullProduct(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	defer torch.SetKernelLevel("")
	g := torch.NewGenerator(8)
	for _, level := range levels(t) {
		require.NoError(t, torch.SetKernelLevel(level))
		for _, dtype := range []torch.DType{torch.BFloat16, torch.Float16} {
			for _, n := range []int{1, 9, 16, 33, 64, 70, 135} {
				s := torch.NewScope("test")
				w := head(s, g, 900, 100, dtype)
				screen := torch.NewHeadScreen(w)
				x := near(s, g, w, n)
				for _, states := range []*torch.Tensor{x, x.To(dtype)} {
					for _, screen := range []*torch.HeadScreen{screen, nil} {
						logits := states.To(torch.Float32).Linear(w, nil).Floats()
						for state, word := range torch.ToSlice[int64](states.LinearArgmax(w, screen, nil)) {
							row := logits[state*900 : (state+1)*900]
							require.InDelta(t, slices.Max(row), row[word], 1e-5*float64(slices.Max(row)), "%s, %v, state %d of %d in %v", level, dtype, state, n, states.DType())
						}
					}
				}
				screen.Free()
				s.Close()
			}
		}
	}
}

func TestSomeRowsOfAProductAreThoseOfTheWhole(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	defer torch.SetKernelLevel("")
	g := torch.NewGenerator(3)
	s := torch.NewScope("test")
	defer s.Close()
	ids := torch.FromSlice(s, []int64{299, 7, 8, 7}, 4)
	for _, level := range levels(t) {
		require.NoError(t, torch.SetKernelLevel(level))
		for _, dtype := range []torch.DType{torch.BFloat16, torch.Float16, torch.Float32} {
			for _, tokens := range []int{1, 3, 8, 9} {
				x, w := g.Randn(s, torch.Float32CPU, tokens, 100), g.Randn(s, torch.Float32CPU, 300, 100).To(dtype)
				want, got := x.Linear(w, nil).IndexSelect(1, ids).Floats(), x.LinearRows(w, ids).Floats()
				if tokens <= 8 && dtype != torch.Float32 && level != "composite" {
					require.Equal(t, want, got, "%s, %v, %d tokens", level, dtype, tokens)
				}
				torchtest.Close(t, want, got, 2e-6, "%s, %v, %d tokens", level, dtype, tokens)
			}
		}
	}
}

func TestStatesAndHeadsThatAreNotFinite(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	g := torch.NewGenerator(3)
	w := g.Randn(s, torch.Float32CPU, 300, 64).To(torch.BFloat16)
	screen := torch.NewHeadScreen(w)
	defer screen.Free()
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		x := make([]float32, 2*64)
		x[5], x[64] = bad, 1
		states := torch.FromSlice(s, x, 2, 64)
		want := torch.ToSlice[int64](states.Linear(w, nil).Argmax(1))
		require.Equal(t, want, torch.ToSlice[int64](states.LinearArgmax(w, screen, nil)), fmt.Sprint(bad))
	}
	rows := make([]float32, 10*64)
	rows[3*64+5] = float32(math.NaN())
	require.ErrorContains(t, torch.Run(func() error {
		torch.NewHeadScreen(torch.FromSlice(s, rows, 10, 64))
		return nil
	}), "the vector of word 3 is not finite")
}
