package salamandra

import (
	"cmp"
	"slices"

	"github.com/ajolote-ai/ajolote/train"
)

// counts sets what decides which examples a step has: with sample_packing a micro-batch counts sequences of sequence_len
// that examples are packed into.
func (c *Config) counts(o *train.Options, examples []Tokenized) {
	o.Examples, o.MicroBatch, o.Accumulation = len(examples), c.MicroBatchSize, c.AccumulationSteps()
	o.Epochs, o.MaxSteps, o.DropLast, o.Seed, o.InOrder = c.NumEpochs, c.MaxSteps, c.DropLast, uint64(c.Seed), c.CurriculumSampling
	if c.SamplePacking {
		o.Packs = pack(examples, c.SequenceLen, c.CurriculumSampling)
		o.Examples = len(o.Packs)
	}
}

// pack fits examples into sequences of limit tokens, first fit, longest first; with inOrder as they come, each into the last
// sequence or a new one. Packs are made once; an epoch changes their order. The examples of a pack never see each other.
func pack(examples []Tokenized, limit int, inOrder bool) [][]int {
	order := make([]int, len(examples))
	for i := range order {
		order[i] = i
	}
	if !inOrder {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(examples[b].IDs), len(examples[a].IDs)) })
	}
	var packs [][]int
	var room []int
	open := 0 // packs before it are full
	for _, i := range order {
		n := len(examples[i].IDs)
		if inOrder {
			open = max(0, len(packs)-1)
		}
		at := open
		for at < len(packs) && room[at] < n {
			at++
		}
		if at == len(packs) {
			packs, room = append(packs, nil), append(room, limit)
		}
		packs[at], room[at] = append(packs[at], i), room[at]-n
		for open < len(packs) && room[open] <= 0 {
			open++
		}
	}
	return packs
}
