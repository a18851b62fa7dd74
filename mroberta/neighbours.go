package mroberta

import (
	"fmt"
	"math"
	"slices"

	"github.com/ajolote-ai/ajolote/sbert"
)

// Neighbours tells the labels of vectors by the labels of the nearest known ones: scikit-learn's KNeighborsClassifier with
// metric cosine.
type Neighbours struct {
	// K known vectors have a vote each; with Distance a vote counts 1 / (1 - cosine), and vectors that are the same decide alone.
	K        int
	Distance bool

	known   *sbert.Vectors // of length 1
	labels  []string       // in order
	classes []int          // of the known vectors
}

// NewNeighbours keeps the known vectors, normalised.
func NewNeighbours(k int, known *sbert.Vectors, labels []string) (*Neighbours, error) {
	if known.Rows != len(labels) {
		return nil, fmt.Errorf("mroberta: %d vectors and %d labels: one for each is needed", known.Rows, len(labels))
	}
	if k < 1 || k > known.Rows {
		return nil, fmt.Errorf("mroberta: %d neighbours are asked for, of %d known vectors: at least 1, at most all", k, known.Rows)
	}
	p := &Pairs{Labels: labels}
	return &Neighbours{K: k, known: normalised(known), labels: slices.Compact(slices.Sorted(slices.Values(labels))), classes: p.classes()}, nil
}

// Predict tells the label of each vector. Of labels with equal votes it is the first in order.
func (n *Neighbours) Predict(vectors *sbert.Vectors) ([]string, error) {
	found, err := sbert.Search(normalised(vectors), n.known, n.K)
	if err != nil {
		return nil, err
	}
	told := make([]string, len(found))
	for i, matches := range found {
		votes := make([]float64, len(n.labels))
		same := n.Distance && 1-matches[0].Score <= 0
		for _, match := range matches {
			distance := 1 - float64(match.Score)
			switch {
			case !n.Distance || same && distance <= 0:
				votes[n.classes[match.Row]]++
			case !same:
				votes[n.classes[match.Row]] += 1 / distance
			}
		}
		best := 0
		for c, vote := range votes {
			if vote > votes[best] {
				best = c
			}
		}
		told[i] = n.labels[best]
	}
	return told, nil
}

// normalised divides each vector by its length.
func normalised(v *sbert.Vectors) *sbert.Vectors {
	out := &sbert.Vectors{Rows: v.Rows, Dimensions: v.Dimensions, Data: slices.Clone(v.Data)}
	for i := range out.Rows {
		row := out.Row(i)
		length := math.Sqrt(dot(row, row))
		if length == 0 {
			continue
		}
		for j, x := range row {
			row[j] = float32(float64(x) / length)
		}
	}
	return out
}
