// Statistics and analysis made again from a detailed file (reference: generate_validation_stats).

package eval

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// Regenerated is what [Regenerate] found and wrote.
type Regenerated struct {
	Total, ValidJSON, Strict, Relaxed int
	Analysis, Statistics              string // paths
}

// Regenerate counts the flags in a validation_detailed_STAMP.json once more and writes error_analysis_STAMP.txt and validation_stats_STAMP.json beside it. As the
// reference does, it compares nothing again, looks for leaked filters without equivalences, leaves out of the statistics filters that were never right,
// elapsed_time, and valid_json by language.
func Regenerate(detailed string) (*Regenerated, error) {
	data, err := os.ReadFile(detailed)
	if err != nil {
		return nil, err
	}
	v, err := pyjson.UnmarshalFile(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", detailed, err)
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: a list is needed, not %s: give a validation_detailed_*.json", detailed, pyjson.Kind(v))
	}
	c := newRecount()
	for i, item := range list {
		record, ok := item.(*pyjson.Object)
		if !ok {
			return nil, fmt.Errorf("%s: entry %d: an object is needed, not %s", detailed, i+1, pyjson.Kind(item))
		}
		if err := c.add(record); err != nil {
			return nil, fmt.Errorf("%s: entry %d: %w", detailed, i+1, err)
		}
	}
	base := filepath.Base(detailed)
	stamp := strings.ReplaceAll(strings.TrimSuffix(base, filepath.Ext(base)), "validation_detailed_", "")
	out := &Regenerated{
		Total: len(list), ValidJSON: c.count["valid_json"], Strict: c.count["all_correct_strict"], Relaxed: c.count["all_correct_relaxed"],
		Analysis:   filepath.Join(filepath.Dir(detailed), "error_analysis_"+stamp+".txt"),
		Statistics: filepath.Join(filepath.Dir(detailed), "validation_stats_"+stamp+".json"),
	}
	if err := atomicfile.Write(out.Analysis, func(w io.Writer) error { return writeAnalysis(w, c.queries, true) }); err != nil {
		return nil, err
	}
	if err := atomicfile.Write(out.Statistics, func(w io.Writer) error { return writeValue(w, c.statistics()) }); err != nil {
		return nil, err
	}
	return out, nil
}

// recount sums the entries of a detailed file.
type recount struct {
	queries   []analysed
	count     map[string]int // flags of the entry itself
	filters   *pyjson.Object // of the filters, in order of first truth
	languages *pyjson.Object
}

func newRecount() *recount {
	return &recount{count: map[string]int{}, filters: &pyjson.Object{}, languages: &pyjson.Object{}}
}

func (c *recount) add(record *pyjson.Object) error {
	validation, ok := record.Value("validation").(*pyjson.Object)
	if !ok {
		return fmt.Errorf("validation is %s: an object is needed", pyjson.Kind(record.Value("validation")))
	}
	predicted, _ := record.Value("predicted").(*pyjson.Object)
	gold, _ := record.Value("gold").(*pyjson.Object)
	meta, _ := gold.Value("meta").(*pyjson.Object)
	filters, _ := validation.Value("filters").(*pyjson.Object)
	counted := func(key string) bool { return pyjson.Truthy(validation.Value(key)) } // absent counts as false
	judge := func(o *pyjson.Object, key string) bool {                               // absent counts as true
		v, there := o.Get(key)
		return !there || pyjson.Truthy(v)
	}

	lang, named := meta.Get("lang")
	key := "UNKNOWN"
	if named {
		key = keyText(lang)
	}
	group, ok := c.languages.Value(key).(*pyjson.Object)
	if !ok {
		group = pyjson.NewObject("total", 0, "language_correct", 0, "strict", 0, "relaxed", 0)
		c.languages.Set(key, group)
	}
	increase(group, "total")
	for _, flag := range []string{"valid_json", "language_correct", "all_correct_strict", "all_correct_relaxed", "organisations_exact", "organisations_relaxed", "semantic_query"} {
		if !counted(flag) {
			continue
		}
		c.count[flag]++
		switch flag {
		case "language_correct":
			increase(group, flag)
		case "all_correct_strict", "all_correct_relaxed":
			increase(group, strings.TrimPrefix(flag, "all_correct_"))
		}
	}
	for name, right := range filters.All() {
		if pyjson.Truthy(right) {
			increase(c.filters, name)
		}
	}

	q := analysed{
		id: record.Value("test_id"), question: record.Value("query"), predicted: predicted, gold: gold,
		lang: validation.Value("expected_language"), guessed: validation.Value("predicted_language"),
	}
	if valid, _ := validation.Value("valid_json").(bool); valid {
		is := judged{
			programme: judge(filters, "programme"), fundingLevel: judge(filters, "funding_level"), year: judge(filters, "year"),
			organisationsExact: judge(validation, "organisations_exact"), organisationsLoose: judge(validation, "organisations_relaxed"),
			semantic: judge(validation, "semantic_query"), language: judge(validation, "language_correct"), relaxed: judge(validation, "all_correct_relaxed"),
		}
		none := &Equivalences{}
		q.errors, q.leaked = none.categorise(is, predicted, gold)
	} else {
		q.errors = []string{"invalid_json"}
	}
	c.queries = append(c.queries, q)
	return nil
}

func increase(o *pyjson.Object, key string) {
	n, _ := o.Value(key).(int)
	o.Set(key, n+1)
}

func (c *recount) statistics() *pyjson.Object {
	return pyjson.NewObject(
		"total", len(c.queries),
		"valid_json", c.count["valid_json"],
		"language_correct", c.count["language_correct"],
		"all_correct_strict", c.count["all_correct_strict"],
		"all_correct_relaxed", c.count["all_correct_relaxed"],
		"filters", c.filters,
		"organisations_exact", c.count["organisations_exact"],
		"organisations_relaxed", c.count["organisations_relaxed"],
		"semantic_query", c.count["semantic_query"],
		"by_language", c.languages,
		"error_counts", countErrors(c.queries, true))
}
