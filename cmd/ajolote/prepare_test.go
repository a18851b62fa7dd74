package main

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// prepareCases is made by testdata/prepare/make.py: what the reference says and writes.
//
//go:embed testdata/prepare/cases.json
var prepareCases []byte

type prepareCase struct {
	Name    string
	Args    []string
	Stdin   string
	Status  int
	Stdout  string
	Stopped bool    // the reference ended with an unhandled exception
	Output  *string // contents of the output file, when there is one
}

func readPrepareCases(t *testing.T) (files map[string]any, cases []prepareCase) {
	var golden struct {
		Files map[string]any
		Cases []prepareCase
	}
	require.NoError(t, json.Unmarshal(prepareCases, &golden))
	require.NotEmpty(t, golden.Cases)
	return golden.Files, golden.Cases
}

// inFolderWith makes the files in a new folder and goes there.
func inFolderWith(t *testing.T, files map[string]any) {
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		var data []byte
		switch content := content.(type) {
		case string:
			data = []byte(content)
		case map[string]any:
			var err error
			data, err = hex.DecodeString(content["hex"].(string))
			require.NoError(t, err)
		}
		require.NoError(t, os.WriteFile(path, data, 0o644))
	}
	t.Chdir(folder)
}

// run runs a command line of ajolote and returns its exit status.
func run(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, errOut bytes.Buffer
	root := newRootCommand()
	root.SetArgs(args)
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&out)
	root.SetErr(&errOut)
	err := root.Execute()
	var exit exitStatus
	switch {
	case errors.As(err, &exit):
		status = int(exit)
	case err != nil:
		status = 1
		errOut.WriteString(err.Error())
	}
	return status, out.String(), errOut.String()
}

func TestPrepareSaysAndWritesWhatTheReferenceDoes(t *testing.T) {
	files, cases := readPrepareCases(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			inFolderWith(t, files)
			status, stdout, stderr := run(c.Stdin, append([]string{"prepare"}, c.Args...)...)
			require.Equal(t, c.Status, status, "%s", stderr)
			written, err := os.ReadFile("out/deep/data.jsonl")
			switch {
			case c.Stopped:
				require.NotEmpty(t, stderr, "a stop has a reason")
				require.NoDirExists(t, "out")
				return
			case c.Status == 2:
				require.Empty(t, stdout)
				require.NotEmpty(t, stderr)
				require.NoDirExists(t, "out")
				return
			case c.Output == nil:
				require.ErrorIs(t, err, os.ErrNotExist)
				require.NoDirExists(t, "out")
			default:
				require.NoError(t, err)
				require.Equal(t, *c.Output, string(written))
			}
			require.Equal(t, c.Stdout, stdout)
			require.Empty(t, stderr)
		})
	}
}

func TestPrepareStopsSayWhichRecordIsAtFault(t *testing.T) {
	files, cases := readPrepareCases(t)
	for name, want := range map[string]string{
		"faulty records, unchecked": "faulty/batch1.json: query 1: Missing field 'filters', Missing field 'organisations', Missing field 'semantic_query', Missing field 'query_rewrite', Missing meta.lang, Missing meta.original_query",
		"a record without meta":     "nometa/batch1.json: query 0: meta is no object: null",
		"queries are an object":     "keys/batch1.json: query 0: the record is no object: a string",
		"records are numbers":       "numbers/batch1.json: query 0: the record is no object: an integer",
		"half a surrogate pair":     `surrogate/batch1.json: query 0: the text "\xed\xa0\x80 de purins" has half of a surrogate pair`,
		"a language that is a list": "meta.lang of Q_071 is no text: ['CA']",
		"faulty records, no answer": "Continue anyway? (y/n): no answer: EOF",
		"stars inside a name":       `the pattern "b**.json" has ** inside a name`,
		"an ambiguous flag":         "unknown flag: --s",
		"a flag is missing":         "the following flags are needed: --output-file, --prompt-file, --model",
		"a stray argument":          "unknown arguments: x",
		"a seed that is no number":  `"x" is no whole number`,
	} {
		t.Run(name, func(t *testing.T) {
			inFolderWith(t, files)
			for _, c := range cases {
				if c.Name == name {
					_, _, stderr := run(c.Stdin, append([]string{"prepare"}, c.Args...)...)
					require.Contains(t, stderr, want)
					return
				}
			}
			t.Fatal("no such case")
		})
	}
}

func TestPrepareShareGPTIsTheSameConversationsUnderOtherNames(t *testing.T) {
	files, cases := readPrepareCases(t)
	inFolderWith(t, files)
	args := append([]string{"prepare"}, cases[0].Args...)
	status, _, stderr := run("", append(args, "--format", "sharegpt")...)
	require.Zero(t, status, stderr)
	written, err := os.ReadFile("out/deep/data.jsonl")
	require.NoError(t, err)
	back := strings.NewReplacer(`"conversations": [`, `"messages": [`, `{"from": "system", "value": `, `{"role": "system", "content": `,
		`{"from": "human", "value": `, `{"role": "user", "content": `, `{"from": "gpt", "value": `, `{"role": "assistant", "content": `).Replace(string(written))
	require.Equal(t, *cases[0].Output, back)

	status, _, stderr = run("", append(args, "--format", "alpaca")...)
	require.Equal(t, 2, status)
	require.Contains(t, stderr, `"alpaca" is not one of messages, sharegpt`)
}
