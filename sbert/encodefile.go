package sbert

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ajolote-ai/ajolote/torch"
)

// FileOptions are the choices of [Model.EncodeFile].
type FileOptions struct {
	EncodeOptions
	// Column has the texts; "" stands for "text".
	Column string
	// Precision of the vectors: float32 (also when empty), float16, int8 or ubinary. The ranges of int8 are those of the first
	// 8,192 texts, or less, and are written beside the output as OUTPUT.ranges.json.
	Precision string
	// Done is told how many texts are done, and how many of them an earlier run has done.
	Done func(texts, earlier int)
}

// Validate says, before a model is loaded, why [Model.EncodeFile] would refuse files and options: an input that is not there, an
// output of another kind, or a precision that is unknown or not the output's.
func (o FileOptions) Validate(input, output string) error {
	var faults []error
	if _, err := os.Stat(input); err != nil {
		faults = append(faults, err)
	}
	if dir := filepath.Dir(output); !isDir(dir) {
		faults = append(faults, fmt.Errorf("%s: there is no folder %s to write into", output, dir))
	}
	kind := strings.ToLower(filepath.Ext(output))
	if kind != ".npy" && kind != ".jsonl" && kind != ".parquet" {
		faults = append(faults, fmt.Errorf("%s: the output is a .npy, a .jsonl or a .parquet file", output))
	}
	switch o.Precision {
	case "", "float32":
	case "float16", "int8", "ubinary":
		if kind != ".npy" {
			faults = append(faults, fmt.Errorf("precision is %s: %s files hold float32; write a .npy file", o.Precision, kind))
		}
	default:
		faults = append(faults, fmt.Errorf("precision is %q: float32, float16, int8 or ubinary", o.Precision))
	}
	return errors.Join(faults...)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// fileChunk is how many texts are in memory at once, and fileBytes how many bytes of them, but for the last one.
const (
	fileChunk = 8192
	fileBytes = 64 << 20
)

// fileState is what a broken-off run leaves beside its partial output.
type fileState struct {
	Input     string  `json:"input"`
	Size      int64   `json:"size"`
	Changed   int64   `json:"changed"`
	Model     string  `json:"model"`
	Options   string  `json:"options"`
	Texts     int     `json:"texts"` // done
	Bytes     int64   `json:"bytes"` // of the partial output that they fill
	Ranges    *Ranges `json:"ranges,omitempty"`
	Dimension int     `json:"dimensions"`
}

// EncodeFile writes the vectors of a file's texts (see [Records]) into output: .npy (a matrix, a row a text), .jsonl or .parquet
// (rows of "text" and "embedding", float32). Input and output may be larger than the memory. A run that is killed goes on
// where it was when it is called again with the same input, model and options; output appears when it is complete.
func (m *Model) EncodeFile(ctx context.Context, input, output string, o FileOptions) (texts int, err error) {
	if err := o.Validate(input, output); err != nil {
		return 0, err
	}
	kind := strings.ToLower(filepath.Ext(output))
	w, err := m.openOutput(input, output, kind, o)
	if err != nil {
		return 0, err
	}
	defer w.file.Close()
	earlier := w.state.Texts
	column := o.Column
	if column == "" {
		column = "text"
	}
	var chunk []string
	row, held := 0, 0
	flush := func() error {
		v, err := m.Encode(ctx, chunk, o.EncodeOptions)
		if err != nil {
			return err
		}
		if err := w.write(chunk, v); err != nil {
			return fmt.Errorf("%s: %w", output, err)
		}
		chunk, held = chunk[:0], 0
		if o.Done != nil {
			o.Done(w.state.Texts, earlier)
		}
		return nil
	}
	for r, err := range Records(input) {
		if err != nil {
			return w.state.Texts, err
		}
		row++
		if row <= earlier {
			continue
		}
		text, ok := r[column]
		if !ok {
			return w.state.Texts, fmt.Errorf("%s: row %d has no column %q", input, row, column)
		}
		held += len(text)
		if chunk = append(chunk, text); len(chunk) == fileChunk || held >= fileBytes {
			if err := flush(); err != nil {
				return w.state.Texts, err
			}
		}
	}
	if len(chunk) > 0 {
		if err := flush(); err != nil {
			return w.state.Texts, err
		}
	}
	if kind == ".parquet" {
		return w.state.Texts, w.finishParquet(ctx, input, column, output)
	}
	return w.state.Texts, w.finish(output, kind)
}

// vectorWriter appends vectors to a partial output.
type vectorWriter struct {
	file      *os.File
	path      string // of the partial output
	precision string
	lines     bool
	state     fileState
}

// openOutput begins an output, or takes up a partial one of the same work.
func (m *Model) openOutput(input, output, kind string, o FileOptions) (*vectorWriter, error) {
	info, err := os.Stat(input)
	if err != nil {
		return nil, err
	}
	encode := o.EncodeOptions
	encode.Progress = nil
	weights, err := os.Stat(filepath.Join(m.encoder, "config.json"))
	if err != nil {
		return nil, err
	}
	w := &vectorWriter{path: output + ".partial", precision: o.Precision, lines: kind == ".jsonl"}
	fresh := fileState{Input: input, Size: info.Size(), Changed: info.ModTime().UnixNano(), Dimension: m.Dimensions(),
		Model: m.dir + " " + weights.ModTime().Format(time.RFC3339Nano), Options: fmt.Sprintf("%+v %s %s %d %s", encode, o.Column, o.Precision, m.MaxTokens, m.Encoder.Compute)}
	if o.Dimensions > 0 {
		fresh.Dimension = o.Dimensions
	}
	if !w.lines {
		fresh.Bytes = npyHeader
	}
	if _, err := readJSON(w.path+".json", &w.state); err != nil {
		return nil, err
	}
	same := w.state
	same.Texts, same.Bytes, same.Ranges = fresh.Texts, fresh.Bytes, nil
	partial, err := os.Stat(w.path)
	if same != fresh || err != nil || partial.Size() < w.state.Bytes {
		w.state = fresh
	}
	if w.file, err = os.OpenFile(w.path, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, err
	}
	if err = w.file.Truncate(w.state.Bytes); err == nil {
		_, err = w.file.Seek(w.state.Bytes, io.SeekStart)
	}
	return w, err
}

// write appends the vectors of texts, brings them to the disk and then remembers that they are there.
func (w *vectorWriter) write(texts []string, v *Vectors) error {
	out := bufio.NewWriterSize(w.file, 1<<20)
	var err error
	switch {
	case w.lines:
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		for i, text := range texts {
			if err = e.Encode(struct {
				Text      string    `json:"text"`
				Embedding []float32 `json:"embedding"`
			}{text, v.Row(i)}); err != nil {
				return err
			}
		}
	case w.precision == "float16":
		_, err = out.Write(v.float16())
	case w.precision == "int8":
		if w.state.Ranges == nil {
			r := v.Calibrate()
			w.state.Ranges = &r
		}
		var codes []int8
		if codes, err = v.Int8(*w.state.Ranges); err == nil {
			for _, c := range codes {
				_ = out.WriteByte(byte(c)) // an error stays until Flush
			}
		}
	case w.precision == "ubinary":
		_, err = out.Write(v.Binary())
	default:
		_, err = out.Write(floatBytes(v.Data))
	}
	if err := errors.Join(err, out.Flush()); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	if w.state.Bytes, err = w.file.Seek(0, io.SeekCurrent); err != nil {
		return err
	}
	w.state.Texts += len(texts)
	return writeJSON(w.path+".json", w.state)
}

// finish gives the output its name.
func (w *vectorWriter) finish(output, kind string) error {
	if kind == ".npy" {
		dtype, width := "<f4", w.state.Dimension
		switch w.precision {
		case "float16":
			dtype = "<f2"
		case "int8":
			dtype = "|i1"
		case "ubinary":
			dtype, width = "|u1", (width+7)/8
		}
		if _, err := w.file.WriteAt(npyHead(dtype, int64(w.state.Texts), width), 0); err != nil {
			return err
		}
	}
	if w.state.Ranges != nil {
		if err := writeJSON(output+".ranges.json", map[string]any{"low": w.state.Ranges.Low, "high": w.state.Ranges.High}); err != nil {
			return err
		}
	}
	if err := errors.Join(w.file.Sync(), w.file.Close()); err != nil {
		return err
	}
	if err := os.Rename(w.path, output); err != nil {
		return err
	}
	return w.forget()
}

// forget removes what would say that there is a partial output.
func (w *vectorWriter) forget() error {
	if err := os.Remove(w.path + ".json"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// float16 rounds the numbers to IEEE half precision, little-endian.
func (v *Vectors) float16() []byte {
	s := torch.NewScope("float16")
	defer s.Close()
	return torch.FromSlice(s, v.Data, len(v.Data)).To(torch.Float16).Bytes()
}
