package mroberta

import "slices"

// noDuplicates puts rows into batches of size in which no text stands twice, in any column: sentence-transformers'
// NoDuplicatesBatchSampler. A row with a text that the batch has already waits for a later batch. When no row is left that
// fits, the batch stays smaller, so that every row is in one batch. texts are the rows' texts by number, [column][row].
func noDuplicates(order []int, texts [][]int, size int) [][]int {
	distinct := 0
	for _, column := range texts {
		for _, text := range column {
			distinct = max(distinct, text+1)
		}
	}
	inBatch := make([]int, distinct) // the last batch, from 1, that each text is in
	next := make([]int, len(order))  // the waiting rows as a list, by their places in order
	for i := range next {
		next[i] = i + 1
	}
	var batches [][]int
	for head := 0; head < len(order); {
		number, batch, before := len(batches)+1, make([]int, 0, size), -1
		for at := head; at < len(order) && len(batch) < size; at = next[at] {
			row := order[at]
			if slices.ContainsFunc(texts, func(column []int) bool { return inBatch[column[row]] == number }) {
				before = at
				continue
			}
			for _, column := range texts {
				inBatch[column[row]] = number
			}
			batch = append(batch, row)
			if before < 0 {
				head = next[at]
			} else {
				next[before] = next[at]
			}
		}
		batches = append(batches, batch)
	}
	return batches
}

// numbered gives equal texts of all columns the same number.
func numbered(columns [][]string) [][]int {
	numbers := map[string]int{}
	out := make([][]int, len(columns))
	for i, column := range columns {
		out[i] = make([]int, len(column))
		for row, text := range column {
			n, ok := numbers[text]
			if !ok {
				n = len(numbers)
				numbers[text] = n
			}
			out[i][row] = n
		}
	}
	return out
}
