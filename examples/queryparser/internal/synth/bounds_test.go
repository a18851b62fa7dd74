package synth

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnswersHaveALineForEachRecord(t *testing.T) {
	test, err := Test()
	require.NoError(t, err)
	answers, err := MakeAnswers(test)
	require.NoError(t, err)
	for _, file := range [][]byte{answers.Empty, answers.Gold} {
		lines := bytes.Split(bytes.TrimSpace(file), []byte("\n"))
		require.Len(t, lines, len(test))
		for i, line := range lines {
			var a struct{ ID, Output string }
			require.NoError(t, json.Unmarshal(line, &a))
			assert.Equal(t, test[i].Meta.ID, a.ID)
			assert.True(t, json.Valid([]byte(a.Output)))
		}
	}
}
