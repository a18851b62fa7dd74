package salamandra

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// The Python programs are those of ./build.sh peers, or of AJOLOTE_PEERS.
func TestPythonReadsWhatIsWritten(t *testing.T) {
	torchtest.Need(t)
	python := os.Getenv("AJOLOTE_PEERS")
	if python == "" {
		python = filepath.Join("..", "third_party", "peers", "bin", "python")
	}
	if _, err := os.Stat(python); err != nil {
		t.Skip("the Python programs are not installed: ./build.sh peers")
	}
	for _, set := range [][]string{{}, {"peft_use_rslora=true"}, {"lora_modules_to_save=[lm_head, norm]"}} {
		c := tinyConfig(t, append(set, "save_steps=2")...)
		var err error
		c.BaseModel, err = filepath.Abs(tinyModel)
		require.NoError(t, err)
		fineTune(t, c)
		average := filepath.Join(t.TempDir(), "average")
		_, err = Average(context.Background(), AverageOptions{ModelDir: c.OutputDir, Output: average, Products: true})
		require.NoError(t, err)
		for _, adapter := range []string{c.OutputDir, average} {
			merged := filepath.Join(t.TempDir(), "merged")
			_, err := Merge(context.Background(), MergeOptions{Adapter: adapter, Output: merged, DType: "float32"})
			require.NoError(t, err)
			cmd := exec.Command(python, "testdata/read_back.py", adapter, merged)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			require.NoError(t, err, string(out))
			var got struct{ Difference, Largest float64 }
			require.NoError(t, json.Unmarshal(out, &got))
			require.Less(t, got.Difference, 1e-4*got.Largest, adapter)
		}
	}
}
