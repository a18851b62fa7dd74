package mroberta

import (
	"context"
	"fmt"

	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/sbert"
)

// Probe measures an embedding model by what its vectors tell of labels.
type Probe struct {
	Method   string  // "neighbours" (see [Neighbours]) or "logistic" (see [Logistic])
	K        int     // neighbours that have a vote
	Distance bool    // votes by distance
	C        float64 // of the logistic regression; 0 stands for 1
	// Encode are the choices of encoding.
	Encode sbert.EncodeOptions
}

// Measure tells the labels of the texts in asked by those in known, and compares them with the right ones.
func (p Probe) Measure(ctx context.Context, m *sbert.Model, known, asked *Pairs) (*eval.Classification, error) {
	o := p.Encode
	v, err := m.Encode(ctx, known.Columns[0], o)
	if err != nil {
		return nil, err
	}
	if progress := p.Encode.Progress; progress != nil {
		first := len(known.Columns[0])
		o.Progress = func(done, total int) { progress(first+done, first+total) }
	}
	w, err := m.Encode(ctx, asked.Columns[0], o)
	if err != nil {
		return nil, err
	}
	var told []string
	switch p.Method {
	case "neighbours":
		var n *Neighbours
		if n, err = NewNeighbours(p.K, v, known.Labels); err == nil {
			n.Distance = p.Distance
			told, err = n.Predict(w)
		}
	case "logistic":
		var l *Logistic
		if l, err = NewLogistic(ctx, v, known.Labels, LogisticOptions{C: p.C}); err == nil {
			told, err = l.Predict(w)
		}
	default:
		err = fmt.Errorf("mroberta: probe by %q: neighbours or logistic", p.Method)
	}
	if err != nil {
		return nil, err
	}
	return eval.Classify(asked.Labels, told)
}
