// Retrieval metrics, those of sentence-transformers' InformationRetrievalEvaluator (version 6).

package eval

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// RetrievalAt holds the cut-offs at which each metric is taken.
type RetrievalAt struct {
	Accuracy        []int // is a relevant document among the first k?
	PrecisionRecall []int // relevant documents among the first k, as a share of k, and of all relevant ones
	MRR             []int // 1/rank of the first relevant document, 0 without one among the first k
	NDCG            []int // gain of 1/log2(rank+1) for each relevant document, as a share of the best possible
	MAP             []int // mean of the precision at each relevant document's rank; divided by min(k, number of relevant ones)
}

// DefaultRetrievalAt returns the evaluator's own cut-offs: 1, 3, 5 and 10; 10 for MRR and NDCG, 100 for MAP.
func DefaultRetrievalAt() RetrievalAt {
	return RetrievalAt{Accuracy: []int{1, 3, 5, 10}, PrecisionRecall: []int{1, 3, 5, 10}, MRR: []int{10}, NDCG: []int{10}, MAP: []int{100}}
}

// Depth is the largest cut-off: so many hits a query are needed.
func (at RetrievalAt) Depth() int {
	return slices.Max(slices.Concat([]int{0}, at.Accuracy, at.PrecisionRecall, at.MRR, at.NDCG, at.MAP))
}

// Hit is a document that was found for a query.
type Hit struct {
	ID    string
	Score float64 // larger is better
}

// compareHits orders by falling score, equal scores by ascending id (as a string, so "10" comes before "2"). A NaN score comes last.
func compareHits(a, b Hit) int {
	if a.Score != b.Score && !(math.IsNaN(a.Score) && math.IsNaN(b.Score)) {
		return cmp.Compare(b.Score, a.Score)
	}
	return cmp.Compare(a.ID, b.ID)
}

// Retrieval gathers metrics over queries. It is not safe for use by several goroutines at once.
type Retrieval struct {
	at      RetrievalAt
	queries int
	sums    []float64 // one for each entry of names
	names   []string
}

// NewRetrieval starts with no queries. The error names a cut-off below 1.
func NewRetrieval(at RetrievalAt) (*Retrieval, error) {
	r := &Retrieval{at: at}
	for _, m := range []struct {
		ks    []int
		names []string
	}{
		{at.Accuracy, []string{"accuracy"}}, {at.PrecisionRecall, []string{"precision", "recall"}},
		{at.MRR, []string{"mrr"}}, {at.NDCG, []string{"ndcg"}}, {at.MAP, []string{"map"}},
	} {
		for _, k := range m.ks {
			if k < 1 {
				return nil, fmt.Errorf("%s@%d: a cut-off must be at least 1", m.names[0], k)
			}
			for _, name := range m.names {
				r.names = append(r.names, name+"@"+strconv.Itoa(k))
			}
		}
	}
	r.sums = make([]float64, len(r.names))
	return r, nil
}

// Add counts one query: its hits, in any order (they are sorted in place), and its relevant documents, of which some may be missing from the corpus. The hits must hold the
// best [RetrievalAt.Depth] documents, or all. A query without relevant documents is left out.
func (r *Retrieval) Add(hits []Hit, relevant map[string]bool) {
	total := 0
	for _, is := range relevant {
		if is {
			total++
		}
	}
	if total == 0 {
		return
	}
	slices.SortFunc(hits, compareHits)
	var ranks []int // of the relevant documents that were found, from 1
	for i := range hits[:min(len(hits), r.at.Depth())] {
		if relevant[hits[i].ID] {
			ranks = append(ranks, i+1)
		}
	}
	found := func(k int) int {
		n, _ := slices.BinarySearch(ranks, k+1)
		return n
	}
	r.queries++
	slot := 0
	add := func(v float64) {
		r.sums[slot] += v
		slot++
	}
	for _, k := range r.at.Accuracy {
		add(float64(min(found(k), 1)))
	}
	for _, k := range r.at.PrecisionRecall {
		add(float64(found(k)) / float64(k))
		add(float64(found(k)) / float64(total))
	}
	for _, k := range r.at.MRR {
		if found(k) == 0 {
			add(0)
		} else {
			add(1 / float64(ranks[0]))
		}
	}
	for _, k := range r.at.NDCG {
		gain, best := 0.0, 0.0
		for _, rank := range ranks[:found(k)] {
			gain += 1 / math.Log2(float64(rank+1))
		}
		for rank := 1; rank <= min(total, k); rank++ {
			best += 1 / math.Log2(float64(rank+1))
		}
		add(gain / best)
	}
	for _, k := range r.at.MAP {
		sum := 0.0
		for i, rank := range ranks[:found(k)] {
			sum += float64(i+1) / float64(rank)
		}
		add(sum / float64(min(k, total)))
	}
}

// RetrievalMetric is one number, by its name without prefix: "ndcg@10".
type RetrievalMetric struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// ErrNoRelevant tells that no query has a relevant document, so that there is nothing to measure.
var ErrNoRelevant = errors.New("no query has a relevant document: the metrics have nothing to go by")

// Metrics returns the means over the queries added, in the order accuracy, precision and recall in turn, mrr, ndcg, map. The error is [ErrNoRelevant].
func (r *Retrieval) Metrics() ([]RetrievalMetric, error) {
	if r.queries == 0 {
		return nil, ErrNoRelevant
	}
	out := make([]RetrievalMetric, len(r.names))
	for i, name := range r.names {
		out[i] = RetrievalMetric{name, r.sums[i] / float64(r.queries)}
	}
	return out, nil
}

// RetrievalKeys returns the metrics under the evaluator's keys: "cosine_ndcg@10", and "dev_cosine_ndcg@10" for an evaluator named dev.
func RetrievalKeys(evaluator, scoreFunction string, metrics []RetrievalMetric) map[string]float64 {
	prefix := scoreFunction + "_"
	if evaluator != "" {
		prefix = evaluator + "_" + prefix
	}
	out := make(map[string]float64, len(metrics))
	for _, m := range metrics {
		out[prefix+m.Name] = m.Value
	}
	return out
}

var retrievalColumns = map[string]string{"accuracy": "Accuracy", "precision": "Precision", "recall": "Recall", "mrr": "MRR", "ndcg": "NDCG", "map": "MAP"}

// AppendRetrievalCSV appends a row to the evaluator's file in a folder, Information-Retrieval_evaluation[_name]_results.csv, which gets its header
// when it is new. epoch and steps are -1 outside training. It returns the path.
func AppendRetrievalCSV(dir, evaluator, scoreFunction string, epoch float64, steps int, metrics []RetrievalMetric) (string, error) {
	name := "Information-Retrieval_evaluation"
	if evaluator != "" {
		name += "_" + evaluator
	}
	path := filepath.Join(dir, name+"_results.csv")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	_, err := os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return "", err
	}
	defer f.Close()
	header := []string{"epoch", "steps"}
	row := []string{strconv.FormatFloat(epoch, 'f', -1, 64), strconv.Itoa(steps)}
	if epoch != math.Trunc(epoch) {
		row[0] = pyjson.FloatText(epoch)
	}
	for _, m := range metrics {
		column, k := cutAt(m.Name)
		header = append(header, scoreFunction+"-"+retrievalColumns[column]+"@"+k)
		row = append(row, pyjson.FloatText(m.Value))
	}
	w := csv.NewWriter(f)
	if fresh {
		if err := w.Write(header); err != nil {
			return "", err
		}
	}
	if err := w.Write(row); err != nil {
		return "", err
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return "", err
	}
	return path, f.Close()
}

func cutAt(name string) (metric, k string) {
	for i := range name {
		if name[i] == '@' {
			return name[:i], name[i+1:]
		}
	}
	return name, ""
}
