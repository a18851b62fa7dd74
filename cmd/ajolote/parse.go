package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
	"github.com/ajolote-ai/ajolote/progress"
	"github.com/ajolote-ai/ajolote/query"
	"github.com/ajolote-ai/ajolote/salamandra"
)

// modelFlags are what every command that runs a model takes.
type modelFlags struct {
	model, promptFile string
	options           salamandra.ParserOptions
	copies            chooseCopies
}

func (f *modelFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.model, "model", "", "folder or hub name of the model (needed)")
	flags.StringVar(&f.options.Adapter, "adapter", "", "folder of an adapter to put on it")
	flags.BoolVar(&f.options.Load4Bit, "load-in-4bit", false, "hold the linear layers in NF4")
	flags.StringVar(&f.promptFile, "prompt-file", "", "file with the system prompt; default: the one that training stored")
	flags.IntVar(&f.options.MaxNewTokens, "max-new-tokens", 0, "longest answer in tokens (0: 1024, or what the model has room for)")
	flags.IntVar(&f.options.MaxBatch, "batch-size", 16, "queries decoded together")
	f.copies = copiesFlag(cmd)
	_ = cmd.MarkFlagRequired("model")
}

// prepare reads the prompt file and lets loading be drawn.
func (f *modelFlags) prepare(display *progress.Display) error {
	if f.promptFile != "" {
		text, err := os.ReadFile(f.promptFile)
		if err != nil {
			return err
		}
		f.options.Prompt = strings.TrimSpace(string(text))
	}
	f.options.DoubleQuant, f.options.Copies = true, f.copies(display.Printf)
	if f.options.Copies != nil {
		f.options.Kept = &salamandra.KeptPrompts{Say: f.options.Copies.Say}
	}
	f.options.Loading = byteTask(display, "load")
	return nil
}

// load loads the parser and draws a bar meanwhile.
func (f *modelFlags) load(cmd *cobra.Command) (*salamandra.Parser, error) {
	display := progress.New(cmd.ErrOrStderr(), progress.Auto)
	defer display.Close()
	if err := f.prepare(display); err != nil {
		return nil, err
	}
	return salamandra.LoadParser(cmd.Context(), f.model, f.options)
}

func newParseCommand() *cobra.Command {
	var f modelFlags
	var stdin bool
	cmd := &cobra.Command{
		Use:   "parse --model DIR QUERY | --stdin",
		Short: "Parse questions into queries",
		Long: `Parse questions into queries.

With --stdin, each line is a question, or an object {"id", "query"}; each line out is {"id", "query", "success", "parsed", "output"},
in the same order, so that eval reads it.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if stdin == (len(args) > 0) {
				return errors.New("give a question, or --stdin")
			}
			p, err := f.load(cmd)
			if err != nil {
				return err
			}
			defer p.Close()
			constrained := "constrained to the schema of queries"
			if f.options.Unconstrained {
				constrained = "not constrained"
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "answers are %s\n", constrained)
			if stdin {
				return parseLines(cmd, p, f.options.MaxBatch)
			}
			q, err := p.Parse(cmd.Context(), strings.Join(args, " "))
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\n", q.Canonical())
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.options.Unconstrained, "unconstrained", false, "let the model write what it will, instead of queries by construction")
	cmd.Flags().BoolVar(&stdin, "stdin", false, "parse the lines of standard input")
	return cmd
}

// question is one line of the input.
type question struct {
	ID    string `json:"id"`
	Query string `json:"query"`
}

func readQuestion(line string, number int) (question, error) {
	q := question{ID: fmt.Sprint(number), Query: line}
	if strings.HasPrefix(line, "{") {
		q.Query = ""
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			return q, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if strings.TrimSpace(q.Query) == "" {
		return q, fmt.Errorf("line %d: the query is empty", number)
	}
	return q, nil
}

// parseLines parses standard input in groups, and writes a line for each question in order.
func parseLines(cmd *cobra.Command, p *salamandra.Parser, size int) error {
	lines := bufio.NewScanner(cmd.InOrStdin())
	lines.Buffer(nil, 1<<20)
	var group []question
	flush := func() error {
		err := parseGroup(cmd, p, group)
		group = nil
		return err
	}
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		q, err := readQuestion(line, number)
		if err != nil {
			return errors.Join(flush(), err)
		}
		if group = append(group, q); len(group) >= size {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return errors.Join(lines.Err(), flush())
}

func parseGroup(cmd *cobra.Command, p *salamandra.Parser, group []question) error {
	if len(group) == 0 {
		return nil
	}
	texts := make([]string, len(group))
	for i, q := range group {
		texts[i] = q.Query
	}
	answers, err := p.ParseAll(cmd.Context(), texts, nil)
	if err != nil {
		return err
	}
	for i, a := range answers {
		if err := writeAnswer(cmd.OutOrStdout(), group[i], a); err != nil {
			return err
		}
	}
	return nil
}

// writeAnswer writes one line, whole.
func writeAnswer(w io.Writer, q question, a salamandra.Answer) error {
	r := query.FromOutput(a.Raw)
	line := pyjson.NewObject("id", q.ID, "query", q.Query, "success", r.Success)
	if r.Success {
		line.Set("parsed", r.Parsed)
	} else {
		line.Set("parsed", nil)
		line.Set("error", r.Error)
	}
	line.Set("output", a.Raw)
	text, err := pyjson.Marshal(line, pyjson.Options{NonFiniteAsNull: true})
	if err == nil {
		_, err = w.Write(append(text, '\n'))
	}
	return err
}
