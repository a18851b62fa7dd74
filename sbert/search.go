package sbert

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/ajolote-ai/ajolote/torch"
)

// Match is a document that was found.
type Match struct {
	Row   int     // of the corpus
	Score float32 // the dot product: the cosine, where both sides are normalised
}

// searchBlock is how many rows of the corpus are compared at once: scores of 1,024 queries with them take 64 MB.
const searchBlock = 16384

// Search finds the k rows of a corpus with the largest dot product with each query, best first, rows of equal score by their
// number. It is exact, and looks at the corpus block by block: beside the corpus it needs some 200 MB, whatever its size.
func Search(queries, corpus *Vectors, k int) (found [][]Match, err error) {
	defer torch.Catch(&err)
	if queries.Dimensions != corpus.Dimensions {
		return nil, fmt.Errorf("sbert: the queries have %d dimensions, the corpus %d: they are of different models", queries.Dimensions, corpus.Dimensions)
	}
	k = min(max(k, 0), corpus.Rows)
	found = make([][]Match, queries.Rows)
	for from := 0; from < queries.Rows; from += 1024 {
		to := min(from+1024, queries.Rows)
		err := torch.Run(func() error {
			torch.NoGrad(func() { searchRows(found[from:to], queries.slice(from, to), corpus, k) })
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// FoundTexts reads a column of the file that the corpus was made of: the texts of the rows that were found, and no others, by
// the number of their row. The file is read once, row by row; see [Records] for its kinds.
func FoundTexts(path, column string, found [][]Match) (map[int]string, error) {
	texts := map[int]string{}
	for _, matches := range found {
		for _, match := range matches {
			texts[match.Row] = ""
		}
	}
	row := 0
	for record, err := range Records(path) {
		if err != nil {
			return nil, err
		}
		if _, wanted := texts[row]; wanted {
			texts[row] = record[column]
		}
		row++
	}
	return texts, nil
}

// Normalized says whether vector i is of length 1, to the precision of float16.
func (v *Vectors) Normalized(i int) bool {
	square := 0.0
	for _, x := range v.Row(i) {
		square += float64(x) * float64(x)
	}
	return math.Abs(square-1) < 2e-3
}

// slice is rows [from, to), without copying.
func (v *Vectors) slice(from, to int) *Vectors {
	return &Vectors{to - from, v.Dimensions, v.Data[from*v.Dimensions : to*v.Dimensions]}
}

func searchRows(found [][]Match, queries, corpus *Vectors, k int) {
	s := torch.NewScope("search")
	defer s.Close()
	q := torch.FromSlice(s, queries.Data, queries.Rows, queries.Dimensions)
	for from := 0; from < corpus.Rows; from += searchBlock {
		block := corpus.slice(from, min(from+searchBlock, corpus.Rows))
		inner := s.Child("block")
		scores := q.MatMul(torch.FromSlice(inner, block.Data, block.Rows, block.Dimensions).T()).Contiguous()
		// One more than k shows whether the k-th score has equals that the selection has left out in an order of its own.
		take := min(k+1, block.Rows)
		values, places := scores.TopK(take, 1)
		best, at := values.Floats(), torch.ToSlice[int64](places)
		var whole []float32
		for i := range found {
			row := best[i*take : (i+1)*take]
			if take > k && k > 0 && row[k] == row[k-1] {
				if whole == nil {
					whole = scores.Floats()
				}
				for j, score := range whole[i*block.Rows : (i+1)*block.Rows] {
					if score >= row[k-1] {
						found[i] = append(found[i], Match{from + j, score})
					}
				}
			} else {
				for j := range min(k, take) {
					found[i] = append(found[i], Match{from + int(at[i*take+j]), row[j]})
				}
			}
			slices.SortFunc(found[i], func(a, b Match) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Row, b.Row)) })
			found[i] = found[i][:min(k, len(found[i]))]
		}
		inner.Close()
	}
}
