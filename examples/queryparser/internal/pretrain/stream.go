package pretrain

import (
	"bufio"
	"encoding/json"
	"io"
	"math/rand/v2"
)

// Mix is the share of each task; the shares add up to one.
type Mix struct {
	Extract, Copy, Restate, Identify, Repeat float64
}

// DefaultMix is what the embedded base was trained on.
var DefaultMix = Mix{Extract: .68, Copy: .15, Restate: .08, Identify: .04, Repeat: .05}

// Stream makes examples without end; the same seed makes the same ones.
type Stream struct {
	s   source
	mix Mix

	// Random repeats draw ids from FirstID up to Vocabulary, at most Longest of them.
	FirstID, Vocabulary, Longest int
}

// NewStream starts a stream. Random repeats are drawn for a vocabulary of 1,024
// whose first 260 ids are special tokens and bytes; set the fields for another.
func NewStream(seed uint64, mix Mix) *Stream {
	return &Stream{s: source{rand.New(rand.NewPCG(seed, 3))}, mix: mix, FirstID: 262, Vocabulary: 1024, Longest: 120}
}

// Next makes an example.
func (st *Stream) Next() Example {
	x := st.s.Float64()
	for _, task := range []struct {
		share float64
		make  func() Example
	}{
		{st.mix.Extract, st.s.extract},
		{st.mix.Copy, st.s.copying},
		{st.mix.Restate, st.s.restate},
		{st.mix.Identify, st.s.identify},
	} {
		if x < task.share {
			return task.make()
		}
		x -= task.share
	}
	return st.s.repeatIDs(st.FirstID, st.Vocabulary, st.Longest)
}

// WriteTo writes n examples, one JSON object a line.
func (st *Stream) Write(w io.Writer, n int) error {
	buf := bufio.NewWriter(w)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	for range n {
		if err := enc.Encode(st.Next()); err != nil {
			return err
		}
	}
	return buf.Flush()
}
