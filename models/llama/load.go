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
	defer torch.Catch(&err)
	c, err := o.config(dir)
	if err != nil {
		return nil, err
	}
	weights, err := safetensors.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("llama: %w", err)
	}
	defer weights.Close()
	if o.Compute == 0 { // uint8, which no model computes in
		o.Compute = torch.Float32
	}
	l := &loader{ctx: ctx, weights: weights, o: o, config: c, taken: map[string]bool{}, total: weights.Bytes()}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	l.copy = o.Copies.open(weights, l.o)
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
	ctx     context.Context
	weights *safetensors.Weights
	o       LoadOptions
	config  Config
	taken   map[string]bool
	done    int64
	total   int64
	copy    *nf4Copy // nil where none is kept
	later   []dense
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
	var faults []string
	expected := map[string]bool{}
	if size := l.config.HiddenSize; size%64 != 0 && (l.quantised("model.embed_tokens") || l.o.QuantizeEmbeddings && l.o.Load4Bit) {
		faults = append(faults, fmt.Sprintf("an embedding in NF4 needs a hidden_size that is a multiple of 64, not %d", size))
	}
	want := func(name string, shape ...int) {
		expected[name] = true
		t := l.weights.Tensor(name)
		if t == nil {
			faults = append(faults, name+" is missing")
		} else if !tensorfile.SameShape(t.Shape, shape) {
			faults = append(faults, fmt.Sprintf("%s has shape %d, config.json says %d", name, t.Shape, shape))
		}
	}
	c := l.config
	want("model.norm.weight", c.HiddenSize)
	for i := range c.Layers {
		want(layerName(i)+"input_layernorm.weight", c.HiddenSize)
		want(layerName(i)+"post_attention_layernorm.weight", c.HiddenSize)
	}
	linears := append(c.linears(), linearShape{"model.embed_tokens", c.VocabSize, c.HiddenSize, false})
	if !c.TieHead || l.weights.Tensor("lm_head.weight") != nil {
		linears = append(linears, linearShape{"lm_head", c.VocabSize, c.HiddenSize, false})
	}
	for _, s := range linears {
		if l.quantised(s.name) {
			for _, name := range qlora.StoredNames(s.name + ".weight") {
				expected[name] = true
			}
		} else {
			want(s.name+".weight", s.out, s.in)
		}
		if s.bias {
			want(s.name+".bias", s.out)
		}
	}
	for _, t := range l.weights.Tensors() {
		if !expected[t.Name] && !strings.HasSuffix(t.Name, ".rotary_emb.inv_freq") { // old checkpoints carry this buffer
			faults = append(faults, t.Name+" belongs to no layer of this architecture")
		}
	}
	return listed("the weights do not fit config.json", faults)
}

// listed makes one error of faults, of which it shows at most twenty.
func listed(what string, faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	n := len(faults)
	if n > 20 {
		faults = append(faults[:20:20], fmt.Sprintf("and %d more", n-20))
	}
	return fmt.Errorf("%s: %s", what, strings.Join(faults, "; "))
}

func (l *loader) has(name string) bool { return l.weights.Tensor(name) != nil }

func (l *loader) quantised(module string) bool { return qlora.IsStored(l.weights, module+".weight") }

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
		source := l.weights.Tensor(name)
		if w := l.copy.read(name); w != nil {
			l.advance(source.Bytes())
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
	w, err := qlora.Read(l.weights, name)
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
		if t := l.weights.Tensor(part); t != nil {
			l.advance(t.Bytes())
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
		l.advance(sources[i].Bytes())
		return l.later[i].put(w)
	})
}

// read loads a tensor as a long-lived one of the type dtype; 0 keeps the file's.
func (l *loader) read(name string, dtype torch.DType) (*torch.Tensor, error) {
	if err := l.ctx.Err(); err != nil {
		return nil, err
	}
	source := l.weights.Tensor(name)
	t, err := tensorfile.Read(nil, source)
	if err != nil {
		return nil, err
	}
	if !t.DType().IsFloat() {
		t.Free()
		return nil, fmt.Errorf("%s: tensor %s has type %v: a weight is of floating point", source.File(), name, source.DType)
	}
	if !torch.AllFinite([]*torch.Tensor{t}) {
		t.Free()
		return nil, fmt.Errorf("%s: tensor %s holds a NaN or an infinity: the file is damaged", source.File(), name)
	}
	l.advance(source.Bytes())
	if dtype == 0 || dtype == t.DType() {
		return t, nil
	}
	s := torch.NewScope("read")
	defer s.Close()
	converted := t.In(s).To(dtype).Keep(nil)
	t.Free()
	return converted, nil
}

func (l *loader) advance(bytes int64) {
	l.done += bytes
	if l.o.Progress != nil {
		l.o.Progress(l.done, l.total)
	}
}
