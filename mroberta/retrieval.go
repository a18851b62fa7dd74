package mroberta

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/sbert"
)

// Retrieval is a set of queries, the documents to find, and which are right: a BEIR data set (Thakur et al., "BEIR", 2021).
type Retrieval struct {
	QueryIDs, Queries []string
	DocIDs, Docs      []string
	Relevant          map[string]map[string]bool // by query
	// QueryLangs and DocLangs are the languages, where every record of both files has a field "lang"; nil otherwise.
	QueryLangs, DocLangs []string
}

// ReadBEIR reads a BEIR folder: corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv.
func ReadBEIR(dir, split string) (*Retrieval, error) {
	return ReadRetrieval(filepath.Join(dir, "queries.jsonl"), filepath.Join(dir, "corpus.jsonl"), filepath.Join(dir, "qrels", split+".tsv"))
}

// ReadRetrieval reads queries and corpus (JSONL with _id, title and text; also id, CSV, TSV and parquet) and qrels (TSV with
// query-id, corpus-id and score). Judgements of score 0 are left out, and queries without a right document, as
// InformationRetrievalEvaluator does. Ids that are in the qrels alone are an error: the files belong to different sets.
func ReadRetrieval(queries, corpus, qrels string) (*Retrieval, error) {
	r := &Retrieval{}
	docs, err := readTexts(corpus, nil)
	if err != nil {
		return nil, err
	}
	if r.Relevant, err = readJudgements(qrels, corpus, docs.seen); err != nil {
		return nil, err
	}
	asked, err := readTexts(queries, r.Relevant)
	if err != nil {
		return nil, err
	}
	if len(asked.ids) != len(r.Relevant) {
		return nil, fmt.Errorf("%s: %d queries have a right document, %d of them are in %s: the files do not belong together", qrels, len(r.Relevant), len(asked.ids), queries)
	}
	if len(asked.ids) == 0 {
		return nil, eval.ErrNoRelevant
	}
	r.QueryIDs, r.Queries, r.DocIDs, r.Docs = asked.ids, asked.texts, docs.ids, docs.texts
	if len(asked.langs) == len(asked.ids) && len(docs.langs) == len(docs.ids) {
		r.QueryLangs, r.DocLangs = asked.langs, docs.langs
	}
	return r, nil
}

// readJudgements reads which of the documents, which are in corpus, are right for each query.
func readJudgements(qrels, corpus string, docs map[string]bool) (map[string]map[string]bool, error) {
	relevant := map[string]map[string]bool{}
	missing, first, row := 0, "", 0
	for record, err := range sbert.Records(qrels) {
		if err != nil {
			return nil, err
		}
		row++
		q, d := record["query-id"], record["corpus-id"]
		score, err := strconv.Atoi(record["score"])
		if err != nil || q == "" || d == "" {
			return nil, fmt.Errorf("%s: judgement %d: the columns are query-id, corpus-id and score, a whole number; there is %q", qrels, row, columnNames(record))
		}
		if score <= 0 {
			continue
		}
		if !docs[d] {
			if missing++; missing == 1 {
				first = d
			}
			continue
		}
		if relevant[q] == nil {
			relevant[q] = map[string]bool{}
		}
		relevant[q][d] = true
	}
	if missing > 0 {
		return nil, fmt.Errorf("%s: %d of the right documents are not in %s, the first is %q: the files do not belong together", qrels, missing, corpus, first)
	}
	return relevant, nil
}

// textFile is what readTexts finds: lists of one length, but for langs, which holds those that are given.
type textFile struct {
	ids, texts, langs []string
	seen              map[string]bool // every id of the file
}

// readTexts reads ids, texts, a title put before its text, and languages; with only, the ids in it alone.
func readTexts(path string, only map[string]map[string]bool) (f textFile, err error) {
	f.seen = map[string]bool{}
	for r, err := range sbert.Records(path) {
		if err != nil {
			return f, err
		}
		id := r["_id"]
		if id == "" {
			id = r["id"]
		}
		text, ok := r["text"]
		if id == "" || !ok {
			return f, fmt.Errorf("%s: row %d has no _id or no text; its columns are %s", path, len(f.seen)+1, columnNames(r))
		}
		if f.seen[id] {
			return f, fmt.Errorf("%s: the id %q stands there twice", path, id)
		}
		f.seen[id] = true
		if only != nil && only[id] == nil {
			continue
		}
		f.ids, f.texts = append(f.ids, id), append(f.texts, strings.TrimSpace(r["title"]+" "+text))
		if lang := r["lang"]; lang != "" {
			f.langs = append(f.langs, lang)
		}
	}
	return f, nil
}
