package train

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

func (l *loop) evaluates() bool { return l.Evaluate != nil && !l.EvalNever }

// evaluate measures the model, and says whether it is the best so far.
func (l *loop) evaluate() (better bool, err error) {
	started := time.Now()
	metrics, err := l.Evaluate(l.ctx, l.Step0)
	if err != nil {
		return false, fmt.Errorf("train: evaluation after step %d: %w", l.Step0, err)
	}
	epoch := l.plan.epoch(l.Step0)
	l.History = append(l.History, evalHistory(l.Step0, epoch, metrics, time.Since(started)))
	l.Evaluated = l.Step0
	if l.Step0 > 0 { // before the first step there is nothing to keep
		if better, err = l.judge(metrics); err != nil {
			return false, err
		}
	}
	l.Metrics = maps.Clone(metrics)
	maps.DeleteFunc(l.Metrics, func(_ string, v float64) bool { return isBad(v) }) // JSON has no word for these
	l.event(Event{Kind: Evaluated, Record: Record{Step: l.Step0, Epoch: epoch}, Metrics: metrics, Best: better})
	board := map[string]float64{}
	for name, v := range metrics {
		board["eval/"+strings.TrimPrefix(name, "eval_")] = v
	}
	l.scalars(l.Step0, board)
	if l.outOfPatience() {
		l.early = true
		l.warn(fmt.Sprintf("stopped early after step %d: %s has not improved in %d evaluations", l.Step0, l.Metric, l.SinceBest))
	}
	return better, nil
}

func (l *loop) outOfPatience() bool {
	return l.EarlyStoppingPatience > 0 && l.SinceBest >= l.EarlyStoppingPatience
}

// judge compares the metric with the best one.
func (l *loop) judge(metrics map[string]float64) (better bool, err error) {
	value, ok := metrics[l.Metric]
	if !ok {
		if l.EarlyStoppingPatience > 0 || l.LoadBest || l.SaveBest {
			return false, fmt.Errorf("train: the evaluation gave no %q, which metric_for_best_model names; it gave %v",
				l.Metric, slices.Sorted(maps.Keys(metrics)))
		}
		return false, nil
	}
	better = !isBad(value) && (l.BestStep < 0 || l.GreaterIsBetter && value > l.BestMetric || !l.GreaterIsBetter && value < l.BestMetric)
	if better {
		l.BestStep, l.BestMetric, l.SinceBest = l.Step0, value, 0
	} else {
		l.SinceBest++
	}
	return better, nil
}
