// Scoring one output against its gold query (reference: validate_query).

package eval

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
	"github.com/ajolote-ai/ajolote/query"
)

// score compares one output with its gold query. A nil output is one that is missing: everything about it is wrong.
func (e *Equivalences) score(g *Gold, output *string) Result {
	r := Result{ID: g.ID, Lang: g.Lang, Intent: g.Intent, Question: g.Question, Gold: g.Record}
	if output == nil {
		r.Missing, r.Fault = true, "no output"
		r.Predicted = noPrediction()
		r.Errors = []string{"invalid_json"}
		return r
	}
	r.Output = *output
	r.ValidJSON = true
	var stops []error
	stop := func(err error) {
		if err != nil {
			stops = append(stops, err)
		}
	}
	stop(r.decode())

	p, gold := r.Predicted, g.Record
	var errs []error
	r.Filters, errs = e.compareFilters(p.Value("filters"), orEmpty(gold, "filters", &pyjson.Object{}))
	stops = append(stops, errs...)

	var err error
	r.OrganisationsExact, r.OrganisationsLoose, err = e.compareOrganisations(p.Value("organisations"), orEmpty(gold, "organisations", []any{}))
	stop(err)

	r.SemanticRule, r.Semantic, r.SemanticOverlap, err = e.Semantic.compareSemantic(p.Value("semantic_query"), gold.Value("semantic_query"))
	if err != nil {
		stop(fmt.Errorf("semantic_query: %w", err))
	}
	stop(r.compareLanguage(g.meta("lang")))

	if len(stops) == 0 {
		content := r.Filters.all() && r.Semantic
		r.AllCorrectStrict = content && r.OrganisationsExact && r.LanguageCorrect
		r.AllCorrectRelaxed = content && r.OrganisationsLoose
	} else {
		r.EvalError = errors.Join(stops...).Error()
		r.EvalError = strings.ReplaceAll(r.EvalError, "\n", "; ")
	}
	r.Errors, r.LeakedFilters = e.categorise(r.judged(), r.Predicted, r.Gold)
	return r
}

// decode fills in the prediction. Its error tells of an output on which the reference stops; one that it merely fails to decode is a Fault.
func (r *Result) decode() error {
	predicted, err := query.Extract(r.Output)
	var limit *pyjson.LimitError
	if err != nil {
		r.Predicted, r.Fault = noPrediction(), err.Error()
		if errors.As(err, &limit) {
			return err
		}
		return nil
	}
	r.JSONParsed = true
	if err := query.Validate(predicted); err != nil {
		r.Fault = err.Error()
	} else {
		r.SchemaValid = true
	}
	for key, absent := range noPrediction().All() {
		if _, there := predicted.Get(key); !there && key != "doc_type" {
			predicted.Set(key, absent)
		}
	}
	r.Predicted = predicted
	if holdsSurrogate(predicted) {
		return errors.New("the output holds a lone surrogate, which no file can hold")
	}
	return nil
}

// compareLanguage guesses the language of the two predicted texts; either may agree with the gold one.
func (r *Result) compareLanguage(gold any) error {
	var errs []error
	guess := func(key string) string {
		v := r.Predicted.Value(key)
		s, isString := v.(string)
		if !isString && pyjson.Truthy(v) {
			errs = append(errs, fmt.Errorf("%s: %s has no language (predicted)", key, pyjson.Kind(v)))
		}
		return detectLanguage(s)
	}
	r.LanguageSemantic, r.LanguageRewrite = guess("semantic_query"), guess("query_rewrite")
	r.PredictedLanguage = r.LanguageSemantic
	if r.PredictedLanguage == "" {
		r.PredictedLanguage = r.LanguageRewrite
	}
	if errs != nil {
		return errors.Join(errs...)
	}
	is := func(guessed string) bool {
		if guessed == "" {
			return gold == nil
		}
		return pyjson.Equal(guessed, gold)
	}
	r.LanguageCorrect = is(r.LanguageSemantic) || is(r.LanguageRewrite)
	return nil
}

func orEmpty(o *pyjson.Object, key string, empty any) any {
	if v, ok := o.Get(key); ok {
		return v
	}
	return empty
}

func holdsSurrogate(v any) bool {
	switch v := v.(type) {
	case string:
		return !utf8.ValidString(v)
	case []any:
		for _, item := range v {
			if holdsSurrogate(item) {
				return true
			}
		}
	case *pyjson.Object:
		for key, item := range v.All() {
			if holdsSurrogate(key) || holdsSurrogate(item) {
				return true
			}
		}
	}
	return false
}
