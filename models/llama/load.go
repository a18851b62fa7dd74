package llama

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// LoadOptions say how weights are held in memory.
type LoadOptions struct {
	// Config takes the place of the directory's config.json; nil reads that.
	Config *Config
	// Compute is the type in which the model computes, and in which weights that are not quantised are held, except those
	// that Load4Bit leaves in 16 bits. The default is float32.
	Compute torch.DType
	// Load4Bit quantises the linear layers, the head excepted, to NF4 as they are read, as bitsandbytes does. Layers that
	// the file has in NF4 stay in NF4 whatever it says. Embedding and head keep the file's 16 bits.
	Load4Bit bool
	// DoubleQuant also quantises the scales of NF4 blocks: 4.13 bits a weight instead of 4.5.
	DoubleQuant bool
	// QuantizeEmbeddings, with Load4Bit, holds embedding and head in NF4 too: 0.26 of their 16 bits. Such a model computes, and
	// trains adapters; its embedding cannot be trained.
	QuantizeEmbeddings bool
	// Stored holds every matrix in the type that the file has it in. Products with 16-bit ones are widened tile by tile, to the
	// numbers that float32 copies give: half the memory, and slower for many tokens. Not for training all of a model.
	Stored bool
	// Copies keeps what Load4Bit quantises for the next start; nil to quantise each time.
	Copies *Copies
	// Progress is told the bytes read so far and in all; nil for none.
	Progress func(done, total int64)
}

// Load reads a model directory of the Hugging Face layout: config.json and safetensors, in one file or sharded, plain or
// quantised by bitsandbytes. Tensors that are missing, surplus or of another shape are all listed in one error. ctx stops
// the loading between tensors.
func Load(ctx context.Context, dir string, o LoadOptions) (m *Model, err error) {
	err = torch.Run(func() error {
		m, err = load(ctx, dir, o)
		return err
	})
	return m, err
}

func load(ctx context.Context, dir string, o LoadOptions) (m *Model, err error) {
	c, err := o.config(dir)
	if err != nil {
		return nil, err
	}
	file, err := tensorfile.Open(dir, nil)
	if err != nil {
		return nil, fmt.Errorf("llama: %w", err)
	}
	defer file.Close()
	file.Progress = o.Progress
	if o.Compute == 0 { // uint8, which no model computes in
		o.Compute = torch.Float32
	}
	l := &loader{ctx: ctx, file: file, o: o, config: c}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	l.copy = o.Copies.open(file.File, l.o)
	defer func() { l.copy.close() }()
	m = &Model{Config: c, Compute: l.o.Compute, Norm: &nn.RMSNorm{Eps: c.NormEps}, angles: &angles{rope: c.Rope, size: c.HeadDim}}
	if err := l.fill(m); err != nil {
		m.Free()
		return nil, err
	}
	l.copy.keep(m)
	return m, nil
}

func (o LoadOptions) config(dir string) (Config, error) {
	if o.Config != nil {
		return *o.Config, nil
	}
	return ReadConfig(dir)
}

type loader struct {
	ctx    context.Context
	file   *tensorfile.Checkpoint
	o      LoadOptions
	config Config
	copy   *nf4Copy // nil where none is kept
	later  []dense
}

// dense is a matrix of the file that is to become NF4, and what takes the result.
type dense struct {
	source *safetensors.Tensor
	put    func(*qlora.Weight) error
}

// linearShape is a linear layer that the model has.
type linearShape struct {
	name    string
	out, in int
	bias    bool
}

func (c Config) linears() []linearShape {
	var list []linearShape
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	for i := range c.Layers {
		p := layerName(i)
		list = append(list,
			linearShape{p + "self_attn.q_proj", q, c.HiddenSize, c.AttentionQKVBias},
			linearShape{p + "self_attn.k_proj", kv, c.HiddenSize, c.AttentionQKVBias},
			linearShape{p + "self_attn.v_proj", kv, c.HiddenSize, c.AttentionQKVBias},
			linearShape{p + "self_attn.o_proj", c.HiddenSize, q, c.AttentionOutBias},
			linearShape{p + "mlp.gate_proj", c.Intermediate, c.HiddenSize, c.MLPBias},
			linearShape{p + "mlp.up_proj", c.Intermediate, c.HiddenSize, c.MLPBias},
			linearShape{p + "mlp.down_proj", c.HiddenSize, c.Intermediate, c.MLPBias})
	}
	return list
}

// check compares the file's tensors with those that the configuration wants, and lists every difference.
func (l *loader) check() error {
	c, file := l.config, l.file
	if c.HiddenSize%64 != 0 && (l.quantised("model.embed_tokens") || l.o.QuantizeEmbeddings && l.o.Load4Bit) {
		file.Fault("an embedding in NF4 needs a hidden_size that is a multiple of 64, not %d", c.HiddenSize)
	}
	file.Want("model.norm.weight", c.HiddenSize)
	for i := range c.Layers {
		file.Want(layerName(i)+"input_layernorm.weight", c.HiddenSize)
		file.Want(layerName(i)+"post_attention_layernorm.weight", c.HiddenSize)
	}
	linears := append(c.linears(), linearShape{"model.embed_tokens", c.VocabSize, c.HiddenSize, false})
	if !c.TieHead || l.has("lm_head.weight") {
		linears = append(linears, linearShape{"lm_head", c.VocabSize, c.HiddenSize, false})
	}
	for _, s := range linears {
		if l.quantised(s.name) {
			file.Allow(qlora.StoredNames(s.name + ".weight")...)
		} else {
			file.Want(s.name+".weight", s.out, s.in)
		}
		if s.bias {
			file.Want(s.name+".bias", s.out)
		}
	}
	return file.Check("the weights do not fit config.json", func(name string) bool {
		return strings.HasSuffix(name, ".rotary_emb.inv_freq") // a buffer of old checkpoints
	})
}

func (l *loader) has(name string) bool { return l.file.Tensor(name) != nil }

func (l *loader) quantised(module string) bool { return qlora.IsStored(l.file.File, module+".weight") }

// fill reads the weights into a model that has none yet.
func (l *loader) fill(m *Model) error {
	c := l.config
	for i := range c.Layers {
		layer := &Layer{
			InputNorm: &nn.RMSNorm{Eps: c.NormEps}, PostNorm: &nn.RMSNorm{Eps: c.NormEps}, MLP: &MLP{},
			Attention: &Attention{Heads: c.Heads, KVHeads: c.KVHeads, HeadDim: c.HeadDim, Window: c.Window},
		}
		m.Layers = append(m.Layers, layer)
		var err error
		if layer.InputNorm.Weight, err = l.read(layerName(i)+"input_layernorm.weight", l.o.Compute); err != nil {
			return err
		}
		if layer.PostNorm.Weight, err = l.read(layerName(i)+"post_attention_layernorm.weight", l.o.Compute); err != nil {
			return err
		}
	}
	var err error
	if m.Norm.Weight, err = l.read("model.norm.weight", l.o.Compute); err != nil {
		return err
	}
	wide := l.o.Compute // what embedding and head are held in
	if l.o.Load4Bit || l.o.Stored {
		wide = 0
	}
	inside := l.o.Compute // the linear layers that are not quantised
	if l.o.Stored {
		inside = 0
	}
	embeddings := l.o.Load4Bit && l.o.QuantizeEmbeddings
	if err := l.embedding(m, wide, embeddings); err != nil {
		return err
	}
	places := map[string]*nn.Linear{}
	for name, place := range m.Linears() {
		places[name] = place
	}
	for _, s := range c.linears() {
		if err := l.linear(places[s.name], s, inside, l.o.Load4Bit); err != nil {
			return err
		}
	}
	tied := !l.has("lm_head.weight")
	// A file may have a head of its own although config.json ties it; then transformers 5 keeps the two apart, and so does this.
	m.Config.TieHead = tied
	if !tied {
		if err := l.linear(&m.Head, linearShape{"lm_head", c.VocabSize, c.HiddenSize, false}, wide, embeddings); err != nil {
			return err
		}
	}
	if err := l.quantiseLater(); err != nil {
		return err
	}
	switch embed := m.Embed.(type) {
	case *qlora.Embedding:
		if tied {
			m.Head = &qlora.Linear{Weight: embed.Weight}
		}
	case *nn.Embedding:
		if tied {
			m.Head = &nn.Dense{Weight: embed.Weight}
		}
	}
	return nil
}

func (l *loader) embedding(m *Model, dtype torch.DType, quantise bool) error {
	s := linearShape{"model.embed_tokens", l.config.VocabSize, l.config.HiddenSize, false}
	return l.matrix(s, dtype, quantise, func(t *torch.Tensor, w *qlora.Weight) error {
		if w != nil {
			m.Embed = &qlora.Embedding{Weight: w, DType: l.o.Compute}
		} else {
			m.Embed = &nn.Embedding{Weight: t}
		}
		return nil
	})
}

// linear reads one linear layer into its place. quantise says whether a dense one becomes NF4.
func (l *loader) linear(place *nn.Linear, s linearShape, dtype torch.DType, quantise bool) error {
	return l.matrix(s, dtype, quantise, func(t *torch.Tensor, w *qlora.Weight) error {
		var bias *torch.Tensor
		if w != nil {
			*place = &qlora.Linear{Weight: w}
		} else {
			*place = &nn.Dense{Weight: t}
		}
		if !s.bias {
			return nil
		}
		bias, err := l.read(s.name+".bias", l.o.Compute)
		switch linear := (*place).(type) {
		case *qlora.Linear:
			linear.Bias = bias
		case *nn.Dense:
			linear.Bias = bias
		}
		return err
	})
}

// matrix reads a weight and gives it to put, which owns it from then on: dense in the type dtype, 0 for the file's; or in NF4
// where the file has it so, or quantise says it. What is yet to be quantised waits for quantiseLater.
func (l *loader) matrix(s linearShape, dtype torch.DType, quantise bool, put func(t *torch.Tensor, w *qlora.Weight) error) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	name := s.name + ".weight"
	switch {
	case l.quantised(s.name):
		w, err := l.readNF4(name, s)
		if err != nil {
			return err
		}
		return put(nil, w)
	case quantise:
		source := l.file.Tensor(name)
		if w := l.copy.read(name); w != nil {
			l.file.Advance(source.Bytes())
			return put(nil, w)
		}
		l.later = append(l.later, dense{source, func(w *qlora.Weight) error { return put(nil, w) }})
		return nil
	}
	t, err := l.read(name, dtype)
	if err != nil {
		return err
	}
	return put(t, nil)
}

// readNF4 reads a weight that the file has in NF4.
func (l *loader) readNF4(name string, s linearShape) (*qlora.Weight, error) {
	w, err := qlora.Read(l.file.File, name)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(w.Shape, []int{s.out, s.in}) {
		shape := w.Shape
		w.Free()
		return nil, fmt.Errorf("llama: %s has shape %d in NF4, config.json says [%d %d]", name, shape, s.out, s.in)
	}
	scales := []*torch.Tensor{w.NF4.Absmax}
	if n := w.NF4.Nested; n != nil {
		scales = []*torch.Tensor{n.Absmax, n.Map}
	}
	if !torch.AllFinite(scales) {
		w.Free()
		return nil, fmt.Errorf("llama: the scales of %s hold a NaN or an infinity: the file is damaged", name)
	}
	for _, part := range qlora.StoredNames(name) {
		if t := l.file.Tensor(part); t != nil {
			l.file.Advance(t.Bytes())
		}
	}
	return w, nil
}

// quantiseLater quantises what waits, in the order of the model, reading ahead from one matrix to the next.
func (l *loader) quantiseLater() error {
	sources := make([]*safetensors.Tensor, len(l.later))
	for i, d := range l.later {
		sources[i] = d.source
	}
	return qlora.QuantizeAll(l.ctx, sources, qlora.Options{DoubleQuant: l.o.DoubleQuant}, func(i int, w *qlora.Weight) error {
		l.file.Advance(sources[i].Bytes())
		return l.later[i].put(w)
	})
}

// read loads a tensor as a long-lived one of the type dtype; 0 keeps the file's.
func (l *loader) read(name string, dtype torch.DType) (*torch.Tensor, error) {
	return l.file.Read(l.ctx, name, dtype)
}
