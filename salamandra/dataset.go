package salamandra

import (
	"encoding/json"
	"fmt"

	"github.com/ajolote-ai/ajolote/chat"
)

// Example is a row of a dataset before it is tokenised. It holds one of Messages, Segments and IDs.
type Example struct {
	// ID is the id of the row, or FILE:LINE when it has none.
	ID string
	// File and Line (from 1) say where the row stands; in a parquet file the line is the number of the row.
	File string
	Line int

	// Messages of a conversation, for a chat template. Train says for each whether its words count in the loss.
	Messages []chat.Message
	Train    []bool
	// Tools that the conversation may call.
	Tools []json.RawMessage

	// Segments are pieces of text that are tokenised one by one.
	Segments []Segment
	// Cut tells that a row longer than sequence_len becomes several examples, as plain text does.
	Cut bool

	// IDs and Labels of a row that is tokenised already; a label is the id or [Ignore].
	IDs, Labels []int32
}

// Segment is a piece of text.
type Segment struct {
	Text  string
	Train bool // counts in the loss
	Begin bool // the tokenizer's own marks (BOS) are put around it
	End   bool // the end-of-sequence token follows, unless the text ends with it
}

// BadRowError tells of a row that cannot be trained on.
type BadRowError struct {
	File   string
	Line   int // from 1
	Reason string
}

func (e *BadRowError) Error() string {
	return fmt.Sprintf("%s:%d: %s; mend the row, or set skip_bad_rows: true to go on without it", e.File, e.Line, e.Reason)
}
