package salamandra

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ajolote-ai/ajolote/chat"
	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/tokenizer"
	"github.com/ajolote-ai/ajolote/torch"
)

// speaker is a model with what it takes to speak with it: what a [Parser] and a [Writer] have in common.
type speaker struct {
	model     *llama.Model
	adapter   *lora.Adapter // nil for none
	tokenizer *tokenizer.Tokenizer
	template  *chat.Template
	generator *generate.Generator
	stop      []int32 // ids that end a text: config.json's and generation_config.json's
	turnEnd   []int32 // the mark that the template puts behind an answer; none where it is no token
}

// readSpeech reads tokenizer and template, the adapter's, where it has them, before the model's. What is no model, or no
// adapter, is refused first.
func (s *speaker) readSpeech(model, adapter string) (err error) {
	if _, err := llama.ReadConfig(model); err != nil {
		return err
	}
	if adapter != "" {
		if _, err := lora.ReadConfig(adapter); err != nil {
			return err
		}
	}
	for _, place := range speechPlaces(model, adapter) {
		if s.tokenizer == nil && slices.ContainsFunc(tokenizerFiles[:2], func(f string) bool { return exists(place + "/" + f) }) {
			if s.tokenizer, err = tokenizer.Load(place); err != nil {
				return err
			}
		}
		if s.template == nil || s.template.IsDefault() {
			if s.template, err = chat.Load(place); err != nil {
				return err
			}
		}
	}
	if s.tokenizer == nil {
		return fmt.Errorf("salamandra: %s has no tokenizer.json and no tokenizer.model", model)
	}
	return nil
}

// load reads the model in dir, puts the adapter on it, "" for none, and makes it ready.
func (s *speaker) load(ctx context.Context, dir, adapter string, o llama.LoadOptions, cacheType torch.DType) (err error) {
	if s.model, err = llama.Load(ctx, dir, o); err != nil {
		return err
	}
	if adapter != "" {
		if s.adapter, err = lora.Load(s.model, adapter, &s.model.Clock); err != nil {
			return err
		}
	}
	s.model.CacheType = cacheType
	return s.ready(dir)
}

// ready makes the generator of a model that was loaded from dir, and finds what ends its texts.
func (s *speaker) ready(dir string) error {
	s.generator = &generate.Generator{Model: s.model, Tokenizer: s.tokenizer}
	stops, err := llama.GenerationStops(dir)
	for _, id := range append(stops, s.model.Config.EOS...) {
		s.stop = append(s.stop, int32(id))
	}
	messages := []chat.Message{{Role: "system", Content: "s"}, {Role: "user", Content: "u"}, {Role: "assistant", Content: "a"}}
	if r, err := s.template.ApplyTurns(messages, chat.Options{}); err == nil { // a template that takes no such messages says nothing of ends
		end := r.Turns[2].End
		if id, ok := s.tokenizer.TokenToID(r.Text[end.Start:end.End]); ok {
			s.turnEnd = []int32{id}
		}
	}
	return err
}

// stopBehindAnswers lets the mark behind an answer end texts too. It is an error when nothing does.
func (s *speaker) stopBehindAnswers() error {
	if s.stop = append(s.stop, s.turnEnd...); len(s.stop) == 0 {
		return errors.New("salamandra: neither config.json, generation_config.json nor the chat template says which token ends an answer")
	}
	return nil
}

// speechPlaces are the folders where tokenizer, template and prompt are looked for: the adapter's before the model's.
func speechPlaces(model, adapter string) []string {
	if adapter == "" {
		return []string{model}
	}
	return []string{adapter, model}
}

func (s *speaker) close() {
	if s.generator != nil {
		s.generator.Close()
	}
	if s.adapter != nil {
		s.adapter.Free()
	}
	if s.model != nil {
		s.model.Free()
	}
}
