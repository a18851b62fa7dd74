package pyrand

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// python.json is made by testdata/make.py.
//
//go:embed testdata/python.json
var python []byte

type golden struct {
	Twister []struct {
		Seed     string
		First    []uint32
		At699    uint32 `json:"at_699"`
		Shuffled []int
	}
	PCG []struct {
		Seed        string
		First       []string
		Permutation []int
	}
}

func readGolden(t *testing.T) golden {
	var g golden
	require.NoError(t, json.Unmarshal(python, &g))
	require.NotEmpty(t, g.Twister)
	require.NotEmpty(t, g.PCG)
	return g
}

func TestRandomDrawsAndShufflesLikePython(t *testing.T) {
	for _, want := range readGolden(t).Twister {
		t.Run("seed "+want.Seed, func(t *testing.T) {
			seed, ok := new(big.Int).SetString(want.Seed, 10)
			require.True(t, ok)
			r := NewRandomBig(seed)
			for i := range 700 { // past the first block of 624 words
				got := r.Uint32()
				switch {
				case i < 3:
					require.Equal(t, want.First[i], got, "output %d", i)
				case i == 699:
					require.Equal(t, want.At699, got, "output %d", i)
				}
			}

			items := make([]int, len(want.Shuffled))
			for i := range items {
				items[i] = i
			}
			NewRandomBig(seed).Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
			require.Equal(t, want.Shuffled, items)
		})
	}
}

func TestNegativeSeedActsLikeItsAbsoluteValue(t *testing.T) {
	require.Equal(t, NewRandom(42).Uint32(), NewRandom(-42).Uint32())
	require.NotEqual(t, NewRandom(42).Uint32(), NewRandom(43).Uint32())
}

func TestBelowRefusesWhatItCannotDraw(t *testing.T) {
	for _, n := range []int{0, -1, 1 << 32} {
		require.Panics(t, func() { NewRandom(1).Below(n) }, "n = %d", n)
	}
}

func TestGeneratorDrawsAndPermutesLikeNumpy(t *testing.T) {
	for _, want := range readGolden(t).PCG {
		t.Run("seed "+want.Seed, func(t *testing.T) {
			var seed uint64
			_, err := fmt.Sscan(want.Seed, &seed)
			require.NoError(t, err)
			g := NewGenerator(seed)
			for i, hex := range want.First {
				require.Equal(t, hex, fmt.Sprintf("%016x", g.Uint64()), "output %d", i)
			}
			require.Equal(t, want.Permutation, NewGenerator(seed).Permutation(len(want.Permutation)))
		})
	}
}

func ExampleRandom_Shuffle() {
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}
	NewRandom(42).Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	fmt.Println(names)
	// Output: [h f c i j g l d e a b k]
}

func ExampleGenerator_Permutation() {
	fmt.Println(NewGenerator(42).Permutation(12))
	// Output: [0 7 6 9 11 3 5 2 4 10 1 8]
}
