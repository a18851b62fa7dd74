package chat

// Which bytes of a rendered conversation each message wrote. The template engine
// knows which pieces of its output come from which message, and what each
// iteration of a loop over the messages printed; here these become turns. No
// marks are planted in the text and nothing is guessed from it: where the
// template does something that can't be followed, that is an error.

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/chat/internal/jinja"
)

const assistant = "assistant"

// ApplyTurns renders a conversation and says where its messages stand in the
// text, which is the same as that of [Template.Apply].
func (t *Template) ApplyTurns(messages []Message, opts Options) (*Rendered, error) {
	r, err := t.render(messages, opts)
	if err != nil {
		return nil, err
	}
	out := &Rendered{Text: r.Text, Turns: make([]Turn, len(messages))}
	for _, g := range r.Generated {
		out.Generated = append(out.Generated, Range{g.Start, g.End})
	}
	prompts := prompter{t: t, messages: messages, opts: opts}
	var without []int // messages that no iteration is for
	for i, m := range messages {
		whole, err := wholeTurn(r, i)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i+1, err)
		}
		if whole.Len() == 0 {
			without = append(without, i)
			continue
		}
		turn := &out.Turns[i]
		turn.Whole = whole
		if turn.Content, err = t.content(r, messages, opts, i, whole); err != nil {
			return nil, fmt.Errorf("message %d (%s): %w", i+1, m.Role, err)
		}
		if m.Role == assistant {
			turn.Content.Start = afterHeader(r.Text, *turn, prompts.before(i))
		}
		turn.End = endMark(r.Text, turn.Content.End, whole.End)
	}
	marks := endMarks(out)
	for _, i := range without {
		out.Turns[i].Content = hull(r, i, Range{0, len(r.Text)})
		if c := out.Turns[i].Content; c.Len() > 0 {
			out.Turns[i].End = Range{c.End, c.End + marks.at(r.Text[c.End:])}
		}
	}
	return out, nil
}

// wholeTurn is what the loop over the messages printed for message i: the one
// iteration that printed something, or, of several, the one that printed what
// the message wrote.
func wholeTurn(r *jinja.Rendered, i int) (Range, error) {
	var all []Range
	for _, turn := range r.Turns {
		if turn.Who == i+1 {
			all = append(all, Range{turn.Start, turn.End})
		}
	}
	if len(all) > 1 {
		all = slices.DeleteFunc(all, func(w Range) bool { return hull(r, i, w).Len() == 0 })
	}
	switch len(all) {
	case 0:
		return Range{}, nil
	case 1:
		return all[0], nil
	}
	return Range{}, errors.New("the template prints it more than once: which of them is the message can't be told")
}

// hull is the stretch from the first to the last byte inside a range that
// message i wrote; empty when there is none.
func hull(r *jinja.Rendered, i int, within Range) (h Range) {
	for _, p := range r.Pieces {
		start, end := max(p.Start, within.Start), min(p.End, within.End)
		if p.Who != i+1 || start >= end {
			continue
		}
		if h.Len() == 0 {
			h.Start = start
		}
		h.End = end
	}
	return h
}

// content finds what message i wrote inside of its turn. For a plain message
// these are its bytes in the output. A message that left none, or that has more
// than a text (tool calls, whose brackets are the template's), is compared with
// a plain one in its place, which shows the header before and the end after.
func (t *Template) content(r *jinja.Rendered, messages []Message, opts Options, i int, whole Range) (Range, error) {
	c := hull(r, i, whole)
	if c.Len() > 0 && len(messages[i].Fields) == 0 {
		return c, nil
	}
	if c.Len() > 0 && messages[i].Role != assistant {
		return c, nil
	}
	others := slices.Clone(messages)
	others[i] = Message{Role: messages[i].Role, Content: "x"}
	probe, err := t.render(others, opts)
	if err != nil {
		return c, fmt.Errorf("its place in the text can't be found, for the template does not take a plain message there: %w", err)
	}
	plainWhole, err := wholeTurn(probe, i)
	if err != nil {
		return c, err
	}
	plain := hull(probe, i, plainWhole)
	if plain.Len() == 0 {
		return c, errors.New("its place in the text can't be found: the template shows nothing of such messages")
	}
	header := probe.Text[plainWhole.Start:plain.Start]
	tail := probe.Text[plain.End:plainWhole.End]
	text := r.Text[whole.Start:whole.End]
	if !strings.HasSuffix(text, tail) {
		return c, fmt.Errorf("the template ends it with %q, a plain message with %q: where its content ends can't be told", lastBytes(text, len(tail)), tail)
	}
	end := whole.End - len(tail)
	if c.Len() > 0 {
		c.End = max(c.End, end)
		return c, nil
	}
	if !strings.HasPrefix(text, header) || len(header)+len(tail) > len(text) {
		return c, fmt.Errorf("the template begins it otherwise than a plain message, with %q: where its content stands can't be told", header)
	}
	return Range{whole.Start + len(header), end}, nil
}

func lastBytes(s string, n int) string { return s[max(0, len(s)-max(n, 1)):] }

// afterHeader is where the assistant begins to speak: after what the template
// gives as generation prompt, if the turn begins with that; else with its own
// first byte and the white space before it that begins the turn.
func afterHeader(text string, turn Turn, prompt string) int {
	before := text[turn.Whole.Start:turn.Content.Start]
	if prompt != "" && strings.HasPrefix(before, prompt) {
		return turn.Whole.Start + len(prompt)
	}
	if prompt == "" && strings.TrimSpace(before) == "" {
		return turn.Whole.Start
	}
	return turn.Content.Start
}

// endMark is the text after the content without the white space at its end.
func endMark(text string, from, to int) Range {
	return Range{from, from + len(strings.TrimRight(text[from:to], " \t\r\n"))}
}

// prompter finds the generation prompt, once for a conversation.
type prompter struct {
	t        *Template
	messages []Message
	opts     Options
	known    bool
	prompt   string
}

// before is the generation prompt as it stands before message i.
func (p *prompter) before(i int) string {
	if p.known {
		return p.prompt
	}
	p.known = true
	history := p.messages[:i]
	if i == 0 {
		history = []Message{{Role: "user", Content: "x"}}
	}
	opts := p.opts
	opts.AddGenerationPrompt = false
	without, err := p.t.Apply(history, opts)
	if err != nil {
		return "" // it does not take a conversation that ends here
	}
	opts.AddGenerationPrompt = true
	with, err := p.t.Apply(history, opts)
	if err != nil {
		return ""
	}
	p.prompt, _ = strings.CutPrefix(with, without)
	if len(p.prompt) == len(with) && without != "" {
		p.prompt = "" // the prompt is not merely added
	}
	return p.prompt
}

// marks are the end marks of the turns, for messages that no turn is for.
type marks []string

func endMarks(r *Rendered) (list marks) {
	for _, turn := range r.Turns {
		if mark := r.Text[turn.End.Start:turn.End.End]; mark != "" && !slices.Contains(list, mark) {
			list = append(list, mark)
		}
	}
	return list
}

// at is the length of the end mark that the text begins with.
func (m marks) at(text string) (length int) {
	for _, mark := range m {
		if strings.HasPrefix(text, mark) {
			length = max(length, len(mark))
		}
	}
	return length
}
