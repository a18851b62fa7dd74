package tokenizer

// worker is what one goroutine needs while it encodes: buffers that are used again and the cache of words.
type worker struct {
	track  bool   // spans are wanted
	text   []byte // a text under construction
	edits  []edit
	events []event
	pieces [2][]piece
	tokens []token
	ids    []int32
	cache  wordCache
	merge  mergeSpace
	path   []pathNode
	spare  [][]piece // lists between pre-tokenizers
	slab   []byte    // the texts of the present call, see keep
	spans  []span    // and their spans, see newSpans
}

// newSpans is an empty list with room for n spans, which stays until the call ends.
func (w *worker) newSpans(n int) []span {
	if cap(w.spans)-len(w.spans) < n {
		w.spans = make([]span, 0, max(2*n, 2*cap(w.spans), 1<<10))
	}
	at := len(w.spans)
	w.spans = w.spans[:at+n]
	return w.spans[at : at : at+n]
}

// takePieces is an empty list, to be given back with dropPieces.
func (w *worker) takePieces() []piece {
	n := len(w.spare) - 1
	if n < 0 {
		return nil
	}
	list := w.spare[n]
	w.spare = w.spare[:n]
	return list
}

func (w *worker) dropPieces(list []piece) {
	clear(list)
	w.spare = append(w.spare, list[:0])
}

// keep copies a text to where it stays until the call ends.
func (w *worker) keep(text []byte) []byte {
	if cap(w.slab)-len(w.slab) < len(text) {
		w.slab = make([]byte, 0, max(2*len(text), 2*cap(w.slab), 1<<12))
	}
	at := len(w.slab)
	w.slab = append(w.slab, text...)
	return w.slab[at:len(w.slab):len(w.slab)]
}

// maxKeptBuffer bounds the buffers that a resting worker holds on to.
const maxKeptBuffer = 1 << 22

// borrow takes a resting worker, or makes one. Workers rest in a channel as long as there are processors, and not in a
// sync.Pool, which would lose their caches at every second garbage collection.
func (t *Tokenizer) borrow(track bool) *worker {
	var w *worker
	select {
	case w = <-t.shared.resting:
	default:
		w = &worker{}
	}
	w.track = track
	return w
}

// giveBack lets w rest. Pieces of its last call must not be used any more.
func (t *Tokenizer) giveBack(w *worker) {
	w.slab, w.spans = w.slab[:0], w.spans[:0]
	if cap(w.spans) > maxKeptBuffer/8 {
		w.spans = nil
	}
	for _, list := range w.spare {
		if cap(list) > maxKeptBuffer/64 {
			w.spare = nil
			break
		}
	}
	if cap(w.slab) > maxKeptBuffer {
		w.slab = nil
	}
	if cap(w.text) > maxKeptBuffer {
		w.text = nil
	}
	if cap(w.edits) > maxKeptBuffer/8 {
		w.edits = nil
	}
	if cap(w.events) > maxKeptBuffer/16 {
		w.events = nil
	}
	for i := range w.pieces {
		clear(w.pieces[i])
		if cap(w.pieces[i]) > maxKeptBuffer/64 {
			w.pieces[i] = nil
		}
	}
	if cap(w.tokens) > maxKeptBuffer/32 {
		w.tokens = nil
	}
	if cap(w.ids) > maxKeptBuffer/4 {
		w.ids = nil
	}
	w.merge.release()
	if cap(w.path) > maxKeptBuffer/16 {
		w.path = nil
	}
	select {
	case t.shared.resting <- w:
	default:
	}
}
