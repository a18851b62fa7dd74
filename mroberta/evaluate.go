package mroberta

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/sbert"
)

// Retrieval is a set of queries, the documents to find, and which are right: a BEIR data set.
type Retrieval struct {
	QueryIDs, Queries []string
	DocIDs, Docs      []string
	Relevant          map[string]map[string]bool // by query
}

// ReadRetrieval reads queries and corpus (JSONL with _id, title and text; also id, CSV, TSV and parquet) and qrels (TSV with
// query-id, corpus-id and score). Judgements of score 0 are left out, and queries without a right document, as
// InformationRetrievalEvaluator does. Ids that are in the qrels alone are an error: the files belong to different sets.
func ReadRetrieval(queries, corpus, qrels string) (*Retrieval, error) {
	r := &Retrieval{Relevant: map[string]map[string]bool{}}
	var err error
	if r.DocIDs, r.Docs, err = readTexts(corpus, nil); err != nil {
		return nil, err
	}
	docs := make(map[string]bool, len(r.DocIDs))
	for _, id := range r.DocIDs {
		docs[id] = true
	}
	var missing []string
	row := 0
	for record, err := range sbert.Records(qrels) {
		if err != nil {
			return nil, err
		}
		row++
		q, d, score := record["query-id"], record["corpus-id"], record["score"]
		n, err := strconv.Atoi(score)
		if err != nil || q == "" || d == "" {
			return nil, fmt.Errorf("%s: judgement %d: the columns are query-id, corpus-id and score, a whole number; there is %q", qrels, row, columnNames(record))
		}
		if n <= 0 {
			continue
		}
		if !docs[d] {
			missing = append(missing, d)
		}
		if r.Relevant[q] == nil {
			r.Relevant[q] = map[string]bool{}
		}
		r.Relevant[q][d] = true
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s: %d of the right documents are not in %s, the first is %q: the files do not belong together", qrels, len(missing), corpus, missing[0])
	}
	if r.QueryIDs, r.Queries, err = readTexts(queries, r.Relevant); err != nil {
		return nil, err
	}
	if len(r.QueryIDs) != len(r.Relevant) {
		return nil, fmt.Errorf("%s: %d queries have a right document, %d of them are in %s: the files do not belong together", qrels, len(r.Relevant), len(r.QueryIDs), queries)
	}
	if len(r.QueryIDs) == 0 {
		return nil, eval.ErrNoRelevant
	}
	return r, nil
}

// readTexts reads ids and texts, a title put before its text; with only, the ids in it alone.
func readTexts(path string, only map[string]map[string]bool) (ids, texts []string, err error) {
	seen := map[string]bool{}
	for r, err := range sbert.Records(path) {
		if err != nil {
			return nil, nil, err
		}
		id := r["_id"]
		if id == "" {
			id = r["id"]
		}
		text, ok := r["text"]
		if id == "" || !ok {
			return nil, nil, fmt.Errorf("%s: row %d has no _id or no text; its columns are %s", path, len(seen)+1, columnNames(r))
		}
		if seen[id] {
			return nil, nil, fmt.Errorf("%s: the id %q stands there twice", path, id)
		}
		seen[id] = true
		if only != nil && only[id] == nil {
			continue
		}
		ids, texts = append(ids, id), append(texts, strings.TrimSpace(r["title"]+" "+text))
	}
	return ids, texts, nil
}

// evaluationBlock is how many documents are encoded and searched at once: what bounds the memory.
const evaluationBlock = 16384

// Evaluate finds the documents for every query with the model and gives InformationRetrievalEvaluator's metrics. The corpus
// is encoded block by block, each block once; its vectors are never all in memory.
func Evaluate(ctx context.Context, m *sbert.Model, r *Retrieval, o sbert.EncodeOptions, at eval.RetrievalAt) ([]eval.RetrievalMetric, error) {
	metrics, err := eval.NewRetrieval(at)
	if err != nil {
		return nil, err
	}
	o.Normalize = m.Similarity != "dot"
	query, document := o, o
	if o.Prompt == "" && o.PromptName == "" {
		query.PromptName, document.PromptName = promptIf(m, "query"), promptIf(m, "document")
	}
	progress := o.Progress
	query.Progress, document.Progress = nil, nil
	queries, err := m.Encode(ctx, r.Queries, query)
	if err != nil {
		return nil, err
	}
	tops := make([]*eval.TopHits, len(r.Queries))
	for i := range tops {
		tops[i] = eval.NewTopHits(at.Depth())
	}
	for from := 0; from < len(r.Docs); from += evaluationBlock {
		to := min(from+evaluationBlock, len(r.Docs))
		if progress != nil {
			document.Progress = func(done, _ int) { progress(from+done, len(r.Docs)) }
		}
		block, err := m.Encode(ctx, r.Docs[from:to], document)
		if err != nil {
			return nil, err
		}
		found, err := sbert.Search(queries, block, at.Depth())
		if err != nil {
			return nil, err
		}
		for i, matches := range found {
			for _, match := range matches {
				tops[i].Push(r.DocIDs[from+match.Row], float64(match.Score))
			}
		}
	}
	for i, id := range r.QueryIDs {
		metrics.Add(tops[i].Sorted(), r.Relevant[id])
	}
	return metrics.Metrics()
}

// ScoreName is how the evaluator calls the model's similarity: cosine or dot.
func ScoreName(m *sbert.Model) string {
	if m.Similarity == "dot" {
		return "dot"
	}
	return "cosine"
}

func promptIf(m *sbert.Model, name string) string {
	if _, ok := m.Prompts[name]; ok {
		return name
	}
	return ""
}
