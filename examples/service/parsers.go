package main

import (
	"context"
	"sync"

	"github.com/ajolote-ai/ajolote/query"
	"github.com/ajolote-ai/ajolote/salamandra"
)

// parsers keeps the parser that was asked last in memory. Requests take turns on it.
type parsers struct {
	jobs *Jobs

	mu     sync.Mutex
	id     string
	parser *salamandra.Parser
}

// Parsed is what became of one question: a query, or why there is none, with the text that the model wrote.
type Parsed struct {
	Question string       `json:"question"`
	Query    *query.Query `json:"query"`
	Error    string       `json:"error,omitempty"`
	Output   string       `json:"output"`
}

func (p *parsers) parse(ctx context.Context, id string, questions []string) ([]Parsed, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.load(ctx, id); err != nil {
		return nil, err
	}
	answers, err := p.parser.ParseBatch(ctx, questions, nil)
	if err != nil {
		return nil, err
	}
	list := make([]Parsed, len(answers))
	for i, a := range answers {
		list[i] = Parsed{Question: questions[i], Query: a.Query, Output: a.Raw}
		if a.Err != nil {
			list[i].Error = a.Err.Error()
		}
	}
	return list, nil
}

// load puts the job's adapter on its base, or loads the whole model that it trained.
func (p *parsers) load(ctx context.Context, id string) error {
	if p.parser != nil && p.id == id {
		return nil
	}
	p.parser.Close()
	p.parser = nil
	c, err := p.jobs.config(id)
	if err != nil {
		return err
	}
	model, o := c.OutputDir, salamandra.ParserOptions{}
	if c.Adapter != "" {
		model, o = c.BaseModel, salamandra.ParserOptions{Adapter: c.OutputDir, Load4Bit: c.LoadIn4Bit, DoubleQuant: true}
	}
	p.parser, err = salamandra.LoadParser(ctx, model, o)
	p.id = id
	return err
}

func (p *parsers) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parser.Close()
	p.parser = nil
}
