package salamandra

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/internal/pyjson"
	"github.com/ajolote-ai/ajolote/torch"
)

// ValidateOptions say how a model is measured on test queries.
type ValidateOptions struct {
	Model  string // folder or hub name; a folder of an adapter is put on the base that it names
	Base   string // base of such an adapter; "" for the one it names
	Parser ParserOptions

	TestFile     string             // JSON list of gold records
	Equivalences *eval.Equivalences // nil for none
	BaseModel    bool               // score as the reference scores base models
	Name         string             // of the run, for tables
	Bootstrap    eval.Bootstrap

	// Predictions is a file to which every output is written as soon as it is there, one {"id", "output"} a line; "" for
	// none. With Resume, queries that it answers already are not asked again.
	Predictions string
	Resume      bool

	Progress func(done, total int) // told how many queries are answered; nil for nobody
}

// Validate lets a model answer the test queries and scores the answers with the reference's metrics.
func Validate(ctx context.Context, o ValidateOptions) (*eval.Report, error) {
	gold, err := eval.ReadGold(o.TestFile)
	if err != nil {
		return nil, err
	}
	if err := o.resolveAdapter(); err != nil {
		return nil, err
	}
	log, err := openPredictions(o.Predictions, o.Resume, gold)
	if err != nil {
		return nil, err
	}
	defer log.close()
	started := time.Now()
	if err := o.answer(ctx, gold, log); err != nil {
		return nil, err
	}
	configuration := map[string]string{
		"model": o.Model, "test file": o.TestFile, "4-bit": strconv.FormatBool(o.Parser.Load4Bit), "constrained": strconv.FormatBool(!o.Parser.Unconstrained),
		"temperature": strconv.FormatFloat(o.Parser.Temperature, 'g', -1, 64),
	}
	if o.Parser.Compute != 0 && o.Parser.Compute != torch.Float32 {
		configuration["compute"] = o.Parser.Compute.String()
	}
	if o.Parser.CacheType != 0 {
		configuration["cache"] = o.Parser.CacheType.String()
	}
	if o.Parser.Adapter != "" {
		configuration["adapter"] = o.Parser.Adapter
	}
	return eval.QueryParser(gold, log.predictions, o.Equivalences, eval.Options{
		Name: o.Name, BaseModel: o.BaseModel, Elapsed: time.Since(started), Bootstrap: o.Bootstrap, Configuration: configuration,
	})
}

// resolveAdapter lets Model name an adapter, as the reference does.
func (o *ValidateOptions) resolveAdapter() error {
	if !exists(o.Model + "/adapter_config.json") {
		if o.Base != "" && o.Base != o.Model {
			return fmt.Errorf("validate: %s is no adapter, so a base model says nothing", o.Model)
		}
		return nil
	}
	if o.Parser.Adapter != "" {
		return fmt.Errorf("validate: both %s and %s are adapters", o.Model, o.Parser.Adapter)
	}
	adapter := o.Model
	if o.Model = o.Base; o.Model == "" {
		c, err := readObject(adapter + "/adapter_config.json")
		if err != nil {
			return err
		}
		if o.Model, _ = c.Value("base_model_name_or_path").(string); o.Model == "" {
			return fmt.Errorf("validate: %s names no base model; give it", adapter)
		}
	}
	o.Parser.Adapter = adapter
	return nil
}

// answer asks the queries that the log does not answer yet.
func (o *ValidateOptions) answer(ctx context.Context, gold []eval.Gold, log *predictionLog) error {
	var open []eval.Gold
	var questions []string
	for _, g := range gold {
		if !log.answered[g.ID] {
			open = append(open, g)
			questions = append(questions, g.Question)
		}
	}
	if o.Progress != nil {
		o.Progress(len(gold)-len(open), len(gold))
	}
	if len(open) == 0 {
		return nil
	}
	parser, err := LoadParser(ctx, o.Model, o.Parser)
	if err != nil {
		return err
	}
	defer parser.Close()
	var fault error
	done := len(gold) - len(open)
	_, err = parser.ParseBatch(ctx, questions, func(i int, a Answer) {
		if a.Failed { // no answer of the model: not to be scored as one
			fault = errors.Join(fault, fmt.Errorf("validate: query %s: %w", open[i].ID, a.Err))
			return
		}
		fault = errors.Join(fault, log.add(eval.Prediction{ID: open[i].ID, Output: a.Raw}))
		if done++; o.Progress != nil {
			o.Progress(done, len(gold))
		}
	})
	return errors.Join(err, fault)
}

// predictionLog is a file of predictions that grows.
type predictionLog struct {
	file        *os.File // nil for none
	predictions []eval.Prediction
	answered    map[string]bool
}

func openPredictions(path string, resume bool, gold []eval.Gold) (*predictionLog, error) {
	l := &predictionLog{answered: map[string]bool{}}
	if path == "" {
		return l, nil
	}
	var kept []byte
	if resume {
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		kept = data[:bytes.LastIndexByte(data, '\n')+1] // a killed run may have left half a line
		if l.predictions, err = eval.ParsePredictions(kept); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		known := map[string]bool{}
		for _, g := range gold {
			known[g.ID] = true
		}
		for _, p := range l.predictions {
			if !known[p.ID] {
				return nil, fmt.Errorf("%s answers query %s, which the test file does not have: it belongs to another run", path, p.ID)
			}
			l.answered[p.ID] = true
		}
	}
	if err := os.WriteFile(path, kept, 0o644); err != nil {
		return nil, err
	}
	var err error
	l.file, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	return l, err
}

func (l *predictionLog) add(p eval.Prediction) error {
	l.predictions = append(l.predictions, p)
	l.answered[p.ID] = true
	if l.file == nil {
		return nil
	}
	text, err := pyjson.Marshal(pyjson.NewObject("id", p.ID, "output", p.Output), pyjson.Options{})
	if err == nil {
		_, err = l.file.Write(append(text, '\n'))
	}
	return err
}

func (l *predictionLog) close() {
	if l.file != nil {
		_ = l.file.Close()
	}
}
