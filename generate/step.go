package generate

import (
	"math"
	"slices"

	"github.com/ajolote-ai/ajolote/generate/grammar"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
)

// stepGroup runs the tokens that were dealt to sequences, and their guesses, through the model, and picks what follows those
// that have been read to their end. All of the sequences continue one prefix, or none does.
func (b *batch) stepGroup(group []*sequence) {
	scope := torch.NewScope("generate")
	defer scope.Close()
	rows := llama.Rows{Bounds: []int{0}, Prefix: group[0].prefix, Outputs: []int{}}
	h := head{model: b.g.Model}
	places := make([][]*place, len(group))
	for i, s := range group {
		s.guess()
		rows.IDs = append(append(rows.IDs, s.now...), s.guessed...)
		rows.Bounds = append(rows.Bounds, len(rows.IDs))
		rows.Caches = append(rows.Caches, s.cache)
		s.passes++
		if s.pending = s.pending[len(s.now):]; len(s.pending) > 0 {
			continue
		}
		s.reading = false
		places[i] = s.places(len(rows.Outputs))
		for _, p := range places[i] {
			h.want(p, s)
		}
		for at := len(rows.IDs) - 1 - len(s.guessed); at < len(rows.IDs); at++ {
			rows.Outputs = append(rows.Outputs, at)
		}
	}
	if len(rows.Outputs) == len(rows.IDs) {
		rows.Outputs = nil
	}
	h.hidden = b.g.Model.Hidden(scope, rows)
	h.compute(scope)
	for i, s := range group {
		if len(places[i]) > 0 {
			s.follow(&h, places[i])
		}
	}
}

// place is a row of hidden states after which a token is to be picked.
type place struct {
	row   int
	state *grammar.State // of the grammar there; nil without one
	mask  *grammar.Mask
	// Where the head puts what it finds for this place: the likeliest word, or the logits of all words; -1 for neither.
	// Where both are -1, only the logits of the few words that the grammar allows are computed.
	best, full int
}

// places are the rows of a sequence: that of its last known token, then those of the guessed ones.
func (s *sequence) places(row int) []*place {
	list := []*place{{row: row, state: s.state}}
	for i, token := range s.guessed {
		p := &place{row: row + i + 1}
		if s.Grammar != nil {
			p.state = list[i].state.Advance(s.Grammar.Masks.Vocabulary.Bytes(token))
		}
		list = append(list, p)
	}
	if s.Grammar != nil {
		for _, p := range list {
			p.mask = s.Grammar.Masks.Of(p.state)
		}
	}
	return list
}

// follow picks tokens as long as the guesses come true, and forgets the guesses that did not.
func (s *sequence) follow(h *head, places []*place) {
	guessed := s.guessed
	s.guessed = nil
	known := s.cache.Length - len(guessed)
	right := 0
	for i, p := range places {
		token, logProb, err := s.pickAt(h, p)
		if err != nil {
			s.end(s.result(Failed, err))
			return
		}
		s.take(token, logProb)
		if s.ended || i == len(guessed) || token != guessed[i] {
			break
		}
		right++
	}
	s.learn(len(guessed), right)
	if s.ended {
		return
	}
	s.cache.Truncate(known + right)
	s.pending = s.tokens[len(s.tokens)-1:]
	s.force()
}

// pickAt chooses the token that follows a place.
func (s *sequence) pickAt(h *head, p *place) (int32, float32, error) {
	r := row{}
	switch {
	case p.best >= 0:
		if h.best[p.best] < 0 {
			return 0, 0, errNoToken
		}
		return int32(h.best[p.best]), 0, nil
	case p.full >= 0:
		r.logits = h.logits.Select(0, p.full).Floats()
	default:
		r.ids = s.few(p)
		switch len(r.ids) {
		case 0:
			return 0, 0, errNoToken
		case 1:
			return r.ids[0], 0, nil
		}
		r.logits = h.some(p.row, r.ids)
	}
	if p.mask != nil && p.full >= 0 {
		r.allowed = func(id int32) bool { return s.allowed(p, id) }
	}
	token, logProb := s.sampler.pick(r, s)
	if token < 0 {
		return 0, 0, errNoToken
	}
	return token, logProb, nil
}

// allowed says whether a token may follow a place.
func (s *sequence) allowed(p *place, token int32) bool {
	return p.mask.Allows(token) || p.state.Accepts() && slices.Contains(s.StopTokens, token)
}

// few lists the tokens that may follow a place, where they are few, in order.
func (s *sequence) few(p *place) []int32 {
	ids := p.mask.Few()
	if p.state.Accepts() {
		ids = append(slices.Clone(ids), s.StopTokens...)
		slices.Sort(ids)
		ids = slices.Compact(ids)
	}
	return ids
}

// head computes what a step needs of the words, once for all sequences: the likeliest ones, the logits of all, and where the
// grammar allows few, theirs.
type head struct {
	model  *llama.Model
	hidden *torch.Tensor

	greedy  []int64    // rows of hidden whose likeliest word is wanted
	allowed [][]uint64 // of each of them, the words that count; nil for all
	masked  bool       // one of them is not nil
	best    []int64

	rows   []int64 // whose logits are wanted
	logits *torch.Tensor
}

// A selection of rows costs more than reading them in order; beyond one in so many words all are computed.
const fewWords = 20

func (h *head) want(p *place, s *sequence) {
	p.best, p.full = -1, -1
	simple := !s.LogProbs && (s.RepetitionPenalty == 0 || s.RepetitionPenalty == 1)
	if p.mask != nil && simple && (p.mask.Count() <= 1 || h.model.CanPickWords()) && p.mask.Count() <= h.model.Config.VocabSize/fewWords &&
		(p.mask.Few() != nil || p.mask.Count() == 0) {
		return
	}
	if !s.onlyArgmax() {
		p.full = len(h.rows)
		h.rows = append(h.rows, int64(p.row))
		return
	}
	p.best = len(h.greedy)
	h.greedy = append(h.greedy, int64(p.row))
	var allowed []uint64
	if p.mask != nil {
		h.masked = true
		allowed = make([]uint64, (h.model.Config.VocabSize+63)/64)
		copy(allowed, p.mask.Bits())
		if p.state.Accepts() {
			for _, stop := range s.StopTokens {
				if stop >= 0 && int(stop) < h.model.Config.VocabSize {
					allowed[stop>>6] |= 1 << (stop & 63)
				}
			}
		}
	}
	h.allowed = append(h.allowed, allowed)
}

func (h *head) compute(scope *torch.Scope) {
	pick := func(rows []int64) *torch.Tensor {
		if len(rows) == h.hidden.Dim(0) {
			return h.hidden
		}
		return h.hidden.IndexSelect(0, torch.FromSlice(scope, rows, len(rows)))
	}
	if len(h.rows) > 0 {
		h.logits = h.model.Logits(pick(h.rows))
	}
	if len(h.greedy) == 0 {
		return
	}
	if !h.masked {
		h.allowed = nil
	}
	for i, allowed := range h.allowed {
		if allowed == nil {
			h.allowed[i] = everyWord(h.model.Config.VocabSize)
		}
	}
	h.best = h.model.Likeliest(pick(h.greedy), h.allowed)
}

// everyWord is the set of all words.
func everyWord(words int) []uint64 {
	set := make([]uint64, (words+63)/64)
	for i := range set {
		set[i] = math.MaxUint64
	}
	if words%64 != 0 {
		set[len(set)-1] = 1<<(words%64) - 1
	}
	return set
}

// some are the logits of a few words.
func (h *head) some(row int, ids []int32) []float32 {
	return h.model.LogitsOf(h.hidden.Rows(row, row+1), ids).Floats()
}
