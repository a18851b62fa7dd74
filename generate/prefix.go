package generate

import (
	"context"
	"slices"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
)

// keptPrefix is the keys and values of the tokens that most prompts begin with.
type keptPrefix struct {
	ids []int32
	kv  *llama.Prefix // its tensors are long-lived
}

// KeepPrefix computes the keys and values of ids once; prompts that begin with them continue from there. It replaces the
// prefix that was kept before; none for no ids. The text is the same as without.
func (g *Generator) KeepPrefix(ctx context.Context, ids []int32) error {
	g.turn.Lock()
	defer g.turn.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(ids) > 0 {
		if err := (llama.Rows{IDs: ids}).Validate(g.Model.Config); err != nil {
			return err
		}
	}
	g.prefix.close()
	if len(ids) == 0 {
		return nil
	}
	return torch.Run(func() error {
		torch.NoGrad(func() {
			s := torch.NewScope("prefix")
			defer s.Close()
			kv := g.Model.Start(s, ids)
			for _, layer := range kv.Layers {
				layer.K.Keep(nil)
				layer.V.Keep(nil)
			}
			g.prefix = keptPrefix{ids: slices.Clone(ids), kv: kv}
		})
		return nil
	})
}

// Close frees what the generator keeps; the model stays.
func (g *Generator) Close() {
	g.turn.Lock()
	defer g.turn.Unlock()
	g.prefix.close()
}

func (p *keptPrefix) close() {
	if p.kv != nil {
		for _, layer := range p.kv.Layers {
			layer.K.Free()
			layer.V.Free()
		}
	}
	*p = keptPrefix{}
}

// strip takes the prefix off a prompt that begins with it, leaving at least one token.
func (p *keptPrefix) strip(prompt []int32) (*llama.Prefix, []int32) {
	if p.kv == nil || len(prompt) <= len(p.ids) || !slices.Equal(prompt[:len(p.ids)], p.ids) {
		return nil, prompt
	}
	return p.kv, prompt[len(p.ids):]
}
