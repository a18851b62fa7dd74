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

// DefaultMix is the mix for the embedded base.
var DefaultMix = Mix{Extract: .68, Copy: .15, Restate: .08, Identify: .04, Repeat: .05}

// Stream makes examples without end; the same seed makes the same ones.
type Stream struct {
	s   source
	mix Mix

	// The first Alone examples are copying and random repeats, so that the copying
	// circuit is sharp before anything else is learnt; then these give way evenly, and from
	// example Settled on the mix holds. Zero for both: the mix from the start.
	Alone, Settled int

	// Random repeats draw ids from FirstID up to Vocabulary, at most Longest of them.
	FirstID, Vocabulary, Longest int

	made  int    // examples so far
	forms []form // that come again and again
}

// formCount skeletons come again and again, in formShare of the extractions; the others are
// drawn for one example each. Where the keys are known by heart, what the loss still asks for is
// the choice of the values: with new keys alone that choice is learnt much later.
const (
	formCount = 32
	formShare = .7
)

// NewStream starts a stream. Random repeats are drawn for a vocabulary of 1,024
// whose first 260 ids are special tokens and bytes; set the fields for another.
func NewStream(seed uint64, mix Mix) *Stream {
	st := &Stream{s: source{rand.New(rand.NewPCG(seed, 3))}, mix: mix, FirstID: 262, Vocabulary: 1024, Longest: 120}
	fixed := source{rand.New(rand.NewPCG(formCount, 5))} // the same forms for every seed
	for range formCount {
		st.forms = append(st.forms, fixed.form())
	}
	return st
}

// extract fills a known form or a new one.
func (st *Stream) extract() Example {
	if st.s.chance(formShare) {
		return st.s.extract(pick(st.s, st.forms))
	}
	return st.s.extract(st.s.form())
}

// Next makes an example.
func (st *Stream) Next() Example {
	early := float64(st.Settled-st.made) / float64(max(1, st.Settled-st.Alone))
	st.made++
	if early > 0 && st.s.chance(early) {
		if st.s.chance(.25) {
			return st.repeat()
		}
		return st.s.copying()
	}
	x := st.s.Float64()
	for _, task := range []struct {
		share float64
		make  func() Example
	}{
		{st.mix.Extract, st.extract},
		{st.mix.Copy, st.s.copying},
		{st.mix.Restate, st.s.restate},
		{st.mix.Identify, st.s.identify},
	} {
		if x < task.share {
			return task.make()
		}
		x -= task.share
	}
	return st.repeat()
}

func (st *Stream) repeat() Example { return st.s.repeatIDs(st.FirstID, st.Vocabulary, st.Longest) }

// Write writes n examples, one JSON object a line.
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
