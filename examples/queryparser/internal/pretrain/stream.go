package pretrain

import (
	"bufio"
	"encoding/json"
	"io"
	"math/rand/v2"
)

// Mix is the share of each task; the shares add up to one.
type Mix struct {
	Extract, Copy, Restate, Identify, Repeat, Tangle float64
}

// DefaultMix is the mix for the embedded base.
var DefaultMix = Mix{Extract: .74, Copy: .14, Restate: .02, Identify: .03, Repeat: .04, Tangle: .03}

// Stream makes examples without end; the same seed makes the same ones.
type Stream struct {
	s   source
	mix Mix

	// The first Alone examples are copying and random repeats, so that the copying
	// circuit is sharp before anything else is learnt; then these give way evenly, and from
	// example Settled on the mix holds. Zero for both: the mix from the start.
	Alone, Settled int

	// Named is the share of the known forms that have only their name for a prompt: what would be read in a description is
	// known. Half of the others have the form's own description, half a long one made for the example.
	Named float64

	// Spoken is the share of the extractions whose form is new, in its layout and prompt, but has keys that say what they stand
	// for.
	Spoken float64

	// Random repeats draw ids from FirstID up to Vocabulary, at most Longest of them.
	FirstID, Vocabulary, Longest int

	made  int       // examples so far
	forms [3][]form // that come again and again, by size
}

// knownForms skeletons of each size come again and again, in knownShare of the extractions; the
// others are drawn for one example each. Where the keys are known by heart, what the loss still asks for
// is the choice of the values: with new keys alone that choice is learnt much later.
var knownForms = [3]int{10, 8, 26}

const knownShare = .88

// NewStream starts a stream. Random repeats are drawn for a vocabulary of 1,024
// whose first 260 ids are special tokens and bytes; set the fields for another.
func NewStream(seed uint64, mix Mix) *Stream {
	st := &Stream{s: source{rand.New(rand.NewPCG(seed, 3))}, mix: mix, Named: .75, FirstID: 262, Vocabulary: 1024, Longest: 120}
	fixed := source{rand.New(rand.NewPCG(32, 5))} // the same forms for every seed
	for size, n := range knownForms {
		for range n {
			st.forms[size] = append(st.forms[size], fixed.form(fixed.known(size)))
		}
	}
	return st
}

// extract fills a known form or a new one. Small forms come first: everything in them is choice. They
// give way to whole ones until four times Settled.
func (st *Stream) extract() Example {
	if st.s.chance(st.Spoken) {
		sc := st.s.spoken()
		switch st.s.IntN(8) {
		case 0:
			return st.s.extract(sc, st.s.listed(sc))
		case 1:
			return st.s.extract(sc, st.s.prompt(sc))
		}
		return st.s.extract(sc, st.s.description(sc))
	}
	if !st.s.chance(knownShare) {
		sc := st.s.schema()
		if st.s.chance(.5) {
			return st.s.extract(sc, st.s.description(sc))
		}
		return st.s.extract(sc, st.s.prompt(sc))
	}
	grown := min(1, float64(st.made)/float64(max(1, 4*st.Settled)))
	size := 0
	switch x := st.s.Float64(); {
	case x < .15+.45*grown:
		size = 2
	case x < .40+.40*grown:
		size = 1
	}
	f := pick(st.s, st.forms[size])
	switch {
	case st.s.chance(st.Named):
		return st.s.extract(f.schema, f.name)
	case st.s.chance(.5):
		return st.s.extract(f.schema, f.prompt)
	}
	return st.s.extract(f.schema, st.s.description(f.schema))
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
		{st.mix.Tangle, func() Example { return st.s.tangledIDs(st.FirstID, st.Vocabulary) }},
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
