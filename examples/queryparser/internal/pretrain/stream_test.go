package pretrain

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/examples/queryparser/data"
)

func examples(n int) []Example {
	stream, all := NewStream(7, DefaultMix), make([]Example, n)
	stream.Named, stream.Spoken = .5, .3
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
	for task, share := range map[string]float64{"extract": .74, "copy": .14, "restate": .02, "identify": .03, "repeat": .04, "tangle": .03} {
		assert.InDelta(t, share, count[task], .025, task)
	}
}

func TestCopyingComesFirstAndGivesWay(t *testing.T) {
	stream := NewStream(7, DefaultMix)
	stream.Alone, stream.Settled = 1000, 3000
	share := func(n int) (copying float64) {
		for range n {
			if task := stream.Next().Task; task == "copy" || task == "repeat" || task == "tangle" {
				copying += 1 / float64(n)
			}
		}
		return copying
	}
	assert.InDelta(t, 1, share(1000), 1e-9)
	assert.InDelta(t, .8, share(1000), .04) // on the way from 1 to .61
	assert.InDelta(t, .41, share(1000), .04)
	assert.InDelta(t, .21, share(1000), .04)
}

func TestAnswersAreJSONAndCopyWhatIsShown(t *testing.T) {
	for _, e := range examples(2000) {
		if e.IDs != nil {
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
	known := map[string]bool{}
	for _, lang := range languages {
		for _, theme := range themes[lang] {
			known[strings.ToLower(theme)] = true
		}
	}
	for _, topic := range queryParserTopics(t) {
		assert.False(t, known[strings.ToLower(topic)], topic)
	}
	for _, e := range examples(4000) {
		for _, m := range e.Messages {
			assert.NotContains(t, m.Content, strings.SplitAfter(string(prompt), ".")[0])
			assert.Empty(t, keys.FindString(m.Content), m.Content)
			assert.Empty(t, projects.FindString(m.Content), m.Content)
		}
	}
}

// queryParserTopics are the topics of the training, development and test sets.
func queryParserTopics(t *testing.T) []string {
	table, err := data.Files.ReadFile("topics.tsv")
	require.NoError(t, err)
	topics := strings.FieldsFunc(string(table), func(r rune) bool { return r == '\t' || r == '\n' })
	require.Greater(t, len(topics), 500)
	questions, err := os.ReadFile("../../data/test.json")
	require.NoError(t, err)
	var golds []struct {
		Topic *string `json:"semantic_query"`
	}
	require.NoError(t, json.Unmarshal(questions, &golds))
	require.NotEmpty(t, golds)
	for _, g := range golds {
		if g.Topic != nil {
			topics = append(topics, *g.Topic)
		}
	}
	return topics
}

func TestSlipsSpareTheValues(t *testing.T) {
	s, slipped := source{rand.New(rand.NewPCG(1, 2))}, 0
	const text = "vull documentals sobre dret romà antic"
	for range 500 {
		got := s.slip(text, "dret romà")
		assert.Contains(t, got, " dret romà ")
		if got != text {
			slipped++
		}
	}
	assert.InDelta(t, 75, slipped, 45)
}

func TestAPromptNamesEveryKey(t *testing.T) {
	s := source{rand.New(rand.NewPCG(3, 4))}
	for range 200 {
		for _, sc := range []schema{s.schema(), s.spoken()} {
			for _, text := range []string{s.description(sc), s.prompt(sc), s.listed(sc)} {
				for _, sl := range sc.slots {
					assert.Contains(t, text, sc.path(sl))
				}
			}
		}
		sc := s.schema()
		text := s.description(sc)
		assert.NotRegexp(t, `\b[KV]\b`, text)
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
