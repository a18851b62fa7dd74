package tokenizer

import (
	"encoding/json"
	"fmt"
)

// postProcessor adds the special tokens to one text or to a pair.
type postProcessor interface {
	// added is how many tokens it puts in.
	added(pair bool) int
	// process turns the texts into the parts of the result, in order. Without special, no token is put in.
	process(texts []Encoding, special bool) ([]Encoding, error)
	// around gives the ids that stand before and behind a single text; ok is false when it does more than that.
	around() (before, behind []int32, ok bool)
}

// parsePostProcessor reads the "post_processor" of a tokenizer.json; null is nil.
func parsePostProcessor(raw json.RawMessage) (postProcessor, error) {
	kind, err := typeOf(raw)
	if err != nil || kind == "" {
		return nil, err
	}
	switch kind {
	case "Sequence":
		var file struct{ Processors []json.RawMessage }
		if err := decodePart(raw, &file, "processors"); err != nil {
			return nil, err
		}
		var list postProcessors
		for i, part := range file.Processors {
			p, err := parsePostProcessor(part)
			if err != nil {
				return nil, fmt.Errorf("processors[%d]: %w", i, err)
			}
			if p == nil {
				return nil, fmt.Errorf("processors[%d] is null", i)
			}
			list = append(list, p)
		}
		return list, nil
	case "ByteLevel":
		return parseByteLevel(raw)
	case "TemplateProcessing":
		return parseTemplate(raw)
	case "BertProcessing", "RobertaProcessing":
		return parseClassified(raw, kind == "RobertaProcessing")
	}
	return nil, fmt.Errorf("unknown post_processor type %q", kind)
}

// postProcessors run one after the other.
type postProcessors []postProcessor

func (list postProcessors) added(pair bool) int {
	n := 0
	for _, p := range list {
		n += p.added(pair)
	}
	return n
}

func (list postProcessors) process(texts []Encoding, special bool) ([]Encoding, error) {
	for _, p := range list {
		var err error
		if texts, err = p.process(texts, special); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

func (list postProcessors) around() (before, behind []int32, ok bool) {
	adding := 0
	for _, p := range list {
		a, b, known := p.around()
		if !known {
			return nil, nil, false
		}
		if p.added(false) > 0 {
			adding++
		}
		before, behind = append(a, before...), append(behind, b...)
	}
	return before, behind, adding <= 1
}

func (b *byteLevel) added(bool) int { return 0 }

func (b *byteLevel) around() (before, behind []int32, ok bool) { return nil, nil, true }

func (b *byteLevel) process(texts []Encoding, _ bool) ([]Encoding, error) {
	if b.trim {
		trimAll(texts, b.prefix)
	}
	return texts, nil
}

func trimAll(texts []Encoding, prefixed bool) {
	for i := range texts {
		e := &texts[i]
		trimSpaces(e.Tokens, e.Offsets, prefixed)
		trimSpaces(e.Tokens, e.ByteOffsets, prefixed)
		trimAll(e.Overflowing, prefixed)
	}
}

// template is TemplateProcessing: a list of special tokens and places for the texts.
type template struct{ single, pair []templatePart }

type templatePart struct {
	text   int // 0 or 1, or -1 for special tokens
	typeID int32
	ids    []int32
	tokens []string
}

func parseTemplate(raw json.RawMessage) (*template, error) {
	type placeFile struct {
		ID     string
		TypeID int32 `json:"type_id"`
	}
	type partFile struct{ Sequence, SpecialToken *placeFile }
	var file struct {
		Single, Pair []partFile
		Specials     map[string]struct {
			IDs    []int32
			Tokens []string
		} `json:"special_tokens"`
	}
	if err := decodePart(raw, &file, "single", "pair", "special_tokens"); err != nil {
		return nil, err
	}
	read := func(name string, parts []partFile, texts int) (list []templatePart, err error) {
		for i, p := range parts {
			switch {
			case p.Sequence != nil && p.SpecialToken == nil:
				text := map[string]int{"A": 0, "B": 1}
				number, ok := text[p.Sequence.ID]
				if !ok || number >= texts {
					return nil, fmt.Errorf("%s[%d]: there is no text %q", name, i, p.Sequence.ID)
				}
				list = append(list, templatePart{text: number, typeID: p.Sequence.TypeID})
			case p.SpecialToken != nil && p.Sequence == nil:
				special, ok := file.Specials[p.SpecialToken.ID]
				if !ok {
					return nil, fmt.Errorf("%s[%d]: the token %q is not among special_tokens", name, i, p.SpecialToken.ID)
				}
				if len(special.IDs) != len(special.Tokens) {
					return nil, fmt.Errorf("special_tokens: %q has %d ids and %d tokens", p.SpecialToken.ID, len(special.IDs), len(special.Tokens))
				}
				list = append(list, templatePart{-1, p.SpecialToken.TypeID, special.IDs, special.Tokens})
			default:
				return nil, fmt.Errorf("%s[%d] is neither a Sequence nor a SpecialToken", name, i)
			}
		}
		return list, nil
	}
	t := &template{}
	var err error
	if t.single, err = read("single", file.Single, 1); err != nil {
		return nil, err
	}
	t.pair, err = read("pair", file.Pair, 2)
	return t, err
}

func (t *template) added(pair bool) int {
	parts := t.single
	if pair {
		parts = t.pair
	}
	n := 0
	for _, p := range parts {
		n += len(p.ids)
	}
	return n
}

func (t *template) around() (before, behind []int32, ok bool) {
	texts := 0
	for _, p := range t.single {
		switch {
		case p.text >= 0:
			texts++
		case texts == 0:
			before = append(before, p.ids...)
		default:
			behind = append(behind, p.ids...)
		}
	}
	return before, behind, texts == 1
}

func (t *template) process(texts []Encoding, special bool) ([]Encoding, error) {
	parts := t.single
	switch len(texts) {
	case 1:
	case 2:
		parts = t.pair
	default:
		return nil, fmt.Errorf("TemplateProcessing got %d texts: a post-processor before it has split them; it takes one or two", len(texts))
	}
	out := make([]Encoding, 0, len(parts))
	places := map[int]int{}
	for _, p := range parts {
		places[p.text]++
	}
	for _, p := range parts {
		if p.text >= 0 {
			e := &texts[p.text]
			e.setType(p.typeID)
			part := *e
			if places[p.text] > 1 { // each place has its own type
				part = e.slice(0, e.Len())
				part.Overflowing = e.Overflowing
			}
			out = append(out, part)
		} else if special {
			out = append(out, inserted(p.ids, p.tokens, p.typeID, 1))
		}
	}
	return out, nil
}

// classified is BertProcessing and RobertaProcessing: a token before the first text and separators behind each.
type classified struct {
	cls, sep       namedToken
	roberta        bool // all types are 0, a separator comes before the second text too, and offsets may be trimmed
	trim, prefixed bool
}

// namedToken is a token as BertProcessing writes it: ["[SEP]", 102].
type namedToken struct {
	token string
	id    int32
}

func (n *namedToken) UnmarshalJSON(raw []byte) error {
	pair := []any{&n.token, &n.id}
	if err := json.Unmarshal(raw, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return fmt.Errorf("%s is not a token and its id", raw)
	}
	return nil
}

func parseClassified(raw json.RawMessage, roberta bool) (*classified, error) {
	var file struct {
		Sep, Cls       namedToken
		TrimOffsets    bool `json:"trim_offsets"`
		AddPrefixSpace bool `json:"add_prefix_space"`
	}
	required := []string{"sep", "cls"}
	if roberta {
		required = append(required, "trim_offsets", "add_prefix_space")
	}
	err := decodePart(raw, &file, required...)
	return &classified{file.Cls, file.Sep, roberta, file.TrimOffsets && roberta, file.AddPrefixSpace}, err
}

func (c *classified) added(pair bool) int {
	switch {
	case !pair:
		return 2
	case c.roberta:
		return 4
	}
	return 3
}

func (c *classified) around() (before, behind []int32, ok bool) {
	return []int32{c.cls.id}, []int32{c.sep.id}, true
}

func (c *classified) process(texts []Encoding, special bool) ([]Encoding, error) {
	if c.trim {
		trimAll(texts, c.prefixed)
	}
	if c.roberta {
		for i := range texts {
			texts[i].setType(0)
		}
	}
	if !special {
		return texts, nil
	}
	wrap := func(e *Encoding, number int) Encoding {
		var out Encoding
		typeID := int32(min(number, 1))
		if c.roberta {
			typeID = 0
			e.setType(0)
		}
		switch {
		case number == 0:
			out = inserted([]int32{c.cls.id}, []string{c.cls.token}, 0, 1)
		case c.roberta:
			out = inserted([]int32{c.sep.id}, []string{c.sep.token}, typeID, 1)
		}
		body := e.slice(0, e.Len())
		for i := range body.AttentionMask { // the processor forgets what was masked before it
			body.AttentionMask[i], body.SpecialTokensMask[i] = 1, 0
		}
		out.append(&body)
		end := inserted([]int32{c.sep.id}, []string{c.sep.token}, typeID, 1)
		out.append(&end)
		return out
	}
	out := make([]Encoding, len(texts))
	for i := range texts {
		out[i] = wrap(&texts[i], i)
		for j := range texts[i].Overflowing {
			out[i].Overflowing = append(out[i].Overflowing, wrap(&texts[i].Overflowing[j], i))
		}
	}
	return out, nil
}
