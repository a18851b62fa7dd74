package synth

// The gold answer: filters, organisations and topic as they were meant, and
// the plain sentence of query_rewrite, which is the meaning spoken by a phrase
// book with one way to say each thing.

import "math/rand/v2"

var catalanPlain = phrasebook{
	frames: map[ask][]string{
		askList: {"Llista de {N}"}, askCount: {"Nombre de {N}"}, askYearly: {"Evolució anual de {N}"},
		askRanking: {"Rànquing d'entitats amb més {N}"}, askFunding: {"Import total de {N}"},
	},
	nouns: []string{"projectes"},
	level: map[string][]string{"european": {"europeus"}, "national": {"nacionals"}, "regional": {"regionals"}},
	year: map[string][]string{"in": {"de l'any {a}"}, "between": {"de {a} a {b}"}, "since": {"des de {a}"},
		"after": {"després de {a}"}, "until": {"fins a {b}"}, "before": {"abans de {b}"}},
	programme: []string{"{de X}"}, place: []string{"{a X}"}, province: []string{"{a X}"}, city: []string{"{a X}"},
	topic: []string{"sobre {X}"}, org: []string{"amb {X}"}, orgKind: []string{"amb {X}"}, orgs: []string{"amb {X} i {Y}"},
	kind: catalanBook.plainKinds(), kindIn: []string{"{K} {de X}"}, orders: []string{"lpywot"},
}

// The Spanish topic is introduced by «relacionados con»: with «sobre» the
// reference takes the sentence for Catalan.
var spanishPlain = phrasebook{
	frames: map[ask][]string{
		askList: {"Lista de {N}"}, askCount: {"Número de {N}"}, askYearly: {"Evolución anual de {N}"},
		askRanking: {"Ranking de entidades con más {N}"}, askFunding: {"Importe total de {N}"},
	},
	nouns: []string{"proyectos"},
	level: map[string][]string{"european": {"europeos"}, "national": {"nacionales"}, "regional": {"regionales"}},
	year: map[string][]string{"in": {"del año {a}"}, "between": {"de {a} a {b}"}, "since": {"desde {a}"},
		"after": {"después de {a}"}, "until": {"hasta {b}"}, "before": {"antes de {b}"}},
	programme: []string{"{de X}"}, place: []string{"en {X}"}, province: []string{"en {X}"}, city: []string{"en {X}"},
	topic: []string{"relacionados con {X}"}, org: []string{"con {X}"}, orgKind: []string{"con {X}"}, orgs: []string{"con {X} {y Y}"},
	kind: spanishBook.plainKinds(), kindIn: []string{"{K} {de X}"}, orders: []string{"lpywot"},
}

var englishPlain = phrasebook{
	frames: map[ask][]string{
		askList: {"List of {N}"}, askCount: {"Number of {N}"}, askYearly: {"Yearly evolution of {N}"},
		askRanking: {"Ranking of organisations with most {N}"}, askFunding: {"Total amount of {N}"},
	},
	nouns: []string{"projects"},
	level: map[string][]string{"european": {"^European"}, "national": {"^national"}, "regional": {"^regional"}},
	year: map[string][]string{"in": {"from {a}"}, "between": {"from {a} to {b}"}, "since": {"since {a}"},
		"after": {"after {a}"}, "until": {"until {b}"}, "before": {"before {b}"}},
	programme: []string{"^{X}"}, place: []string{"in {X}"}, province: []string{"in {X}"}, city: []string{"in {X}"},
	topic: []string{"about {X}"}, org: []string{"with {X}"}, orgKind: []string{"with {X}"}, orgs: []string{"with {X} and {Y}"},
	kind: englishBook.plainKinds(), kindIn: []string{"{K} from {X}"}, orders: []string{"lpywot"},
}

// plainKinds are the kinds by their plain nouns.
func (b *phrasebook) plainKinds() map[string][]plural {
	plain := map[string][]plural{}
	for kind, nouns := range b.kind {
		plain[kind] = nouns[:1]
	}
	return plain
}

var plainBooks = map[Language]*phrasebook{Catalan: &catalanPlain, Spanish: &spanishPlain, English: &englishPlain}

// asides are the notes of the answer: what the schema could not express.
var asides = map[Language]map[string]string{
	Catalan: {
		string(askCount): "es demana un recompte", string(askYearly): "es demana l'evolució per any",
		string(askRanking): "es demana un rànquing d'entitats", string(askFunding): "es demana l'import total",
		"budget": "no es pot filtrar per pressupost", "duration": "no es pot filtrar per durada", "coordinator": "no es pot filtrar per qui coordina",
	},
	Spanish: {
		string(askCount): "se pide un recuento", string(askYearly): "se pide la evolución por año",
		string(askRanking): "se pide un ranking de entidades", string(askFunding): "se pide el importe total",
		"budget": "no se puede filtrar por presupuesto", "duration": "no se puede filtrar por duración", "coordinator": "no se puede filtrar por quien coordina",
	},
	English: {
		string(askCount): "a count is asked for", string(askYearly): "the evolution by year is asked for",
		string(askRanking): "a ranking of organisations is asked for", string(askFunding): "the total amount is asked for",
		"budget": "budget cannot be filtered", "duration": "duration cannot be filtered", "coordinator": "the coordinator cannot be filtered",
	},
}

// record is the gold answer to a question with this meaning.
func (m meaning) record(id, question string) Record {
	rec := Record{
		DocType: "projects",
		Filters: Filters{
			Programme:     optional(m.programme.name),
			FundingLevel:  optional(m.level),
			Year:          optional(m.year.value()),
			Location:      optional(m.place.name),
			LocationLevel: optional(m.place.level),
		},
		Organisations: []Organisation{},
		SemanticQuery: optional(m.topic),
		QueryRewrite:  m.plainSentence(),
		Meta: Meta{ID: id, Lang: string(m.lang), OriginalQuery: question, Intent: "Discover", Resolvability: "Direct",
			Notes: optional(asides[m.lang][string(m.ask)])},
	}
	if m.ask != askList {
		rec.Meta.Intent = "Quantify"
	}
	if m.limit != "" {
		rec.Meta.Resolvability = "Partial"
		rec.Meta.Notes = optional(asides[m.lang][m.limit])
	}
	for _, o := range m.orgs {
		rec.Organisations = append(rec.Organisations, Organisation{
			Type: optional(o.kind), Name: optional(o.named.name),
			Location: optional(o.place.name), LocationLevel: optional(o.place.level),
		})
	}
	return rec
}

// plainSentence speaks the meaning in the one plain way. The programme goes by
// its proper name, whatever the question called it.
func (m meaning) plainSentence() string {
	m.programme.phrase, m.limit = m.programme.name, ""
	s := &speaker{book: plainBooks[m.lang], lang: m.lang, r: rand.New(rand.NewPCG(0, 0))}
	return s.sentence(m)
}
