package sbert

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
)

// A parquet file ends with an index of all that it holds, so that it cannot be gone on with after a kill. Its vectors are
// gathered in a partial .npy file, as for that output, and brought together with their texts at the end.

// embeddedText is a row of the parquet output.
type embeddedText struct {
	Text      string    `parquet:"text"`
	Embedding []float32 `parquet:"embedding,list"`
}

// finishParquet reads the texts again and writes them beside their vectors.
func (w *vectorWriter) finishParquet(ctx context.Context, input, column, output string) error {
	if _, err := w.file.Seek(npyHeader, io.SeekStart); err != nil {
		return err
	}
	vectors := bufio.NewReaderSize(w.file, 1<<20)
	err := atomicfile.Write(output, func(out io.Writer) error {
		p := parquet.NewGenericWriter[embeddedText](out, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(fileChunk))
		var rows []embeddedText
		flush := func() error {
			_, err := p.Write(rows)
			rows = rows[:0]
			return errors.Join(err, ctx.Err())
		}
		n := 0
		for r, err := range Records(input) {
			if err != nil {
				return err
			}
			if n++; n > w.state.Texts {
				return fmt.Errorf("%s has grown: %d texts were encoded, there are more", input, w.state.Texts)
			}
			row := embeddedText{r[column], make([]float32, w.state.Dimension)}
			if _, err := io.ReadFull(vectors, floatBytes(row.Embedding)); err != nil {
				return err
			}
			if rows = append(rows, row); len(rows) == fileChunk {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return errors.Join(flush(), p.Close())
	})
	if err != nil {
		return err
	}
	if err := os.Remove(w.path); err != nil {
		return err
	}
	return w.forget()
}
