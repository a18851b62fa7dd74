package synth

import (
	"fmt"
	"math/rand/v2"
)

// Sizes of the sets. 682 is the size of the published training set.
const (
	TrainSize = 682
	DevSize   = 100
)

// quantifyShare is the part of the queries that ask for a number.
const quantifyShare = .12

// Train makes the training set: one third for each language, 12 % of them
// Quantify. The same seed gives the same records.
func Train(seed uint64) ([]Record, error) {
	return draw(seed, trainSplit, TrainSize, func(int) map[Language]*phrasebook { return trainingBooks })
}

// Dev makes the development set. Its topics and organisations are its own;
// every second question is also worded by phrase books of its own.
func Dev(seed uint64) ([]Record, error) {
	return draw(seed, devSplit, DevSize, func(i int) map[Language]*phrasebook {
		if i%2 == 0 {
			return devBooks
		}
		return trainingBooks
	})
}

// draw deals out records language by language. A draw whose gold answer the
// evaluation would misjudge, that asks for nothing, or that was asked before
// is drawn again.
func draw(seed uint64, s split, size int, books func(i int) map[Language]*phrasebook) ([]Record, error) {
	t, err := readTables()
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(seed, splitStream[s]))
	asked := map[string]bool{}
	records := make([]Record, 0, size)
	for i := 0; len(records) < size; i++ {
		if i > 100*size {
			return nil, fmt.Errorf("synth: %d draws gave only %d usable %s queries", i, len(records), s)
		}
		n := len(records)
		lang := Languages[n%len(Languages)]
		m := t.draw(r, lang, s, isQuantify(n/len(Languages)))
		speaker := &speaker{book: books(n)[lang], lang: lang, demonyms: t.demonyms[lang], r: r, slips: slipRate[s]}
		question := speaker.question(m)
		rec := m.record(fmt.Sprintf("%s_%04d", s, n+1), question)
		if m.empty() || asked[question] || !languageRecognised(rec) {
			continue
		}
		asked[question] = true
		records = append(records, rec)
	}
	return records, nil
}

// isQuantify spreads the Quantify queries evenly over one language's records.
func isQuantify(n int) bool {
	upTo := func(n int) int { return int(float64(n)*quantifyShare + .5) }
	return upTo(n+1) > upTo(n)
}

// splitStream keeps the random numbers of the sets apart.
var splitStream = map[split]uint64{trainSplit: 1, devSplit: 2}

// slipRate is the rate of misspelt words in the wording.
var slipRate = map[split]float64{trainSplit: .02, devSplit: .04}

// languageRecognised tells whether the evaluation would guess the language of
// the gold answer right.
func languageRecognised(rec Record) bool {
	if rec.SemanticQuery != nil && string(detect(*rec.SemanticQuery)) == rec.Meta.Lang {
		return true
	}
	return string(detect(rec.QueryRewrite)) == rec.Meta.Lang
}
