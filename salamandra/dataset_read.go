package salamandra

import (
	"context"
	"fmt"

	"github.com/ajolote-ai/ajolote/hub"
)

// DataReport counts what became of every row. Nothing is lost between the counts:
//
//	Rows + Cut = Bad + Duplicates + TooShort + TooLong + Untrained + Train + Validation
type DataReport struct {
	Rows       int // rows in the files
	Cut        int // examples that rows of plain text gave beyond their first, as they were longer than sequence_len
	Bad        int // rows that could not be read or rendered, with skip_bad_rows
	Duplicates int // examples with the tokens and labels of an earlier one, with dataset_exact_deduplication
	TooShort   int // examples below min_sample_len
	TooLong    int // examples above sequence_len that were dropped
	Untrained  int // examples without any token that counts in the loss
	Truncated  int // examples that lost their end to sequence_len; they count further on
	Train      int // examples to train on
	Validation int // examples to evaluate on

	// BadRows are the first of the bad ones.
	BadRows []*BadRowError
}

const shownBadRows = 20

// String says the counts in one line, leaving out zeros.
func (r *DataReport) String() string {
	text := fmt.Sprintf("%d rows: %d to train on", r.Rows, r.Train)
	for _, part := range []struct {
		n    int
		what string
	}{
		{r.Validation, "to evaluate on"}, {r.Bad, "bad and skipped"}, {r.Duplicates, "duplicates dropped"}, {r.TooShort, "too short and dropped"},
		{r.TooLong, "longer than sequence_len and dropped"}, {r.Truncated, "truncated to sequence_len"}, {r.Untrained, "without a trained token and dropped"},
		{r.Cut, "more from long texts that were cut"},
	} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	return text
}

func (r *DataReport) bad(skip bool, e *BadRowError) error {
	if !skip {
		return e
	}
	r.Bad++
	if len(r.BadRows) < shownBadRows {
		r.BadRows = append(r.BadRows, e)
	}
	return nil
}

// ReadExamples reads the rows of one dataset in the order of its files. A bad row is an error (*BadRowError), or, with
// skip_bad_rows, counted in the report.
func (c *Config) ReadExamples(ctx context.Context, d *Dataset, report *DataReport) ([]Example, error) {
	files, err := dataFiles(ctx, d, hub.Fetch)
	if err != nil {
		return nil, err
	}
	var examples []Example
	for _, file := range files {
		err := readRows(file, fileKind(d.DSType), func(line int, r row, reason string) error {
			if line%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			report.Rows++
			if reason != "" {
				return report.bad(c.SkipBadRows, &BadRowError{file, line, reason})
			}
			e, err := c.example(d, r)
			if err != nil {
				return report.bad(c.SkipBadRows, &BadRowError{file, line, err.Error()})
			}
			e.ID, e.File, e.Line = rowID(r, file, line), file, line
			examples = append(examples, e)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return examples, nil
}

// fileKind is the kind of file that ds_type names.
func fileKind(dsType string) string {
	if dsType == "jsonl" {
		return "json"
	}
	return dsType
}
