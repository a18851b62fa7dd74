package eval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
	"github.com/ajolote-ai/ajolote/query"
)

var testTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func readFile(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

func TestAPerfectPredictionScoresOneEverywhere(t *testing.T) {
	gold, _, equivalences := sample(t)
	var predictions []Prediction
	for _, g := range gold {
		target, err := query.Target(g.Record)
		require.NoError(t, err)
		predictions = append(predictions, Prediction{g.ID, string(target)})
	}
	r, err := QueryParser(gold, predictions, equivalences, Options{})
	require.NoError(t, err)
	for _, m := range r.Metrics {
		switch m.Name {
		case "language_correct", "all_correct_strict", "valid_and_strict":
			// The language is guessed: two gold sentences of the sample look like another language than theirs.
			assert.GreaterOrEqual(t, m.Count, m.Total-3, m.Name)
		default:
			assert.Equal(t, m.Total, m.Count, m.Name)
		}
	}
}

func TestIDsThatDoNotFitAreListed(t *testing.T) {
	gold, predictions, equivalences := sample(t)
	predictions = append(predictions[2:], predictions[5], Prediction{"X", ""})
	_, err := QueryParser(gold, predictions, equivalences, Options{})
	assert.EqualError(t, err, "predictions and test file do not fit: 2 gold queries without a prediction: DEV_001, DEV_002; "+
		"1 predictions without a gold query: X; 1 ids more than once: DEV_006")
	var pairing *PairingError
	require.ErrorAs(t, err, &pairing)
	assert.Equal(t, []string{"X"}, pairing.Surplus)

	_, err = QueryParser(gold, predictions, equivalences, Options{AllowMissing: true})
	assert.ErrorContains(t, err, "without a gold query: X", "surplus ids stay errors")
	r, err := QueryParser(gold, predictions[:len(predictions)-2], equivalences, Options{AllowMissing: true})
	require.NoError(t, err)
	assert.Equal(t, 2, r.Missing)
	for _, m := range metrics {
		assert.False(t, m.holds(&r.Results[0]), "%s of a missing output", m.name)
	}
	assert.Equal(t, []string{"invalid_json"}, r.Results[0].Errors)
	assert.Equal(t, 22, r.Metric("valid_json").Count)
}

func TestFaultyFilesNameEveryFault(t *testing.T) {
	_, err := ParseGold([]byte(`[{"meta": {"id": "a"}}, 3, {"meta": null}, {"meta": {"id": "b", "lang": "CA", "original_query": ""}}, {"meta": {"id": "b", "lang": "CA", "original_query": ""}}]`))
	assert.EqualError(t, err, "record 1: no meta.lang, no meta.original_query; record 2: an object is needed, not an integer; "+
		"record 3: meta is null: an object with id, lang and original_query is needed; record 5: the id b is that of record 4 too")
	_, err = ParseGold([]byte(`{"queries": []}`))
	assert.EqualError(t, err, "a list of query records is needed, not an object")
	_, err = ParseGold([]byte(``))
	assert.EqualError(t, err, "Expecting value: line 1 column 1 (char 0)")
	_, err = ParsePredictions([]byte("{\"id\": \"a\", \"output\": \"x\"}\n\nnonsense\n[1]\n{\"output\": \"x\"}\n{\"id\": \"a\", \"output\": null}\n\xff\n"))
	assert.EqualError(t, err, "line 3: Expecting value: line 1 column 1 (char 0); line 4: an object {\"id\": …, \"output\": \"…\"} is needed, not a list; "+
		"line 5: no \"id\"; line 6: \"output\" is null: a string is needed; line 7: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte")
	_, err = ParsePredictions([]byte(strings.Repeat("x\n", 50)))
	assert.ErrorContains(t, err, "; and 30 more")

	dir := t.TempDir()
	e, err := ReadEquivalences(dir + "/none")
	require.NoError(t, err)
	assert.Equal(t, []string{dir + "/none: no such folder: no terms count as equivalent"}, e.Warnings)
	for content, want := range map[string]string{
		`{}`:                                   "equivalence_sets is null: a list of lists of terms is needed",
		`[]`:                                   `an object {"equivalence_sets": [["term", …], …]} is needed, not a list`,
		`{"equivalence_sets": [["a"], "b"]}`:   "equivalence_sets[1] is a string: a list of terms is needed",
		`{"equivalence_sets": [["a", null]]}`:  "equivalence_sets[0][1] is null: a string is needed",
		`{"equivalence_sets": [["a"]], "x": 1`: "Expecting ',' delimiter: line 1 column 37 (char 36)",
	} {
		path := dir + "/programme_equivalences.json"
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
		_, err = ReadEquivalences(dir)
		assert.EqualError(t, err, path+": "+want)
	}
	require.NoError(t, os.WriteFile(dir+"/programme_equivalences.json", []byte(`{"equivalence_sets": [["a", "B "]], "note": 1}`), 0o644))
	e, err = ReadEquivalences(dir)
	require.NoError(t, err)
	assert.Len(t, e.Warnings, 4)
	assert.Equal(t, "a", e.Programmes.term("b"))
}

func TestAHundredMegabytesOfGarbageDoNoHarm(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds and a gigabyte")
	}
	const size = 100 << 20
	for name, garbage := range map[string]string{
		"letters":   strings.Repeat("x", size),
		"braces":    strings.Repeat("{", size/2) + strings.Repeat("}", size/2),
		"pairs":     strings.Repeat("{}", size/2),
		"nesting":   strings.Repeat(`{"a":[`, size/6) + "}",
		"quotes":    "{" + strings.Repeat(`"`, size) + "}",
		"a string":  `{"semantic_query": "` + strings.Repeat("Σ'", size/3) + `"}`,
		"a list":    `{"organisations": [` + strings.Repeat("0,", size/2) + `0]}`,
		"not UTF-8": "{" + strings.Repeat("\xff", size) + "}",
	} {
		t.Run(name, func(t *testing.T) {
			r, err := QueryParser([]Gold{goldWith(t, `{}`)}, []Prediction{{"Q", garbage}}, nil, Options{})
			require.NoError(t, err)
			assert.Equal(t, name == "a string" || name == "a list", r.Results[0].JSONParsed)
			assert.False(t, r.Results[0].AllCorrectStrict)
		})
	}
}

func TestAnyPairOfRecordsGivesConsistentFlags(t *testing.T) {
	scalar := rapid.SampledFrom([]string{`null`, `""`, `" "`, `"ERC"`, `"erc "`, `"None"`, `2020`, `2020.0`, `true`, `[]`, `{}`, `{"value": "ERC"}`, `["ERC"]`, `"projectes amb"`, `NaN`})
	rapid.Check(t, func(rt *rapid.T) {
		record := func(name string) string {
			v := func(key string) string { return scalar.Draw(rt, name+key) }
			return fmt.Sprintf(`{"filters": {"programme": %s, "year": %s, "location": %s, "funding_level": %s}, "organisations": [{"name": %s, "type": %s}], "semantic_query": %s, "query_rewrite": %s}`,
				v("programme"), v("year"), v("location"), v("funding"), v("name"), v("type"), v("topic"), v("rewrite"))
		}
		g := goldWith(t, record("gold "))
		r, err := QueryParser([]Gold{g}, []Prediction{{"Q", record("predicted ")}}, nil, Options{Bootstrap: Bootstrap{1, 10, 0.9}})
		require.NoError(rt, err)
		q := r.Results[0]
		require.True(rt, !q.OrganisationsExact || q.OrganisationsLoose)
		if q.EvalError == "" {
			require.Equal(rt, q.Filters.all() && q.OrganisationsExact && q.Semantic && q.LanguageCorrect, q.AllCorrectStrict)
			require.Equal(rt, q.Filters.all() && q.OrganisationsLoose && q.Semantic, q.AllCorrectRelaxed)
		} else {
			require.False(rt, q.AllCorrectStrict || q.AllCorrectRelaxed)
		}
	})
}

func FuzzOutput(f *testing.F) {
	_, predictions, equivalences := sample(f)
	gold, _, _ := sample(f)
	for _, p := range predictions {
		f.Add(p.Output)
	}
	f.Add("{\"filters\": {\"location\": {\"value\": [1e999]}}, \"organisations\": \"\xed\xa0\x80\"}")
	f.Fuzz(func(t *testing.T, output string) {
		r, err := QueryParser(gold[:1], []Prediction{{gold[0].ID, output}}, equivalences, Options{Bootstrap: Bootstrap{1, 10, 0.9}})
		require.NoError(t, err)
		for _, write := range []func(io.Writer) error{r.writeDetailed, r.writeTable, func(w io.Writer) error { return writeAnalysis(w, r.analysed(), true) }} {
			var out bytes.Buffer
			require.NoError(t, write(&out))
			require.True(t, utf8.Valid(out.Bytes()))
		}
		var out bytes.Buffer
		require.NoError(t, r.Write(&out))
		var back Report
		require.NoError(t, json.Unmarshal(out.Bytes(), &back))
		require.Equal(t, pyjson.Text(r.Results[0].Gold), pyjson.Text(back.Results[0].Gold))
	})
}

// BenchmarkQueryParser scores 100,000 predictions: the sample's, over and over.
func BenchmarkQueryParser(b *testing.B) {
	gold, predictions, equivalences := sample(b)
	var manyGold []Gold
	var many []Prediction
	for i := range 100_000 {
		g, p := gold[i%len(gold)], predictions[i%len(gold)]
		g.ID = fmt.Sprint(i)
		manyGold, many = append(manyGold, g), append(many, Prediction{g.ID, p.Output})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := QueryParser(manyGold, many, equivalences, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
