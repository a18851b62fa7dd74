package sbert

import (
	"context"
	"math"

	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/torch"
)

// Stepper adds the gradients of a batch to a model's parameters.
type Stepper struct {
	Model *Model
	Loss  Loss
	// MiniBatch, when it is positive, computes at most so many texts at once: vectors first, without gradients; then the loss
	// and its gradient at the vectors; then every mini-batch again with gradients (Gao et al., "Scaling Deep Contrastive Learning
	// Batch Size under Memory Limited Setup", 2021, GradCache). The same gradients for about a third more time, in the memory
	// of one mini-batch, whatever the loss.
	MiniBatch int
}

// Step computes the loss of a batch, columns of texts by token ids, and adds its gradients. Call it inside [torch.Run].
func (t *Stepper) Step(ctx context.Context, columns [][][]int32, targets Targets) (loss float64, err error) {
	s := torch.NewScope("step")
	defer s.Close()
	var texts [][]int32
	for _, c := range columns {
		texts = append(texts, c...)
	}
	size := t.MiniBatch
	if size <= 0 || size >= len(texts) {
		x := t.encode(s, texts, 0)
		value := t.Loss.Value(split(x, columns), targets)
		loss = value.Item()
		if value.RequiresGrad() && !math.IsNaN(loss) {
			value.Backward()
		}
		return loss, nil
	}
	var parts []*torch.Tensor
	row := 0
	err = eachPart(ctx, texts, size, func(part [][]int32, tokens int) {
		inner := s.Child("mini-batch")
		torch.NoGrad(func() { parts = append(parts, t.encode(inner, part, row).Keep(s)) })
		inner.Close()
		row += tokens
	})
	if err != nil {
		return 0, err
	}
	vectors := torch.Cat(0, parts...).Detach().SetRequiresGrad(true)
	value := t.Loss.Value(split(vectors, columns), targets)
	if loss = value.Item(); math.IsNaN(loss) {
		return loss, nil
	}
	value.Backward()
	gradient := vectors.Grad(s)
	row = 0
	at := 0
	err = eachPart(ctx, texts, size, func(part [][]int32, tokens int) {
		inner := s.Child("mini-batch")
		torch.Backward([]*torch.Tensor{t.encode(inner, part, row)}, []*torch.Tensor{gradient.Rows(at, at+len(part)).In(inner)})
		inner.Close()
		row += tokens
		at += len(part)
	})
	return loss, err
}

// encode runs the model; row is the number of the first token in the step, for the dropout masks.
func (t *Stepper) encode(s *torch.Scope, texts [][]int32, row int) *torch.Tensor {
	t.Model.Encoder.Clock.Row = row
	defer func() { t.Model.Encoder.Clock.Row = 0 }()
	return t.Model.Forward(s, bert.Join(texts...), 0)
}

func eachPart(ctx context.Context, texts [][]int32, size int, do func(part [][]int32, tokens int)) error {
	for from := 0; from < len(texts); from += size {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := texts[from:min(from+size, len(texts))]
		tokens := 0
		for _, ids := range part {
			tokens += len(ids)
		}
		do(part, tokens)
	}
	return nil
}

// split cuts the vectors of all texts into those of each column.
func split(x *torch.Tensor, columns [][][]int32) []*torch.Tensor {
	sizes := make([]int, len(columns))
	for i, c := range columns {
		sizes[i] = len(c)
	}
	return x.Split(0, sizes...)
}
