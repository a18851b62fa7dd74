package salamandra

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
)

// LogitsOptions say what [Logits] computes.
type LogitsOptions struct {
	Model        string // folder or hub name
	Adapter      string // folder; "" for none
	Load4Bit     bool
	Embeddings   bool          // with Load4Bit: embedding and head in NF4 too
	Copies       *llama.Copies // keeps what Load4Bit quantises; nil to quantise each time
	SharedPrefix bool          // compute what all lines begin with once
	Input        string        // one JSON array of ids a line
	Output       string        // .npy
}

// Logits writes the float32 logits of every token of every line.
func Logits(ctx context.Context, o LogitsOptions) error {
	lines, err := readIDs(o.Input)
	if err != nil {
		return err
	}
	dir, err := hub.Fetch(ctx, hub.Request{Name: o.Model, Allow: hub.ModelFiles()})
	if err != nil {
		return err
	}
	m, err := llama.Load(ctx, dir, llama.LoadOptions{Load4Bit: o.Load4Bit, DoubleQuant: true, QuantizeEmbeddings: o.Embeddings, Copies: o.Copies})
	if err != nil {
		return err
	}
	defer m.Free()
	if o.Adapter != "" {
		a, err := lora.Load(m, o.Adapter, &m.Clock)
		if err != nil {
			return err
		}
		defer a.Free()
	}
	return torch.Run(func() (err error) {
		torch.NoGrad(func() { err = writeLogits(ctx, m, lines, o) })
		return err
	})
}

func readIDs(path string) ([][]int32, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list [][]int32
	for i, line := range strings.Split(string(data), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		var ids []int32
		if err := json.Unmarshal([]byte(line), &ids); err != nil {
			return nil, fmt.Errorf("%s: line %d: want a JSON array of token ids: %w", path, i+1, err)
		}
		list = append(list, ids)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no line of ids", path)
	}
	return list, nil
}

func writeLogits(ctx context.Context, m *llama.Model, lines [][]int32, o LogitsOptions) error {
	rows, shared := 0, len(lines[0])-1
	for i, ids := range lines {
		if err := (llama.Rows{IDs: ids}).Validate(m.Config); err != nil {
			return fmt.Errorf("%s: array %d: %w", o.Input, i+1, err)
		}
		rows += len(ids)
		shared = min(shared, common(lines[0], ids), len(ids)-1)
	}
	f, err := os.Create(o.Output + ".partial")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	w := bufio.NewWriterSize(f, 1<<20)
	_, err = w.Write(npyHeader(rows, m.Config.VocabSize))
	s := torch.NewScope("logits")
	defer s.Close()
	var prefix *llama.Prefix
	var head []float32
	if o.SharedPrefix && shared > 0 && err == nil {
		prefix = m.Start(s, lines[0][:shared])
		inner := s.Child("prefix")
		head = m.Logits(m.Hidden(inner, llama.Rows{IDs: lines[0][:shared]})).Floats()
		inner.Close()
	}
	for _, ids := range lines {
		if err = errors.Join(err, ctx.Err()); err != nil {
			break
		}
		inner := s.Child("line")
		r := llama.Rows{IDs: ids}
		if prefix != nil {
			r = llama.Rows{IDs: ids[shared:], Prefix: prefix}
			err = binary.Write(w, binary.LittleEndian, head)
		}
		if err == nil {
			err = binary.Write(w, binary.LittleEndian, m.Logits(m.Hidden(inner, r)).Floats())
		}
		inner.Close()
	}
	if err = errors.Join(err, w.Flush(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), o.Output)
}

// npyHeader begins a NumPy file, version 1.0, of float32 [rows, columns].
func npyHeader(rows, columns int) []byte {
	text := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", rows, columns)
	const before = 10 // magic, version, length
	pad := 64 - (before+len(text)+1)%64
	text += strings.Repeat(" ", pad%64) + "\n"
	var b bytes.Buffer
	b.WriteString("\x93NUMPY\x01\x00")
	_ = binary.Write(&b, binary.LittleEndian, uint16(len(text)))
	b.WriteString(text)
	return b.Bytes()
}
