package gguf_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/gguf"
	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/tokenizer"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

const (
	storiesDir = "../testdata/stories260k"
	adapterDir = "../salamandra/testdata/qlora/adapter"
)

var texts = []string{
	"Once upon a time", "Lily and Tom went to the park. They saw a big, red ball", "The dog said: \"No!\"", "One day,\nthe sun",
	"projectes d'Horizon Europe de la UVic sobre gestió de purins", "¿cuántos proyectos?  dos espacios   tres", "a\tb\r\nc", "日本語 🐈‍⬛ ﬁ",
	" leading and trailing ", "", "1234567890 + 0.5 = <s> </s> <unk>", "É e\u0301 ÀÏ",
}

// llamaCpp is what llama.cpp makes of the texts: their tokens, and greedy tokens behind them. The Python programs are those of
// ./build.sh peers, or of AJOLOTE_LLAMACPP.
func llamaCpp(t *testing.T, length int, files ...string) (tokens, greedy [][]int32) {
	t.Helper()
	python := os.Getenv("AJOLOTE_LLAMACPP")
	if python == "" {
		python = filepath.Join("..", "third_party", "peers", "bin", "python")
	}
	if exec.Command(python, "-c", "import llama_cpp").Run() != nil {
		t.Skip("llama_cpp_python is not installed: ./build.sh peers")
	}
	request, err := json.Marshal(map[string]any{"texts": texts, "new": length})
	require.NoError(t, err)
	cmd := exec.Command(python, append([]string{"testdata/read_back.py"}, files...)...)
	cmd.Stdin = bytes.NewReader(request)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, said.String())
	var answer struct{ Tokens, Greedy [][]int32 }
	require.NoError(t, json.Unmarshal(out, &answer))
	return answer.Tokens, answer.Greedy
}

func TestLlamaCppReadsWhatIsWritten(t *testing.T) {
	torchtest.Need(t)
	const length = 48
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	require.NoError(t, gguf.Export(context.Background(), adapterDir, adapter, gguf.Options{Type: gguf.F32, Base: storiesDir}))
	for _, c := range []struct {
		kind    gguf.Type
		adapter string // a directory; "" for none
		same    int    // of the greedy tokens: llama.cpp rounds activations to the type of the matrix before it multiplies
	}{
		{gguf.F32, "", length}, {gguf.F32, adapterDir, length}, {gguf.F16, "", length}, {gguf.BF16, "", 20}, {gguf.Q8_0, "", 8},
	} {
		name := string(c.kind)
		file := filepath.Join(t.TempDir(), "model.gguf")
		require.NoError(t, gguf.Export(context.Background(), storiesDir, file, gguf.Options{Type: c.kind}))
		files := []string{file}
		if c.adapter != "" {
			files, name = append(files, adapter), name+" with an adapter"
		}
		tokens, theirs := llamaCpp(t, length, files...)
		require.Equal(t, tokensOf(t), tokens, name)
		for i, want := range continuations(t, c.adapter, tokens, length) {
			if i > 1 && c.kind != gguf.F32 { // what the model has not learned, it is undecided about
				break
			}
			require.Equal(t, want[:c.same], theirs[i][:c.same], "%s: %q", name, texts[i])
		}
	}
}

func tokensOf(t *testing.T) (all [][]int32) {
	tok, err := tokenizer.Load(storiesDir)
	require.NoError(t, err)
	for _, text := range texts {
		ids, err := tok.EncodeIDs(text, tokenizer.EncodeOptions{})
		require.NoError(t, err)
		all = append(all, ids)
	}
	return all
}

// continuations are the greedy tokens of the model that was exported, in float32.
func continuations(t *testing.T, adapter string, prompts [][]int32, length int) (all [][]int32) {
	m, err := llama.Load(context.Background(), storiesDir, llama.LoadOptions{})
	require.NoError(t, err)
	defer m.Free()
	if adapter != "" {
		a, err := lora.Load(m, adapter, &m.Clock)
		require.NoError(t, err)
		defer a.Free()
	}
	g := &generate.Generator{Model: m}
	defer g.Close()
	var requests []generate.Request
	for _, p := range prompts {
		requests = append(requests, generate.Request{Prompt: p, Options: generate.Options{MaxNewTokens: length}})
	}
	results, err := g.GenerateAll(context.Background(), requests, nil)
	require.NoError(t, err)
	for _, r := range results {
		require.NoError(t, r.Err)
		all = append(all, r.Tokens)
	}
	return all
}
