package salamandra

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func storiesWriter(t *testing.T, dir string, o WriterOptions) *Writer {
	t.Helper()
	torchtest.Need(t)
	w, err := LoadWriter(t.Context(), dir, o)
	require.NoError(t, err)
	t.Cleanup(w.Close)
	return w
}

// What transformers 5.23 writes greedily: see testdata/stories260k/README.md.
func TestAWriterGoesOnAsTransformersDoes(t *testing.T) {
	w := storiesWriter(t, storiesDir, WriterOptions{})
	var streamed strings.Builder
	r, err := w.Write(t.Context(), "Once upon a time", false, generate.Options{MaxNewTokens: 50}, func(text string) error {
		streamed.WriteString(text)
		return nil
	})
	require.NoError(t, err)
	want := ", there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball."
	require.Equal(t, want, r.Text[:min(len(want), len(r.Text))])
	require.Equal(t, r.Text, streamed.String())
}

func TestAChatEndsAtTheMarkBehindAnswers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "model")
	require.NoError(t, os.CopyFS(dir, os.DirFS(storiesDir)))
	template := `{{ bos_token }}{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}.{% endif %}{% endfor %}`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte(template), 0o600))
	w := storiesWriter(t, dir, WriterOptions{})
	o := generate.Options{MaxNewTokens: 50}
	chat, err := w.Write(t.Context(), "Once upon a time", true, o, nil)
	require.NoError(t, err)
	require.Equal(t, ", there was a little girl named Lily", chat.Text)
	require.Equal(t, generate.StopToken, chat.Reason)
	text, err := w.Write(t.Context(), "Once upon a time", false, o, nil)
	require.NoError(t, err)
	require.Equal(t, generate.Length, text.Reason, "a text that is no chat goes on")
	require.Empty(t, o.StopTokens)
}

func TestKeysAndValuesAreKeptInTheTypeAskedFor(t *testing.T) {
	const tokens = 10
	bytes := map[torch.DType]int64{}
	for _, dtype := range []torch.DType{0, torch.Float32, torch.BFloat16, torch.Float16} {
		w := storiesWriter(t, storiesDir, WriterOptions{CacheType: dtype})
		bytes[dtype] = w.model.CacheBytes(tokens)
		r, err := w.Write(t.Context(), "Once upon a time", false, generate.Options{MaxNewTokens: tokens}, nil)
		require.NoError(t, err)
		require.Len(t, r.Tokens, tokens)
	}
	require.Equal(t, bytes[torch.Float32], bytes[0])
	require.Equal(t, bytes[torch.Float32], 2*bytes[torch.BFloat16])
	require.Equal(t, bytes[torch.BFloat16], bytes[torch.Float16])
}
