package pretrain

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTablesHaveOneWordInEveryLanguageAtEachPlace(t *testing.T) {
	for name, table := range map[string][3][]string{"nouns": nouns, "adjectives": adjectives, "things": things} {
		assert.Len(t, table[spanish], len(table[catalan]), name)
		assert.Len(t, table[english], len(table[catalan]), name)
	}
}

func TestParallelPhrasesSayTheSame(t *testing.T) {
	for _, c := range []struct {
		lang         language
		kind, joined int
		want         string
	}{
		{catalan, 0, 0, "casa"},
		{english, 1, 0, "ancient house"},
		{spanish, 1, 0, "casa antiguo"},
		{spanish, 2, 0, "casa y camino"},
		{catalan, 3, 1, "casa per a camí"},
	} {
		assert.Equal(t, c.want, parallel(c.lang, c.kind, c.joined, [2]int{0, 1}, 0))
	}
}
