package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/salamandra"
)

// echo answers each question with it, after a time that differs from question to question.
type echo struct{}

func (echo) ParseBatch(ctx context.Context, questions []string, _ func(int, salamandra.Answer)) ([]salamandra.Answer, error) {
	q := questions[0]
	select {
	case <-time.After(time.Duration(len(q)%5) * time.Millisecond):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if q == "too long" {
		return []salamandra.Answer{{Err: errors.New("no positions left"), Failed: true}}, nil
	}
	return []salamandra.Answer{{Raw: fmt.Sprintf(`{"semantic_query": %q}`, q)}}, nil
}

func TestAnswersComeInTheOrderOfTheLines(t *testing.T) {
	var in, want strings.Builder
	for i := range 200 {
		q := strings.Repeat("x", i%7+1)
		if i%3 == 0 {
			fmt.Fprintf(&in, "{\"id\": \"Q%d\", \"query\": %q}\n\n", i, q)
			fmt.Fprintf(&want, `{"id": "Q%d", "query": %q, "success": true, "parsed": {"semantic_query": %[2]q}, "output": "{\"semantic_query\": \"%s\"}"}`+"\n", i, q, q)
			continue
		}
		line := strings.Count(in.String(), "\n") + 1
		fmt.Fprintf(&in, "%s\n", q)
		fmt.Fprintf(&want, `{"id": "%d", "query": %q, "success": true, "parsed": {"semantic_query": %[2]q}, "output": "{\"semantic_query\": \"%s\"}"}`+"\n", line, q, q)
	}
	var out bytes.Buffer
	require.NoError(t, parseLines(context.Background(), echo{}, strings.NewReader(in.String()), &out, 3))
	require.Equal(t, want.String(), out.String())
}

func TestALineIsAnsweredBeforeTheNextOneComes(t *testing.T) {
	in, ask := io.Pipe()
	answers, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- parseLines(context.Background(), echo{}, in, out, 16) }()
	lines := bufio.NewScanner(answers)
	for range 5 {
		_, err := io.WriteString(ask, "who?\n")
		require.NoError(t, err)
		require.True(t, lines.Scan())
		require.Contains(t, lines.Text(), `"success": true`)
	}
	require.NoError(t, ask.Close())
	require.NoError(t, <-ended)
}

func TestAFaultyLineEndsAfterTheAnswersBeforeIt(t *testing.T) {
	var out bytes.Buffer
	err := parseLines(context.Background(), echo{}, strings.NewReader("a\ntoo long\n{\"id\": 3\nb\n"), &out, 2)
	require.ErrorContains(t, err, "line 3: ")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)
	require.Contains(t, lines[1], `"success": false, "parsed": null, "error": "no positions left", "output": ""`)
	require.ErrorContains(t, parseLines(context.Background(), echo{}, strings.NewReader("{\"query\": \" \"}"), &out, 2), "line 1: the query is empty")
}

func TestCancellingEndsWhileNoLineComes(t *testing.T) {
	in, ask := io.Pipe()
	defer ask.Close()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- parseLines(ctx, echo{}, in, io.Discard, 16) }()
	_, err := io.WriteString(ask, "who?\n")
	require.NoError(t, err)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}
