// The outcome of one query.

package eval

import (
	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// Result is what became of one query. The flags from ValidJSON to AllCorrectRelaxed are the reference's.
type Result struct {
	ID       string `json:"id"`
	Lang     string `json:"lang"`
	Intent   string `json:"intent,omitempty"`
	Question string `json:"question"`

	JSONParsed  bool   `json:"json_parsed"`                // an object was found in the output and decoded
	SchemaValid bool   `json:"schema_valid"`               // and it satisfies the schema of package query
	Fault       string `json:"fault,omitempty"`            // why not
	Missing     bool   `json:"missing,omitempty"`          // there was no output at all
	EvalError   string `json:"evaluation_error,omitempty"` // why the reference could not have scored it; it then counts as wrong

	ValidJSON          bool        `json:"valid_json"`                   // true for every output: the reference counts an empty query for what it cannot decode
	LanguageCorrect    bool        `json:"language_correct"`             // PredictedLanguage is that of the gold record
	PredictedLanguage  string      `json:"predicted_language,omitempty"` // as guessed from the texts
	Filters            FilterFlags `json:"filters"`
	OrganisationsExact bool        `json:"organisations_exact"`   // type, name, location and level agree, one by one
	OrganisationsLoose bool        `json:"organisations_relaxed"` // the names agree
	Semantic           bool        `json:"semantic_query"`        // the topic agrees, by SemanticRule
	AllCorrectStrict   bool        `json:"all_correct_strict"`    // filters, organisations exact, topic, language
	AllCorrectRelaxed  bool        `json:"all_correct_relaxed"`   // filters, organisations relaxed, topic

	LanguageSemantic string   `json:"language_semantic,omitempty"` // guessed from semantic_query alone
	LanguageRewrite  string   `json:"language_rewrite,omitempty"`  // and from query_rewrite alone
	SemanticRule     string   `json:"semantic_rule,omitempty"`
	SemanticOverlap  *Overlap `json:"semantic_overlap,omitempty"`
	Errors           []string `json:"errors,omitempty"`         // "language_mismatch", "critical.wrong_programme"; one item for each filter that leaks
	LeakedFilters    []string `json:"leaked_filters,omitempty"` // gold filters found in the predicted topic

	Output    string         `json:"output"`
	Predicted *pyjson.Object `json:"predicted"` // as scored: absent keys filled in, an empty query for what cannot be decoded
	Gold      *pyjson.Object `json:"gold"`
}

// metric is a share of queries for which something holds.
type metric struct {
	name  string
	holds func(*Result) bool
}

// metrics are all shares of a report, in the order in which they are shown. The first three are ours, the others the reference's.
var metrics = []metric{
	{"schema_valid", func(r *Result) bool { return r.SchemaValid }},
	{"json_parsed", func(r *Result) bool { return r.JSONParsed }},
	{"valid_and_strict", func(r *Result) bool { return r.SchemaValid && r.AllCorrectStrict }},
	{"valid_json", func(r *Result) bool { return r.ValidJSON }},
	{"all_correct_strict", func(r *Result) bool { return r.AllCorrectStrict }},
	{"all_correct_relaxed", func(r *Result) bool { return r.AllCorrectRelaxed }},
	{"language_correct", func(r *Result) bool { return r.LanguageCorrect }},
	{"semantic_query", func(r *Result) bool { return r.Semantic }},
	{"organisations_exact", func(r *Result) bool { return r.OrganisationsExact }},
	{"organisations_relaxed", func(r *Result) bool { return r.OrganisationsLoose }},
	{"programme", func(r *Result) bool { return r.Filters.Programme }},
	{"funding_level", func(r *Result) bool { return r.Filters.FundingLevel }},
	{"year", func(r *Result) bool { return r.Filters.Year }},
	{"location", func(r *Result) bool { return r.Filters.Location }},
	{"location_level", func(r *Result) bool { return r.Filters.LocationLevel }},
}

// noPrediction is what the reference scores in place of an output that it cannot decode.
func noPrediction() *pyjson.Object {
	return pyjson.NewObject("doc_type", "projects", "filters", &pyjson.Object{}, "organisations", []any{}, "semantic_query", nil, "query_rewrite", "")
}
