package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func runs(key string, values ...float64) (list []map[string]any) {
	for _, v := range values {
		list = append(list, map[string]any{key: v})
	}
	return list
}

func TestOursAreComparedWithTheBestOfTheOthers(t *testing.T) {
	for _, c := range []struct {
		less   bool
		better float64 // of ours, whose median is 20
	}{{true, 1.5}, {false, 0.4}} { // the others' medians are 30 and 50
		w := workload{name: "step", figures: []figure{{"seconds", "s", c.less}, {"absent", "", true}}}
		list := rows(w, []measured{
			{program{name: "ours", ours: true}, runs("seconds", 90, 20, 10)},
			{program{name: "a"}, runs("seconds", 50, 50)},
			{program{name: "b"}, runs("seconds", 20, 40)},
			{program{name: "fails"}, nil},
			{program{name: "aside", aside: true}, runs("seconds", 25)},
		})
		require.Len(t, list, 4, "programs and figures without a value have no row")
		require.InDelta(t, c.better, list[0].Better, 1e-12)
		require.Equal(t, []float64{10, 20, 90}, []float64{list[0].Least, list[0].Median, list[0].Most})
		require.Zero(t, list[1].Better+list[2].Better)
		require.EqualValues(t, 30, list[2].Median)
	}
}

func TestWorkloadsAreChosenByTheBeginningOfTheirNames(t *testing.T) {
	chosen, err := choose([]string{"merge", "qlora", "qlora-step-shared"})
	require.NoError(t, err)
	var names []string
	for _, w := range chosen {
		names = append(names, w.name)
	}
	require.Equal(t, []string{"qlora-step-shared", "qlora-step-ragged", "merge"}, names)
	_, err = choose([]string{"fast"})
	require.ErrorContains(t, err, "no workload fast; there are qlora-step-shared")
}
