package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// validateArgs is a validation of stories260k, which knows nothing of queries, on five test records.
func validateArgs(t *testing.T, dir string) []string {
	t.Helper()
	model, err := filepath.Abs("../../testdata/stories260k")
	require.NoError(t, err)
	var records []map[string]any
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		records = append(records, map[string]any{
			"filters": map[string]any{}, "organisations": []any{}, "semantic_query": "dogs " + id,
			"meta": map[string]any{"id": id, "lang": "EN", "original_query": "projects on dogs " + id},
		})
	}
	text, err := json.Marshal(records)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "test.json"), text, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prompt.txt"), []byte("Write JSON.\n"), 0o644))
	return []string{
		"validate", "--model-path", model, "--quantize", "4bit", "--prompt-file", "prompt.txt", "--test-file", "test.json",
		"--max-new-tokens", "12", "--output", "r.json", "--save-predictions", "p.jsonl",
	}
}

func TestAKilledValidationGoesOnWhereItWas(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	args := validateArgs(t, dir)
	out, err := program(t, dir, args...).CombinedOutput()
	require.NoError(t, err, string(out))
	path := filepath.Join(dir, "p.jsonl")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.SplitAfter(strings.TrimSpace(string(whole))+"\n", "\n")
	require.Len(t, lines, 6) // the last one is empty

	// What a killed run leaves: two answers, and a torn third.
	marked := strings.Replace(lines[0], `"output": "`, `"output": "from before `, 1)
	require.NoError(t, os.WriteFile(path, []byte(marked+lines[1]+lines[2][:len(lines[2])/2]), 0o644))
	out, err = program(t, dir, append(args, "--resume")...).CombinedOutput()
	require.NoError(t, err, string(out))
	resumed, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(resumed), marked), "the first answer is not asked for again")
	require.ElementsMatch(t, lines[1:], strings.SplitAfter(string(resumed), "\n")[1:])

	var report map[string]any
	text, err := os.ReadFile(filepath.Join(dir, "r.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &report))
}

func TestAPoorModelFailsOnlyWhenAskedTo(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	args := validateArgs(t, dir)
	_, err := program(t, dir, args...).CombinedOutput()
	require.NoError(t, err)
	cmd := program(t, dir, append(args, "--fail-under", "0.5")...)
	_, _ = cmd.CombinedOutput()
	require.Equal(t, 1, cmd.ProcessState.ExitCode())
}

func TestValidateWithoutAPromptSaysWhatIsMissing(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	var args []string
	for _, a := range validateArgs(t, dir) {
		if a == "--prompt-file" || a == "prompt.txt" {
			continue
		}
		args = append(args, a)
	}
	out, err := program(t, dir, args...).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "stores no system prompt")
	require.Contains(t, string(out), " --prompt-file PROMPT.txt")
}

func TestAQueryThatTheModelCannotAnswerIsNotScored(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	args := validateArgs(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prompt.txt"), []byte(strings.Repeat("Write JSON. ", 43)), 0o644))
	out, err := program(t, dir, args...).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "validate: query a: ")
	require.Contains(t, string(out), "512 positions")
	require.NoFileExists(t, filepath.Join(dir, "r.json"))
}
