package tokenizer

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzFromJSON reads any bytes as a tokenizer.json and, when they are one, encodes with it: an error or a result, no panic.
func FuzzFromJSON(f *testing.F) {
	g, err := readGolden()
	if err != nil {
		f.Fatal(err)
	}
	for name, file := range g.Files {
		if len(file) < 6000 {
			f.Add([]byte(file), "the "+name+" \u00e9\n")
		}
	}
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		if len(file) > 1<<16 || len(text) > 1<<10 {
			return
		}
		tok, err := FromJSON(file)
		if err != nil {
			return
		}
		e, err := tok.Encode(text, EncodeOptions{})
		if err != nil {
			return
		}
		tok.Decode(e.IDs, true)
		if _, err := tok.EncodePair(text, text, EncodeOptions{}); err == nil {
			_, _ = tok.EncodeBatch([]string{text, "", text + text}, EncodeOptions{})
		}
	})
}

// FuzzText encodes any bytes with a tokenizer of every kind: no panic, the fast way equal to the full one, and whole
// characters out of the stream.
func FuzzText(f *testing.F) {
	_, tokenizers := loadGolden(f)
	for _, text := range []string{"", "hola món", "\xff\xfe", "<s> a</s>", "▁▁", "e\u0301\u0323", strings.Repeat("a", 500), "\u00ad👩\u200d👩", "'LL\r\n 12"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		for _, name := range kindsToTest {
			tok := tokenizers[name]
			e, err := tok.Encode(text, EncodeOptions{})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			ids, err := tok.EncodeIDs(text, EncodeOptions{})
			if err != nil || len(ids) != len(e.IDs) {
				t.Fatalf("%s: %v, %v and %v", name, err, ids, e.IDs)
			}
			stream := tok.Stream(false)
			var out strings.Builder
			for i, id := range ids {
				if id != e.IDs[i] {
					t.Fatalf("%s: %v and %v", name, ids, e.IDs)
				}
				part := stream.Push(id)
				if !utf8.ValidString(part) {
					t.Fatalf("%s: half a character: %q", name, part)
				}
				out.WriteString(part)
			}
			out.WriteString(stream.Flush())
			if whole := tok.Decode(ids, false); whole != out.String() {
				t.Fatalf("%s: %q and %q", name, out.String(), whole)
			}
		}
	})
}

// FuzzSentencePiece reads any bytes as a SentencePiece model.
func FuzzSentencePiece(f *testing.F) {
	f.Add([]byte{0x0A, 0x05, 0x0A, 0x03, 'a', 'b', 'c'})
	f.Add([]byte{0x0A, 0x03, 0x0A, 0x01, 'a', 0x12, 0x02, 0x18, 0x02})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			return
		}
		spm, err := readSentencePiece(data)
		if err != nil {
			return
		}
		p, err := spm.plain()
		if err != nil {
			return
		}
		tok, err := p.build()
		if err != nil {
			return
		}
		_, _ = tok.Encode("abc \u2581x", EncodeOptions{})
	})
}
