package salamandra

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/query"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

const storiesDir = "../testdata/stories260k"

func storiesParser(t *testing.T, o ParserOptions) *Parser {
	t.Helper()
	torchtest.Need(t)
	o.Prompt = "Say it as JSON."
	p, err := LoadParser(context.Background(), storiesDir, o)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

func TestManyGoroutinesGetAQueryFromAModelThatKnowsOnlyStories(t *testing.T) {
	p := storiesParser(t, ParserOptions{MaxNewTokens: 150, Temperature: 0.8})
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			q, err := p.Parse(context.Background(), "projectes de Vic "+strconv.Itoa(i))
			require.NoError(t, err)
			require.Equal(t, "projects", q.DocType)
		})
	}
	all.Wait()
}

func TestGuessesDoNotChangeAnswers(t *testing.T) {
	questions := []string{"Lily went to the park", "Once upon a time", "the dog and the cat"}
	ask := func(guess int) (texts []string) {
		answers, err := storiesParser(t, ParserOptions{MaxNewTokens: 120, Guess: guess}).ParseBatch(context.Background(), questions, nil)
		require.NoError(t, err)
		for _, a := range answers {
			require.NoError(t, a.Err)
			texts = append(texts, a.Raw)
		}
		return texts
	}
	require.Equal(t, ask(-1), ask(0))
}

func TestAnUnconstrainedAnswerOfAStorytellerIsNoQuery(t *testing.T) {
	answers, err := storiesParser(t, ParserOptions{MaxNewTokens: 30, Unconstrained: true}).ParseBatch(context.Background(), []string{"Once"}, nil)
	require.NoError(t, err)
	require.ErrorIs(t, answers[0].Err, query.ErrNoJSON)
	require.NotEmpty(t, answers[0].Raw)
}

func TestASchemaOfTheCallersOwnIsKept(t *testing.T) {
	p := storiesParser(t, ParserOptions{MaxNewTokens: 60, Schema: []byte(`{"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}`)})
	answers, err := p.ParseBatch(context.Background(), []string{"Once"}, nil)
	require.NoError(t, err)
	require.Contains(t, []string{"{\n  \"ok\": true\n}", "{\n  \"ok\": false\n}"}, answers[0].Raw)
	_, err = p.Parse(context.Background(), "Once")
	require.ErrorContains(t, err, "schema of your own")
}

// The resident memory after 1,000 answers must be what it was after the first 100, give or take what the allocator keeps.
func TestMemoryIsFlatOverAThousandQueries(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	p := storiesParser(t, ParserOptions{MaxNewTokens: 40, Guess: -1})
	tensors := torch.LiveTensors()
	ask := func(n int) int {
		for range n / 50 {
			questions := make([]string, 50)
			for i := range questions {
				questions[i] = "project " + strconv.Itoa(i)
			}
			_, err := p.ParseBatch(context.Background(), questions, nil)
			require.NoError(t, err)
		}
		runtime.GC()
		return residentKB(t)
	}
	before := ask(100)
	after := ask(900)
	require.Equal(t, tensors, torch.LiveTensors())
	require.Less(t, after, before+30_000)
}

func residentKB(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("this system does not tell a process's memory")
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return n
}
