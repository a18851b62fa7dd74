package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
	"github.com/ajolote-ai/ajolote/query"
	"github.com/ajolote-ai/ajolote/salamandra"
)

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

// inputLine is a line of the input, or why there are no more.
type inputLine struct {
	question
	err error
}

// readLines reads lines until one is faulty.
func readLines(ctx context.Context, in io.Reader, to chan<- inputLine) {
	defer close(to)
	send := func(line inputLine) bool {
		select {
		case to <- line:
			return line.err == nil
		case <-ctx.Done():
			return false
		}
	}
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, 1<<20)
	for number := 1; scanner.Scan(); number++ {
		text := strings.TrimSpace(scanner.Text())
		if text == "" {
			continue
		}
		q, err := readQuestion(text, number)
		if !send(inputLine{q, err}) {
			return
		}
	}
	if err := scanner.Err(); err != nil {
		send(inputLine{err: err})
	}
}

// asked is a question whose answer comes in its own time.
type asked struct {
	question
	answer chan salamandra.Answer
}

// parseLines answers every line of in as soon as it comes, up to a few batches ahead of the oldest that is not answered, and
// writes the answers in order, a line each. A faulty line ends it, after the answers to those before.
func parseLines(ctx context.Context, p answerer, in io.Reader, out io.Writer, batch int) error {
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	lines := make(chan inputLine)
	go readLines(ctx, in, lines)
	var queue []asked
	var fault error
	for lines != nil || len(queue) > 0 {
		next := lines
		if len(queue) >= 4*max(batch, 1) {
			next = nil
		}
		var oldest chan salamandra.Answer
		if len(queue) > 0 {
			oldest = queue[0].answer
		}
		select {
		case line, more := <-next:
			if !more || line.err != nil {
				lines, fault = nil, line.err
				continue
			}
			q := asked{line.question, make(chan salamandra.Answer, 1)}
			queue = append(queue, q)
			asking.Go(func() {
				answers, err := p.ParseBatch(ctx, []string{q.Query}, nil)
				if err != nil {
					answers = []salamandra.Answer{{Err: err, Failed: true}}
				}
				q.answer <- answers[0]
			})
		case a := <-oldest:
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := writeAnswer(out, queue[0].question, a); err != nil {
				return err
			}
			queue = queue[1:]
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fault
}

// answerer answers questions: a parser.
type answerer interface {
	ParseBatch(ctx context.Context, questions []string, each func(i int, a salamandra.Answer)) ([]salamandra.Answer, error)
}

// writeAnswer writes one line, whole.
func writeAnswer(w io.Writer, q question, a salamandra.Answer) error {
	r := query.FromOutput(a.Raw)
	if a.Failed {
		r = query.Result{Error: a.Err.Error()}
	}
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
