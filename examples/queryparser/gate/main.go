// Command gate measures a base model before any fine-tuning: on held-out examples of the pre-training stream, the share of
// the answers' tokens that it would write, given what stands before them, and the share of answers of which it would write
// every one. A base passes when it writes .99 of the tokens of random sequences again, and copies .9 of the texts exactly.
// The exit status is 1 for one that does not.
//
//	go run ./examples/queryparser/gate -model out/base/phase5
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/ajolote-ai/ajolote/examples/queryparser/internal/pretrain"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/tokenizer"
	"github.com/ajolote-ai/ajolote/torch"
)

// What a base must reach to be fine-tuned.
const (
	repeatTokens = .99
	copyExact    = .9
)

func main() {
	model := flag.String("model", "", "folder of the base model")
	n := flag.Int("n", 2000, "number of examples")
	seed := flag.Uint64("seed", 77, "seed of the stream; none of those that the model was trained on")
	flag.Parse()
	scores, err := measure(context.Background(), *model, *n, *seed)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gate:", err)
		os.Exit(2)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "task\tanswers\texact\ttokens")
	for _, task := range []string{"repeat", "tangle", "copy", "extract", "restate", "identify"} {
		s := scores[task]
		fmt.Fprintf(w, "%s\t%d\t%.3f\t%.4f\n", task, s.answers, s.exactShare(), s.tokenShare())
	}
	w.Flush()
	if scores["repeat"].tokenShare() < repeatTokens || scores["copy"].exactShare() < copyExact {
		fmt.Printf("not passed: wanted are %.2f of the tokens of repeats and %.2f of the copies\n", repeatTokens, copyExact)
		os.Exit(1)
	}
	fmt.Println("passed")
}

// score counts what is right of one task's answers.
type score struct{ answers, exact, tokens, right int }

func (s score) exactShare() float64 { return float64(s.exact) / float64(max(1, s.answers)) }
func (s score) tokenShare() float64 { return float64(s.right) / float64(max(1, s.tokens)) }

// measure scores n examples, by task.
func measure(ctx context.Context, folder string, n int, seed uint64) (map[string]score, error) {
	t, err := tokenizer.Load(folder)
	if err != nil {
		return nil, err
	}
	m, err := llama.Load(ctx, folder, llama.LoadOptions{})
	if err != nil {
		return nil, err
	}
	defer m.Free()
	stream, scores := pretrain.NewStream(seed, pretrain.DefaultMix), map[string]score{}
	err = torch.Run(func() (err error) {
		torch.NoGrad(func() {
			for range n {
				e := stream.Next()
				var row pretrain.Row
				if row, err = pretrain.Tokens(t, e); err != nil {
					return
				}
				s := scores[e.Task]
				s.add(row.Labels, guesses(m, row.InputIDs))
				scores[e.Task] = s
			}
		})
		return err
	})
	return scores, err
}

// add counts an answer: guessed[i] is what the model would write behind the first i+1 tokens, wanted[i+1] what it should.
func (s *score) add(wanted []int, guessed []int64) {
	right, tokens := 0, 0
	for i, label := range wanted[1:] {
		if label < 0 {
			continue
		}
		tokens++
		if int64(label) == guessed[i] {
			right++
		}
	}
	s.answers++
	s.tokens += tokens
	s.right += right
	if right == tokens {
		s.exact++
	}
}

// guesses are the likeliest next tokens behind each token.
func guesses(m *llama.Model, ids []int) []int64 {
	s := torch.NewScope("gate")
	defer s.Close()
	row := make([]int32, len(ids))
	for i, id := range ids {
		row[i] = int32(id)
	}
	return torch.ToSlice[int64](m.Logits(m.Hidden(s, llama.Rows{IDs: row})).Argmax(1))
}
