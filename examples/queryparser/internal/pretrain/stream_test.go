package pretrain

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/examples/queryparser/data"
)

func examples(n int) []Example {
	stream, all := NewStream(7, DefaultMix), make([]Example, n)
	for i := range all {
		all[i] = stream.Next()
	}
	return all
}

func TestSameSeedGivesTheSameStream(t *testing.T) {
	assert.Equal(t, examples(300), examples(300))
}

func TestTasksComeInTheirShares(t *testing.T) {
	count := map[string]float64{}
	for _, e := range examples(4000) {
		count[e.Task] += 1. / 4000
	}
	for task, share := range map[string]float64{"extract": .77, "copy": .12, "restate": .03, "identify": .02, "repeat": .06} {
		assert.InDelta(t, share, count[task], .025, task)
	}
}

func TestCopyingComesFirstAndGivesWay(t *testing.T) {
	stream := NewStream(7, DefaultMix)
	stream.Alone, stream.Settled = 1000, 3000
	share := func(n int) (copying float64) {
		for range n {
			if task := stream.Next().Task; task == "copy" || task == "repeat" {
				copying += 1 / float64(n)
			}
		}
		return copying
	}
	assert.InDelta(t, 1, share(1000), 1e-9)
	assert.InDelta(t, .8, share(1000), .04) // on the way from 1 to .59
	assert.InDelta(t, .39, share(1000), .04)
	assert.InDelta(t, .18, share(1000), .04)
}

func TestAnswersAreJSONAndCopyWhatIsShown(t *testing.T) {
	for _, e := range examples(2000) {
		if e.Task == "repeat" {
			assert.Equal(t, e.IDs[:e.Given-1], e.IDs[e.Given:])
			continue
		}
		shown, answer := e.Messages[len(e.Messages)-2].Content, e.Messages[len(e.Messages)-1].Content
		if e.Task == "extract" {
			require.True(t, json.Valid([]byte(answer)), answer)
		}
		for _, text := range e.Copied {
			assert.Contains(t, shown, text)
			written, err := json.Marshal(text)
			require.NoError(t, err)
			assert.True(t, strings.Contains(answer, text) || strings.Contains(answer, string(written)), "%s\n%s", text, answer)
		}
	}
}

// The base must not know the task that it is later fine-tuned for.
func TestTextKnowsNothingOfTheQueryParser(t *testing.T) {
	prompt, err := data.Files.ReadFile("prompt.txt")
	require.NoError(t, err)
	keys := regexp.MustCompile(`\b(doc_type|filters|programme|funding_level|location_level|organisations|semantic_query|query_rewrite|original_query)\b`)
	projects := regexp.MustCompile(`(?i)project|projecte|proyecto|horizon|research|recerca|investigaci`)
	for _, e := range examples(4000) {
		for _, m := range e.Messages {
			assert.NotContains(t, m.Content, strings.SplitAfter(string(prompt), ".")[0])
			assert.Empty(t, keys.FindString(m.Content), m.Content)
			assert.Empty(t, projects.FindString(m.Content), m.Content)
		}
	}
}

func TestArticlesContract(t *testing.T) {
	for _, c := range []struct {
		lang             language
		template, phrase string
		want             string
	}{
		{catalan, "fets per X", "el Celler Roca", "fets pel Celler Roca"},
		{catalan, "de X", "els Trops", "dels Trops"},
		{catalan, "a prop de X", "Àustria", "a prop d'Àustria"},
		{catalan, "a X", "la Vall", "a la Vall"},
		{spanish, "a cargo de X", "el Club Sol", "a cargo del Club Sol"},
		{spanish, "en torno a X", "agua", "en torno a agua"},
		{english, "of X", "the Group Tree", "of the Group Tree"},
	} {
		assert.Equal(t, c.want, insert(c.lang, c.template, c.phrase))
	}
}

func TestJSONIsLaidOutInOrder(t *testing.T) {
	v := object{{"b", nil}, {"a", list{object{{"x", "«»\"<"}}}}, {"e", list{}}}
	assert.Equal(t, "{\n  \"b\": null,\n  \"a\": [\n    {\n      \"x\": \"«»\\\"<\"\n    }\n  ],\n  \"e\": []\n}", style{indent: 2}.write(v))
	assert.Equal(t, `{"b": null, "a": [{"x": "«»\"<"}], "e": []}`, style{}.write(v))
}
