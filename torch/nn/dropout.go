package nn

import "github.com/ajolote-ai/ajolote/torch"

// Clock tells dropout where a training run is. One clock is shared by all layers of a model; the training loop moves it.
// As masks depend on nothing else, a layer that is computed again draws the same mask, and so does a resumed run.
type Clock struct {
	Training bool
	Seed     uint64
	Step     uint64
	Row      int // of the step: the number of the first row of tokens that is computed now
}

// Dropout sets elements to zero with probability P while its clock is training.
type Dropout struct {
	P     float64
	Layer uint64 // which of the model's dropouts this is
	Clock *Clock
}

// Forward drops elements of x [rows, ...]; outside of training, or for a nil Dropout, it returns x.
func (d *Dropout) Forward(x *torch.Tensor) *torch.Tensor {
	if !d.active() {
		return x
	}
	return x.CounterDropout(d.P, d.Clock.Seed, d.stream(), d.Clock.Row)
}

// Attention gives a with the dropout of its probabilities; outside of training, or for a nil Dropout, a itself.
func (d *Dropout) Attention(a torch.SegmentAttention) torch.SegmentAttention {
	if d.active() {
		a.Dropout, a.Seed, a.Stream, a.FirstRow = d.P, d.Clock.Seed, d.stream(), d.Clock.Row
	}
	return a
}

func (d *Dropout) active() bool { return d != nil && d.P > 0 && d.Clock.Training }

// stream numbers the masks: one for each dropout and step.
func (d *Dropout) stream() uint64 { return d.Clock.Step<<20 | d.Layer }
