// Evaluating the query parser.

package eval

import "time"

// Options of an evaluation. The zero value is the reference's validate with [DefaultBootstrap].
type Options struct {
	Name          string            // of the run, for tables
	Configuration map[string]string // how the run was made, copied into the report

	// BaseModel scores as the reference's validate_base_model does: without equivalences, without the category language_mismatch, and with exit status 1.
	BaseModel bool

	AllowMissing bool // count queries without an output as wrong in everything, instead of failing

	Elapsed   time.Duration // of the generation, for the reference's elapsed_time
	Bootstrap Bootstrap     // zero for the default
}

// QueryParser scores predictions against gold queries, paired by id, their order free. equivalences may be nil for none.
//
// It never fails on what an output contains. The error is a [*PairingError] that lists missing, surplus and repeated ids.
func QueryParser(gold []Gold, predictions []Prediction, equivalences *Equivalences, opts Options) (*Report, error) {
	outputs, err := pair(gold, predictions, opts.AllowMissing)
	if err != nil {
		return nil, err
	}
	if equivalences == nil || opts.BaseModel {
		equivalences = &Equivalences{}
	}
	if opts.Bootstrap == (Bootstrap{}) {
		opts.Bootstrap = DefaultBootstrap()
	}
	r := &Report{
		Kind: ReportKind, Name: opts.Name, Configuration: opts.Configuration, BaseModel: opts.BaseModel,
		Bootstrap: opts.Bootstrap, Seconds: opts.Elapsed.Seconds(), Total: len(gold),
		Results: make([]Result, len(gold)),
	}
	for i := range gold {
		r.Results[i] = equivalences.score(&gold[i], outputs[i])
	}
	r.sum()
	return r, nil
}

// sum derives everything in the report from its results.
func (r *Report) sum() {
	all := make([]*Result, len(r.Results))
	hasIntent := false
	for i := range r.Results {
		all[i] = &r.Results[i]
		hasIntent = hasIntent || all[i].Intent != ""
		if all[i].EvalError != "" {
			r.EvalErrors++
		}
		if all[i].Missing {
			r.Missing++
		}
	}
	r.Metrics = entries(r.Bootstrap, "", all)
	r.ByLanguage = groups(r.Bootstrap, "language", all, func(q *Result) string { return q.Lang })
	if hasIntent {
		r.ByIntent = groups(r.Bootstrap, "intent", all, func(q *Result) string {
			if q.Intent == "" {
				return "unknown"
			}
			return q.Intent
		})
	}
	place := map[LanguagePair]int{}
	for _, q := range all {
		key := LanguagePair{Expected: q.Lang, Guessed: q.PredictedLanguage}
		at, seen := place[key]
		if !seen {
			at = len(r.Languages)
			place[key] = at
			r.Languages = append(r.Languages, key)
		}
		r.Languages[at].Count++
	}
	r.Statistics = r.referenceStatistics()
	r.ExitStatus = 1
	if relaxed := r.Metric("all_correct_relaxed"); !r.BaseModel && r.Total > 0 && relaxed.Share >= 0.5 {
		r.ExitStatus = 0
	}
}

func entries(b Bootstrap, group string, results []*Result) []Entry {
	out := make([]Entry, len(metrics))
	for i, m := range metrics {
		count := 0
		for _, r := range results {
			if m.holds(r) {
				count++
			}
		}
		out[i] = Entry{m.name, b.Share(group+m.name, count, len(results))}
	}
	return out
}

// groups sorts results by a key, in order of first appearance.
func groups(b Bootstrap, kind string, results []*Result, key func(*Result) string) []Group {
	members := map[string][]*Result{}
	var order []string
	for _, r := range results {
		k := key(r)
		if _, seen := members[k]; !seen {
			order = append(order, k)
		}
		members[k] = append(members[k], r)
	}
	out := make([]Group, len(order))
	for i, k := range order {
		out[i] = Group{Name: k, Total: len(members[k]), Metrics: entries(b, kind+" "+k+" ", members[k])}
	}
	return out
}
