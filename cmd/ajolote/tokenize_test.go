package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const tinyTokenizer = "../../tokenizer/testdata/stories260k.json"

func runTokenize(t *testing.T, input string, args ...string) (string, error) {
	t.Helper()
	cmd := newTokenizeCommand()
	var out bytes.Buffer
	cmd.SetIn(strings.NewReader(input))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append([]string{"--tokenizer", tinyTokenizer}, args...))
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestTokenizeWritesOneArrayALineAndDecodeGoesBack(t *testing.T) {
	lines := "\"Once upon a time\"\n\"\"\n\"l'energia ☃\\n<b>\"\n"
	ids, err := runTokenize(t, lines)
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(ids, "\n"))
	require.True(t, strings.HasPrefix(ids, "[1,403,407,261,378]\n[1]\n["), ids)
	texts, err := runTokenize(t, ids, "--decode", "--no-special")
	require.NoError(t, err)
	require.Equal(t, lines, texts)
}

func TestTokenizeWithoutSpecialTokens(t *testing.T) {
	ids, err := runTokenize(t, `"Once upon a time"`, "--no-special")
	require.NoError(t, err)
	require.Equal(t, "[403,407,261,378]\n", ids)
}

func TestTokenizeNamesTheLineThatIsNoJSONString(t *testing.T) {
	_, err := runTokenize(t, "\"a\"\nb\n")
	require.ErrorContains(t, err, "line 2")
}
