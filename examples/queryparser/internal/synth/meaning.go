package synth

import (
	"fmt"
	"math/rand/v2"
)

// meaning is what a question asks for, before it is put into words.
type meaning struct {
	lang      Language
	ask       ask
	programme mention // name: how the gold answer calls it; phrase: how the question does
	level     string  // european, national, regional
	year      period
	place     locality
	orgs      []party
	topic     string
	limit     string // a wish that the schema cannot hold: budget, duration, coordinator
}

// ask is the intent: a list, or one of the aggregations.
type ask string

const (
	askList    ask = "list"
	askCount   ask = "count"
	askYearly  ask = "yearly"
	askRanking ask = "ranking"
	askFunding ask = "funding"
)

// mention is a thing with a name and the noun phrase by which the question
// speaks of it.
type mention struct{ name, phrase string }

// locality is a place with its level; phrase carries the article.
type locality struct{ level, name, phrase string }

// party is an organisation, or a kind of organisation maybe with a place.
type party struct {
	kind  string
	named mention
	place locality
}

// period is a span of years; the open forms use only from or only to.
type period struct {
	kind     string // "", in, between, since, after, until, before
	from, to int
}

// value is the period as the schema writes it.
func (p period) value() string {
	switch p.kind {
	case "in":
		return fmt.Sprint(p.from)
	case "between":
		return fmt.Sprintf("%d-%d", p.from, p.to)
	case "since":
		return fmt.Sprintf(">=%d", p.from)
	case "after":
		return fmt.Sprintf(">%d", p.from)
	case "until":
		return fmt.Sprintf("<=%d", p.to)
	case "before":
		return fmt.Sprintf("<%d", p.to)
	}
	return ""
}

// draw picks a meaning. The rates are those of the published data set's
// kind: most queries have a topic and one or two constraints.
func (t *tables) draw(r *rand.Rand, lang Language, s split, quantify bool) meaning {
	m := meaning{lang: lang, ask: askList}
	if quantify {
		m.ask = pick(r, []ask{askCount, askCount, askCount, askYearly, askRanking, askFunding})
	}
	if chance(r, .93) {
		m.topic = t.drawTopic(r, lang, s)
	}
	if chance(r, .34) {
		p := pick(r, t.programmes)
		m.programme = mention{p.name, pick(r, p.spoken[lang])}
	} else if chance(r, .22) {
		m.level = pick(r, []string{"european", "national", "regional"})
	}
	if chance(r, .38) {
		m.year = drawPeriod(r)
	}
	if chance(r, .62) {
		m.orgs = append(m.orgs, t.drawParty(r, lang, s))
		if chance(r, .22) {
			m.orgs = append(m.orgs, t.drawParty(r, lang, s))
		}
	}
	if chance(r, .28) {
		m.place = locate(lang, pick(r, t.places))
	}
	if m.ask == askRanking {
		m.orgs = nil // «quines entitats …?» asks for the organisations
	}
	if m.ask == askList && chance(r, .04) {
		m.limit = pick(r, []string{"budget", "duration", "coordinator"})
	}
	return m
}

// empty tells whether the question would ask for all projects there are.
func (m meaning) empty() bool {
	return m.topic == "" && m.programme.name == "" && m.level == "" && m.year.kind == "" && len(m.orgs) == 0 && m.place.name == ""
}

// drawTopic is a row of the table or, for one in three, a composed topic.
func (t *tables) drawTopic(r *rand.Rand, lang Language, s split) string {
	topics := t.topics[s]
	one := pick(r, topics)[lang]
	switch x := r.Float64(); {
	case s == devSplit || x < .62:
		return one
	case x < .9:
		purpose := map[Language]string{Catalan: "per a", Spanish: "para", English: "for"}
		return pick(r, t.methods)[lang] + " " + join(lang, purpose[lang], pick(r, t.aims)[lang])
	default:
		and := map[Language]string{Catalan: "i", Spanish: "y", English: "and"}
		other := pick(r, topics)[lang]
		if other == one {
			return one
		}
		return one + " " + join(lang, and[lang], other)
	}
}

func drawPeriod(r *rand.Rand) period {
	from := 2008 + r.IntN(16)
	switch x := r.Float64(); {
	case x < .35:
		return period{kind: "in", from: from}
	case x < .6:
		return period{kind: "between", from: from, to: min(from+1+r.IntN(6), 2025)}
	case x < .8:
		return period{kind: "since", from: from}
	case x < .86:
		return period{kind: "after", from: from}
	case x < .93:
		return period{kind: "until", to: from}
	default:
		return period{kind: "before", to: from}
	}
}

// drawParty is a named organisation (seven in ten) or a kind, which may have a place.
func (t *tables) drawParty(r *rand.Rand, lang Language, s split) party {
	if chance(r, .7) {
		o := pick(r, t.organisations[s])
		name := o.nameIn(lang)
		if o.acronym != "" && chance(r, .4) {
			// An acronym does not tell what kind of organisation it is.
			return party{named: mention{o.acronym, withArticle(lang, o.acronym, name)}}
		}
		return party{kind: o.kind, named: mention{name, withArticle(lang, name, name)}}
	}
	p := party{kind: pick(r, kinds)}
	if chance(r, .45) {
		var where place
		for where.level != "country" && where.level != "region" && where.level != "city" {
			where = pick(r, t.places)
		}
		p.place = locate(lang, where)
	}
	return p
}

// kinds are the organisation types that a question can ask for without a name.
var kinds = []string{"university", "company", "company", "research_center", "hospital", "ngo", "public_entity"}

func locate(lang Language, p place) locality {
	_, bare := splitArticle(lang, p.name[lang])
	return locality{level: p.level, name: bare, phrase: p.name[lang]}
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }
