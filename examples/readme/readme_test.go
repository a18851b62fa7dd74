// Package readme runs what the README tells a reader to run.
package readme

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// quickStart returns the lines of the README's quick start.
func quickStart(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)<!-- quick start: [^\n]*-->\n```sh\n(.*?)```").FindSubmatch(text)
	require.NotNil(t, block, "README.md has no quick start")
	return strings.Split(strings.TrimSpace(string(block[1])), "\n")
}

func TestEveryLineOfTheQuickStartRuns(t *testing.T) {
	torchtest.Need(t)
	t.Chdir("../..")
	dir := t.TempDir()
	program := filepath.Join(dir, "ajolote")
	out, err := exec.Command("go", "build", "-o", program, "./cmd/ajolote").CombinedOutput()
	require.NoError(t, err, string(out))

	last := ""
	for _, line := range quickStart(t) {
		line = strings.NewReplacer("bin/ajolote", program, "out/first", filepath.Join(dir, "first")).Replace(line)
		require.NotContains(t, line, " out/", "a line would write into the checkout")
		cmd := exec.Command("sh", "-c", line)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s\n%s", line, out)
		last = string(out)
	}
	require.Contains(t, last, `"doc_type": "projects"`)
	for _, name := range []string{"adapter/adapter_model.safetensors", "model/model.safetensors", "ft.json", "report.html"} {
		require.FileExists(t, filepath.Join(dir, "first", name))
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)\)`)

// Documents are where a reader clicks from.
func TestEveryLinkOfTheDocumentsLeadsSomewhere(t *testing.T) {
	t.Chdir("../..")
	documents, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	examples, err := filepath.Glob("examples/*/README.md")
	require.NoError(t, err)
	documents = append(append(documents, examples...), "README.md", "CONTRIBUTING.md", "CHANGELOG.md")
	links := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, target := range link.FindAllStringSubmatch(string(text), -1) {
			links++
			_, err := os.Stat(filepath.Join(filepath.Dir(document), target[1]))
			require.NoError(t, err, "%s links to %s", document, target[1])
		}
	}
	require.Greater(t, links, 20)
}
