package llama

// This file: what a shape needs in memory, to be known before anything is loaded.

// WeightBytes is the memory of the weights as [Load] holds them with o, from a checkpoint of 16 bits: of o, Compute, Load4Bit,
// DoubleQuant and QuantizeEmbeddings count.
func (c Config) WeightBytes(o LoadOptions) int64 {
	compute := int64(4)
	if o.Compute != 0 {
		compute = int64(o.Compute.Size())
	}
	all := int64(c.Parameters())
	if !o.Load4Bit {
		return compute * all
	}
	nf4 := func(elements int64) int64 {
		blocks := (elements + 63) / 64
		if o.DoubleQuant { // codes, their scales in 8 bits, the scales' scales
			return (elements+1)/2 + blocks + 4*((blocks+255)/256)
		}
		return (elements+1)/2 + 4*blocks
	}
	var linears, bytes int64
	for _, l := range c.linears() {
		n := int64(l.out) * int64(l.in)
		linears, bytes = linears+n, bytes+nf4(n)
	}
	ends, embedding := int64(1), int64(c.VocabSize)*int64(c.HiddenSize)
	if !c.TieHead {
		ends = 2
	}
	if o.QuantizeEmbeddings {
		bytes += ends * nf4(embedding)
	} else {
		bytes += ends * 2 * embedding
	}
	return bytes + compute*(all-linears-ends*embedding)
}

// CacheBytes is the memory of a token's keys and values in float32, all layers together.
func (c Config) CacheBytes() int64 { return int64(c.Layers) * 2 * int64(c.KVHeads*c.HeadDim) * 4 }

// ActivationBytes is what a token needs in float32 until its backward pass is done: of each layer its input, both normalised
// residuals and their sums, queries, keys, values, attention's output, gate, up and their product. With recompute, one
// layer's worth and every layer's input. Without a backward pass it is one layer's worth.
func (c Config) ActivationBytes(training, recompute bool) int64 {
	layer := int64(6*c.HiddenSize+3*c.Heads*c.HeadDim+3*c.KVHeads*c.HeadDim+4*c.Intermediate) * 4
	switch {
	case !training:
		return layer
	case recompute:
		return layer + int64(c.Layers)*int64(c.HiddenSize)*4
	}
	return layer * int64(c.Layers)
}
