package optim_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestSchedulesGiveTheReferencesRates(t *testing.T) {
	var cases []struct {
		Config         optim.ScheduleConfig
		Rates, Momenta []float64
	}
	text, err := os.ReadFile("testdata/schedules.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &cases))
	seen := map[string]bool{}
	for _, c := range cases {
		name := fmt.Sprintf("%+v", c.Config)
		seen[c.Config.Kind] = true
		schedule, err := c.Config.Build()
		require.NoError(t, err, name)
		require.GreaterOrEqual(t, len(c.Rates), 90, name)
		compare := func(want []float64, schedule optim.Schedule) {
			for step, w := range want {
				require.InDelta(t, w, schedule(step), 1e-12*math.Abs(w)+1e-18, "%s: step %d", name, step)
			}
		}
		compare(c.Rates, schedule)
		if c.Momenta != nil {
			compare(c.Momenta, c.Config.Momentum())
		} else {
			require.Nil(t, c.Config.Momentum(), name)
		}
	}
	for _, kind := range optim.ScheduleKinds {
		require.True(t, seen[kind], "no golden for %s", kind)
	}
}

func TestScheduleConfigReportsEveryFault(t *testing.T) {
	_, err := optim.ScheduleConfig{Kind: "cosinus", LR: -1, WarmupSteps: -3}.Build()
	for _, part := range []string{`Kind is "cosinus"`, "LR is -1", "WarmupSteps is -3", "Steps is 0", "cosine_with_restarts"} {
		require.ErrorContains(t, err, part)
	}
	for want, c := range map[string]optim.ScheduleConfig{
		"EndLR is 0.1, want less than LR, 0.01": {Kind: "polynomial", LR: 0.01, Steps: 10, EndLR: new(0.1)},
		"needs MinLR or MinLRRate":              {Kind: "cosine_with_min_lr", LR: 1, Steps: 10},
		"DecaySteps is 0":                       {Kind: "warmup_stable_decay", LR: 1, Steps: 10},
		`DecayType is "quick"`:                  {Kind: "warmup_stable_decay", LR: 1, Steps: 10, DecaySteps: 1, DecayType: "quick"},
		"one_cycle cannot rise for 1 of 10":     {Kind: "one_cycle", LR: 1, Steps: 10, WarmupSteps: 1},
		"WarmupSteps is 11, want at most Steps": {Kind: "rex", LR: 1, Steps: 10, WarmupSteps: 11},
		"the lowest rate is 2 times LR":         {Kind: "cosine", LR: 1, Steps: 10, MinLR: 2},
	} {
		_, err := c.Build()
		require.ErrorContains(t, err, want)
	}
}

func TestScheduleWithoutEndRateFallsToZero(t *testing.T) {
	schedule, err := optim.ScheduleConfig{Kind: "polynomial", LR: 1, Steps: 10, EndLR: new(0.0)}.Build()
	require.NoError(t, err)
	require.Zero(t, schedule(10))
	require.Empty(t, torchtest.Distance([]float64{0.5}, []float64{schedule(5)}, 1e-15))
}
