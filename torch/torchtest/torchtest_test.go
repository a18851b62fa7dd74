package torchtest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDistance(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name      string
		want, got []float64
		close     bool
	}{
		{"equal", []float64{1, 2}, []float64{1, 2}, true},
		{"small beside the largest value", []float64{0, 100}, []float64{0.0005, 100}, true},
		{"large beside the largest value", []float64{0, 100}, []float64{0.002, 100}, false},
		{"zeros are compared with the tolerance itself", []float64{0}, []float64{1e-6}, true},
		{"not zero", []float64{0}, []float64{1e-4}, false},
		{"other length", []float64{1}, []float64{1, 1}, false},
		{"same specials", []float64{nan, inf, -inf}, []float64{nan, inf, -inf}, true},
		{"NaN for a number", []float64{1}, []float64{nan}, false},
		{"a number for NaN", []float64{nan}, []float64{1}, false},
		{"the other infinity", []float64{inf}, []float64{-inf}, false},
		{"nothing", nil, nil, true},
	} {
		require.Equal(t, c.close, Distance(c.want, c.got, 1e-5) == "", "%s: %s", c.name, Distance(c.want, c.got, 1e-5))
	}
}
