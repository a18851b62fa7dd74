package tokenizer

// mergeSpace holds a word while its tokens are joined.
type mergeSpace struct {
	ids     []int32
	lengths []int32 // bytes of the word that each token covers
	affixed []byte

	ranks  []uint32 // rank of each token with the next one
	unions []int32  // and what they would become
	next   []int32
	prev   []int32
	heap   []uint64 // rank and place
}

func (s *mergeSpace) add(id int32, length int) {
	s.ids = append(s.ids, id)
	s.lengths = append(s.lengths, int32(length))
}

func (s *mergeSpace) release() {
	if cap(s.ids) > maxKeptBuffer/32 {
		*s = mergeSpace{}
	}
}

// longWord is where the heap becomes cheaper than looking for the lowest rank each time.
const longWord = 40

// join applies the merges to the tokens in s: always the lowest rank, and of equal ones the leftmost.
func (s *mergeSpace) join(merges *mergeTable) {
	n := len(s.ids)
	if n < 2 {
		return
	}
	s.ranks, s.unions = s.ranks[:0], s.unions[:0]
	any := false
	for i := range n - 1 {
		rank, union := merges.find(s.ids[i], s.ids[i+1])
		s.ranks = append(s.ranks, rank)
		s.unions = append(s.unions, union)
		any = any || rank != noRank
	}
	s.ranks, s.unions = append(s.ranks, noRank), append(s.unions, -1)
	switch {
	case !any:
	case n <= longWord:
		s.joinShort(merges)
	default:
		s.joinLong(merges)
	}
}

// joinShort takes time n² on the few tokens of a word, without a heap.
func (s *mergeSpace) joinShort(merges *mergeTable) {
	ids, lengths, ranks, unions := s.ids, s.lengths, s.ranks, s.unions
	for {
		best, at := noRank, -1
		for i, rank := range ranks {
			if rank < best {
				best, at = rank, i
			}
		}
		if at < 0 {
			break
		}
		ids[at] = unions[at]
		lengths[at] += lengths[at+1]
		ids = append(ids[:at+1], ids[at+2:]...)
		lengths = append(lengths[:at+1], lengths[at+2:]...)
		ranks = append(ranks[:at], ranks[at+1:]...)
		unions = append(unions[:at], unions[at+1:]...)
		if at+1 < len(ids) {
			ranks[at], unions[at] = merges.find(ids[at], ids[at+1])
		} else {
			ranks[at] = noRank
		}
		if at > 0 {
			ranks[at-1], unions[at-1] = merges.find(ids[at-1], ids[at])
		}
	}
	s.ids, s.lengths = ids, lengths
}

// joinLong takes time n log n: the tokens are a linked list, the candidates a heap by rank and place. A candidate that is
// out of date shows by a rank other than that of its place.
func (s *mergeSpace) joinLong(merges *mergeTable) {
	n := len(s.ids)
	s.next, s.prev, s.heap = s.next[:0], s.prev[:0], s.heap[:0]
	for i := range n {
		s.next, s.prev = append(s.next, int32(i+1)), append(s.prev, int32(i-1))
		if s.ranks[i] != noRank {
			s.heap = append(s.heap, uint64(s.ranks[i])<<32|uint64(i))
		}
	}
	for i := len(s.heap)/2 - 1; i >= 0; i-- {
		s.sink(i)
	}
	for len(s.heap) > 0 {
		top := s.heap[0]
		last := len(s.heap) - 1
		s.heap[0] = s.heap[last]
		s.heap = s.heap[:last]
		s.sink(0)
		at, rank := int(uint32(top)), uint32(top>>32)
		if s.ranks[at] != rank {
			continue
		}
		right := int(s.next[at])
		s.ids[at] = s.unions[at]
		s.lengths[at] += s.lengths[right]
		s.lengths[right] = 0
		s.ranks[right] = noRank
		after := int(s.next[right])
		s.next[at] = int32(after)
		s.ranks[at] = noRank
		if after < n {
			s.prev[after] = int32(at)
			s.offer(merges, at, after)
		}
		if before := int(s.prev[at]); before >= 0 {
			s.offer(merges, before, at)
		}
	}
	kept := 0
	for i := 0; i < n; i = int(s.next[i]) {
		s.ids[kept], s.lengths[kept] = s.ids[i], s.lengths[i]
		kept++
	}
	s.ids, s.lengths = s.ids[:kept], s.lengths[:kept]
}

// offer enters the pair at two places as a candidate.
func (s *mergeSpace) offer(merges *mergeTable, left, right int) {
	rank, union := merges.find(s.ids[left], s.ids[right])
	s.ranks[left], s.unions[left] = rank, union
	if rank == noRank {
		return
	}
	s.heap = append(s.heap, uint64(rank)<<32|uint64(left))
	for i := len(s.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if s.heap[parent] <= s.heap[i] {
			break
		}
		s.heap[parent], s.heap[i] = s.heap[i], s.heap[parent]
		i = parent
	}
}

func (s *mergeSpace) sink(i int) {
	heap := s.heap
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && heap[child+1] < heap[child] {
			child++
		}
		if heap[i] <= heap[child] {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}
