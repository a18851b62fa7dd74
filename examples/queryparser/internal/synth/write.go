package synth

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/ajolote-ai/ajolote/examples/queryparser/data"
)

// batchSize is the number of records in one batch file.
const batchSize = 100

// Write puts all the data of the example into a folder:
//
//	training/batch_01.json … batch_07.json   the training set
//	dev.json, test.json                      the development and the test set
//	answers/empty.jsonl, answers/gold.jsonl  what scores nothing and everything on the test set
//	equivalences/                            the five equivalence files
//	prompt.txt                               the system prompt
//
// Existing files of these names are replaced.
func Write(folder string, seed uint64) error {
	train, err := Train(seed)
	if err != nil {
		return err
	}
	dev, err := Dev(seed)
	if err != nil {
		return err
	}
	test, err := Test()
	if err != nil {
		return err
	}
	files := map[string]any{"dev.json": dev, "test.json": test}
	for n := 0; n*batchSize < len(train); n++ {
		name := fmt.Sprintf("training/batch_%02d.json", n+1)
		files[name] = train[n*batchSize : min((n+1)*batchSize, len(train))]
	}
	equivalences, err := AllEquivalences()
	if err != nil {
		return err
	}
	for name, content := range equivalences {
		files["equivalences/"+name] = content
	}
	for name, content := range files {
		text, err := encode(content)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := writeFile(filepath.Join(folder, name), text); err != nil {
			return err
		}
	}
	answers, err := MakeAnswers(test)
	if err != nil {
		return err
	}
	for name, lines := range map[string][]byte{"empty": answers.Empty, "gold": answers.Gold} {
		if err := writeFile(filepath.Join(folder, "answers", name+".jsonl"), lines); err != nil {
			return err
		}
	}
	prompt, err := data.Files.ReadFile("prompt.txt")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, "prompt.txt"), prompt)
}

func writeFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
