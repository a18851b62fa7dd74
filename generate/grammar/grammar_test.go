package grammar_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/generate/grammar"
	"github.com/ajolote-ai/ajolote/query"
)

func compile(t testing.TB, schema string, o grammar.Options) *grammar.Grammar {
	t.Helper()
	g, err := grammar.Compile([]byte(schema), o)
	require.NoError(t, err, schema)
	return g
}

// whole says whether a grammar has the text.
func whole(g *grammar.Grammar, text string) bool {
	s := g.Start().Advance([]byte(text))
	return s != nil && s.Accepts()
}

func TestTextsOfSchemas(t *testing.T) {
	for _, c := range []struct {
		schema string
		has    []string
		hasNot []string
	}{
		{`{"type": "string"}`, []string{`""`, `"a\"\\\/\b\n\u00e9é€😀"`}, []string{`"`, "\"\n\"", `"\x"`, `"\ud83d"`, "\"\xff\"", "\"\xed\xa0\x80\"", "a"}},
		{`{"type": "string", "minLength": 2, "maxLength": 3}`, []string{`"éé"`, `"\n😀a"`}, []string{`"é"`, `"abcd"`}},
		{`{"type": "string", "pattern": "^a+$"}`, []string{`"a"`, `"aaaa"`}, []string{`""`, `"ab"`}},
		{`{"type": "string", "pattern": "b"}`, []string{`"b"`, `"a\nbé"`}, []string{`"aé"`}},
		{`{"type": "string", "pattern": "^a|b$"}`, []string{`"ax"`, `"xb"`}, []string{`"xa"`, `"bx"`}},
		{`{"type": "string", "pattern": "^[^\"]\"\\\\$"}`, []string{`"x\"\\"`}, []string{`"\"\"\\"`}},
		{`{"type": "string", "pattern": "^[à-ü€-\uffff😀-😎]{2}$"}`, []string{`"çé"`, `"€😃"`}, []string{`"aé"`, `"é"`, `"😐😐"`}},
		{`{"type": "string", "pattern": "^(?i:k)$"}`, []string{`"k"`, `"K"`, "\"\u212a\""}, []string{`"j"`}},
		{`{"type": "string", "pattern": "^(a*)*$"}`, []string{`""`, `"aa"`}, []string{`"b"`}},
		{`{"type": "integer"}`, []string{"0", "-1", "120"}, []string{"01", "1.0", "+1", "-"}},
		{`{"type": "integer", "minimum": 1000, "maximum": 9999}`, []string{"1000", "2024", "9999"}, []string{"999", "10000", "-2024"}},
		{`{"type": "integer", "minimum": -12, "exclusiveMaximum": 105}`, []string{"-12", "-9", "0", "104", "99"}, []string{"-13", "105", "200"}},
		{`{"type": "number"}`, []string{"0", "-1.5e+10", "3.25"}, []string{".5", "1.", "1e", "NaN"}},
		{`{"type": "number", "minimum": 0, "maximum": 1}`, []string{"0", "0.5", "1", "1.0"}, []string{"1.5", "2", "-0.5"}},
		{`{"type": "number", "exclusiveMinimum": 0}`, []string{"0.05", "1", "10.5"}, []string{"0", "0.0", "-1"}},
		{`{"type": "number", "minimum": -1.5, "maximum": 2.5}`, []string{"-1", "-0.9", "0", "1.9", "2"}, []string{"-1.5", "2.7", "3"}},
		{`{"enum": ["a", null, 5, {"b": []}]}`, []string{`"a"`, "null", "5", "{\n  \"b\": []\n}"}, []string{`"b"`, `{"b": []}`}},
		{`{"type": ["string", "null"], "enum": ["a", null, 5]}`, []string{`"a"`, "null"}, []string{"5"}},
		{`{"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2}`,
			[]string{"[\n  true\n]", "[\n  true,\n  false\n]"}, []string{"[]", "[true]", "[\n  true,\n  true,\n  true\n]"}},
		{`{"type": "array", "prefixItems": [{"const": 1}, {"const": 2}], "items": false}`, []string{"[\n  1,\n  2\n]"}, []string{"[]"}},
		{`{"properties": {"a": {"type": "null"}, "b": {"type": "null"}, "c": {"type": "null"}}, "required": ["b"]}`,
			[]string{"{\n  \"b\": null\n}", "{\n  \"a\": null,\n  \"b\": null,\n  \"c\": null\n}"},
			[]string{"{}", "{\n  \"a\": null\n}", "{\n  \"b\": null,\n  \"a\": null\n}", "{\n  \"b\": null,\n}"}},
		{`{"type": "object", "properties": {"ab": {"type": "null"}}, "additionalProperties": {"type": "integer"}}`,
			[]string{"{}", "{\n  \"a\": 1,\n  \"abc\": 2,\n  \"\": 3\n}", "{\n  \"ab\": null,\n  \"x\": 0\n}"},
			[]string{"{\n  \"ab\": 1\n}", "{\n  \"a\\u0062\": 1\n}"}},
		{`{"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "properties": {"in": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}}}}`,
			[]string{"{}", "{\n  \"in\": [\n    {},\n    {\n      \"in\": []\n    }\n  ]\n}"}, []string{"{\n  \"in\": [\n  {}\n  ]\n}"}},
		{`true`, []string{"null", "[\n  {\n    \"a\": 1\n  }\n]"}, []string{"", "nul"}},
		{`{"oneOf": [{"type": "null"}, {"type": "integer"}]}`, []string{"null", "1"}, []string{`"a"`}},
		{`{"oneOf": [{"type": "object", "properties": {"k": {"const": "a"}}, "required": ["k"]},
			{"type": "object", "properties": {"k": {"const": "b"}, "n": {"type": "integer"}}, "required": ["k", "n"]}]}`,
			[]string{"{\n  \"k\": \"a\"\n}", "{\n  \"k\": \"b\",\n  \"n\": 1\n}"}, []string{"{\n  \"k\": \"b\"\n}"}},
	} {
		g := compile(t, c.schema, grammar.Options{})
		for _, text := range c.has {
			require.True(t, whole(g, text), "%s has %s", c.schema, text)
		}
		for _, text := range c.hasNot {
			require.False(t, whole(g, text), "%s has not %s", c.schema, text)
		}
	}
}

func TestUnsupportedKeywordsAreRefusedByName(t *testing.T) {
	for schema, fault := range map[string]string{
		`{"not": {}}`: `#: the keyword "not" is not supported`,
		`{"properties": {"a": {"type": "number", "multipleOf": 2}}}`:           `#/properties/a: the keyword "multipleOf"`,
		`{"type": "array", "uniqueItems": true}`:                               `"uniqueItems"`,
		`{"type": "object", "patternProperties": {}}`:                          `"patternProperties"`,
		`{"if": {}, "then": {}}`:                                               `"if"`,
		`{"allOf": [{}, {}]}`:                                                  `"allOf" with several schemas`,
		`{"oneOf": [{"type": "string"}, {"type": "string"}]}`:                  `"oneOf" is supported where`,
		`{"$ref": "other.json"}`:                                               "only places in the schema itself",
		`{"$ref": "#/$defs/none"}`:                                             "points at nothing",
		`{"$ref": "#"}`:                                                        "refers to itself without anything between",
		`{"anyOf": [{"type": "null"}, {"$ref": "#"}]}`:                         "refers to itself without anything between",
		`{"type": "array", "minItems": 1, "items": {"$ref": "#"}}`:             "no value of finite length",
		`{"type": "strin"}`:                                                    "strin is no type",
		`{"type": "string", "pattern": "a\\b"}`:                                `\b`,
		`{"type": "string", "pattern": "("}`:                                   "missing closing",
		`{"minimum": 0.2, "maximum": 0.8}`:                                     "no number can be written",
		`{"type": "string", "enum": [1]}`:                                      "no value of finite length",
		`{"minLength": 3, "maxLength": 2}`:                                     "minLength is above maxLength",
		`{"required": ["a"], "type": "object", "additionalProperties": false}`: `"a" is required`,
		`{"const": 1, "minimum": 0}`:                                           `"minimum" beside "const"`,
		`3`:                                                                    "a schema is an object",
		`{`:                                                                    "the schema",
	} {
		_, err := grammar.Compile([]byte(schema), grammar.Options{})
		require.ErrorContains(t, err, fault, schema)
	}
}

func TestTheQuerySchemaHasWhatTrainingWrites(t *testing.T) {
	g := compile(t, string(query.Schema()), grammar.Options{AllProperties: true})
	name, level, year := "Universitat de Vic \"UVic\"", "city", query.Year{Text: ">=2022"}
	q := query.Query{DocType: "projects", QueryRewrite: "Llista de projectes", SemanticQuery: &name,
		Filters: query.Filters{Year: &year, LocationLevel: &level}, Meta: query.Meta{Lang: "CA", OriginalQuery: "línia\nnova"}}
	require.True(t, whole(g, string(q.Canonical())))
	q.Organisations = []query.Organisation{{Name: &name}, {LocationLevel: &level}}
	require.True(t, whole(g, string(q.Canonical())))
	require.Equal(t, "{\n  \"doc_type\": \"projects\",\n  \"filters\": {\n    \"programme\": ", string(g.Start().Forced()))
}

type place struct {
	Name   string           `json:"name"`
	Level  *string          `json:"level" schema:"{\"enum\": [\"city\", \"country\", null]}"`
	Inside []place          `json:"inside,omitempty"`
	Codes  map[string]uint8 `json:"codes"`
	hidden int
}

func TestAStructIsASchema(t *testing.T) {
	schema, err := grammar.SchemaOf(reflect.TypeFor[place]())
	require.NoError(t, err)
	g := compile(t, string(schema), grammar.Options{Compact: true})
	city := "city"
	text, err := json.Marshal(place{Name: "Vic", Level: &city, Inside: []place{{Codes: map[string]uint8{}}}, Codes: map[string]uint8{"a": 255}})
	require.NoError(t, err)
	require.True(t, whole(g, string(text)), "%s", text)
	require.False(t, whole(g, `{"name":"Vic","level":"town","codes":{}}`))
	require.False(t, whole(g, `{"name":"Vic","level":"city","codes":{"a":256}}`))
	_, err = grammar.SchemaOf(reflect.TypeFor[chan int]())
	require.ErrorContains(t, err, "chan int has no JSON")
	_ = place{}.hidden
}

// pieces is a vocabulary of all bytes and of what the training of a tokenizer finds.
func pieces(random *rand.Rand, size int) *grammar.Vocabulary {
	var tokens [][]byte
	for b := range 256 {
		tokens = append(tokens, []byte{byte(b)})
	}
	for _, s := range []string{`",`, `":`, "\n ", `"}`, "{\n", "],", `\n`, `\"`, "ció", "é", "😀", "   ", "null", "true", "false", `": `, "},\n", "0.", "12"} {
		tokens = append(tokens, []byte(s))
	}
	alphabet := []rune("abcdefghijklmnopqrstuvwxyz   çéàíò0123456789\"{}[],:\\\n-.ABCDEFGHIJ€日😀")
	for len(tokens) < size {
		var word []rune
		for range 1 + random.IntN(8) {
			n := len(alphabet)
			if random.IntN(10) > 0 {
				n = 33
			}
			word = append(word, alphabet[random.IntN(n)])
		}
		tokens = append(tokens, []byte(string(word)))
	}
	tokens[0] = nil // a special token
	return grammar.NewVocabulary(tokens)
}

// sample writes a text token by token, each allowed one as likely as the others, until it may end or limit is reached; then
// the rest is closed.
func sample(t testing.TB, m *grammar.Masks, random *rand.Rand, limit int) []byte {
	s := m.Grammar.Start()
	var text []byte
	for range limit {
		if s.Final() || s.Accepts() && random.IntN(3) == 0 {
			return text
		}
		mask := m.Of(s)
		if mask.Count() == 0 {
			t.Fatalf("no token may follow %s", text)
		}
		var id int32
		if few := mask.Few(); few != nil {
			id = few[random.IntN(len(few))]
		} else {
			for id = -1; !mask.Allows(id); {
				id = int32(random.IntN(m.Vocabulary.Size()))
			}
		}
		text = append(text, m.Vocabulary.Bytes(id)...)
		if s = s.Advance(m.Vocabulary.Bytes(id)); s == nil {
			t.Fatalf("the mask allows what the grammar does not: %s", text)
		}
	}
	return append(text, s.Completion()...)
}

// schemaMaker draws schemas.
type schemaMaker struct{ *rand.Rand }

func (r schemaMaker) schema(depth int) any {
	kinds := 12
	if depth <= 0 {
		kinds = 8
	}
	switch r.IntN(kinds) {
	case 0:
		return map[string]any{"type": []string{"string", "null"}}
	case 1:
		low := r.IntN(30)
		return map[string]any{"type": "string", "minLength": low, "maxLength": low + r.IntN(200)}
	case 2:
		low := r.IntN(2000) - 1000
		return map[string]any{"type": "integer", "minimum": low, "exclusiveMaximum": low + 1 + r.IntN(5000)}
	case 3:
		low := float64(r.IntN(20)-10) / 2
		return map[string]any{"type": "number", []string{"minimum", "exclusiveMinimum"}[r.IntN(2)]: low, "maximum": low + 2 + float64(r.IntN(50))/4}
	case 4:
		return map[string]any{"enum": []any{"a\"\n", "é", nil, 1.5, true, map[string]any{"x": []int{1, 2}}}[r.IntN(5):]}
	case 5:
		patterns := []string{"^[0-9]{4}(-[0-9]{4})?$", `^\w+@\w+\.com$`, "[^a]b", "^(>=|<)?x*$", `^\p{Lu}\s`, "^.{3}$", "", "é|\\\\"}
		return map[string]any{"type": "string", "pattern": patterns[r.IntN(len(patterns))]}
	case 6:
		return map[string]any{"type": []string{"boolean", "number", "integer"}[r.IntN(3)]}
	case 7:
		return map[string]any{"const": []any{"b", 2, []int{}, map[string]any{}}[r.IntN(4)]}
	case 8:
		return map[string]any{"anyOf": []any{r.schema(depth - 1), r.schema(depth - 1)}}
	case 9:
		low := r.IntN(4)
		return map[string]any{"type": "array", "items": r.schema(depth - 1), "minItems": low, "maxItems": low + r.IntN(4)}
	case 10:
		return map[string]any{"type": "array", "prefixItems": []any{r.schema(depth - 1), r.schema(depth - 1)}, "items": r.IntN(2) == 0}
	}
	properties, required := map[string]any{}, []string{}
	for i := range r.IntN(5) {
		name := []string{"a", "ab", "b\"", "é", "a b"}[i]
		properties[name] = r.schema(depth - 1)
		if r.IntN(2) == 0 {
			required = append(required, name)
		}
	}
	o := map[string]any{"type": "object", "properties": properties, "required": required}
	switch r.IntN(3) {
	case 0:
		o["additionalProperties"] = false
	case 1:
		o["additionalProperties"] = r.schema(depth - 1)
	}
	return o
}

// check validates a text with an independent program.
func check(t testing.TB, schema, text []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("s.json", doc))
	validator, err := c.Compile("s.json")
	require.NoError(t, err)
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err, "%s\n%s", schema, text)
	require.NoError(t, validator.Validate(v), "%s\n%s", schema, text)
}

func TestWhateverIsSampledParsesAndValidates(t *testing.T) {
	n := 10000
	if testing.Short() {
		n = 500
	}
	random := rand.New(rand.NewPCG(1, 2))
	v := pieces(random, 3000)
	for i := range n {
		schema, err := json.Marshal(schemaMaker{random}.schema(3))
		require.NoError(t, err)
		g, err := grammar.Compile(schema, grammar.Options{Compact: i%2 == 0, AllProperties: i%3 == 0})
		require.NoError(t, err, "%s", schema)
		check(t, schema, sample(t, grammar.NewMasks(g, v), random, 5+random.IntN(200)))
	}
}

func TestQueriesSampledToAnyLimitValidate(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	m := grammar.NewMasks(compile(t, string(query.Schema()), grammar.Options{AllProperties: true}), pieces(random, 5000))
	for limit := range 300 {
		text := sample(t, m, random, limit)
		require.NoError(t, func() error { _, err := query.Parse(string(text)); return err }(), "%s", text)
	}
}

// A mask must have exactly the tokens whose bytes the grammar takes, on the way of the fast walk as well.
func TestMasksAreWhatAdvancingSays(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	v := pieces(random, 3000)
	for range 60 {
		schema, err := json.Marshal(schemaMaker{random}.schema(2))
		require.NoError(t, err)
		g := compile(t, string(schema), grammar.Options{})
		m := grammar.NewMasks(g, v)
		s := g.Start()
		for range 30 {
			mask, count := m.Of(s), 0
			for id := range int32(v.Size()) {
				want := len(v.Bytes(id)) > 0 && s.Advance(v.Bytes(id)) != nil
				require.Equal(t, want, mask.Allows(id), "%s: %q", schema, v.Bytes(id))
				if want {
					count++
				}
			}
			require.Equal(t, count, mask.Count())
			if count == 0 {
				break
			}
			id := int32(-1)
			for !mask.Allows(id) {
				id = int32(random.IntN(v.Size()))
			}
			s = s.Advance(v.Bytes(id))
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`{"type": "object", "properties": {"a": {"$ref": "#"}}}`)
	f.Add(string(query.Schema()))
	f.Add(`{"pattern": "^(a|b$)*"}`)
	v := pieces(rand.New(rand.NewPCG(7, 8)), 600)
	f.Fuzz(func(t *testing.T, schema string) {
		g, err := grammar.Compile([]byte(schema), grammar.Options{})
		if err != nil {
			return
		}
		var out any
		text := sample(t, grammar.NewMasks(g, v), rand.New(rand.NewPCG(1, 1)), 40)
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatalf("%s: %s: %v", schema, text, err)
		}
	})
}

// BenchmarkMask256k measures masks and steps of sampled queries over 256,000 words, ns a token.
func BenchmarkMask256k(b *testing.B) {
	random := rand.New(rand.NewPCG(9, 10))
	m := grammar.NewMasks(compile(b, string(query.Schema()), grammar.Options{AllProperties: true}), pieces(random, 256000))
	var texts [][]byte
	for range 50 {
		name := fmt.Sprintf("Universitat número %d", random.IntN(1000))
		q := query.Query{DocType: "projects", QueryRewrite: "Llista de projectes de la " + name, SemanticQuery: &name, Meta: query.Meta{Lang: "CA", OriginalQuery: name}}
		for range random.IntN(4) {
			q.Organisations = append(q.Organisations, query.Organisation{Name: &name})
		}
		texts = append(texts, q.Canonical())
	}
	run := func() (tokens int) {
		for _, text := range texts {
			s := m.Grammar.Start()
			for i := 0; i < len(text); i += 3 {
				_ = m.Of(s)
				if s = s.Advance(text[i:min(i+3, len(text))]); s == nil {
					b.Fatal("the text is not of the grammar")
				}
				tokens++
			}
		}
		return tokens
	}
	run()
	b.ResetTimer()
	tokens := 0
	for range b.N {
		tokens = run()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*tokens), "ns/token")
}

// BenchmarkFirstMask256k measures masks that have not been computed before.
func BenchmarkFirstMask256k(b *testing.B) {
	random := rand.New(rand.NewPCG(9, 10))
	v := pieces(random, 256000)
	q := query.Query{DocType: "projects", QueryRewrite: "Llista de projectes", Meta: query.Meta{Lang: "CA", OriginalQuery: "projectes"}}
	text := q.Canonical()
	tokens := 0
	for range b.N {
		m := grammar.NewMasks(compile(b, string(query.Schema()), grammar.Options{}), v)
		s := m.Grammar.Start()
		for i := range text {
			_ = m.Of(s)
			s = s.Advance(text[i : i+1])
			tokens++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(tokens), "ns/token")
}
