package salamandra

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ajolote-ai/ajolote/chat"
	"github.com/ajolote-ai/ajolote/tokenizer"
)

// This file: from an example to tokens and labels, by the rules of axolotl 0.19 (prompt_strategies/chat_template.py), but
// that the mark that ends a trained turn always gets its label: a model that never sees it does not learn to stop.
//
// In a conversation the tokens of a trained message's content count, never those of its header nor the white space after its
// end mark. Which end marks count is a choice of its own: of trained turns (turn), of all, of the last, of none.

// maxGap is how many tokens may stand between a content and its end mark.
const maxGap = 3

// labeller turns the examples of one dataset into tokens.
type labeller struct {
	*speech
	template *chat.Template
	options  chat.Options
	system   string // default_system_message

	eot                map[int32]bool // end-of-turn marks that eot_tokens names; nil: whatever the template writes after a content
	trainEOS, trainEOT string
	sequenceLen        int
}

// newLabeller makes the labeller of a dataset. The notice says what stands in for a missing template.
func (s *speech) newLabeller(c *Config, d *Dataset, now time.Time) (l *labeller, notice string, err error) {
	l = &labeller{speech: s, system: c.DefaultSystemMessage, sequenceLen: c.SequenceLen, options: chat.Options{Vars: s.vars(c), Now: now}}
	l.trainEOS, l.trainEOT = d.TrainOnEOS, d.TrainOnEOT
	if l.trainEOS == "" {
		l.trainEOS = "turn"
	}
	if l.trainEOT == "" {
		l.trainEOT = l.trainEOS
	}
	if kind, _ := d.format(); kind != kindChat && kind != kindShareGPT {
		return l, "", nil
	}
	if l.template, notice, err = s.template(c, d); err != nil {
		return nil, "", err
	}
	for _, mark := range c.EOTTokens {
		ids, err := s.tokenizer.EncodeIDs(mark, tokenizer.EncodeOptions{WithoutSpecialTokens: true})
		if err != nil {
			return nil, "", err
		}
		if len(ids) != 1 {
			return nil, "", fmt.Errorf("eot_tokens: %s is %d tokens; an end-of-turn mark must be one", mark, len(ids))
		}
		if l.eot == nil {
			l.eot = map[int32]bool{}
		}
		l.eot[ids[0]] = true
	}
	if l.eot[s.eos] && l.trainEOS != l.trainEOT {
		return nil, "", fmt.Errorf("train_on_eos is %s and train_on_eot %s, yet %s is the mark of both; make them the same", l.trainEOS, l.trainEOT, s.marks["eos_token"])
	}
	return l, notice, nil
}

// tokens turns an example into one row of tokens, or, when it is plain text, into as many as its length asks for.
func (l *labeller) tokens(e *Example) ([]Tokenized, error) {
	var row Tokenized
	var err error
	switch {
	case e.Messages != nil:
		row, err = l.conversation(e)
	case e.Segments != nil:
		row, err = l.segments(e)
	default:
		row = Tokenized{IDs: e.IDs, Labels: e.Labels}
		size := int32(l.tokenizer.VocabSize())
		if i := slices.IndexFunc(e.IDs, func(id int32) bool { return id >= size }); i >= 0 {
			err = fmt.Errorf("input_ids[%d] is %d, which the vocabulary of %d tokens does not have", i, e.IDs[i], size)
		}
	}
	if err != nil {
		return nil, err
	}
	row.ID = e.ID
	if !e.Cut || len(row.IDs) <= l.sequenceLen {
		return []Tokenized{row}, nil
	}
	var rows []Tokenized
	for from := 0; from < len(row.IDs); from += l.sequenceLen {
		to := min(from+l.sequenceLen, len(row.IDs))
		rows = append(rows, Tokenized{ID: fmt.Sprintf("%s+%d", e.ID, len(rows)), IDs: row.IDs[from:to], Labels: row.Labels[from:to]})
	}
	return rows, nil
}

// segments tokenises pieces of text one by one.
func (l *labeller) segments(e *Example) (Tokenized, error) {
	var row Tokenized
	for _, s := range e.Segments {
		if s.Text == "" {
			continue
		}
		ids, err := l.tokenizer.EncodeIDs(s.Text, tokenizer.EncodeOptions{WithoutSpecialTokens: !s.Begin})
		if err != nil {
			return row, err
		}
		if s.End && l.eos >= 0 && (len(ids) == 0 || ids[len(ids)-1] != l.eos) {
			ids = append(ids, l.eos)
		}
		row.IDs = append(row.IDs, ids...)
		for _, id := range ids {
			if !s.Train {
				id = Ignore
			}
			row.Labels = append(row.Labels, id)
		}
	}
	return row, nil
}

// conversation renders the messages and labels the tokens of the trained ones.
func (l *labeller) conversation(e *Example) (Tokenized, error) {
	messages, train := e.Messages, e.Train
	if l.system != "" && messages[0].Role != "system" {
		messages = append([]chat.Message{{Role: "system", Content: l.system}}, messages...)
		train = append([]bool{false}, train...)
	}
	options := l.options
	options.Tools = e.Tools
	rendered, err := l.template.ApplyTurns(messages, options)
	if err != nil {
		return Tokenized{}, err
	}
	encoded, err := l.tokenizer.Encode(rendered.Text, tokenizer.EncodeOptions{WithoutSpecialTokens: true})
	if err != nil {
		return Tokenized{}, err
	}
	row := Tokenized{IDs: encoded.IDs, Labels: slices.Repeat([]int32{Ignore}, len(encoded.IDs))}
	return row, l.label(&row, &encoded, rendered.Turns, messages, train)
}

// label sets the labels of a conversation.
func (l *labeller) label(row *Tokenized, encoded *tokenizer.Encoding, turns []chat.Turn, messages []chat.Message, train []bool) error {
	take := func(from, to int) { copy(row.Labels[from:to], row.IDs[from:to]) }
	lastEOT, lastEOS := [2]int{}, [2]int{}
	allMarks := l.trainEOT == "all" || l.trainEOS == "all"
	for i, turn := range turns {
		if !train[i] && !allMarks {
			continue
		}
		from, to := covering(encoded, turn.Content)
		if train[i] {
			take(from, to)
		}
		eot, eos := l.endOfTurn(row, encoded, turn, to), l.find(row, to, func(id int32) bool { return id == l.eos })
		for _, mark := range []struct {
			at     [2]int
			last   *[2]int
			option string
		}{{eot, &lastEOT, l.trainEOT}, {eos, &lastEOS, l.trainEOS}} {
			if mark.at[1] == 0 {
				continue
			}
			*mark.last = mark.at
			if mark.option == "all" || mark.option == "turn" && train[i] {
				take(mark.at[0], mark.at[1])
			}
		}
		if train[i] && messages[i].Role == "assistant" && eot[1] == 0 && eos[1] == 0 && (l.trainEOT == "turn" || l.trainEOT == "all") {
			return errNoEndMark
		}
	}
	if l.trainEOT == "last" {
		take(lastEOT[0], lastEOT[1])
	}
	if l.trainEOS == "last" {
		take(lastEOS[0], lastEOS[1])
	}
	return nil
}

// errNoEndMark is a fault of the configuration, not of a row.
var errNoEndMark = errors.New("no end mark follows an answer, so the model would not learn to stop: the template writes none that eot_tokens " +
	"or the end-of-sequence token names; name the template's own in eot_tokens, or say train_on_eot: none if that is meant")

// endOfTurn finds the end mark of a turn: the first of eot_tokens behind its content, or, without eot_tokens, what the template
// writes there. It returns the range of its tokens, which ends at 0 when there is none.
func (l *labeller) endOfTurn(row *Tokenized, encoded *tokenizer.Encoding, turn chat.Turn, to int) [2]int {
	if l.eot != nil {
		return l.find(row, to, func(id int32) bool { return l.eot[id] })
	}
	if turn.End.Len() == 0 {
		return [2]int{}
	}
	from, end := covering(encoded, turn.End)
	return [2]int{max(from, to), max(end, to)}
}

// find looks for a mark behind a content.
func (l *labeller) find(row *Tokenized, to int, is func(int32) bool) [2]int {
	for i := to; i < min(to+maxGap+1, len(row.IDs)); i++ {
		if is(row.IDs[i]) {
			return [2]int{i, i + 1}
		}
	}
	return [2]int{}
}

// covering is the range of the tokens that have a part in a range of bytes.
func covering(e *tokenizer.Encoding, r chat.Range) (from, to int) {
	for from < e.Len() && e.ByteOffsets[from][1] <= r.Start {
		from++
	}
	to = from
	for to < e.Len() && e.ByteOffsets[to][0] < r.End {
		to++
	}
	return from, to
}
