package gguf_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/gguf"
)

// file is a GGUF file, read independently of the writer.
type file struct {
	keys    map[string]any
	order   []string
	tensors map[string]data
	names   []string
}

type data struct {
	shape []uint64 // innermost first
	kind  uint32
	bytes []byte
}

func readFile(t *testing.T, path string) file {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	at := 0
	u32 := func() uint32 { at += 4; return binary.LittleEndian.Uint32(raw[at-4:]) }
	u64 := func() uint64 { at += 8; return binary.LittleEndian.Uint64(raw[at-8:]) }
	text := func() string { n := int(u64()); at += n; return string(raw[at-n : at]) }
	var value func(kind uint32) any
	value = func(kind uint32) any {
		switch kind {
		case 4, 5:
			return u32()
		case 6:
			return math.Float32frombits(u32())
		case 7:
			at++
			return raw[at-1] != 0
		case 8:
			return text()
		case 9:
			inner, n := u32(), u64()
			var list []any
			for range n {
				list = append(list, value(inner))
			}
			return list
		}
		t.Fatalf("%s: a value of type %d", path, kind)
		return nil
	}
	require.Equal(t, "GGUF", string(raw[:4]))
	at = 4
	require.Equal(t, uint32(3), u32())
	tensors, keys := u64(), u64()
	f := file{keys: map[string]any{}, tensors: map[string]data{}}
	for range keys {
		key := text()
		f.order = append(f.order, key)
		f.keys[key] = value(u32())
	}
	offsets := map[string]uint64{}
	for range tensors {
		name := text()
		var d data
		for range u32() {
			d.shape = append(d.shape, u64())
		}
		d.kind = u32()
		offsets[name] = u64()
		require.Zero(t, offsets[name]%32)
		f.tensors[name] = d
		f.names = append(f.names, name)
	}
	start := (at + 31) / 32 * 32
	for name, d := range f.tensors {
		size := uint64(1)
		for _, n := range d.shape {
			size *= n
		}
		size = map[uint32]uint64{0: 4 * size, 1: 2 * size, 8: size / 32 * 34, 30: 2 * size}[d.kind]
		from := uint64(start) + offsets[name]
		d.bytes = raw[from : from+size]
		f.tensors[name] = d
	}
	return f
}

func export(t *testing.T, dir string, o gguf.Options) file {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.gguf")
	require.NoError(t, gguf.Export(context.Background(), dir, path, o))
	return readFile(t, path)
}

func TestAModelIsWhatTheProgramsOfLlamaCppWrite(t *testing.T) {
	want := readFile(t, "testdata/tiny-f16.gguf")
	got := export(t, "testdata/model", gguf.Options{Type: gguf.F16, Name: "tiny"})
	kinds := got.keys["tokenizer.ggml.token_type"].([]any)
	for id, kind := range want.keys["tokenizer.ggml.token_type"].([]any) {
		if id == 4 || id == 5 { // <|im_start|> and <|im_end|> are special
			kind = uint32(3)
		}
		require.Equal(t, kind, kinds[id], "token %d", id)
	}
	want.keys["tokenizer.ggml.token_type"] = kinds
	require.Equal(t, want.keys, got.keys)
	require.ElementsMatch(t, want.names, got.names)
	for name, d := range want.tensors {
		require.Equal(t, d, got.tensors[name], name)
	}
}

func TestAnAdapterIsWhatTheProgramsOfLlamaCppWrite(t *testing.T) {
	want := readFile(t, "testdata/lora-f32.gguf")
	got := export(t, "testdata/adapter", gguf.Options{Type: gguf.F32, Base: "testdata/model"})
	require.Equal(t, want.keys, got.keys)
	for name, d := range want.tensors {
		require.Equal(t, d, got.tensors[name], name)
	}
	require.Len(t, got.tensors, len(want.tensors))
}

// Without tokenizer.model the ranks of merges must order pairs as its scores do.
func TestRanksOrderMergesAsScoresDo(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"} {
		text, err := os.ReadFile("testdata/model/" + name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	with, without := export(t, "testdata/model", gguf.Options{}), export(t, dir, gguf.Options{})
	require.Equal(t, with.keys["tokenizer.ggml.tokens"], without.keys["tokenizer.ggml.tokens"])
	require.Equal(t, with.keys["tokenizer.ggml.token_type"], without.keys["tokenizer.ggml.token_type"])
	order := func(f file) []string {
		tokens, scores, kinds := f.keys["tokenizer.ggml.tokens"].([]any), f.keys["tokenizer.ggml.scores"].([]any), f.keys["tokenizer.ggml.token_type"].([]any)
		var ids []int
		for id := range tokens {
			if text := tokens[id].(string); kinds[id] == uint32(1) && len([]rune(text)) > 1 {
				ids = append(ids, id)
			}
		}
		slices.SortStableFunc(ids, func(a, b int) int { return int(scores[b].(float32) - scores[a].(float32)) })
		var list []string
		for _, id := range ids {
			list = append(list, tokens[id].(string))
		}
		return list
	}
	require.Equal(t, order(with), order(without))
}

func TestTypesRoundAsTheyShould(t *testing.T) {
	exact := export(t, "testdata/model", gguf.Options{Type: gguf.F32})
	numbers := func(b []byte, at int) float64 {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*at:])))
	}
	for kind, d := range map[gguf.Type]uint32{gguf.BF16: 30, gguf.F16: 1, gguf.Q8_0: 8} {
		f := export(t, "testdata/model", gguf.Options{Type: kind})
		for name, want := range exact.tensors {
			got := f.tensors[name]
			require.Equal(t, want.shape, got.shape)
			if len(want.shape) == 1 {
				require.Equal(t, want, got, "%s: vectors stay float32", name)
				continue
			}
			require.Equal(t, d, got.kind)
			for i := range len(want.bytes) / 4 {
				w := numbers(want.bytes, i)
				switch kind {
				case gguf.BF16: // as the model has them
					require.Equal(t, uint32(math.Float32bits(float32(w))>>16), uint32(binary.LittleEndian.Uint16(got.bytes[2*i:])))
				case gguf.Q8_0:
					b := got.bytes[i/32*34:]
					exponent, fraction := int(binary.LittleEndian.Uint16(b)>>10&31), float64(binary.LittleEndian.Uint16(b)&1023)
					scale := math.Ldexp(1+fraction/1024, exponent-15)
					if exponent == 0 {
						scale = math.Ldexp(fraction, -24)
					}
					require.InDelta(t, w, scale*float64(int8(b[2+i%32])), 0.51*scale+1e-3*math.Abs(w), name)
				}
			}
		}
	}
}

func TestWhatCannotBeExportedSaysWhy(t *testing.T) {
	config := map[string]any{}
	text, err := os.ReadFile("testdata/adapter/adapter_config.json")
	require.NoError(t, err)
	weights, err := os.ReadFile("testdata/adapter/adapter_model.safetensors")
	require.NoError(t, err)
	for key, c := range map[string]struct {
		value any
		fault string
	}{
		"use_dora": {true, "no DoRA"}, "modules_to_save": {[]string{"lm_head"}, "modules_to_save"},
		"alpha_pattern": {map[string]int{"q_proj": 1}, "alpha_pattern"}, "r": {0, "r is 0"}, "peft_type": {"VERA", "VERA"},
	} {
		clear(config)
		require.NoError(t, json.Unmarshal(text, &config))
		config[key] = c.value
		changed, err := json.Marshal(config)
		require.NoError(t, err)
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(dir+"/adapter_config.json", changed, 0o600))
		require.NoError(t, os.WriteFile(dir+"/adapter_model.safetensors", weights, 0o600))
		err = gguf.Export(context.Background(), dir, dir+"/out.gguf", gguf.Options{Base: "testdata/model"})
		require.ErrorContains(t, err, c.fault)
		require.NoFileExists(t, dir+"/out.gguf")
	}
	_, err = gguf.ParseType("q4_0")
	require.ErrorContains(t, err, `"q4_0" is no type that is written`)
	require.ErrorContains(t, gguf.Export(context.Background(), "testdata/adapter", filepath.Join(t.TempDir(), "x"), gguf.Options{}), "base model of the adapter")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, gguf.Export(ctx, "testdata/model", filepath.Join(t.TempDir(), "x"), gguf.Options{}), context.Canceled)
}
