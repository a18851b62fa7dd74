package eval

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// value reads a JSON text that a table of cases holds.
func value(t testing.TB, text string) any {
	t.Helper()
	v, err := pyjson.Unmarshal(text)
	require.NoError(t, err, "%s", text)
	return v
}

// goldWith is a gold record in Catalan with some of its top-level keys replaced.
func goldWith(t testing.TB, changes string) Gold {
	t.Helper()
	record := value(t, `{"doc_type": "projects", "filters": {"programme": null, "funding_level": null, "year": null, "location": null, "location_level": null},
		"organisations": [], "semantic_query": null, "query_rewrite": "Llista de projectes amb empreses",
		"meta": {"id": "Q", "lang": "CA", "original_query": "projectes"}}`).(*pyjson.Object)
	for k, v := range value(t, changes).(*pyjson.Object).All() {
		record.Set(k, v)
	}
	data, err := pyjson.Marshal([]any{record}, pyjson.Options{})
	require.NoError(t, err)
	gold, err := ParseGold(data)
	require.NoError(t, err)
	return gold[0]
}

func TestFilterQuirks(t *testing.T) {
	e := &Equivalences{
		Programmes: NewTermList([][]string{{"PRIMA", "Partnership for Research"}, {" H2020", "Horizon 2020", "h2020"}, {"", "cap"}}),
		Locations:  NewTermList([][]string{{"Saragossa", "Zaragoza"}}),
	}
	cases := []struct {
		key, predicted, gold string
		want                 string // true, false or the error
	}{
		{"programme", `"prima "`, `"Partnership for research"`, "true"},
		{"programme", `"h2020"`, `"HORIZON 2020"`, "true"},
		{"programme", `""`, `null`, "true"}, // an empty text is null here
		{"programme", `0`, `null`, "true"},
		{"programme", `[]`, `null`, "true"},
		{"programme", `" "`, `null`, "false"},   // blanks are a text that equals nothing
		{"programme", `"cap"`, `" "`, "true"},   // blanks are a term too
		{"programme", `"cap"`, `null`, "false"}, // a shortest term "" is not null
		{"programme", `{"value": "PRIMA"}`, `"PRIMA"`, "false"},
		{"programme", `{}`, `null`, "false"},
		{"programme", `{"a": 1}`, `{"a": 1.0}`, "true"},
		{"programme", `7`, `"7"`, "filters.programme: an integer cannot be compared (predicted)"},
		{"programme", `"7"`, `["7"]`, "filters.programme: a list cannot be compared (gold)"},
		{"programme", `true`, `null`, "filters.programme: a boolean cannot be compared (predicted)"},
		{"programme", `"Aragó"`, `"Arago\u0301"`, "false"}, // no Unicode folding
		{"funding_level", `"European"`, `"european"`, "false"},
		{"funding_level", `""`, `null`, "false"}, // compared as it stands
		{"funding_level", `1`, `true`, "true"},
		{"funding_level", `[1, {"a": 2}]`, `[1.0, {"a": 2}]`, "true"},
		{"funding_level", `NaN`, `NaN`, "false"},
		{"year", `2020`, `"2020"`, "true"},
		{"year", `2020.0`, `"2020"`, "false"},
		{"year", `2.02e3`, `"2020.0"`, "true"},
		{"year", `"None"`, `null`, "true"},
		{"year", `"2020 "`, `"2020"`, "false"},
		{"year", `-0`, `0`, "true"},
		{"year", `{"from": 2020}`, `"{'from': 2020}"`, "true"},
		{"year", `true`, `"True"`, "true"},
		{"location", `{"value": "Zaragoza"}`, `"saragossa"`, "true"},
		{"location", `{"value": "", "name": "Zaragoza"}`, `"saragossa"`, "true"},
		{"location", `{}`, `null`, "false"}, // becomes the text {}
		{"location", `{}`, `"{}"`, "true"},
		{"location", `{"city": "Vic"}`, `"{'city': 'vic'}"`, "true"},
		{"location", `{"value": {"a": 1}}`, `{"value": {"a": 1}}`, "true"},
		{"location", `{"value": 3}`, `null`, "filters.location: an integer cannot be compared (predicted)"},
		{"location_level", `"city"`, `"City"`, "false"},
		{"location_level", `null`, `null`, "true"},
	}
	for _, c := range cases {
		p := value(t, fmt.Sprintf(`{%q: %s}`, c.key, c.predicted))
		g := value(t, fmt.Sprintf(`{%q: %s}`, c.key, c.gold))
		flags, errs := e.compareFilters(p, g)
		got := map[string]bool{"programme": flags.Programme, "funding_level": flags.FundingLevel, "year": flags.Year,
			"location": flags.Location, "location_level": flags.LocationLevel}[c.key]
		where := fmt.Sprintf("%s: %s against %s", c.key, c.predicted, c.gold)
		if c.want == "true" || c.want == "false" {
			assert.Empty(t, errs, where)
			assert.Equal(t, c.want, fmt.Sprint(got), where)
			continue
		}
		require.Len(t, errs, 1, where)
		assert.EqualError(t, errs[0], c.want, where)
		assert.False(t, got, where)
	}
}

func TestOrganisationQuirks(t *testing.T) {
	e := &Equivalences{
		OrgNames:  NewTermList([][]string{{"UPF", "Universitat Pompeu Fabra"}}),
		OrgTypes:  NewTermList([][]string{{"university", "universitat"}}),
		Locations: NewTermList([][]string{{"Saragossa", "Zaragoza"}}),
	}
	cases := []struct {
		predicted, gold string
		want            string
	}{
		{`[]`, `[]`, "exact relaxed"},
		{`{}`, `[]`, "exact relaxed"}, // whatever has no entries equals no entries
		{`""`, `[]`, "exact relaxed"},
		{`[{"name": "upf"}]`, `[{"name": "Universitat Pompeu Fabra", "type": ""}]`, "exact relaxed"},
		{`[{"name": "UPF", "type": "Universitat", "location": "Zaragoza"}]`, `[{"name": "UPF", "type": "university", "location": "saragossa"}]`, "exact relaxed"},
		{`[{"name": "UPF", "type": "company"}]`, `[{"name": "UPF", "type": "university"}]`, "relaxed"},
		{`[{"name": "UPF", "location_level": ""}]`, `[{"name": "UPF"}]`, "relaxed"},
		{`[{"type": "company", "location": "Vic"}]`, `[{"type": "hospital", "location": "Olot"}]`, "relaxed"}, // without names all is one
		{`[{"name": "A"}, {"name": "B"}]`, `[{"name": "B"}, {"name": "A"}]`, ""},                              // order counts
		{`[{"name": "A"}]`, `[]`, ""},
		{`{"name": "A"}`, `[{}, {}]`, ""}, // lengths differ before anything is looked at
		{`[{"location": {"value": "Vic"}}]`, `[{"location": "Vic"}]`, "relaxed"},
		{`{"name": "A"}`, `[{"name": "A"}]`, "organisations[0]: an object has no entries to compare (predicted)"},
		{`"é"`, `[{"name": "A"}]`, "organisations[0]: a string has no entries to compare (predicted)"},
		{`null`, `[]`, "organisations: null cannot be compared (predicted)"},
		{`3`, `[]`, "organisations: an integer cannot be compared (predicted)"},
		{`["UPF"]`, `[{"name": "UPF"}]`, "organisations[0]: a string cannot be compared (predicted)"},
		{`[{"name": ["UPF"]}]`, `[{"name": "UPF"}]`, "organisations[0].name: a list cannot be compared (predicted)"},
		{`[]`, `false`, "organisations: a boolean cannot be compared (gold)"},
	}
	for _, c := range cases {
		exact, relaxed, err := e.compareOrganisations(value(t, c.predicted), value(t, c.gold))
		got := ""
		if err != nil {
			got = err.Error()
			assert.False(t, exact || relaxed)
		} else if exact {
			got = "exact relaxed"
			assert.True(t, relaxed, "exact implies relaxed")
		} else if relaxed {
			got = "relaxed"
		}
		assert.Equal(t, c.want, got, "%s against %s", c.predicted, c.gold)
	}
}

func TestSemanticQuirks(t *testing.T) {
	list := NewTermList([][]string{{"air", "aire"}, {"vacunes", "vaccines"}, {"sun", "solar power"}, {"", "les"}, {"sun", "sunshine"}, {"sun", "heat"}})
	cases := []struct {
		predicted, gold string
		want            string // the rule, the overlap if it came to that, or the error
	}{
		{`null`, `""`, "both_empty"},
		{`[]`, `0`, "both_empty"},
		{`"a"`, `null`, "one_empty"},
		{`" "`, `null`, "one_empty"},
		{`" "`, `"\u00a0"`, "exact"},
		{`"AIR "`, `"air"`, "exact"},
		{`"Solar Power"`, `"sun"`, "canonical"},
		{`"heat"`, `"sunshine"`, "canonical"}, // sets with the same shortest term are one
		{`"les"`, `" "`, "none"},              // "" is no concept and no match
		{`"wind sun"`, `"sun solar"`, "none 1/2"},
		{`"wind energy sea"`, `"sea wind"`, "overlap 2/3"},
		{`"les vaccines"`, `"vacunes"`, "overlap 1/1"},
		{`"a b c d"`, `"a b e f"`, "none 2/4"}, // half is not enough
		{`"solar power plants"`, `"sun plants"`, "none 1/3"},
		{`"wind, sea"`, `"wind sea"`, "none 1/2"}, // punctuation sticks
		{`"sun sunshine heat"`, `"sun wind"`, "none 1/2"},
		{`3`, `"a"`, "an integer cannot be compared (predicted)"},
		{`"a"`, `["a"]`, "a list cannot be compared (gold)"},
	}
	for _, c := range cases {
		rule, match, overlap, err := list.compareSemantic(value(t, c.predicted), value(t, c.gold))
		if overlap != nil {
			rule += fmt.Sprintf(" %d/%d", overlap.Shared, overlap.Larger)
		}
		if err != nil {
			rule = err.Error()
		}
		assert.Equal(t, c.want, rule, "%s against %s", c.predicted, c.gold)
		name, _, _ := strings.Cut(c.want, " ")
		assert.Equal(t, err == nil && name != RuleOneEmpty && name != RuleNone, match, "%s against %s", c.predicted, c.gold)
	}
}

func TestLanguageQuirks(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "",
		"minería":                          "EN", // "in" inside a word
		"Lista de proyectos sobre energía": "",   // one point each
		"proyectos de la universidad":      "ES",
		"projectes sobre la mar":           "CA",
		"projectes in proyectos":           "EN", // the largest by nobody
		"PROJECTES AMB EMPRESES":           "CA",
		"d'aquí":                           "CA",
		"d’aquí":                           "", // the typographic apostrophe is none
		"en españa":                        "ES",
		"en espan\u0303a":                  "",
		"con con con":                      "ES",
		"list of projects":                 "EN",
		"de la":                            "",
		"Projectes de la UPC sobre energia solar": "CA",
	} {
		assert.Equal(t, want, detectLanguage(text), "%q", text)
	}
}

func TestLeakQuirks(t *testing.T) {
	e := &Equivalences{
		Programmes: NewTermList([][]string{{"he", "Horizon Europe"}, {"", "nothing"}}),
		Locations:  NewTermList([][]string{{"Saragossa", "Zaragoza"}}),
	}
	cases := []struct{ filters, topic, want string }{
		{`{"programme": "ERC"}`, `"recerca"`, "programme"}, // no word limits
		{`{"programme": "Horizon Europe"}`, `"health"`, "programme"},
		{`{"programme": "HE"}`, `"horizon europe"`, ""}, // only the value and the shortest term are looked for
		{`{"programme": "nothing"}`, `"x"`, ""},
		{`{"year": 2020}`, `"in 2020"`, "year"},
		{`{"location": "Zaragoza"}`, `"a saragossa"`, ""},
		{`{"location": "Saragossa"}`, `"a zaragoza"`, "location"},
		{`{"location_level": "city", "funding_level": "european", "other": "City "}`, `"european cities and a city"`, "location_level funding_level other"},
		{`{"programme": ["a", "b"]}`, `"x ['a', 'b']"`, "programme"},
		{`{"programme": ""}`, `"x"`, ""},
		{`{"programme": " "}`, `"x"`, "programme"}, // a blank is in every text
		{`{"programme": "x"}`, `null`, ""},
		{`{"programme": "x"}`, `["x"]`, ""},
	}
	for _, c := range cases {
		got := e.leaks(value(t, c.filters).(*pyjson.Object), value(t, c.topic))
		assert.Equal(t, c.want, strings.Join(got, " "), "%s in %s", c.filters, c.topic)
	}
}

func TestATermInTwoSetsBelongsToTheFirst(t *testing.T) {
	list := NewTermList([][]string{{"long one", "shared"}, {"ab", "shared"}, {"ba", "ab"}})
	assert.Equal(t, "shared", list.term("Long One "))
	assert.Equal(t, "shared", list.term("shared"))
	assert.Equal(t, "ab", list.term("ab"))
	assert.Equal(t, "ab", list.term("ba"), "the smallest of equally short terms")
	assert.Equal(t, "unknown", list.term(" Unknown"))
	assert.Equal(t, 3, list.Sets)
}

func TestWhereTheReferenceStopsTheQueryCountsAsWrong(t *testing.T) {
	cases := []struct{ output, err string }{
		{`{"filters": null}`, "filters: null cannot be compared (predicted)"},
		{`{"filters": []}`, "filters: a list cannot be compared (predicted)"},
		{`{"organisations": null}`, "organisations: null cannot be compared (predicted)"},
		{`{"semantic_query": 5}`, "semantic_query: an integer has no language (predicted)"},
		{`{"query_rewrite": {"a": 1}}`, "query_rewrite: an object has no language (predicted)"},
		{`{"filters": {"programme": 1}, "organisations": [[]]}`,
			"filters.programme: an integer cannot be compared (predicted)"},
		{`{"notes": "\ud800"}`, "the output holds a lone surrogate, which no file can hold"},
		{`{"a": ` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}`, "maximum recursion depth exceeded while decoding a JSON array from a unicode string"},
		{`{"a": ` + strings.Repeat("9", 4301) + `}`, "Exceeds the limit (4300 digits) for integer string conversion: value has 4301 digits; use sys.set_int_max_str_digits() to increase the limit"},
	}
	for _, c := range cases {
		gold := goldWith(t, `{}`)
		r, err := QueryParser([]Gold{gold}, []Prediction{{"Q", c.output}}, nil, Options{})
		require.NoError(t, err)
		q := r.Results[0]
		assert.Equal(t, c.err, q.EvalError, c.output[:min(len(c.output), 60)])
		assert.False(t, q.AllCorrectStrict || q.AllCorrectRelaxed)
		assert.True(t, q.ValidJSON, "the reference's figure")
		assert.False(t, q.SchemaValid)
		assert.Equal(t, 1, r.EvalErrors)
		dir := t.TempDir()
		paths, err := r.WriteReferenceFiles(dir, testTime)
		require.NoError(t, err)
		detailed := readFile(t, paths[0])
		assert.True(t, json.Valid([]byte(detailed)))
		assert.Contains(t, detailed, `"evaluation_error": "`)
	}
	// Components that can be compared are scored as ever.
	r, err := QueryParser([]Gold{goldWith(t, `{"semantic_query": "sol"}`)}, []Prediction{{"Q", `{"filters": null, "semantic_query": "sol", "query_rewrite": "projectes amb"}`}}, nil, Options{})
	require.NoError(t, err)
	q := r.Results[0]
	assert.True(t, q.Semantic && q.OrganisationsExact && q.LanguageCorrect)
	assert.Equal(t, FilterFlags{}, q.Filters)
}

func TestUndecodableOutputIsAnEmptyQueryToTheReferenceAndInvalidToUs(t *testing.T) {
	gold := goldWith(t, `{"query_rewrite": ""}`)
	for _, output := range []string{"", "no", "{", "} {", "{'a': 1}", "{\"a\": \"\xff\"}"} {
		r, err := QueryParser([]Gold{gold}, []Prediction{{"Q", output}}, nil, Options{})
		require.NoError(t, err)
		q := r.Results[0]
		assert.True(t, q.ValidJSON)
		assert.True(t, q.AllCorrectRelaxed, "nothing asked, nothing found")
		assert.False(t, q.AllCorrectStrict, "no text, no language")
		assert.False(t, q.JSONParsed || q.SchemaValid)
		assert.NotEmpty(t, q.Fault)
		assert.Equal(t, 0, r.Metric("schema_valid").Count)
		assert.Equal(t, 1, r.Metric("valid_json").Count)
	}
}

func TestANullLanguageMatchesNoLanguage(t *testing.T) {
	gold := goldWith(t, `{"meta": {"id": "Q", "lang": null, "original_query": ""}}`)
	r, err := QueryParser([]Gold{gold}, []Prediction{{"Q", `{}`}}, nil, Options{})
	require.NoError(t, err)
	assert.True(t, r.Results[0].LanguageCorrect)
	assert.Equal(t, "null", r.ByLanguage[0].Name)
	gold = goldWith(t, `{"meta": {"id": "Q", "lang": "ca", "original_query": ""}}`)
	r, err = QueryParser([]Gold{gold}, []Prediction{{"Q", `{"query_rewrite": "projectes amb"}`}}, nil, Options{})
	require.NoError(t, err)
	assert.False(t, r.Results[0].LanguageCorrect, "case matters")
}

func TestBaseModelsAreScoredWithoutEquivalences(t *testing.T) {
	gold, predictions, equivalences := sample(t)
	base, err := QueryParser(gold, predictions, equivalences, Options{BaseModel: true})
	require.NoError(t, err)
	none, err := QueryParser(gold, predictions, nil, Options{})
	require.NoError(t, err)
	assert.Equal(t, none.Metrics, base.Metrics)
	assert.Less(t, base.Metric("semantic_query").Count, sampleReport(t).Metric("semantic_query").Count)
	counts := base.Statistics.Value("error_counts").(*pyjson.Object)
	_, there := counts.Get("language_mismatch")
	assert.False(t, there)
	assert.Equal(t, 1, base.ExitStatus)
	paths, err := base.WriteReferenceFiles(t.TempDir(), testTime)
	require.NoError(t, err)
	assert.NotContains(t, readFile(t, paths[2]), "LANGUAGE MISMATCH")
}
