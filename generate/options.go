package generate

import (
	"errors"
	"fmt"
)

// Options say how the next token is chosen and when to stop. The zero value of a field turns it off, except MaxNewTokens.
type Options struct {
	MaxNewTokens int
	StopTokens   []int32
	StopStrings  []string

	Temperature float64 // of sampling; 0 takes the likeliest token
	TopK        int     // only the K likeliest tokens
	TopP        float64 // only the likeliest tokens whose probabilities add up to P
	MinP        float64 // only tokens at least MinP times as likely as the likeliest
	Seed        uint64  // of sampling

	RepetitionPenalty float64 // above 1 makes tokens of prompt and output less likely (Keskar et al., "CTRL", 2019)
	LogProbs          bool    // report the log-probability of every token, before grammar, temperature and cuts

	// Grammar restricts the text; nil for none.
	Grammar *Grammar
	// Guess is how many tokens are guessed at once, at most, from words of the prompt, to be verified together; 0 for none.
	// It changes the time that a text takes, not the text.
	Guess int
}

// onlyArgmax says that nothing but the place of the largest logit matters.
func (o Options) onlyArgmax() bool {
	return o.Temperature == 0 && (o.RepetitionPenalty == 0 || o.RepetitionPenalty == 1) && !o.LogProbs
}

func (o Options) validate() error {
	var faults []error
	within := func(name string, v, low, high float64) {
		if !(v >= low && v <= high) {
			faults = append(faults, fmt.Errorf("generate: %s is %v: it must lie from %v to %v", name, v, low, high))
		}
	}
	if o.MaxNewTokens <= 0 {
		faults = append(faults, fmt.Errorf("generate: the number of new tokens is %d: it must be positive", o.MaxNewTokens))
	}
	if o.TopK < 0 {
		faults = append(faults, fmt.Errorf("generate: top-k is %d: it must not be negative", o.TopK))
	}
	if o.Guess < 0 {
		faults = append(faults, fmt.Errorf("generate: the number of guesses is %d: it must not be negative", o.Guess))
	}
	within("temperature", o.Temperature, 0, 1e6)
	within("top-p", o.TopP, 0, 1)
	within("min-p", o.MinP, 0, 1)
	within("the repetition penalty", o.RepetitionPenalty, 0, 1e6)
	return errors.Join(faults...)
}
