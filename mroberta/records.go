package mroberta

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/pyrand"
	"github.com/ajolote-ai/ajolote/sbert"
)

// Abstract is a text with a title and keywords: what pairs are made of.
type Abstract struct {
	ID       string // equal for translations of one text; "" for none
	Title    string
	Text     string
	Keywords []string
	Lang     string // "" where it is not known
}

// ReadAbstracts reads records with the fields title, abstract, keywords (a JSON list, or separated by ";"), and, where there are,
// id and lang. Records without an abstract, or with neither title nor keywords, are skipped and counted.
func ReadAbstracts(path string) (list []Abstract, skipped int, err error) {
	row := 0
	for r, err := range sbert.Records(path) {
		if err != nil {
			return nil, 0, err
		}
		row++
		if _, ok := r["abstract"]; !ok {
			return nil, 0, fmt.Errorf("%s: row %d has no abstract; its columns are %s", path, row, columnNames(r))
		}
		a := Abstract{ID: r["id"], Title: strings.TrimSpace(r["title"]), Text: strings.TrimSpace(r["abstract"]), Lang: r["lang"]}
		if a.Keywords, err = keywords(r["keywords"]); err != nil {
			return nil, 0, fmt.Errorf("%s: row %d: keywords: %w", path, row, err)
		}
		if a.Text == "" || a.Title == "" && len(a.Keywords) == 0 {
			skipped++
			continue
		}
		list = append(list, a)
	}
	if len(list) == 0 {
		return nil, 0, fmt.Errorf("%s: no row has an abstract and a title or keywords (%d rows)", path, row)
	}
	return list, skipped, nil
}

// keywords reads a list, each keyword once.
func keywords(text string) (list []string, err error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "[") {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return nil, fmt.Errorf("%w: a list of texts is needed", err)
		}
	} else {
		list = strings.Split(text, ";")
	}
	var clean []string
	for _, k := range list {
		if k = strings.TrimSpace(k); k != "" && !slices.Contains(clean, k) {
			clean = append(clean, k)
		}
	}
	return clean, nil
}

// SplitOptions say how abstracts become pairs.
type SplitOptions struct {
	// Dev and Test are the shares of the abstracts to choose the model on and to measure it on.
	Dev, Test float64
	// TitleShare is the share of title -> abstract among the training pairs, the others being keyword -> abstract; of the kind
	// there is too much of, some are left out. Negative for all pairs that there are.
	TitleShare float64
	Seed       int
}

// DefaultSplitOptions keeps a twentieth each for choosing and measuring; a tenth of the training pairs are titles, as in the
// guide's run.
func DefaultSplitOptions() SplitOptions {
	return SplitOptions{Dev: 0.05, Test: 0.05, TitleShare: 0.1, Seed: 42}
}

// TextPair is a query with the abstract that answers it.
type TextPair struct {
	Query   string `json:"query"`
	Passage string `json:"passage"`
	Kind    string `json:"kind"` // keyword or title
	Lang    string `json:"lang,omitempty"`
}

// Split is training pairs and the abstracts that are held out of them.
type Split struct {
	Train     []TextPair
	Dev, Test *Retrieval
}

// SplitAbstracts makes pairs. On which side an abstract comes depends on the seed and on its id (or, without one, its text)
// alone, so that more records do not move the others; abstracts of one id or one text, so also translations, are never on
// two sides.
func SplitAbstracts(abstracts []Abstract, o SplitOptions) (*Split, error) {
	if o.Dev < 0 || o.Test < 0 || o.Dev+o.Test >= 1 || o.TitleShare > 1 {
		return nil, fmt.Errorf("mroberta: shares of %v to choose on, %v to measure on and %v titles: the first two lie between 0 and 1 and leave something to train on, the last is at most 1", o.Dev, o.Test, o.TitleShare)
	}
	var sides [3][]Abstract
	for i, group := range families(abstracts) {
		at := place(group, o.Seed)
		side := 0
		switch {
		case at < o.Dev:
			side = 1
		case at < o.Dev+o.Test:
			side = 2
		}
		sides[side] = append(sides[side], abstracts[i])
	}
	s := &Split{Train: trainingPairs(sides[0], o)}
	if len(s.Train) == 0 {
		return nil, fmt.Errorf("mroberta: %d abstracts give no training pair: more are needed, or a smaller share to measure on", len(abstracts))
	}
	s.Dev, s.Test = heldOut(sides[1]), heldOut(sides[2])
	return s, nil
}

// families names for each abstract the group that must stay together: those of equal ids or equal texts, transitively, by the
// smallest name in it.
func families(abstracts []Abstract) []string {
	parent := make([]int, len(abstracts))
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	first := map[string]int{} // abstract of a name
	names := func(a Abstract) []string {
		list := []string{"text " + strings.Join(strings.Fields(strings.ToLower(a.Text)), " ")}
		if a.ID != "" {
			list = append(list, "id "+a.ID)
		}
		return list
	}
	for i, a := range abstracts {
		parent[i] = i
		for _, name := range names(a) {
			if j, ok := first[name]; ok {
				parent[root(i)] = root(j)
			} else {
				first[name] = i
			}
		}
	}
	smallest := map[int]string{}
	for i, a := range abstracts {
		for _, name := range names(a) {
			if have, ok := smallest[root(i)]; !ok || name < have {
				smallest[root(i)] = name
			}
		}
	}
	groups := make([]string, len(abstracts))
	for i := range abstracts {
		groups[i] = smallest[root(i)]
	}
	return groups
}

// place is a number in [0, 1) that depends on a name and the seed.
func place(name string, seed int) float64 {
	h := sha256.Sum256([]byte(strconv.Itoa(seed) + " " + name))
	return float64(binary.BigEndian.Uint64(h[:])>>11) / (1 << 53)
}

// trainingPairs pairs every keyword and every title with its abstract, in the share that is asked for, in the order of the
// abstracts.
func trainingPairs(abstracts []Abstract, o SplitOptions) []TextPair {
	var all []TextPair
	var of [2][]int // places in all of keywords and titles
	for _, a := range abstracts {
		for _, k := range a.Keywords {
			of[0] = append(of[0], len(all))
			all = append(all, TextPair{k, a.Text, "keyword", a.Lang})
		}
		if a.Title != "" {
			of[1] = append(of[1], len(all))
			all = append(all, TextPair{a.Title, a.Text, "title", a.Lang})
		}
	}
	if o.TitleShare < 0 {
		return all
	}
	random := pyrand.NewRandom(int64(o.Seed))
	keep := make([]bool, len(all))
	for kind, share := range []float64{1 - o.TitleShare, o.TitleShare} {
		list, others := of[kind], len(of[1-kind])
		n := len(list)
		if share < 1 {
			n = min(n, int(float64(others)*share/(1-share)+0.5))
		}
		random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		for _, i := range list[:n] {
			keep[i] = true
		}
	}
	var pairs []TextPair
	for i, p := range all {
		if keep[i] {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// heldOut makes a retrieval task: the abstracts are the documents, titles and keywords the queries. A keyword of several
// abstracts is one query for each language in which it stands; right are all of its abstracts, and those of the same id in
// other languages.
func heldOut(abstracts []Abstract) *Retrieval {
	r := &Retrieval{Relevant: map[string]map[string]bool{}}
	versions := map[string][]string{} // documents of an id
	queries := map[[2]string]string{}
	langs := true
	for i, a := range abstracts {
		doc := "d" + strconv.Itoa(i)
		r.DocIDs, r.Docs, r.DocLangs = append(r.DocIDs, doc), append(r.Docs, a.Text), append(r.DocLangs, a.Lang)
		versions[a.ID] = append(versions[a.ID], doc)
		langs = langs && a.Lang != ""
	}
	for i, a := range abstracts {
		texts := a.Keywords
		if a.Title != "" {
			texts = append(slices.Clone(texts), a.Title)
		}
		for _, text := range texts {
			key := [2]string{text, a.Lang}
			id, ok := queries[key]
			if !ok {
				id = "q" + strconv.Itoa(len(queries))
				queries[key] = id
				r.QueryIDs, r.Queries, r.QueryLangs = append(r.QueryIDs, id), append(r.Queries, text), append(r.QueryLangs, a.Lang)
				r.Relevant[id] = map[string]bool{}
			}
			r.Relevant[id]["d"+strconv.Itoa(i)] = true
			if a.ID != "" {
				for _, doc := range versions[a.ID] {
					r.Relevant[id][doc] = true
				}
			}
		}
	}
	if !langs {
		r.QueryLangs, r.DocLangs = nil, nil
	}
	return r
}
