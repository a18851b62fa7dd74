package mroberta_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/config"
	"github.com/ajolote-ai/ajolote/mroberta"
)

var update = flag.Bool("update", false, "write the documents that tests compare with")

func TestTheDocumentListsEveryKey(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`# Keys of the embedding configurations

A key that is listed nowhere below is an error, and so is a value that is not accepted; all faults of a file are reported at once, with their
lines. A key without a value is as good as absent. Any key can be set from the command line: --set learning_rate=1e-5 --set train_data.path=b.csv.
This page is written from the program: go test ./mroberta -run Document -update.

# ajolote embed train
`)
	source := func(name string) []byte {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		return text
	}
	require.NoError(t, config.Reference(&b, mroberta.DefaultConfig(), nil, source("config.go")))
	b.WriteString("\n# ajolote embed classify train\n")
	require.NoError(t, config.Reference(&b, mroberta.DefaultClassifyConfig(), nil, source("classify.go")))
	const path = "../docs/embed-config.md"
	if *update {
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	if !bytes.Equal(b.Bytes(), have) {
		t.Errorf("%s is not what the program would write: run go test ./mroberta -run Document -update", path)
	}
}

func TestTheExamplesAreValidConfigurations(t *testing.T) {
	c, notices, err := mroberta.LoadConfig("../examples/embed/mroberta.yml")
	require.NoError(t, err)
	require.Empty(t, notices)
	require.Equal(t, 32, c.BatchSize)
	require.Equal(t, 2e-5, c.LearningRate)
	_, notices, err = mroberta.LoadConfig("../examples/embed/organisations/organisations.yml")
	require.NoError(t, err)
	require.Empty(t, notices)
	k, notices, err := mroberta.LoadClassifyConfig("../examples/embed/classify.yml")
	require.NoError(t, err)
	require.Empty(t, notices)
	require.Equal(t, "label", k.TrainData.Label)
}
