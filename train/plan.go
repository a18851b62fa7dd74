package train

import (
	"math"
	"math/big"
	"sync"

	"github.com/ajolote-ai/ajolote/internal/pyrand"
)

// plan is which examples each step takes: a function of the options alone.
type plan struct {
	o             Options
	steps         int // in all
	stepsPerEpoch int
	order         func(epoch int) (order []int, batches [][]int) // batches are nil without Options.Batches
}

// newPlan makes the plan. Steps are counted as Hugging Face's Trainer counts them: an epoch has ceil(examples / micro-batch)
// micro-batches and ceil(micro-batches / accumulation) steps, the last of which may be smaller.
func newPlan(o Options) plan {
	p := plan{o: o, steps: o.TotalSteps(), stepsPerEpoch: o.StepsPerEpoch()}
	p.order = p.orders()
	return p
}

// StepsPerEpoch is how many steps go once through the examples.
func (o Options) StepsPerEpoch() int {
	return (o.microBatches() + o.Accumulation - 1) / o.Accumulation
}

// microBatches is how many there are in an epoch.
func (o Options) microBatches() int {
	if o.DropLast {
		return o.Examples / o.MicroBatch
	}
	return (o.Examples + o.MicroBatch - 1) / o.MicroBatch
}

// TotalSteps is how many steps the run makes, unless it stops early.
func (o Options) TotalSteps() int {
	if o.MaxSteps > 0 {
		return o.MaxSteps
	}
	return int(math.Ceil(o.Epochs * float64(o.StepsPerEpoch())))
}

// orders returns the order of an epoch. Epoch e is the list 0..n-1 shuffled by Python's generator (Mersenne Twister) with
// seed Seed·2³² + e; in its own order with InOrder. The last one asked for is kept.
func (p plan) orders() func(int) ([]int, [][]int) {
	var mu sync.Mutex
	last, list, batches := -1, []int(nil), [][]int(nil)
	return func(epoch int) ([]int, [][]int) {
		mu.Lock()
		defer mu.Unlock()
		if epoch == last {
			return list, batches
		}
		list = make([]int, p.o.Examples)
		for i := range list {
			list[i] = i
		}
		if !p.o.InOrder {
			shuffle(list, p.o.Seed, epoch)
		}
		if p.o.Batches != nil {
			batches = p.o.Batches(list)
		}
		last = epoch
		return list, batches
	}
}

func shuffle(list []int, seed uint64, epoch int) {
	key := new(big.Int).Lsh(new(big.Int).SetUint64(seed), 32)
	key.Add(key, big.NewInt(int64(epoch)))
	pyrand.NewRandomBig(key).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// examples lists those of a step, counted from 0. A step does not go on into the next epoch: the last one of an epoch may be
// smaller.
func (p plan) examples(step int) []int {
	order, batches := p.order(step / p.stepsPerEpoch)
	if batches != nil {
		return batches[step%p.stepsPerEpoch]
	}
	if p.o.DropLast {
		order = order[:len(order)/p.o.MicroBatch*p.o.MicroBatch]
	}
	size := p.o.MicroBatch * p.o.Accumulation
	from := step % p.stepsPerEpoch * size
	order = order[from:min(from+size, len(order))]
	if p.o.Packs == nil {
		return order
	}
	var list []int
	for _, pack := range order {
		list = append(list, p.o.Packs[pack]...)
	}
	return list
}

// epoch is how many passes over the data the first steps make, counted in micro-batches.
func (p plan) epoch(steps int) float64 {
	whole, rest := steps/p.stepsPerEpoch, steps%p.stepsPerEpoch
	return float64(whole) + float64(rest*p.o.Accumulation)/float64(p.o.microBatches())
}

// due says whether something that happens every so many steps, or with 0 at the end of every epoch, happens after steps.
// The end of the run counts as the end of an epoch.
func (p plan) due(steps, every int) bool {
	if every > 0 {
		return steps%every == 0 || steps == p.steps
	}
	return steps%p.stepsPerEpoch == 0 || steps == p.steps
}

// StepExamples lists the examples of a step, counted from 0: what [Run] will give it.
func (o Options) StepExamples(step int) []int { return newPlan(o).examples(step) }
