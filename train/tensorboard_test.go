package train

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// testdata/events.example was written with TensorBoard's own message classes, and read back by TensorBoard: scalars
// train/loss 3, 2, 1 of the steps 0, 1, 2, at seconds 2, 3, 4.
func TestEventsHaveTheBytesThatTensorBoardWrites(t *testing.T) {
	want, err := os.ReadFile("testdata/events.example")
	require.NoError(t, err)
	got := eventRecord(appendText(eventTime(time.Unix(1, 0)), 3, "brain.Event:2"))
	for step := range 3 {
		got = append(got, scalarRecord(time.Unix(int64(2+step), 0), step, "train/loss", float64(3-step))...)
	}
	require.Equal(t, want, got)
}
