package train

import (
	"math"
	"path/filepath"
	"time"
)

// state is all that the loop remembers between steps, as a checkpoint keeps it beside the artefact and the optimizer.
type state struct {
	Version    int                `json:"version"`
	Step0      int                `json:"step"` // steps made
	TokensSeen int64              `json:"tokens_seen"`
	BadSteps   int                `json:"bad_steps"`
	LastLoss   float64            `json:"last_loss"`
	BestStep   int                `json:"best_step"` // -1 for none
	BestMetric float64            `json:"best_metric"`
	SinceBest  int                `json:"since_best"`
	Evaluated  int                `json:"evaluated"` // the last step that was; -1 for none
	HighLosses int                `json:"high_losses"`
	Unlogged   unlogged           `json:"unlogged"`
	Metrics    map[string]float64 `json:"metrics,omitempty"`
	Identity   map[string]string  `json:"identity"`
	Kept       map[string]string  `json:"kept,omitempty"`
	History    []map[string]any   `json:"-"` // lives in trainer_state.json
}

// unlogged is the sum of the losses since the last row of log_history.
type unlogged struct {
	Loss  float64 `json:"loss"`
	Steps int     `json:"steps"`
}

// trainerState is trainer_state.json as transformers 5 writes it, for the tools that plot log_history.
type trainerState struct {
	BestGlobalStep      *int             `json:"best_global_step"`
	BestMetric          *float64         `json:"best_metric"`
	BestModelCheckpoint *string          `json:"best_model_checkpoint"`
	Epoch               float64          `json:"epoch"`
	EvalSteps           int              `json:"eval_steps"`
	GlobalStep          int              `json:"global_step"`
	IsHyperParamSearch  bool             `json:"is_hyper_param_search"`
	IsLocalProcessZero  bool             `json:"is_local_process_zero"`
	IsWorldProcessZero  bool             `json:"is_world_process_zero"`
	LogHistory          []map[string]any `json:"log_history"`
	LoggingSteps        int              `json:"logging_steps"`
	MaxSteps            int              `json:"max_steps"`
	NumInputTokensSeen  int64            `json:"num_input_tokens_seen"`
	NumTrainEpochs      int              `json:"num_train_epochs"`
	SaveSteps           int              `json:"save_steps"`
	StatefulCallbacks   struct{}         `json:"stateful_callbacks"`
	TotalFlos           float64          `json:"total_flos"`
	TrainBatchSize      int              `json:"train_batch_size"`
	TrialName           *string          `json:"trial_name"`
	TrialParams         *string          `json:"trial_params"`
}

func (l *loop) writeTrainerState(dir string) error {
	every := func(n int) int {
		if n == 0 {
			return l.plan.stepsPerEpoch
		}
		return n
	}
	t := trainerState{
		Epoch: l.plan.epoch(l.Step0), EvalSteps: every(l.EvalSteps), GlobalStep: l.Step0, IsLocalProcessZero: true,
		IsWorldProcessZero: true, LogHistory: l.History, LoggingSteps: l.LoggingSteps, MaxSteps: l.plan.steps, NumInputTokensSeen: l.TokensSeen,
		NumTrainEpochs: int(math.Ceil(float64(l.plan.steps) / float64(l.plan.stepsPerEpoch))), SaveSteps: every(l.SaveSteps),
		TrainBatchSize: l.MicroBatch,
	}
	if t.LogHistory == nil {
		t.LogHistory = []map[string]any{}
	}
	if l.BestStep > 0 {
		dir := l.checkpointDir(l.BestStep)
		t.BestGlobalStep, t.BestMetric, t.BestModelCheckpoint = &l.BestStep, &l.BestMetric, &dir
	}
	return writeJSON(filepath.Join(dir, trainerFile), t)
}

// history is the row of a step in log_history.
func (r Record) history() map[string]any {
	row := map[string]any{"epoch": r.Epoch, "learning_rate": r.LearningRate, "step": r.Step}
	for key, v := range map[string]float64{"loss": r.Loss, "grad_norm": r.GradNorm} {
		if !isBad(v) {
			row[key] = v
		}
	}
	return row
}

// evalHistory is the row of an evaluation.
func evalHistory(step int, epoch float64, metrics map[string]float64, took time.Duration) map[string]any {
	row := map[string]any{"epoch": epoch, "step": step, "eval_runtime": took.Seconds()}
	for key, v := range metrics {
		if !isBad(v) {
			row[key] = v
		}
	}
	return row
}
