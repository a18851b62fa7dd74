package salamandra

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
	"github.com/ajolote-ai/ajolote/internal/pyrand"
)

// This file: training data from batch files, as the reference's prepare_training_data.py makes it (sirisacademic/aina-impulse):
// the same files, checks, prompts, order and console, and the same bytes out.

// PrepareOptions say what Prepare reads and writes.
type PrepareOptions struct {
	// InputDir is the folder with batch files. Needed.
	InputDir string
	// OutputFile is the JSONL file to write; missing folders are made. Needed.
	OutputFile string
	// PromptFile holds the system prompt. Needed.
	PromptFile string
	// Model is the name of the base model, which decides the messages (SettingsFor). Needed.
	Model string
	// Pattern chooses the batch files in the folder, as Python's pathlib does; absent: batch*.json.
	Pattern string
	// Format of the rows: messages, the default, or sharegpt.
	Format string
	// Validate checks that the records have all keys.
	Validate bool
	// Shuffle puts the examples in an order that Seed decides.
	Shuffle bool
	// Seed of the order; nil: 42. A negative one acts like its absolute value.
	Seed *big.Int
	// Console is told what happens, in the words of the reference; nil: nobody.
	Console io.Writer
	// Confirm is asked whether to go on when Validate found errors. It answers with a line: y or Y goes on. nil answers no.
	Confirm func(question string) (string, error)
}

// PrepareSummary is what Prepare wrote.
type PrepareSummary struct {
	Examples  int
	Languages []LanguageCount // in the order of the file
}

// LanguageCount is the number of examples of one language.
type LanguageCount struct {
	Language string // meta.lang; when that is no text, its text in Python
	Examples int
}

// PromptError tells that the prompt file is missing or empty or no text.
type PromptError struct{ Reason string }

func (e *PromptError) Error() string { return "the system prompt: " + e.Reason }

// BatchError tells that there are no batch files.
type BatchError struct{ Reason string }

func (e *BatchError) Error() string { return e.Reason }

// ErrDeclined tells that validation found errors and the question whether to go on was not answered by y.
var ErrDeclined = errors.New("the records have errors, and the question whether to go on was not answered by y")

const bar = "============================================================"

// Prepare reads batch files and writes training examples. Nothing is written when it fails. Records that cannot be made into
// an example are an error that names file and record; batch files that cannot be read are said on the console and skipped,
// as in the reference.
func Prepare(ctx context.Context, o PrepareOptions) (*PrepareSummary, error) {
	console := bufio.NewWriter(o.Console)
	if o.Console == nil {
		console = bufio.NewWriter(io.Discard)
	}
	defer console.Flush() //nolint:errcheck // a console that is gone does not spoil the file
	p := &preparation{PrepareOptions: o, console: console}
	if p.Pattern == "" {
		p.Pattern = "batch*.json"
	}
	if p.Seed == nil {
		p.Seed = big.NewInt(42)
	}
	switch p.Format {
	case "", "messages", "sharegpt":
	default:
		return nil, fmt.Errorf("format %q: want messages or sharegpt", p.Format)
	}
	return p.run(ctx)
}

// preparation is a Prepare under way.
type preparation struct {
	PrepareOptions
	console  *bufio.Writer
	settings ModelSettings
	prompt   string
	records  []record
}

// record is a query with the file it comes from.
type record struct {
	value any
	file  string
	index int // in the file, from 0
}

func (p *preparation) say(format string, args ...any) {
	fmt.Fprintf(p.console, format+"\n", args...) //nolint:errcheck // see Prepare
}

func (p *preparation) run(ctx context.Context) (*PrepareSummary, error) {
	p.say("IMPULSE Training Data Preparation\n%s", bar)
	p.lookUpModel()
	p.say("✓ Model: %s", p.Model)
	p.say("  Message format: %s", p.choose("merged system+user", "separate system/user/assistant"))
	if err := p.readPrompt(); err != nil {
		return nil, err
	}
	p.say("✓ Loaded system prompt from: %s\n  Prompt size: %d chars", p.PromptFile, pyjson.Len(p.prompt))

	p.say("\nLoading batch files from: %s\nPattern: %s", p.InputDir, p.Pattern)
	if err := p.readBatches(ctx); err != nil {
		return nil, err
	}
	p.say("✓ Loaded %d queries", len(p.records))
	if p.Validate {
		if err := p.validate(); err != nil {
			return nil, err
		}
	}

	p.say("\nCreating training examples...")
	examples := make([]*pyjson.Object, len(p.records))
	for i, r := range p.records {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		example, err := p.example(r)
		if err != nil {
			return nil, fmt.Errorf("%s: query %d: %w", r.file, r.index, err)
		}
		examples[i] = example
	}
	if p.Shuffle {
		p.say("Shuffling with seed %s...", p.Seed)
		pyrand.NewRandomBig(p.Seed).Shuffle(len(examples), func(i, j int) { examples[i], examples[j] = examples[j], examples[i] })
	}
	languages, err := countLanguages(examples)
	if err != nil {
		return nil, err
	}
	if err := p.write(examples); err != nil {
		return nil, err
	}

	p.say("\n%s\nSUCCESS\n%s", bar, bar)
	p.say("✓ Created %d training examples", len(examples))
	p.say("✓ Languages: %s", languages)
	p.say("✓ Model: %s", p.Model)
	p.say("✓ Format: %s", p.choose("2 messages (user+system, assistant)", "3 messages (system, user, assistant)"))
	p.say("✓ Output: %s\n%s", p.OutputFile, bar)
	return &PrepareSummary{Examples: len(examples), Languages: languages.summary()}, nil
}

// lookUpModel finds the settings of the model and says how. The reference does so again for each example, and so it is said again.
func (p *preparation) lookUpModel() {
	settings, message := SettingsFor(p.Model)
	p.settings = settings
	if message != "" {
		p.say("%s", message)
	}
}

func (p *preparation) choose(merged, separate string) string {
	if p.settings.MergeSystemIntoUser {
		return merged
	}
	return separate
}

func (p *preparation) readPrompt() error {
	data, err := os.ReadFile(p.PromptFile)
	if errors.Is(err, fs.ErrNotExist) {
		return &PromptError{"Prompt file not found: " + p.PromptFile}
	} else if err != nil {
		return err
	}
	if err := notUTF8(data); err != nil {
		return &PromptError{err.Error()}
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n")
	if p.prompt = pyjson.Trim(text); p.prompt == "" {
		return &PromptError{"Prompt file is empty: " + p.PromptFile}
	}
	return nil
}

// notUTF8 words what is wrong with bytes that are not UTF-8 as Python does.
func notUTF8(data []byte) error {
	if utf8.Valid(data) {
		return nil
	}
	_, err := pyjson.UnmarshalFile(data)
	return err
}

func (p *preparation) readBatches(ctx context.Context) error {
	if _, err := os.Stat(p.InputDir); err != nil {
		return &BatchError{"Input directory not found: " + p.InputDir}
	}
	files, err := pythonGlob(p.InputDir, p.Pattern)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return &BatchError{fmt.Sprintf("No files matching '%s' found in %s", p.Pattern, p.InputDir)}
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.readBatch(file)
	}
	return nil
}

// readBatch adds the records of a file. What cannot be read is said and skipped.
func (p *preparation) readBatch(file string) {
	name := filepath.Base(file)
	value, err := readJSON(file)
	if err != nil {
		p.say("Error loading %s: %v", name, pythonError(err))
		return
	}
	if o, ok := value.(*pyjson.Object); ok {
		if queries, ok := o.Get("queries"); ok {
			p.addQueries(file, queries)
			return
		}
	}
	list, ok := value.([]any)
	if !ok {
		p.say("Warning: Unexpected format in %s, skipping...", name)
		return
	}
	for i, v := range list {
		p.records = append(p.records, record{v, file, i})
	}
}

// addQueries adds what stands under the key queries, whatever Python can go through one by one: a list, but also the keys of
// an object or the letters of a text, which then turn out to be no records.
func (p *preparation) addQueries(file string, queries any) {
	switch queries := queries.(type) {
	case []any:
		for i, v := range queries {
			p.records = append(p.records, record{v, file, i})
		}
	case *pyjson.Object:
		for key := range queries.All() {
			p.records = append(p.records, record{key, file, len(p.records)})
		}
	case string:
		for _, letter := range queries {
			p.records = append(p.records, record{string(letter), file, len(p.records)})
		}
	default:
		p.say("Error loading %s: '%s' object is not iterable", filepath.Base(file), pythonType(queries))
	}
}

func pythonType(v any) string {
	switch v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case float64:
		return "float"
	}
	return "int"
}

// pythonError words a failed read as Python does: [Errno 21] Is a directory: 'batches/batch1.json'.
func pythonError(err error) string {
	var at *fs.PathError
	var number syscall.Errno
	if !errors.As(err, &at) || !errors.As(err, &number) {
		return err.Error()
	}
	text := number.Error()
	return fmt.Sprintf("[Errno %d] %s%s: %s", int(number), strings.ToUpper(text[:1]), text[1:], pyjson.Repr(at.Path))
}

func readJSON(file string) (any, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return pyjson.UnmarshalFile(data)
}

// validate looks for absent keys, lists them, and asks whether to go on.
func (p *preparation) validate() error {
	p.say("\nValidating queries...")
	total := 0
	for i, r := range p.records {
		missing, err := missingKeys(r.value)
		if err != nil {
			return fmt.Errorf("%s: query %d: %w", r.file, r.index, err)
		}
		if len(missing) > 0 {
			total += len(missing)
			p.say("  Query %d: %s", i, strings.Join(missing, ", "))
		}
	}
	if total == 0 {
		p.say("✓ All queries valid")
		return nil
	}
	p.say("✗ Found %d validation errors", total)
	if err := p.console.Flush(); err != nil {
		return err
	}
	if p.Confirm == nil {
		return ErrDeclined
	}
	answer, err := p.Confirm("Continue anyway? (y/n): ")
	if err != nil {
		return fmt.Errorf("asking whether to go on: %w", err)
	}
	if answer != "y" && answer != "Y" {
		return ErrDeclined
	}
	return nil
}

// write puts the examples into the output file, beside it first, so that a failure leaves no half of it.
func (p *preparation) write(examples []*pyjson.Object) error {
	if err := os.MkdirAll(filepath.Dir(p.OutputFile), 0o777); err != nil {
		return err
	}
	partial := p.OutputFile + ".partial"
	file, err := os.Create(partial)
	if err != nil {
		return err
	}
	defer os.Remove(partial) // nothing is there after the renaming
	defer file.Close()
	w := bufio.NewWriterSize(file, 1<<20)
	var line []byte
	for _, e := range examples {
		if line, err = pyjson.Append(line[:0], e, pyjson.Options{}); err != nil {
			return err
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	if err := errors.Join(w.Flush(), file.Close()); err != nil {
		return err
	}
	return os.Rename(partial, p.OutputFile)
}
