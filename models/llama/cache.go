package llama

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/torch"
)

// Cache is the keys and values of one sequence in generation, layer by layer, with room for tokens to come.
type Cache struct {
	Length   int // tokens so far, a shared prefix not counted
	Capacity int
	layers   []KV // [Capacity, KVHeads, HeadDim], a head's rows one behind the other, as attention reads them
}

// NewCache makes an empty cache for capacity tokens, in s; nil for a long-lived one, to be freed.
func (m *Model) NewCache(s *torch.Scope, capacity int) *Cache {
	c := &Cache{Capacity: capacity}
	o := torch.Options{DType: m.cacheType(), Device: torch.CPU}
	inner := s
	if s == nil {
		inner = torch.NewScope("cache")
		defer inner.Close()
	}
	rows := func() *torch.Tensor { return byHead(inner, o, capacity, m.Config).Keep(s) }
	for range m.Layers {
		c.layers = append(c.layers, KV{rows(), rows()})
	}
	return c
}

// CacheBytes is the memory of a cache of that many tokens.
func (m *Model) CacheBytes(tokens int) int64 {
	return int64(tokens) * int64(len(m.Layers)) * 2 * int64(m.Config.KVHeads*m.Config.HeadDim) * int64(m.cacheType().Size())
}

func (m *Model) cacheType() torch.DType {
	if m.CacheType != 0 {
		return m.CacheType
	}
	return m.Compute
}

// byHead makes room for keys or values, [tokens, KVHeads, HeadDim], those of a head one behind the other in memory.
func byHead(s *torch.Scope, o torch.Options, tokens int, c Config) *torch.Tensor {
	return torch.Empty(s, o, c.KVHeads, tokens, c.HeadDim).Transpose(0, 1)
}

// Stored returns a copy of a prefix as generation reads it, in s: in the type of the caches, each head's rows one behind the
// other.
func (m *Model) Stored(s *torch.Scope, p *Prefix) *Prefix {
	o := torch.Options{DType: m.cacheType(), Device: torch.CPU}
	copied := func(t *torch.Tensor) *torch.Tensor {
		to := byHead(s, o, p.Length, m.Config)
		to.Copy(t)
		return to
	}
	stored := &Prefix{Length: p.Length}
	for _, layer := range p.Layers {
		stored.Layers = append(stored.Layers, KV{copied(layer.K), copied(layer.V)})
	}
	return stored
}

// Room says whether n more tokens fit.
func (c *Cache) Room(n int) bool { return c.Length+n <= c.Capacity }

// Truncate forgets the tokens from length on.
func (c *Cache) Truncate(length int) {
	if length < 0 || length > c.Length {
		panic(fmt.Sprintf("llama: a cache of %d tokens cannot be cut to %d", c.Length, length))
	}
	c.Length = length
}

// Free frees a cache before its scope is closed.
func (c *Cache) Free() {
	for _, kv := range c.layers {
		kv.K.Free()
		kv.V.Free()
	}
}

// cachedAttention is the attention of a pass's present layer over its caches.
func cachedAttention(p *pass, window int) torch.CachedAttention {
	a := torch.CachedAttention{Bounds: p.bounds, PrefixK: p.past.K, PrefixV: p.past.V, Window: window}
	for _, c := range p.caches {
		a.CacheK = append(a.CacheK, c.layers[p.layer].K)
		a.CacheV = append(a.CacheV, c.layers[p.layer].V)
		a.Lengths = append(a.Lengths, c.Length)
	}
	return a
}
