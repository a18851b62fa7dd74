// Classification metrics, those of scikit-learn.

package eval

import (
	"fmt"
	"slices"
)

// ClassScore is how well one class was found.
type ClassScore struct {
	Label     string  `json:"label"`
	Precision float64 `json:"precision"` // of what was called so, the share that is; 0 when nothing was
	Recall    float64 `json:"recall"`    // of what is so, the share that was called so; 0 when nothing is
	F1        float64 `json:"f1"`        // their harmonic mean; 0 when both are
	Support   int     `json:"support"`   // how many are so
}

// Classification is the outcome of a classifier.
type Classification struct {
	Total      int          `json:"total"`
	Accuracy   float64      `json:"accuracy"`
	MacroF1    float64      `json:"macro_f1"`    // mean over the classes
	WeightedF1 float64      `json:"weighted_f1"` // mean over the classes, weighted by support
	Classes    []ClassScore `json:"classes"`     // every label that occurs on either side, in order
	Confusion  [][]int      `json:"confusion"`   // [gold][predicted], in the order of Classes
}

// Classify compares predicted labels with gold ones. It agrees with scikit-learn's accuracy_score, f1_score, precision_score, recall_score (zero_division=0)
// and confusion_matrix, up to rounding. The error tells of lists that are empty or of different lengths.
func Classify(gold, predicted []string) (*Classification, error) {
	if len(gold) != len(predicted) {
		return nil, fmt.Errorf("%d gold labels against %d predicted ones: one prediction for each is needed", len(gold), len(predicted))
	}
	if len(gold) == 0 {
		return nil, fmt.Errorf("no labels to compare")
	}
	labels := slices.Concat(gold, predicted)
	slices.Sort(labels)
	labels = slices.Compact(labels)
	place := make(map[string]int, len(labels))
	c := &Classification{Total: len(gold), Classes: make([]ClassScore, len(labels)), Confusion: make([][]int, len(labels))}
	for i, label := range labels {
		place[label] = i
		c.Classes[i].Label = label
		c.Confusion[i] = make([]int, len(labels))
	}
	called := make([]int, len(labels))
	right := 0
	for i := range gold {
		g, p := place[gold[i]], place[predicted[i]]
		c.Confusion[g][p]++
		c.Classes[g].Support++
		called[p]++
		if g == p {
			right++
		}
	}
	n := float64(len(gold))
	c.Accuracy = float64(right) / n
	for i := range c.Classes {
		class := &c.Classes[i]
		hit := float64(c.Confusion[i][i])
		class.Precision = ratio(hit, called[i])
		class.Recall = ratio(hit, class.Support)
		class.F1 = ratio(2*hit, called[i]+class.Support)
		c.MacroF1 += class.F1 / float64(len(labels))
		c.WeightedF1 += class.F1 * float64(class.Support) / n
	}
	return c, nil
}

func ratio(a float64, b int) float64 {
	if b == 0 {
		return 0
	}
	return a / float64(b)
}
