package synth

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Pair is a query and a text that answers it, for training a retrieval model.
type Pair struct {
	Query   string `json:"query"`
	Passage string `json:"passage"`
}

// Text is a query or a document of a retrieval test.
type Text struct {
	ID   string `json:"_id"`
	Text string `json:"text"`
	Lang string `json:"lang"`
}

// Retrieval is the data of the demo's retrieval half. A subject is a method for an aim («low-cost sensors for crop
// irrigation»); its query names it, its abstract speaks of it in sentences. Every method and every aim occurs in training,
// but no subject of the test does: a model must put the two together, in the language of the query and in the others.
type Retrieval struct {
	Train   []Pair
	Queries []Text          // of the test
	Corpus  []Text          // abstracts of all subjects, those of training among them, each in the three languages
	Right   map[string]bool // "query-id\tcorpus-id"
}

// abstractTexts are the sentences of an abstract: the aim stands behind its preposition.
var abstractTexts = map[Language][]string{
	Catalan: {
		"En aquest treball s'estudien {method} i com poden servir {aim}. Durant {number} mesos es faran proves a {place}.",
		"L'equip, amb {number} persones de {place}, vol posar a punt {method}. La finalitat és que serveixin {aim}.",
		"Avui encara costa trobar bones solucions {aim}. Proposem {method}, que provarem a {place} durant {number} mesos.",
	},
	Spanish: {
		"En este trabajo se estudian {method} y cómo pueden servir {aim}. Durante {number} meses se harán pruebas en {place}.",
		"El equipo, con {number} personas de {place}, quiere poner a punto {method}. La finalidad es que sirvan {aim}.",
		"Todavía hoy cuesta encontrar buenas soluciones {aim}. Proponemos {method}, que probaremos en {place} durante {number} meses.",
	},
	English: {
		"This work studies {method} and how they can serve {aim}. Trials will be held in {place} over {number} months.",
		"The team, {number} people from {place}, wants to develop {method}. The purpose is to use them {aim}.",
		"Good solutions {aim} are still hard to find. We propose {method}, to be tried in {place} over {number} months.",
	},
}

var purposes = map[Language]string{Catalan: "per a", Spanish: "para", English: "for"}

// NewRetrieval draws the data; one subject in four is for the test.
func NewRetrieval(seed uint64) (*Retrieval, error) {
	t, err := readTables()
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(seed, 8))
	data := &Retrieval{Right: map[string]bool{}}
	for m, method := range t.methods {
		for a, aim := range t.aims {
			test := (m+a)%4 == 0
			for _, lang := range Languages {
				document := Text{fmt.Sprintf("d%d-%d-%s", m, a, lang), t.abstract(r, lang, method, aim), string(lang)}
				data.Corpus = append(data.Corpus, document)
				for _, asked := range Languages {
					query := method[asked] + " " + join(asked, purposes[asked], aim[asked])
					if !test {
						data.Train = append(data.Train, Pair{query, document.Text})
						continue
					}
					id := fmt.Sprintf("q%d-%d-%s", m, a, asked)
					if asked == lang {
						data.Queries = append(data.Queries, Text{id, query, string(asked)})
					}
					data.Right[id+"\t"+document.ID] = true
				}
			}
		}
	}
	r.Shuffle(len(data.Train), func(i, j int) { data.Train[i], data.Train[j] = data.Train[j], data.Train[i] })
	return data, nil
}

func (t *tables) abstract(r *rand.Rand, lang Language, method, aim words) string {
	_, where := splitArticle(lang, pick(r, t.places).name[lang])
	return strings.NewReplacer("{method}", method[lang], "{aim}", join(lang, purposes[lang], aim[lang]), "{place}", where, "{number}", fmt.Sprint(2+r.IntN(40))).
		Replace(pick(r, abstractTexts[lang]))
}

// OrganisationPairs are the names of the training organisations in two languages each, and names beside acronyms.
func OrganisationPairs() ([]Pair, error) {
	t, err := readTables()
	if err != nil {
		return nil, err
	}
	var pairs []Pair
	for _, o := range t.organisations[trainSplit] {
		for _, a := range Languages {
			for _, b := range Languages {
				if a != b && o.name[a] != "" && o.name[b] != "" && o.name[a] != o.name[b] {
					pairs = append(pairs, Pair{o.name[a], o.name[b]})
				}
			}
			if o.acronym != "" && o.name[a] != "" {
				pairs = append(pairs, Pair{o.acronym, o.name[a]})
			}
		}
	}
	return pairs, nil
}
