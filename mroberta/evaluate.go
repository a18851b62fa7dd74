package mroberta

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/sbert"
)

// Evaluation is how well a model finds documents.
type Evaluation struct {
	// Score is how the evaluator calls the similarity: cosine or dot.
	Score string
	// Metrics over all queries and all documents.
	Metrics []eval.RetrievalMetric
	// Directions are the tasks from each language of queries to each of documents, in order; nil where the records carry no
	// languages. Only the documents of that language are searched, and the queries that have a right one there count.
	Directions []Direction
}

// Direction is the task of finding documents of one language by queries of another, or the same.
type Direction struct {
	Query, Document string // languages
	Queries         int    // that count
	Metrics         []eval.RetrievalMetric
}

// Name is the direction as keys have it: "ca-es".
func (d Direction) Name() string { return d.Query + "-" + d.Document }

// evaluationBlock is how many documents are encoded and searched at once: what bounds the memory.
const evaluationBlock = 16384

// Evaluate finds the documents for every query with the model and gives InformationRetrievalEvaluator's metrics. The corpus
// is encoded block by block, each block once; its vectors are never all in memory. o.Normalize is decided by the model's
// similarity, which must be cosine or dot.
func Evaluate(ctx context.Context, m *sbert.Model, r *Retrieval, o sbert.EncodeOptions, at eval.RetrievalAt) (*Evaluation, error) {
	if m.Similarity != "cosine" && m.Similarity != "dot" {
		return nil, fmt.Errorf("mroberta: the model's similarity is %s: retrieval is measured by cosine or dot", m.Similarity)
	}
	e := &Evaluation{Score: m.Similarity}
	search, err := newSearch(r, at)
	if err != nil {
		return nil, err
	}
	o.Normalize = m.Similarity == "cosine"
	query, document := queryOptions(m, o), documentOptions(m, o)
	progress := o.Progress
	query.Progress, document.Progress = nil, nil
	queries, err := m.Encode(ctx, r.Queries, query)
	if err != nil {
		return nil, err
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
		if err := search.look(queries, block, from); err != nil {
			return nil, err
		}
	}
	if e.Metrics, err = search.metrics("", "", nil); err != nil || r.QueryLangs == nil {
		return e, err
	}
	for _, q := range languages(r.QueryLangs) {
		for _, d := range languages(r.DocLangs) {
			queries := 0
			metrics, err := search.metrics(q, d, &queries)
			if queries == 0 {
				continue // no query of this language has a right document there
			} else if err != nil {
				return nil, err
			}
			e.Directions = append(e.Directions, Direction{q, d, queries, metrics})
		}
	}
	return e, nil
}

// Keys are the metrics under the evaluator's keys, as "cosine_ndcg@10"; those of directions as "ca-es_cosine_ndcg@10", and
// their means, each direction counting once, as "monolingual_cosine_ndcg@10" and "crosslingual_cosine_ndcg@10".
func (e *Evaluation) Keys(name string) map[string]float64 {
	prefix := func(part string) string {
		if name != "" {
			return name + "_" + part
		}
		return part
	}
	keys := eval.RetrievalKeys(name, e.Score, e.Metrics)
	for _, d := range e.Directions {
		maps.Copy(keys, eval.RetrievalKeys(prefix(d.Name()), e.Score, d.Metrics))
	}
	for _, kind := range []string{"monolingual", "crosslingual"} {
		if mean := e.Mean(kind == "monolingual"); mean != nil {
			maps.Copy(keys, eval.RetrievalKeys(prefix(kind), e.Score, mean))
		}
	}
	return keys
}

// Mean averages the metrics of the directions within one language, or of those between two; nil when there is none.
func (e *Evaluation) Mean(monolingual bool) []eval.RetrievalMetric {
	var mean []eval.RetrievalMetric
	n := 0.0
	for _, d := range e.Directions {
		if (d.Query == d.Document) != monolingual {
			continue
		}
		if mean == nil {
			mean = make([]eval.RetrievalMetric, len(d.Metrics))
		}
		for i, metric := range d.Metrics {
			mean[i].Name = metric.Name
			mean[i].Value += metric.Value
		}
		n++
	}
	for i := range mean {
		mean[i].Value /= n
	}
	return mean
}

// search gathers the best documents of every query, over all documents and over those of each language.
type search struct {
	r    *Retrieval
	at   eval.RetrievalAt
	tops map[string][]*eval.TopHits // by language of the documents, "" for all; of each query
}

func newSearch(r *Retrieval, at eval.RetrievalAt) (*search, error) {
	if _, err := eval.NewRetrieval(at); err != nil {
		return nil, err
	}
	s := &search{r, at, map[string][]*eval.TopHits{}}
	for _, lang := range append(languages(r.DocLangs), "") {
		list := make([]*eval.TopHits, len(r.Queries))
		for i := range list {
			list[i] = eval.NewTopHits(at.Depth())
		}
		s.tops[lang] = list
	}
	return s, nil
}

// look searches the vectors of the documents from a number on.
func (s *search) look(queries, block *sbert.Vectors, from int) error {
	if s.r.DocLangs == nil {
		return s.push("", queries, block, func(row int) int { return from + row })
	}
	for _, lang := range languages(s.r.DocLangs[from : from+block.Rows]) {
		var rows []int
		var data []float32
		for row := range block.Rows {
			if s.r.DocLangs[from+row] == lang {
				rows, data = append(rows, from+row), append(data, block.Row(row)...)
			}
		}
		part := &sbert.Vectors{Rows: len(rows), Dimensions: block.Dimensions, Data: data}
		if err := s.push(lang, queries, part, func(row int) int { return rows[row] }); err != nil {
			return err
		}
	}
	return nil
}

// push keeps the best documents of a block of one language, among those of that language and among all.
func (s *search) push(lang string, queries, block *sbert.Vectors, number func(row int) int) error {
	found, err := sbert.Search(queries, block, s.at.Depth())
	if err != nil {
		return err
	}
	for i, matches := range found {
		for _, match := range matches {
			id := s.r.DocIDs[number(match.Row)]
			s.tops[""][i].Push(id, float64(match.Score))
			if lang != "" {
				s.tops[lang][i].Push(id, float64(match.Score))
			}
		}
	}
	return nil
}

// metrics of the queries of one language over the documents of another; "" for all. It counts the queries that have a right
// document there.
func (s *search) metrics(queries, docs string, counted *int) ([]eval.RetrievalMetric, error) {
	metrics, err := eval.NewRetrieval(s.at)
	if err != nil {
		return nil, err
	}
	var of map[string]bool // the documents of that language; nil for all
	if docs != "" {
		of = map[string]bool{}
		for i, lang := range s.r.DocLangs {
			if lang == docs {
				of[s.r.DocIDs[i]] = true
			}
		}
	}
	for i, id := range s.r.QueryIDs {
		if queries != "" && s.r.QueryLangs[i] != queries {
			continue
		}
		relevant := s.r.Relevant[id]
		if of != nil {
			relevant = maps.Clone(relevant)
			maps.DeleteFunc(relevant, func(doc string, _ bool) bool { return !of[doc] })
		}
		if len(relevant) > 0 && counted != nil {
			*counted++
		}
		metrics.Add(s.tops[docs][i].Sorted(), relevant)
	}
	return metrics.Metrics()
}

// languages lists the different ones in order.
func languages(of []string) []string { return slices.Compact(slices.Sorted(slices.Values(of))) }

// queryOptions and documentOptions choose the model's prompt for each side, as encode_query and encode_document do, unless o
// names one.
func queryOptions(m *sbert.Model, o sbert.EncodeOptions) sbert.EncodeOptions {
	return withPrompt(m, o, "query")
}

func documentOptions(m *sbert.Model, o sbert.EncodeOptions) sbert.EncodeOptions {
	return withPrompt(m, o, "document", "passage", "corpus")
}

func withPrompt(m *sbert.Model, o sbert.EncodeOptions, names ...string) sbert.EncodeOptions {
	if o.Prompt != "" || o.PromptName != "" {
		return o
	}
	o.PromptName = m.PromptFor(names...)
	return o
}
