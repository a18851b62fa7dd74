package pretrain

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/ajolote-ai/ajolote/tokenizer"
)

// Row is an example as token ids; Labels has -100 where nothing is learnt.
type Row struct {
	InputIDs []int `json:"input_ids"`
	Labels   []int `json:"labels"`
}

// ignored marks a position that is not trained on, as everywhere in PyTorch.
const ignored = -100

// Tokens turns an example into ids: a conversation in ChatML, of which the last
// message and its end mark are trained on, or a random repeat after <s>.
func Tokens(t *tokenizer.Tokenizer, e Example) (Row, error) {
	var row Row
	put := func(learn bool, ids ...int) {
		for _, id := range ids {
			row.InputIDs = append(row.InputIDs, id)
			if !learn {
				id = ignored
			}
			row.Labels = append(row.Labels, id)
		}
	}
	text := func(s string) ([]int, error) {
		ids, err := t.AppendIDs(nil, s, tokenizer.EncodeOptions{})
		whole := make([]int, len(ids))
		for i, id := range ids {
			whole[i] = int(id)
		}
		return whole, err
	}
	if e.IDs != nil {
		start, err := text("<s>")
		put(false, start...)
		put(false, e.IDs[:e.Given]...)
		put(true, e.IDs[e.Given:]...)
		return row, err
	}
	for i, m := range e.Messages {
		last := i == len(e.Messages)-1
		for _, part := range []struct {
			text  string
			learn bool
		}{{"<|im_start|>" + m.Role + "\n", false}, {m.Content + "<|im_end|>", last}, {"\n", false}} {
			if last && part.text == "\n" {
				continue
			}
			ids, err := text(part.text)
			if err != nil {
				return row, err
			}
			put(part.learn, ids...)
		}
	}
	return row, nil
}

// WriteTokens writes n examples as rows of ids, one JSON object a line.
func (st *Stream) WriteTokens(w io.Writer, t *tokenizer.Tokenizer, n int) error {
	buf := bufio.NewWriter(w)
	enc := json.NewEncoder(buf)
	for i := range n {
		row, err := Tokens(t, st.Next())
		if err != nil {
			return fmt.Errorf("pretrain: example %d: %w", i, err)
		}
		if err := enc.Encode(row); err != nil {
			return err
		}
	}
	return buf.Flush()
}
