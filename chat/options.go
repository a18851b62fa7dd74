package chat

// What goes into a rendering beside the messages, and what comes out.

import (
	"encoding/json"
	"time"
)

// Options says how a conversation is rendered. The zero value renders the
// messages alone.
type Options struct {
	// Template is the name of the template to use, of a model that ships
	// several. Without a name it is "tool_use" when there are Tools and the
	// model has one of that name, else "default".
	Template string
	// Tools are the functions the model may call, each a JSON schema as
	// transformers takes it ({"type": "function", "function": {...}}).
	Tools []json.RawMessage
	// AddGenerationPrompt ends the text with the header of an assistant's
	// message, so that the model answers.
	AddGenerationPrompt bool
	// Vars are further variables of the template ("enable_thinking",
	// "date_string", "documents", ...), of the types that [Field] allows. They
	// override the special tokens (bos_token, ...).
	Vars map[string]any
	// Now is the time that strftime_now shows; the zero time stands for the
	// time of rendering. Training sets it, so that a second run sees the same.
	Now time.Time
}

// A Range is a stretch of the rendered text, in bytes: text[Start:End].
type Range struct{ Start, End int }

// Len is the number of bytes of the range.
func (r Range) Len() int { return r.End - r.Start }

// A Turn says where one message stands in the rendered text.
type Turn struct {
	// Whole is everything that the template made of the message: header,
	// content, end mark and the white space after it. It is empty when the
	// template shows nothing for this message by itself (a system message that
	// becomes part of the next one).
	Whole Range
	// Content is what the author of the message wrote. For an assistant this
	// is what a model has to say itself: the text between the header and the
	// end mark, with reasoning and tool calls in the form the template gives
	// them. It is empty, at its place, when nothing was written.
	Content Range
	// End is the end mark: what follows the content, up to trailing white
	// space ("<|im_end|>", "</s>"). It is empty when the template has none.
	End Range
}

// Rendered is a rendered conversation.
type Rendered struct {
	Text string
	// Turns has one entry for each message, in the order of the messages.
	Turns []Turn
	// Generated are the {% generation %} blocks of the template, in order:
	// what the template itself says the assistant writes. Few templates have
	// them; nil when there are none.
	Generated []Range
}
