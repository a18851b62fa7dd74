package tokenizer

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"
)

// sentencePieceNames are the names that SentencePiece models have in model directories.
var sentencePieceNames = []string{"tokenizer.model", "sentencepiece.bpe.model", "spiece.model"}

// loadSentencePiece converts a SentencePiece model as transformers 5.23 does when a directory has no tokenizer.json. What
// comes out depends on the class that the directory names:
//
//   - Llama: BPE, the merges from the order of the pieces; Metaspace by add_prefix_space and legacy; BOS and EOS only when
//     add_bos_token and add_eos_token say so.
//   - XLM-RoBERTa: Unigram with fairseq's first four ids, the character map, and <s> … </s>.
//   - none: BPE or Unigram, spaces replaced by ▁, and nothing around a text.
func loadSentencePiece(file string) (*Tokenizer, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	spm, err := readSentencePiece(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	config, err := readTokenizerConfig(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	var p *parts
	switch class := config.class(); {
	case isLlama(class) && spm.kind == kindBPE:
		p, err = spm.llama(config)
	case (class == "XLMRobertaTokenizer" || class == "XLMRobertaTokenizerFast") && spm.kind == kindUnigram:
		p, err = spm.xlmRoberta()
	case class == "" || class == "PreTrainedTokenizerFast" || class == "TokenizersBackend":
		p, err = spm.plain()
	default:
		kind := map[int]string{kindUnigram: "Unigram", kindBPE: "BPE"}[spm.kind]
		err = fmt.Errorf("a %s model for the class %q cannot be converted; convert it with transformers (save_pretrained writes a tokenizer.json)", kind, class)
	}
	var t *Tokenizer
	if err == nil {
		t, err = p.build()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

// llama is the conversion for LlamaTokenizer.
func (spm *sentencePiece) llama(config *tokenizerConfig) (*parts, error) {
	m, err := spm.bpe("", true)
	if err != nil {
		return nil, err
	}
	p := &parts{built: m}
	p.preTokenizer, p.decoder = config.llamaStages()
	p.postProcessor, err = config.aroundText(m)
	if err != nil {
		return nil, err
	}
	p.addedTokens = spm.addedTokens(config.token("unk_token", "<unk>"), config.token("bos_token", "<s>"), config.token("eos_token", "</s>"))
	return p, nil
}

// plain is the conversion for no class in particular.
func (spm *sentencePiece) plain() (*parts, error) {
	p := &parts{}
	var err error
	if spm.kind == kindBPE {
		p.built, err = spm.bpe(spm.unkPiece, spm.byteFallback)
	} else {
		p.built, err = spm.unigram(spm.pieces, spm.unkID, spm.byteFallback)
	}
	if err != nil {
		return nil, err
	}
	stages := []any{}
	if len(spm.charsmap) > 0 {
		stages = append(stages, object{"type": "Precompiled", "precompiled_charsmap": base64.StdEncoding.EncodeToString(spm.charsmap)})
	}
	stages = append(stages, object{"type": "Replace", "pattern": object{"String": " "}, "content": mark})
	p.normalizer = object{"type": "Sequence", "normalizers": stages}.json()
	back := []any{object{"type": "Replace", "pattern": object{"String": mark}, "content": " "}}
	if spm.byteFallback {
		back = append(back, object{"type": "ByteFallback"}, object{"type": "Fuse"})
	}
	p.decoder = object{"type": "Sequence", "decoders": back}.json()
	p.addedTokens = spm.addedTokens("<unk>", "<s>", "</s>")
	return p, nil
}

// xlmRoberta is the conversion for XLMRobertaTokenizer: fairseq's vocabulary begins with four tokens in its own order.
func (spm *sentencePiece) xlmRoberta() (*parts, error) {
	first := []sentencePieceEntry{{text: "<s>"}, {text: "<pad>"}, {text: "</s>"}, {text: "<unk>"}}
	if len(spm.pieces) < 3 {
		return nil, fmt.Errorf("the model has %d pieces; an XLM-RoBERTa has at least 3", len(spm.pieces))
	}
	pieces := slices.Concat(first, spm.pieces[3:], []sentencePieceEntry{{text: "<mask>"}})
	m, err := spm.unigram(pieces, 3, false)
	if err != nil {
		return nil, err
	}
	p := &parts{built: m}
	if len(spm.charsmap) > 0 {
		p.normalizer = object{"type": "Precompiled", "precompiled_charsmap": base64.StdEncoding.EncodeToString(spm.charsmap)}.json()
	}
	meta := object{"type": "Metaspace", "replacement": mark, "prepend_scheme": "always", "split": true}
	p.preTokenizer = object{"type": "Sequence", "pretokenizers": []any{object{"type": "WhitespaceSplit"}, meta}}.json()
	p.decoder = meta.json()
	bos, eos := special("<s>", 0), special("</s>", 0)
	p.postProcessor = object{
		"type": "TemplateProcessing", "single": []any{bos, textA, eos}, "pair": []any{bos, textA, eos, eos, object{"Sequence": object{"id": "B", "type_id": 0}}, eos},
		"special_tokens": object{"<s>": specialToken("<s>", 0), "</s>": specialToken("</s>", 2)},
	}.json()
	p.addedTokens = spm.addedTokens("<s>", "<pad>", "</s>", "<unk>", "<mask>")
	return p, nil
}

// bpe builds a BPE model. SentencePiece has no merges but scores: a piece comes before the pieces behind it in the list,
// and of its ways to be put together from two other pieces the one with the shortest left part comes first.
func (spm *sentencePiece) bpe(unk string, fallback bool) (*bpe, error) {
	var b vocabularyBuilder
	for id, piece := range spm.pieces {
		b.add([]byte(piece.text), int32(id))
	}
	m := &bpe{vocabulary: b.build(), unk: unk, fuse: true, fallback: fallback}
	type pair struct{ left, right, union int32 }
	var pairs []pair
	order := slices.Clone(m.entries)
	slices.SortFunc(order, func(a, b entry) int { return int(a.id - b.id) })
	for _, e := range order {
		text := m.blob[e.start:e.end]
		for i := 0; i < len(text); {
			_, size := utf8.DecodeRuneInString(text[i:])
			if i += size; i == len(text) {
				break
			}
			left, okLeft := m.id(text[:i])
			right, okRight := m.id(text[i:])
			if okLeft && okRight {
				pairs = append(pairs, pair{left, right, e.id})
			}
		}
	}
	m.merges = newMergeTable(len(pairs))
	for rank, p := range pairs {
		m.merges.put(p.left, p.right, uint32(rank), p.union)
	}
	m.prepare()
	return m, nil
}

func (spm *sentencePiece) unigram(pieces []sentencePieceEntry, unk int32, fallback bool) (*unigram, error) {
	var b vocabularyBuilder
	m := &unigram{unkID: -1, fallback: fallback}
	for id, piece := range pieces {
		b.add([]byte(piece.text), int32(id))
		m.scores = append(m.scores, float64(piece.score))
	}
	return m, m.prepare(&b, &unk)
}

// addedTokens lists the special tokens of the class, then the control pieces and the user's pieces of the model.
func (spm *sentencePiece) addedTokens(special ...string) json.RawMessage {
	list := []any{}
	add := func(id int, text string, special bool) {
		list = append(list, object{"id": id, "content": text, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": special})
	}
	for _, text := range special {
		add(0, text, true)
	}
	for id, piece := range spm.pieces {
		if !slices.Contains(special, piece.text) && (piece.kind == pieceControl || piece.kind == pieceUser) {
			add(id, piece.text, piece.kind == pieceControl)
		}
	}
	raw, err := json.Marshal(list)
	if err != nil {
		panic("tokenizer: " + err.Error()) // strings and numbers always have a JSON form
	}
	return raw
}

// object is a part of a tokenizer.json under construction.
type object map[string]any

func (o object) json() json.RawMessage {
	raw, err := json.Marshal(o)
	if err != nil {
		panic("tokenizer: " + err.Error()) // as above
	}
	return raw
}

var textA = object{"Sequence": object{"id": "A", "type_id": 0}}

func special(name string, typeID int) object {
	return object{"SpecialToken": object{"id": name, "type_id": typeID}}
}

func specialToken(name string, id int32) object {
	return object{"id": name, "ids": []int32{id}, "tokens": []string{name}}
}
