package salamandra

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// This file: from a query record to a training example, by the rules of the reference.

var (
	recordKeys = []string{"doc_type", "filters", "organisations", "semantic_query", "query_rewrite", "meta"}
	metaKeys   = []string{"id", "lang", "original_query"}
)

// missingKeys lists the keys that a record lacks, as the reference words them.
func missingKeys(value any) ([]string, error) {
	query, ok := value.(*pyjson.Object)
	if !ok {
		return nil, fmt.Errorf("the record is no object: %s", pyjson.Kind(value))
	}
	var missing []string
	for _, key := range recordKeys {
		if _, ok := query.Get(key); !ok {
			missing = append(missing, fmt.Sprintf("Missing field '%s'", key))
		}
	}
	inner, ok := query.Get("meta")
	if !ok {
		return missing, nil
	}
	meta, ok := inner.(*pyjson.Object)
	if !ok {
		return nil, fmt.Errorf("meta is no object: %s", pyjson.Kind(inner))
	}
	for _, key := range metaKeys {
		if _, ok := meta.Get(key); !ok {
			missing = append(missing, "Missing meta."+key)
		}
	}
	return missing, nil
}

// example makes the line of the output for a record.
func (p *preparation) example(r record) (*pyjson.Object, error) {
	missing, err := missingKeys(r.value)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		return nil, errors.New(strings.Join(missing, ", "))
	}
	query := r.value.(*pyjson.Object)
	meta := query.Value("meta").(*pyjson.Object)
	question, id, lang := meta.Value("original_query"), meta.Value("id"), meta.Value("lang")

	target := pyjson.NewObject()
	for _, key := range recordKeys[:5] {
		target.Set(key, query.Value(key))
	}
	target.Set("meta", pyjson.NewObject("lang", lang, "original_query", question, "notes", meta.Value("notes")))
	if err := errors.Join(writable(target), writable(id)); err != nil {
		return nil, err
	}
	answer, err := pyjson.Marshal(target, pyjson.Options{Indent: 2})
	if err != nil {
		return nil, err
	}
	p.lookUpModel()
	var messages []any
	if p.settings.MergeSystemIntoUser {
		messages = append(messages, p.message("user", p.prompt+"\n\n"+pyjson.Text(question)))
	} else {
		messages = append(messages, p.message("system", p.prompt), p.message("user", question))
	}
	messages = append(messages, p.message("assistant", string(answer)))

	return pyjson.NewObject("id", id, p.messagesKey(), messages, "lang", lang), nil
}

func (p *preparation) messagesKey() string {
	if p.Format == "sharegpt" {
		return "conversations"
	}
	return "messages"
}

var shareGPTNames = map[string]string{"system": "system", "user": "human", "assistant": "gpt"}

func (p *preparation) message(role string, content any) *pyjson.Object {
	if p.Format == "sharegpt" {
		return pyjson.NewObject("from", shareGPTNames[role], "value", content)
	}
	return pyjson.NewObject("role", role, "content", content)
}

// writable refuses half surrogate pairs, which have no form in a UTF-8 file.
func writable(v any) error {
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) {
			return fmt.Errorf("the text %q has half of a surrogate pair, which no UTF-8 file can hold", v)
		}
	case []any:
		for _, item := range v {
			if err := writable(item); err != nil {
				return err
			}
		}
	case *pyjson.Object:
		for key, item := range v.All() {
			if err := errors.Join(writable(key), writable(item)); err != nil {
				return err
			}
		}
	}
	return nil
}

// languageCounts counts examples by meta.lang, which may be any value.
type languageCounts []struct {
	lang any
	n    int
}

func countLanguages(examples []*pyjson.Object) (languageCounts, error) {
	var counts languageCounts
next:
	for _, e := range examples {
		lang := e.Value("lang")
		switch lang.(type) {
		case []any, *pyjson.Object:
			return nil, fmt.Errorf("meta.lang of %s is no text: %s", pyjson.Text(e.Value("id")), pyjson.Text(lang))
		}
		for i := range counts {
			if pyjson.Equal(counts[i].lang, lang) {
				counts[i].n++
				continue next
			}
		}
		counts = append(counts, struct {
			lang any
			n    int
		}{lang, 1})
	}
	return counts, nil
}

// String writes the counts as Python writes a dict.
func (c languageCounts) String() string {
	items := make([]string, len(c))
	for i, l := range c {
		items[i] = fmt.Sprintf("%s: %d", pyjson.Repr(l.lang), l.n)
	}
	return "{" + strings.Join(items, ", ") + "}"
}

func (c languageCounts) summary() []LanguageCount {
	counts := make([]LanguageCount, len(c))
	for i, l := range c {
		counts[i] = LanguageCount{pyjson.Text(l.lang), l.n}
	}
	return counts
}
