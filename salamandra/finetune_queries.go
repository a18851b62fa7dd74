package salamandra

import (
	"context"
	"fmt"

	"github.com/ajolote-ai/ajolote/chat"
	"github.com/ajolote-ai/ajolote/eval"
)

// queryTest measures a model in training by the queries of a test file: with the live model and adapter, never a copy.
type queryTest struct {
	parser       *Parser
	gold         []eval.Gold
	questions    []string
	equivalences *eval.Equivalences
}

// openQueryTest makes the test that metric_for_best_model asks for; nil when it asks for none.
func (r *fineTuning) openQueryTest() (*queryTest, error) {
	c := r.config
	if c.QueryTestFile == "" {
		return nil, nil
	}
	t := &queryTest{}
	var err error
	if t.gold, err = eval.ReadGold(c.QueryTestFile); err != nil {
		return nil, fmt.Errorf("query_test_file: %w", err)
	}
	for _, g := range t.gold {
		t.questions = append(t.questions, g.Question)
	}
	if c.QueryEquivalences != "" {
		if t.equivalences, err = eval.ReadEquivalences(c.QueryEquivalences); err != nil {
			return nil, fmt.Errorf("query_equivalences: %w", err)
		}
		for _, w := range t.equivalences.Warnings {
			r.options.say(w)
		}
	}
	t.parser, err = r.parser()
	return t, err
}

// parser answers queries with the model as it is at the moment, spoken to as in training.
func (r *fineTuning) parser() (*Parser, error) {
	prompt, err := r.prompt()
	if err != nil {
		return nil, err
	}
	if prompt.System == "" {
		return nil, fmt.Errorf("query_test_file: the examples have no system message in common to ask with; give prompt_file")
	}
	speech, err := r.config.loadSpeech(r.base.tokenizer)
	if err != nil {
		return nil, err
	}
	p := &Parser{speaker: speaker{model: r.model, tokenizer: speech.tokenizer, template: speech.model}, prompt: prompt}
	if r.data.Template != "" {
		if p.template, err = chat.Parse(r.data.Template, speech.marks); err != nil {
			return nil, err
		}
	}
	if err := p.ready(r.base.model); err != nil {
		return nil, err
	}
	if err := p.stopBehindAnswers(); err != nil {
		return nil, err
	}
	p.grammar, err = answerGrammar(nil, p.tokenizer, p.model.Config.VocabSize)
	return p, err
}

// measure adds the shares of queries that are right, strict and relaxed, to metrics.
func (t *queryTest) measure(ctx context.Context, metrics map[string]float64) error {
	if err := t.parser.keepPrompt(ctx, nil); err != nil { // the weights have changed
		return err
	}
	defer t.parser.generator.Close()
	answers, err := t.parser.ParseBatch(ctx, t.questions, nil)
	if err != nil {
		return err
	}
	predictions := make([]eval.Prediction, len(answers))
	for i, a := range answers {
		predictions[i] = eval.Prediction{ID: t.gold[i].ID, Output: a.Raw}
	}
	report, err := eval.QueryParser(t.gold, predictions, t.equivalences, eval.Options{})
	if err != nil {
		return err
	}
	for _, m := range report.Metrics {
		switch m.Name {
		case "all_correct_strict":
			metrics["strict"] = m.Share.Share
		case "all_correct_relaxed":
			metrics["relaxed"] = m.Share.Share
		}
	}
	return nil
}
