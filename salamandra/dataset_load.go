package salamandra

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ajolote-ai/ajolote/internal/pyrand"
)

// This file: from a configuration to all training and evaluation data. The order of the work is that of axolotl 0.19, so that
// the same rows are trained on in the same first order, and the same ones held out:
//
//	read and tokenise each dataset, shuffle it (shuffle_before_merging_datasets), join them, shuffle the whole
//	(shuffle_merged_datasets), drop what is too short or too long, drop duplicates, hold out the last rows
//	(val_set_size), drop what has no trained token.
//
// Both shuffles are numpy's permutation with the seed of the configuration (internal/pyrand).

// Data is what a configuration trains and evaluates on.
type Data struct {
	Train, Validation []Tokenized
	Report            DataReport
	// Notices say what was understood otherwise than written: a missing template, a cache that is used.
	Notices []string

	// SystemPrompt is the system message that all conversations begin with; empty when they differ or have none.
	SystemPrompt string
	// BeginsWithBOS tells whether the examples begin with the beginning-of-sequence token.
	BeginsWithBOS bool
	// Template is the source of the chat template of the first dataset of conversations.
	Template string
	// Hash names the tokens and labels of Train and Validation: equal data has an equal hash.
	Hash string
}

// LoadOptions say what a configuration leaves open.
type LoadOptions struct {
	// Tokenizer is the folder with tokenizer and chat template. Needed.
	Tokenizer string
	// Now is the time for templates that print the date. The zero time is the present.
	Now time.Time
	// Progress is told how many of a dataset's examples are tokenised, from one goroutine at a time; nil: nobody.
	Progress func(dataset string, done, total int)
}

// LoadData reads the datasets of a configuration and turns them into tokens and labels, or takes them from the cache in
// dataset_prepared_path when neither files nor settings have changed.
func (c *Config) LoadData(ctx context.Context, o LoadOptions) (*Data, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	speech, err := c.loadSpeech(o.Tokenizer)
	if err != nil {
		return nil, err
	}
	cache, err := c.dataCache(ctx, speech, o.Now)
	if err != nil {
		return nil, err
	}
	if data, ok := cache.read(); ok {
		data.Notices = append(data.Notices, "tokenised data is taken from "+cache.path)
		return data, nil
	}
	data, err := c.tokenise(ctx, speech, o)
	if err != nil {
		return nil, err
	}
	return data, cache.write(data)
}

func (c *Config) tokenise(ctx context.Context, s *speech, o LoadOptions) (*Data, error) {
	l := &loading{Config: c, speech: s, LoadOptions: o, data: &Data{}}
	all, err := l.joined(ctx)
	if err != nil {
		return nil, err
	}
	if all, err = l.fit(all, c.SequenceLen); err != nil {
		return nil, err
	}
	if c.ExactDeduplication {
		all = l.withoutDuplicates(all)
	}
	held, err := heldOut(c.ValSetSize, len(all))
	if err != nil {
		return nil, err
	}
	l.data.Train = l.withTrainedTokens(all[:len(all)-held])
	l.data.Validation = l.withTrainedTokens(all[len(all)-held:])
	for i := range c.TestDatasets {
		rows, err := l.dataset(ctx, &c.TestDatasets[i], fmt.Sprintf("test_datasets[%d]", i))
		if err != nil {
			return nil, err
		}
		if rows, err = l.fit(rows, cmp.Or(c.EvalSequenceLen, c.SequenceLen)); err != nil {
			return nil, err
		}
		l.data.Validation = append(l.data.Validation, l.withTrainedTokens(rows)...)
	}
	l.data.Report.Train, l.data.Report.Validation = len(l.data.Train), len(l.data.Validation)
	if len(l.data.Train) == 0 {
		return nil, fmt.Errorf("no example is left to train on: %s", l.data.Report.String())
	}
	if l.systems == 1 {
		l.data.SystemPrompt = l.system
	}
	l.data.BeginsWithBOS = s.bos >= 0 && len(l.data.Train[0].IDs) > 0 && l.data.Train[0].IDs[0] == s.bos
	l.data.Hash = hashRows(l.data.Train, l.data.Validation)
	return l.data, nil
}

// loading is a LoadData under way.
type loading struct {
	*Config
	*speech
	LoadOptions
	data    *Data
	system  string // the system message so far
	systems int    // number of different ones, 2 for more than one; a conversation without one counts as one
}

// joined reads all datasets, in their first order.
func (l *loading) joined(ctx context.Context) ([]Tokenized, error) {
	var all []Tokenized
	for i := range l.Datasets {
		rows, err := l.dataset(ctx, &l.Datasets[i], fmt.Sprintf("datasets[%d]", i))
		if err != nil {
			return nil, err
		}
		if l.ShuffleBeforeMerging && !l.CurriculumSampling {
			rows = permuted(rows, l.Seed)
		}
		all = append(all, rows...)
	}
	if l.ShuffleMerged && !l.CurriculumSampling {
		all = permuted(all, l.Seed)
	}
	return all, nil
}

// permuted puts rows in the order that numpy's default_rng(seed).permutation gives.
func permuted(rows []Tokenized, seed int64) []Tokenized {
	order := pyrand.NewGenerator(uint64(seed)).Permutation(len(rows))
	shuffled := make([]Tokenized, len(rows))
	for i, from := range order {
		shuffled[i] = rows[from]
	}
	return shuffled
}

// dataset reads one dataset and turns it into tokens on all cores.
func (l *loading) dataset(ctx context.Context, d *Dataset, name string) ([]Tokenized, error) {
	labeller, notice, err := l.newLabeller(l.Config, d, l.Now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if notice != "" {
		l.data.Notices = append(l.data.Notices, name+": "+notice)
	}
	if labeller.template != nil && l.data.Template == "" {
		if l.data.Template, err = labeller.template.Source(labeller.options); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	report := &l.data.Report
	examples, err := l.ReadExamples(ctx, d, report)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i := range examples {
		l.noteSystem(&examples[i])
	}

	rows, faults := make([][]Tokenized, len(examples)), make([]error, len(examples))
	const chunk = 64
	var done atomic.Int64
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < len(examples); from += chunk {
		if l.Progress != nil {
			l.Progress(name, int(done.Load()), len(examples)) // this chunk is yet to come, so it is not all of them
		}
		group.Go(func() error {
			to := min(from+chunk, len(examples))
			for i := from; i < to && inner.Err() == nil; i++ {
				rows[i], faults[i] = labeller.tokens(&examples[i])
			}
			done.Add(int64(to - from))
			return inner.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if l.Progress != nil {
		l.Progress(name, len(examples), len(examples))
	}

	var all []Tokenized
	for i, e := range examples {
		switch {
		case errors.Is(faults[i], errNoEndMark):
			return nil, fmt.Errorf("%s: %s:%d: %w", name, e.File, e.Line, faults[i])
		case faults[i] != nil:
			if err := report.bad(l.SkipBadRows, &BadRowError{e.File, e.Line, faults[i].Error()}); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		default:
			report.Cut += len(rows[i]) - 1
			all = append(all, rows[i]...)
		}
	}
	return all, nil
}

// noteSystem keeps the system message as long as all conversations have the same.
func (l *loading) noteSystem(e *Example) {
	if e.Messages == nil || l.systems > 1 {
		return
	}
	system := l.DefaultSystemMessage
	if e.Messages[0].Role == "system" {
		system = e.Messages[0].Content
	}
	if l.systems == 0 || system != l.system {
		l.system, l.systems = system, l.systems+1
	}
}

// fit drops what is too short, and drops, truncates or refuses what is too long.
func (l *loading) fit(rows []Tokenized, longest int) ([]Tokenized, error) {
	report := &l.data.Report
	kept := rows[:0]
	for _, r := range rows {
		switch {
		case len(r.IDs) < l.MinSampleLen:
			report.TooShort++
			continue
		case len(r.IDs) <= longest:
		case l.ExcessLength == "raise":
			return nil, fmt.Errorf("example %s has %d tokens, more than sequence_len (%d); raise sequence_len, or set excess_length_strategy: drop or truncate", r.ID, len(r.IDs), longest)
		case l.ExcessLength == "truncate":
			report.Truncated++
			r.IDs, r.Labels = r.IDs[:longest], r.Labels[:longest]
		default:
			report.TooLong++
			continue
		}
		kept = append(kept, r)
	}
	return kept, nil
}

// withTrainedTokens drops rows without a label. The first token's does not help: nothing predicts it.
func (l *loading) withTrainedTokens(rows []Tokenized) []Tokenized {
	kept := make([]Tokenized, 0, len(rows))
	for _, r := range rows {
		trained := false
		for _, label := range r.Labels[min(1, len(r.Labels)):] {
			trained = trained || label != Ignore
		}
		if !trained {
			l.data.Report.Untrained++
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

func (l *loading) withoutDuplicates(rows []Tokenized) []Tokenized {
	seen := map[string]bool{}
	kept := rows[:0]
	for _, r := range rows {
		if key := hashRows([]Tokenized{{IDs: r.IDs, Labels: r.Labels}}); seen[key] {
			l.data.Report.Duplicates++
		} else {
			seen[key] = true
			kept = append(kept, r)
		}
	}
	return kept
}

// heldOut is the number of rows that val_set_size takes out of n.
func heldOut(size float64, n int) (int, error) {
	held := int(size)
	if size <= 1 {
		held = int(math.Ceil(size * float64(n)))
	}
	if held > 0 && held >= n {
		return 0, fmt.Errorf("val_set_size: %g leaves nothing of %d examples to train on", size, n)
	}
	return held, nil
}

// hashRows names rows by their tokens and labels.
func hashRows(parts ...[]Tokenized) string {
	h := sha256.New()
	for _, rows := range parts {
		hashNumber(h, len(rows))
		for _, r := range rows {
			hashNumber(h, len(r.IDs))
			binary.Write(h, binary.LittleEndian, r.IDs)    //nolint:errcheck // a hash takes everything
			binary.Write(h, binary.LittleEndian, r.Labels) //nolint:errcheck // the same
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func hashNumber(h hash.Hash, n int) {
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}
