package salamandra

import (
	"bufio"
	"fmt"
	"io"

	"github.com/ajolote-ai/ajolote/tokenizer"
)

// ShowMasks writes the first n examples as text, with what counts in the loss between ⟦ and ⟧, to see what a model will learn.
func ShowMasks(w io.Writer, t *tokenizer.Tokenizer, examples []Tokenized, n int) error {
	out := bufio.NewWriter(w)
	for _, e := range examples[:min(max(0, n), len(examples))] {
		trained := 0
		for _, label := range e.Labels {
			if label != Ignore {
				trained++
			}
		}
		fmt.Fprintf(out, "--- %s: %d tokens, %d trained\n", e.ID, len(e.IDs), trained)
		shown := "" // the text so far; what a stretch adds to it is what its tokens say
		for from := 0; from < len(e.IDs); {
			counts, to := e.Labels[from] != Ignore, from+1
			for to < len(e.IDs) && (e.Labels[to] != Ignore) == counts {
				to++
			}
			text := t.Decode(e.IDs[:to], false)
			added := text[min(len(shown), len(text)):]
			if counts {
				added = "⟦" + added + "⟧"
			}
			out.WriteString(added)
			shown, from = text, to
		}
		out.WriteString("\n")
	}
	return out.Flush()
}
