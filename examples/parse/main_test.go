package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/query"
	"github.com/ajolote-ai/ajolote/salamandra"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

const model = "../../testdata/stories260k"

// A model of stories writes no queries of its own accord: the grammar makes it.
func TestEveryQuestionGetsAQueryInItsOrder(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	var out bytes.Buffer
	o := salamandra.ParserOptions{Prompt: "Once upon a time", MaxNewTokens: 12}
	require.NoError(t, run(t.Context(), &out, model, o, []string{"Who is Lily?", "Who is Tom?"}))
	_, rest, ok := strings.Cut(out.String(), "Who is Lily?\n")
	require.True(t, ok, out.String())
	first, second, ok := strings.Cut(rest, "Who is Tom?\n")
	require.True(t, ok, out.String())
	for _, text := range []string{first, second} {
		q, err := query.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, text, string(q.Canonical())+"\n")
	}
}

func TestWhatIsNoQueryIsSaidWithTheModelsText(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	o := salamandra.ParserOptions{Prompt: "Once upon a time", MaxNewTokens: 12, Unconstrained: true}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, model, o, []string{"Who is Lily?", "Who is Tom?"}))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 4, out.String())
	for i, question := range []string{"Who is Lily?", "Who is Tom?"} {
		require.Equal(t, question, lines[2*i])
		require.Contains(t, lines[2*i+1], "the model wrote \"")
	}
}

func TestAModelWithoutPromptIsRefused(t *testing.T) {
	torchtest.Need(t)
	err := run(t.Context(), &bytes.Buffer{}, model, salamandra.ParserOptions{}, []string{"Who is Lily?"})
	require.ErrorContains(t, err, "stores no system prompt")
}

func TestACancelledCallEndsWithItsContext(t *testing.T) {
	torchtest.Need(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := salamandra.ParserOptions{Prompt: "Once upon a time"}
	require.ErrorIs(t, run(ctx, &bytes.Buffer{}, model, o, []string{"Who is Lily?"}), context.Canceled)
}
