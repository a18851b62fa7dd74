package slips

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestASlipChangesAtMostOneLetterInNumberAndNeverTheFirst(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	changed := 0
	for range 1000 {
		word := Mistype(r, []rune("recerca"))
		require.Equal(t, byte('r'), word[0])
		require.InDelta(t, 7, utf8.RuneCountInString(word), 1)
		if word != "recerca" {
			changed++
		}
	}
	require.Greater(t, changed, 600, "dropping accents leaves this word as it is, a quarter of the time")
}

func TestAccentsAreLeftOut(t *testing.T) {
	require.Equal(t, "Que investigacion en Malaga?", WithoutAccents("Què investigación en Málaga?"))
}
