package query

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

type golden struct{ Record, Target string }

func goldens(t *testing.T) []golden {
	t.Helper()
	data, err := os.ReadFile("testdata/targets.jsonl")
	require.NoError(t, err)
	var out []golden
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		var g golden
		require.NoError(t, json.Unmarshal(lines.Bytes(), &g))
		out = append(out, g)
	}
	require.NotEmpty(t, out)
	return out
}

func TestTargetIsTheReferencesTextByteForByte(t *testing.T) {
	for _, g := range goldens(t) {
		record, err := pyjson.Unmarshal(g.Record)
		require.NoError(t, err)
		target, err := Target(record.(*pyjson.Object))
		require.NoError(t, err)
		assert.Equal(t, g.Target, string(target))
	}
}

func TestAStructWritesTheSameBytesAsTheReference(t *testing.T) {
	typed := 0
	for _, g := range goldens(t) {
		q, err := Parse(g.Target)
		if err != nil {
			continue // the records with unknown keys have no struct
		}
		typed++
		assert.Equal(t, g.Target, string(q.Canonical()))
	}
	assert.Equal(t, 3, typed)
}

func TestTargetListsEveryMissingKey(t *testing.T) {
	_, err := Target(pyjson.NewObject("filters", nil, "meta", pyjson.NewObject("id", "a")))
	assert.EqualError(t, err, "the record lacks doc_type, organisations, semantic_query, query_rewrite, meta.lang, meta.original_query: a training example needs them")
	_, err = Target(pyjson.NewObject("doc_type", 1, "filters", 1, "organisations", 1, "semantic_query", 1, "query_rewrite", 1, "meta", nil))
	assert.EqualError(t, err, "the record lacks meta: a training example needs them")
}

const good = `"doc_type": "projects", "filters": {}, "organisations": [], "semantic_query": null, "query_rewrite": ""`

func TestExtractionTakesWhatTheReferenceTakes(t *testing.T) {
	cases := []struct {
		output string
		want   string // the answer's error; "" when it parses
	}{
		{"```json\n{\"a\": 1}\n```", ""},
		{`Here you are: {"a": {"b": 1}} — anything else?`, ""},
		{`[{"a": 1}]`, ""},
		{`{"a": NaN, "a": "\ud800"}`, ""},
		{"no idea", "No JSON found in output"},
		{"", "No JSON found in output"},
		{`{"a": 1`, "No JSON found in output"},
		{`} {`, "Invalid JSON: Expecting value: line 1 column 1 (char 0)"},
		{`{"a": 1} and }`, "Invalid JSON: Extra data: line 1 column 10 (char 9)"},
		{`{"a": 1}{"b": 2}`, "Invalid JSON: Extra data: line 1 column 9 (char 8)"},
		{"{'a': 1}", "Invalid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"},
		{"{\"a\": \"b\nc\"}", "Invalid JSON: Invalid control character at: line 1 column 9 (char 8)"},
		{`{"a": 1,}`, "Invalid JSON: Expecting property name enclosed in double quotes: line 1 column 9 (char 8)"},
		{"{\"a\": \"\xff\"}", "Invalid JSON: 'utf-8' codec can't decode byte 0xff in position 7: invalid start byte"},
	}
	for _, c := range cases {
		r := FromOutput(c.output)
		assert.Equal(t, c.want, r.Error, "%q", c.output)
		assert.Equal(t, c.want == "", r.Success, "%q", c.output)
		assert.Equal(t, r.Success, r.Parsed != nil)
	}
}

func TestResultIsTheReferencesAnswer(t *testing.T) {
	for output, want := range map[string]string{
		`x {"b": 1, "a": 2020.0} y`: `{"success":true,"parsed":{"b":1,"a":2020.0},"raw_output":"x {\"b\": 1, \"a\": 2020.0} y"}`,
		"":                          `{"success":false,"error":"No JSON found in output","raw_output":null}`,
		"no":                        `{"success":false,"error":"No JSON found in output","raw_output":"no"}`,
	} {
		got, err := FromOutput(output).MarshalJSON()
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
}

func TestSchemaFaultsNameTheirPlace(t *testing.T) {
	cases := []struct{ text, want string }{
		{`{` + good + `}`, ""},
		{`{` + strings.Replace(good, `{}`, `{"year": 2020, "programme": "ERC"}`, 1) + `, "meta": {"lang": "CA", "id": "a"}}`, ""},
		{`{` + strings.Replace(good, `{}`, `{"year": "2018-2020"}`, 1) + `}`, ""},
		{`{}`, "missing properties 'doc_type', 'filters', 'organisations', 'semantic_query', 'query_rewrite'"},
		{`{` + strings.Replace(good, `{}`, `null`, 1) + `}`, "filters: got null, want object"},
		{`{` + strings.Replace(good, `{}`, `{"year": "soon"}`, 1) + `}`, `filters.year: not a year: a year, a range "2018-2020", or a bound such as ">=2020" is needed`},
		{`{` + strings.Replace(good, `{}`, `{"year": NaN}`, 1) + `}`, "filters.year: NaN and Infinity are not JSON"},
		{`{` + strings.Replace(good, `{}`, `{"year": 1e400}`, 1) + `}`, "filters.year: NaN and Infinity are not JSON"},
		{`{` + strings.Replace(good, `{}`, `{"programme": ["ERC"]}`, 1) + `}`, "filters.programme: got array, want null or string"},
		{`{` + strings.Replace(good, `{}`, `{"location": {"value": "Girona"}}`, 1) + `}`, "filters.location: got object, want null or string"},
		{`{` + strings.Replace(good, `[]`, `[{"type": "bank"}, 3]`, 1) + `}`,
			"organisations[0].type: not one of university, company, research_center, hospital, ngo, public_entity, null; organisations[1]: got number, want object"},
		{`{` + strings.Replace(good, `[]`, `[`+strings.Repeat(`{}, `, 5000)+`{}]`, 1) + `}`, "organisations: maxItems: got 101, want 100"},
		{`{` + good + `, "extra": 1}`, "additional properties 'extra' not allowed"},
	}
	for _, c := range cases {
		v, err := pyjson.Unmarshal(c.text)
		require.NoError(t, err)
		err = Validate(v)
		if c.want == "" {
			assert.NoError(t, err, c.text)
			continue
		}
		var faults *SchemaError
		require.ErrorAs(t, err, &faults)
		assert.Equal(t, c.want, err.Error(), c.text)
	}
}

func TestYearBounds(t *testing.T) {
	cases := []struct {
		text        string
		first, last int
		ok          bool
	}{
		{"2023", 2023, 2023, true}, {"2018-2020", 2018, 2020, true}, {">=2020", 2020, 0, true}, {">2020", 2021, 0, true},
		{"<=2020", 0, 2020, true}, {"<2020", 0, 2019, true}, {"2020-2018", 0, 0, false}, {"soon", 0, 0, false}, {"", 0, 0, false},
		{"20", 0, 0, false}, {">= 2020", 0, 0, false}, {"2020-", 0, 0, false}, {"+020", 0, 0, false},
	}
	for _, c := range cases {
		first, last, ok := (&Year{Text: c.text}).Bounds()
		assert.Equal(t, []any{c.first, c.last, c.ok}, []any{first, last, ok}, c.text)
	}
	_, _, ok := (*Year)(nil).Bounds()
	assert.False(t, ok)
}

// anyQuery draws structs that the schema allows.
func anyQuery() *rapid.Generator[*Query] {
	text := rapid.Map(rapid.String(), func(s string) *string { return &s })
	maybe := func(g *rapid.Generator[*string]) *rapid.Generator[*string] {
		return rapid.OneOf(rapid.Just[*string](nil), g)
	}
	of := func(words ...string) *rapid.Generator[*string] {
		return maybe(rapid.Map(rapid.SampledFrom(words), func(s string) *string { return &s }))
	}
	level := of("city", "province", "region", "country", "other")
	return rapid.Custom(func(t *rapid.T) *Query {
		q := &Query{DocType: "projects", QueryRewrite: *text.Draw(t, "rewrite"), SemanticQuery: maybe(text).Draw(t, "semantic")}
		q.Filters = Filters{maybe(text).Draw(t, "programme"), of("european", "national", "regional").Draw(t, "funding"), nil, maybe(text).Draw(t, "location"), level.Draw(t, "level")}
		if rapid.Bool().Draw(t, "dated") {
			q.Filters.Year = &Year{Text: "2021", Integer: rapid.Bool().Draw(t, "integer")}
		}
		for range rapid.IntRange(0, 3).Draw(t, "organisations") {
			q.Organisations = append(q.Organisations, Organisation{of("university", "ngo").Draw(t, "type"), maybe(text).Draw(t, "name"), maybe(text).Draw(t, "place"), level.Draw(t, "level")})
		}
		q.Meta = Meta{Lang: rapid.SampledFrom([]string{"CA", "ES", "EN"}).Draw(t, "lang"), OriginalQuery: *text.Draw(t, "question"), Notes: maybe(text).Draw(t, "notes")}
		return q
	})
}

func TestWhatIsWrittenReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := anyQuery().Draw(t, "query")
		back, err := Parse("text around " + string(q.Canonical()) + " it")
		require.NoError(t, err)
		require.Equal(t, q, back)
		compact, err := json.Marshal(q)
		require.NoError(t, err)
		var again Query
		require.NoError(t, json.Unmarshal(compact, &again))
		require.Equal(t, q, &again)
	})
}

func FuzzFromOutput(f *testing.F) {
	f.Add(`{` + good + `}`)
	f.Add("{{}}")
	f.Add("\xff{\"a\": 1e999}")
	f.Fuzz(func(t *testing.T, output string) {
		r := FromOutput(output)
		require.Equal(t, r.Success, r.Error == "")
		if r.Success {
			_ = Validate(r.Parsed)
			_, _ = Parse(output)
		}
		_, err := r.MarshalJSON()
		require.NoError(t, err)
	})
}

func BenchmarkValidate(b *testing.B) {
	v, err := pyjson.Unmarshal(`{` + strings.Replace(good, `[]`, `[{"type": "university", "name": "UPF", "location": null, "location_level": null}]`, 1) + `}`)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if err := Validate(v); err != nil {
			b.Fatal(err)
		}
	}
}
