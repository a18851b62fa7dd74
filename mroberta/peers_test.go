package mroberta_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/mroberta"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// What is trained and saved here must be read by the Python libraries, with the same vectors and probabilities. They are those
// of ./build.sh peers, or of the Python program that AJOLOTE_PEERS names.
func TestPythonReadsWhatIsTrained(t *testing.T) {
	torchtest.Need(t)
	python := os.Getenv("AJOLOTE_PEERS")
	if python == "" {
		python = filepath.Join("..", "third_party", "peers", "bin", "python")
	}
	if exec.Command(python, "-c", "import sentence_transformers").Run() != nil {
		t.Skip("sentence-transformers is not installed: ./build.sh peers")
	}
	texts := []string{"energia solar", "", "salut i clima a la universitat de la recerca", "aigua"}
	request := struct {
		Embed    map[string]string `json:"embed"`
		Classify map[string]string `json:"classify"`
		Texts    []string          `json:"texts"`
	}{map[string]string{}, map[string]string{}, texts}

	c := run(t, t.TempDir())
	_, err := mroberta.Train(context.Background(), c, nil, mroberta.TrainOptions{})
	require.NoError(t, err)
	request.Embed["trained"] = c.OutputPath
	dense, err := sbert.Load(context.Background(), "../sbert/testdata/old", bert.LoadOptions{}) // cls pooling, a dense layer
	require.NoError(t, err)
	defer dense.Free()
	request.Embed["dense"] = t.TempDir()
	require.NoError(t, dense.Save(request.Embed["dense"]))
	k := classifyRun(t)
	_, err = mroberta.TrainClassifier(context.Background(), k, mroberta.TrainOptions{})
	require.NoError(t, err)
	request.Classify["classifier"] = k.OutputPath

	asked, err := json.Marshal(request)
	require.NoError(t, err)
	cmd := exec.Command(python, "../sbert/testdata/read_back.py")
	cmd.Stdin = bytes.NewReader(asked)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, said.String())
	var answer map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(out, &answer))
	read := func(name string, into any) { require.NoError(t, json.Unmarshal(answer[name], into)) }

	for name, dir := range request.Embed {
		m, err := sbert.Load(context.Background(), dir, bert.LoadOptions{})
		require.NoError(t, err)
		defer m.Free()
		v, err := m.Encode(context.Background(), texts, sbert.EncodeOptions{})
		require.NoError(t, err)
		var want [][]float32
		read(name, &want)
		for i := range texts {
			torchtest.Close(t, want[i], v.Row(i), 2e-5, "%s, text %d", name, i)
		}
	}
	classifier, err := mroberta.LoadClassifier(context.Background(), k.OutputPath, nil)
	require.NoError(t, err)
	defer classifier.Free()
	var labels []string
	read("classifier labels", &labels)
	require.Equal(t, labels, classifier.Labels)
	predictions, err := classifier.Predict(context.Background(), texts, nil)
	require.NoError(t, err)
	var want [][]float64
	read("classifier", &want)
	for i, p := range predictions {
		torchtest.Close(t, want[i], p.All, 2e-5, "text %d", i)
	}
}
