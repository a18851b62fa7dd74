package mroberta

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch"
)

// Logistic is a linear classifier of vectors: scikit-learn's LogisticRegression with its default penalty.
type Logistic struct {
	Labels []string // in order
	// Weights and Biases make the logit of each label of a vector, row by row; for two labels of the second alone.
	Weights [][]float64
	Biases  []float64
}

// LogisticOptions are scikit-learn's. The zero value is its default.
type LogisticOptions struct {
	C             float64 // the smaller, the closer the weights stay to zero; 0 stands for 1
	Tolerance     float64 // stop when no element of the gradient is larger; 0 stands for 1e-6, where scikit-learn has 1e-4
	MaxIterations int     // 0 stands for 1000, where scikit-learn has 100
}

// NewLogistic finds the weights that make the labels of the vectors most likely, in float64:
//
//	minimise  1/n Σ cross-entropy(labels, W x + b) + |W|² / (2 C n)
//
// by L-BFGS (Liu and Nocedal, 1989). The minimum is a single point, so it is scikit-learn's whatever the path. For two labels
// there is one row of weights, as there.
func NewLogistic(ctx context.Context, vectors *sbert.Vectors, labels []string, o LogisticOptions) (l *Logistic, err error) {
	if vectors.Rows != len(labels) {
		return nil, fmt.Errorf("mroberta: %d vectors and %d labels: one for each is needed", vectors.Rows, len(labels))
	}
	l = &Logistic{Labels: slices.Compact(slices.Sorted(slices.Values(labels)))}
	if len(l.Labels) < 2 {
		return nil, fmt.Errorf("mroberta: labels %q: a classifier needs two or more", l.Labels)
	}
	if o.C == 0 {
		o.C = 1
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-6
	}
	if o.MaxIterations == 0 {
		o.MaxIterations = 1000
	}
	rows := len(l.Labels)
	if rows == 2 {
		rows = 1
	}
	f := &logisticLoss{classes: (&Pairs{Labels: labels}).classes(), rows: rows, dims: vectors.Dimensions, penalty: 1 / (o.C * float64(len(labels)))}
	s := torch.NewScope("logistic")
	defer s.Close()
	var w []float64
	err = torch.Run(func() error {
		f.x = torch.FromSlice(s, vectors.Data, vectors.Rows, vectors.Dimensions).To(torch.Float64)
		w = make([]float64, rows*(f.dims+1))
		return minimise(ctx, f.value, w, o.Tolerance, o.MaxIterations)
	})
	if err != nil {
		return nil, err
	}
	for r := range rows {
		l.Weights = append(l.Weights, w[r*f.dims:(r+1)*f.dims])
		l.Biases = append(l.Biases, w[rows*f.dims+r])
	}
	return l, nil
}

// Predict tells the label of each vector.
func (l *Logistic) Predict(vectors *sbert.Vectors) ([]string, error) {
	if len(l.Weights[0]) != vectors.Dimensions {
		return nil, fmt.Errorf("mroberta: the classifier is of %d dimensions, the vectors are of %d", len(l.Weights[0]), vectors.Dimensions)
	}
	told := make([]string, vectors.Rows)
	for i := range told {
		logits := make([]float64, len(l.Weights))
		for r, w := range l.Weights {
			logits[r] = l.Biases[r]
			for j, x := range vectors.Row(i) {
				logits[r] += w[j] * float64(x)
			}
		}
		best := 0
		if len(logits) == 1 {
			if logits[0] > 0 {
				best = 1
			}
		} else {
			for r, logit := range logits {
				if logit > logits[best] {
					best = r
				}
			}
		}
		told[i] = l.Labels[best]
	}
	return told, nil
}

// logisticLoss is the function to minimise over the weights, row by row, and behind them the biases.
type logisticLoss struct {
	x          *torch.Tensor // [n, dims], float64
	classes    []int
	rows, dims int
	penalty    float64
}

// value is the loss at w; its gradient is written into gradient.
func (f *logisticLoss) value(w, gradient []float64) float64 {
	s := torch.NewScope("loss")
	defer s.Close()
	n := len(f.classes)
	weights := torch.FromSlice(s, w[:f.rows*f.dims], f.rows, f.dims)
	logits := torch.ToSlice[float64](f.x.In(s).MatMul(weights.T()))
	biases := w[f.rows*f.dims:]
	loss := 0.0
	for i, class := range f.classes {
		row := logits[i*f.rows : (i+1)*f.rows] // becomes the gradient at the logits
		for r := range row {
			row[r] += biases[r]
		}
		if f.rows == 1 {
			z := row[0]
			loss += math.Max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) - float64(class)*z
			row[0] = 1/(1+math.Exp(-z)) - float64(class)
			continue
		}
		largest, sum := slices.Max(row), 0.0
		loss -= row[class] - largest
		for r, z := range row {
			row[r] = math.Exp(z - largest)
			sum += row[r]
		}
		loss += math.Log(sum)
		for r := range row {
			row[r] /= sum
		}
		row[class]--
	}
	loss /= float64(n)
	at := torch.FromSlice(s, logits, n, f.rows)
	copy(gradient, torch.ToSlice[float64](at.T().MatMul(f.x.In(s)).Contiguous()))
	copy(gradient[f.rows*f.dims:], torch.ToSlice[float64](at.Sum(0)))
	for i := range gradient {
		gradient[i] /= float64(n)
	}
	for i, x := range w[:f.rows*f.dims] {
		loss += f.penalty / 2 * x * x
		gradient[i] += f.penalty * x
	}
	return loss
}
