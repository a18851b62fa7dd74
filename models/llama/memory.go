package llama

// This file: what a shape needs in memory, to be known before anything is loaded.

// WeightBytes is the memory of the weights as [Load] holds them: in float32, or with load4Bit the linear layers in
// double-quantised NF4, embedding and head in 16 bits, and norms and biases in float32.
func (c Config) WeightBytes(load4Bit bool) int64 {
	all := int64(c.Parameters())
	if !load4Bit {
		return 4 * all
	}
	var linears, nf4 int64
	for _, l := range c.linears() {
		n := int64(l.out) * int64(l.in)
		blocks := (n + 63) / 64
		linears += n
		nf4 += (n+1)/2 + blocks + 4*((blocks+255)/256) // codes, their scales in 8 bits, the scales' scales
	}
	ends := int64(c.VocabSize) * int64(c.HiddenSize)
	if !c.TieHead {
		ends *= 2
	}
	return nf4 + 2*ends + 4*(all-linears-ends)
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
