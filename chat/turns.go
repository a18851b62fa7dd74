package chat

// Which bytes of a rendered conversation each message wrote. The template engine
// knows which pieces of its output come from which message, and what each
// iteration of a loop over the messages printed; here these become turns. No
// marks are planted in the text and nothing is guessed from it: where the
// template does something that can't be followed, that is an error.
//
// A template that does not loop over the messages (but over their numbers, say)
// is rendered with one message more each time: what is added is the turn.

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
	wholes, err := t.wholeTurns(r, messages, opts)
	if err != nil {
		return nil, err
	}
	f := follower{t: t, messages: messages, opts: opts, r: r}
	var without []int // messages that are shown elsewhere than in a turn of their own
	for i, m := range messages {
		whole := wholes[i]
		if whole.Len() == 0 {
			without = append(without, i)
			continue
		}
		content, err := f.content(i, whole)
		if err != nil {
			return nil, fmt.Errorf("message %d (%s): where its content stands can't be told: %w", i+1, m.Role, err)
		}
		out.Turns[i] = Turn{whole, content, endMark(r.Text, content.End, whole.End)}
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

// wholeTurns is what the template printed for each message, as a turn of its own.
func (t *Template) wholeTurns(r *jinja.Rendered, messages []Message, opts Options) ([]Range, error) {
	wholes := make([]Range, len(messages))
	noLoop := len(r.Turns) == 0 && len(r.Pieces) > 0
	for i, m := range messages {
		var err error
		if noLoop {
			wholes[i], err = t.addedTurn(r.Text, messages[:i+1], opts, wholes[:i])
		} else {
			wholes[i], err = loopTurn(r, i)
		}
		if err != nil {
			return nil, fmt.Errorf("message %d (%s): %w", i+1, m.Role, err)
		}
	}
	return wholes, nil
}

// loopTurn is what the loop over the messages printed for message i: the one
// iteration that printed something, or, of several, the one that printed what
// the message wrote.
func loopTurn(r *jinja.Rendered, i int) (Range, error) {
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

// addedTurn is what the last of the messages adds to the text of those before it.
func (t *Template) addedTurn(text string, messages []Message, opts Options, before []Range) (Range, error) {
	opts.AddGenerationPrompt = false
	so, err := t.Apply(messages, opts)
	if err != nil {
		return Range{}, fmt.Errorf("the template has no loop over the messages, and it does not take the conversation up to here: %w", err)
	}
	if !strings.HasPrefix(text, so) {
		return Range{}, errors.New("the template has no loop over the messages, and the text up to here changes with what follows: where the message stands can't be told")
	}
	start := 0
	if len(before) > 0 {
		start = before[len(before)-1].End
	}
	return Range{start, max(start, len(so))}, nil
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

// follower finds the contents of the turns of one rendering.
type follower struct {
	t        *Template
	messages []Message
	opts     Options
	r        *jinja.Rendered

	prompt *string // the generation prompt, once it is known
}

// content finds what message i wrote inside of its turn: its own bytes in the
// output, and for an assistant all between the header and the end. Where there
// are no such bytes, or where they are not all (tool calls, whose brackets are
// the template's), the turn is compared with that of a plain message.
func (f *follower) content(i int, whole Range) (Range, error) {
	c := hull(f.r, i, whole)
	m := f.messages[i]
	if m.Role != assistant {
		if c.Len() == 0 {
			if header, tail, err := f.frame(i, whole); err == nil && strings.HasPrefix(f.text(whole), header) && len(header)+len(tail) <= whole.Len() {
				return Range{whole.Start + len(header), whole.End - len(tail)}, nil
			}
			return Range{whole.End, whole.End}, nil // nothing of it is shown
		}
		return c, nil
	}
	prompt := f.generationPrompt(i)
	if c.Len() > 0 && isText(m) {
		before := f.text(Range{whole.Start, c.Start})
		if strings.HasPrefix(before, prompt) && (prompt != "" || strings.TrimSpace(before) == "") {
			c.Start = whole.Start + len(prompt)
		}
		return c, nil
	}
	header, tail, err := f.frame(i, whole)
	if err != nil {
		return c, err
	}
	c = Range{whole.Start, whole.End - len(tail)}
	switch text := f.text(c); {
	case prompt != "" && strings.HasPrefix(text, prompt):
		c.Start += len(prompt)
	case strings.TrimSpace(header) == "":
		// There is no header: all of the turn is the assistant's.
	case strings.HasPrefix(text, header):
		c.Start += len(header)
	default:
		return c, fmt.Errorf("the template begins a plain message with %q, but not this one", header)
	}
	return c, nil
}

// isText says that a message ends with its content, before which there is at
// most reasoning.
func isText(m Message) bool {
	return strings.TrimSpace(m.Content) != "" && !slices.ContainsFunc(m.Fields, func(f Field) bool {
		return f.Value != nil && !slices.Contains(reasoningNames, f.Name) && !slices.Contains(headerNames, f.Name)
	})
}

func (f *follower) text(r Range) string { return f.r.Text[r.Start:r.End] }

// frame is what the template puts before and after a plain message of the role
// of message i, such that the turn ends with the latter. It is looked for in the
// message's own place, then, since templates refuse some orders of messages, in
// a conversation of one question and one answer.
func (f *follower) frame(i int, whole Range) (header, tail string, err error) {
	plain := Message{Role: f.messages[i].Role, Content: "x"}
	inPlace := slices.Clone(f.messages)
	inPlace[i] = plain
	short := []Message{{Role: "user", Content: "x"}, plain}
	if plain.Role != assistant {
		short = short[1:]
	}
	var faults []error
	for _, try := range []struct {
		messages []Message
		at       int
	}{{inPlace, i}, {short, len(short) - 1}} {
		header, tail, err := f.frameOf(try.messages, try.at)
		if err == nil && !strings.HasSuffix(f.text(whole), tail) {
			err = fmt.Errorf("the template ends a plain message with %q, but not this one", tail)
		}
		if err == nil {
			return header, tail, nil
		}
		faults = append(faults, err)
	}
	return "", "", errors.Join(faults...)
}

// frameOf renders messages and looks at what surrounds the one at i.
func (f *follower) frameOf(messages []Message, i int) (header, tail string, err error) {
	r, err := f.t.render(messages, f.opts)
	if err != nil {
		return "", "", err
	}
	wholes, err := f.t.wholeTurns(r, messages, f.opts)
	if err != nil {
		return "", "", err
	}
	whole := wholes[i]
	c := hull(r, i, whole)
	if c.Len() == 0 {
		return "", "", errors.New("the template shows nothing of such messages")
	}
	return r.Text[whole.Start:c.Start], r.Text[c.End:whole.End], nil
}

// generationPrompt is what the template adds for the assistant to begin to
// speak, as it does before message i; it is looked for once.
func (f *follower) generationPrompt(i int) string {
	if f.prompt != nil {
		return *f.prompt
	}
	f.prompt = new(string)
	history := f.messages[:i]
	if i == 0 {
		history = []Message{{Role: "user", Content: "x"}}
	}
	opts := f.opts
	opts.AddGenerationPrompt = false
	without, err := f.t.Apply(history, opts)
	if err != nil {
		return "" // it takes no conversation that ends here
	}
	opts.AddGenerationPrompt = true
	with, err := f.t.Apply(history, opts)
	if err != nil {
		return ""
	}
	if prompt, added := strings.CutPrefix(with, without); added {
		*f.prompt = prompt
	}
	return *f.prompt
}

// endMark is the text after the content without the white space at its end.
func endMark(text string, from, to int) Range {
	return Range{from, from + len(strings.TrimRight(text[from:to], " \t\r\n"))}
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
