package synth

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func retrieval(t *testing.T) *Retrieval {
	t.Helper()
	data, err := NewRetrieval(42)
	require.NoError(t, err)
	return data
}

func TestRetrievalTestsSubjectsThatTrainingHasNot(t *testing.T) {
	data := retrieval(t)
	trained := map[string]bool{}
	for _, p := range data.Train {
		trained[p.Query] = true
	}
	for _, q := range data.Queries {
		assert.False(t, trained[q.Text], q.Text)
	}
}

func TestEveryWordOfARetrievalQueryIsTrained(t *testing.T) {
	data := retrieval(t)
	words := map[string]bool{}
	for _, p := range data.Train {
		for _, w := range strings.Fields(p.Query) {
			words[w] = true
		}
	}
	for _, q := range data.Queries {
		for _, w := range strings.Fields(q.Text) {
			assert.True(t, words[w], "%s in %s", w, q.Text)
		}
	}
}

func TestEveryQueryHasOneAbstractInEachLanguage(t *testing.T) {
	data := retrieval(t)
	langs := map[string]string{}
	for _, d := range data.Corpus {
		require.NotContains(t, langs, d.ID)
		require.NotContains(t, d.Text, "{")
		langs[d.ID] = d.Lang
	}
	right := map[string]string{}
	for pair := range data.Right {
		query, document, _ := strings.Cut(pair, "\t")
		require.Contains(t, langs, document)
		right[query] += langs[document]
	}
	require.Len(t, right, len(data.Queries))
	for _, q := range data.Queries {
		assert.Len(t, right[q.ID], len("CAESEN"), q.ID)
	}
}

func TestOrganisationPairsKeepTheDevelopmentOrganisationsOut(t *testing.T) {
	pairs, err := OrganisationPairs()
	require.NoError(t, err)
	require.NotEmpty(t, pairs)
	tables, err := readTables()
	require.NoError(t, err)
	held := map[string]bool{}
	for _, o := range tables.organisations[devSplit] {
		for _, name := range o.name {
			held[name] = true
		}
	}
	for _, p := range pairs {
		assert.NotEqual(t, p.Query, p.Passage)
		assert.False(t, held[p.Passage], p.Passage)
	}
}
