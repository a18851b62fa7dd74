package generate

import (
	"context"
	"fmt"
	"slices"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
)

// keptPrefix is the keys and values of the tokens that most prompts begin with. It belongs to the goroutine that computes.
type keptPrefix struct {
	ids     []int32
	kv      *llama.Prefix // its tensors are long-lived
	users   int           // sequences that continue it
	dropped bool          // another one has taken its place: it goes with its last user
}

// KeepPrefix computes the keys and values of ids once; prompts that begin with them continue from there. It replaces the
// prefix that was kept before; none for no ids. The text is the same as without. It is done between two tokens of those who
// are writing.
func (g *Generator) KeepPrefix(ctx context.Context, ids []int32) error {
	return g.keep(ctx, ids, func(s *torch.Scope) (*llama.Prefix, error) { return g.Model.Start(s, ids), nil })
}

// keep puts the prefix that compute makes in its scope in the place of the one before.
func (g *Generator) keep(ctx context.Context, ids []int32, compute func(*torch.Scope) (*llama.Prefix, error)) (err error) {
	if len(ids) > 0 {
		if err := (llama.Rows{IDs: ids}).Validate(g.Model.Config); err != nil {
			return err
		}
		if limit := g.Model.Config.MaxPositions; len(ids) >= limit {
			return fmt.Errorf("generate: the prompt to be kept has %d tokens, the model has %d positions: nothing could follow", len(ids), limit)
		}
	}
	g.do(func() {
		defer torch.Catch(&err)
		if err = ctx.Err(); err != nil {
			return
		}
		g.prefix.drop()
		g.prefix = nil
		if len(ids) == 0 || g.alone() {
			return
		}
		s := torch.NewScope("prefix")
		defer s.Close()
		var kv *llama.Prefix
		if kv, err = compute(s); err != nil {
			return
		}
		kv = g.Model.Stored(s, kv)
		for _, layer := range kv.Layers {
			layer.K.Keep(nil)
			layer.V.Keep(nil)
		}
		g.prefix = &keptPrefix{ids: slices.Clone(ids), kv: kv}
	})
	return err
}

// Close frees what the generator keeps; the model stays. No call may be under way.
func (g *Generator) Close() {
	g.do(func() {
		g.prefix.drop()
		g.prefix = nil
	})
}

func (p *keptPrefix) drop() {
	if p != nil {
		p.dropped = true
		p.free()
	}
}

// leave tells that a sequence does not need the prefix any more.
func (p *keptPrefix) leave() {
	if p != nil {
		p.users--
		p.free()
	}
}

func (p *keptPrefix) free() {
	if !p.dropped || p.users > 0 {
		return
	}
	for _, layer := range p.kv.Layers {
		layer.K.Free()
		layer.V.Free()
	}
}

// of is the prefix where a prompt begins with it and goes on, otherwise nil.
func (p *keptPrefix) of(prompt []int32) *keptPrefix {
	if p == nil || len(prompt) <= len(p.ids) || !slices.Equal(prompt[:len(p.ids)], p.ids) {
		return nil
	}
	return p
}
