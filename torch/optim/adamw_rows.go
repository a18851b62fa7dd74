package optim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ajolote-ai/ajolote/torch"
)

// RowAdamW is [AdamW] of one table of vectors, such as the embedding of 256,000 words, of which a step reads few rows. Its
// gradient holds these rows alone ([torch.SparseEmbedding]), and so does its memory hold only rows that ever had a gradient.
//
// The numbers are those of the dense optimizer, which moves every row at every step: by weight decay, and a row that had a
// gradient once by its momentum, for as long as that lasts. Here a row is moved when it is next needed, by all the steps that
// it has missed, one after the other with the same roundings. So call [RowAdamW.CatchUp] with the rows that a forward pass
// is going to read, before it does, and [RowAdamW.Flush] before the table is read or saved as a whole. (torch.optim.SparseAdam
// is something else: there rows without a gradient stand still.)
//
// State brings the whole table up to date, so that a checkpoint holds no row with steps to make; the bytes of a run do not
// depend on when that happens.
type RowAdamW struct {
	Options AdamWOptions // changes between steps act on steps to come, and on those that rows have yet to make

	name        string
	table       *torch.Tensor
	weightDecay float64

	rows, size int
	steps      int       // of the table
	made       []int     // of each row
	rates      []float64 // of the last len(rates) steps: all that any row may have missed
	place      []int     // of each row in the pages; -1: it never had a gradient
	touched    []int     // the rows in the order of their places

	averages, squares []*torch.Tensor // pages [pageRows, size]
	touchedState      *torch.Tensor   // as State gave them out
	stepState         *torch.Tensor
}

var _ Optimizer = (*RowAdamW)(nil)

// pageRows is how many rows of memory are added at a time.
const pageRows = 1024

// NewRowAdamW makes the optimizer of a float32 table [rows, size] in main memory that requires a gradient; name is its name in
// checkpoints.
func NewRowAdamW(options AdamWOptions, name string, table *torch.Tensor, weightDecay float64) *RowAdamW {
	a := &RowAdamW{Options: options, name: name, table: table, weightDecay: weightDecay, rows: table.Dim(0), size: table.Dim(1)}
	a.forget()
	return a
}

func (a *RowAdamW) forget() {
	a.steps, a.rates, a.touched = 0, nil, nil
	a.made, a.place = make([]int, a.rows), slices.Repeat([]int{-1}, a.rows)
}

// CatchUp brings rows up to date. They may repeat.
func (a *RowAdamW) CatchUp(rows []int32) {
	var late []int
	for _, r := range rows {
		if a.made[r] < a.steps {
			late = append(late, int(r))
		}
	}
	slices.Sort(late)
	a.move(slices.Compact(late), nil, a.steps)
}

// Flush brings the whole table up to date.
func (a *RowAdamW) Flush() {
	var late []int
	for r, made := range a.made {
		if made < a.steps {
			late = append(late, r)
		}
	}
	a.move(late, nil, a.steps)
	a.rates = a.rates[:0]
}

// move makes the steps of rows up to now; gradient is nil or has a row for each of them, of the last step.
func (a *RowAdamW) move(rows []int, gradient *torch.Tensor, now int) {
	if len(rows) == 0 {
		return
	}
	call := torch.AdamWRows{
		Averages: a.averages, Squares: a.squares, Rows: rows, Gradient: gradient, Rates: a.rates, Now: now,
		Beta1: a.Options.Beta1, Beta2: a.Options.Beta2, Eps: a.Options.Eps, WeightDecay: a.weightDecay,
	}
	for _, r := range rows {
		call.Slots = append(call.Slots, a.place[r])
		call.Steps = append(call.Steps, a.made[r])
	}
	call.Apply(a.table)
	for _, r := range rows {
		a.made[r] = now
	}
}

// Step makes one step at learning rate lr. It panics with *torch.Error when a row has a gradient that was computed at a value
// out of date: CatchUp was not called for it.
func (a *RowAdamW) Step(lr float64) {
	s := torch.NewScope("rows")
	defer s.Close()
	if a.table.Grad(s) == nil {
		return
	}
	indices, gradient := torch.SparseGrad(s, a.table)
	rows := make([]int, 0, indices.Len())
	for _, r := range torch.ToSlice[int64](indices) {
		if a.made[r] < a.steps {
			panic(&torch.Error{Op: "RowAdamW.Step", Msg: fmt.Sprintf(
				"row %d of %s has a gradient at a value that lacks %d steps: call CatchUp before the forward pass", r, a.name, a.steps-a.made[r])})
		}
		rows = append(rows, int(r))
		a.touch(int(r))
	}
	a.rates = append(a.rates, lr)
	a.steps++
	a.move(rows, gradient, a.steps)
}

// touch gives a row a place for its averages.
func (a *RowAdamW) touch(row int) {
	if a.place[row] >= 0 {
		return
	}
	a.place[row] = len(a.touched)
	a.touched = append(a.touched, row)
	if len(a.touched) > len(a.averages)*pageRows {
		a.averages = append(a.averages, torch.Zeros(nil, torch.Float32CPU, pageRows, a.size))
		a.squares = append(a.squares, torch.Zeros(nil, torch.Float32CPU, pageRows, a.size))
	}
}

// Parameters lists the table.
func (a *RowAdamW) Parameters() []*torch.Tensor { return []*torch.Tensor{a.table} }

// Bytes is the memory of the averages; the dense optimizer's is 8 bytes for each number of the table.
func (a *RowAdamW) Bytes() int64 { return int64(len(a.averages)) * pageRows * int64(a.size) * 8 }

// State has step, the rows that have averages (rows, int64), and exp_avg and exp_avg_sq in pages of as many rows in that order:
// "embedding.weight.exp_avg.0". It flushes.
func (a *RowAdamW) State() map[string]*torch.Tensor {
	a.Flush()
	a.freeState()
	touched := make([]int64, len(a.touched))
	for i, r := range a.touched {
		touched[i] = int64(r)
	}
	a.touchedState = torch.FromSlice(nil, touched, len(touched))
	a.stepState = torch.FromSlice(nil, []int64{int64(a.steps)}, 1)
	all := map[string]*torch.Tensor{a.name + ".step": a.stepState, a.name + ".rows": a.touchedState}
	for i := range a.averages {
		all[a.pageName("exp_avg", i)], all[a.pageName("exp_avg_sq", i)] = a.averages[i], a.squares[i]
	}
	return all
}

func (a *RowAdamW) pageName(what string, i int) string {
	return fmt.Sprintf("%s.%s.%d", a.name, what, i)
}

// Restore copies a state back; the table is taken to be as it was when that was given out.
func (a *RowAdamW) Restore(state map[string]*torch.Tensor) error {
	touched, steps, err := a.read(state)
	if err != nil {
		return fmt.Errorf("the state of another optimizer or model: %w", err)
	}
	a.forget()
	freeAll(a.averages, a.squares)
	a.averages, a.squares = nil, nil
	a.steps = steps
	for r := range a.made {
		a.made[r] = steps
	}
	for _, r := range touched {
		a.touch(int(r))
	}
	torch.NoGrad(func() {
		for i := range a.averages {
			a.averages[i].Copy(state[a.pageName("exp_avg", i)])
			a.squares[i].Copy(state[a.pageName("exp_avg_sq", i)])
		}
	})
	return nil
}

func (a *RowAdamW) fits(state map[string]*torch.Tensor) error {
	_, _, err := a.read(state)
	return err
}

// read gives the rows and steps of a state, or says everything that stands against it.
func (a *RowAdamW) read(state map[string]*torch.Tensor) (touched []int64, steps int, err error) {
	var faults []error
	take := func(name string, dtype torch.DType, shape ...int) *torch.Tensor {
		t := state[name]
		switch {
		case t == nil:
			faults = append(faults, fmt.Errorf("%s is missing", name))
		case t.DType() != dtype || shape != nil && !slices.Equal(t.Shape(), shape) || t.Rank() == 0:
			faults = append(faults, fmt.Errorf("%s is %v %s, not %v %s", name, t.Shape(), t.DType(), shape, dtype))
		default:
			return t
		}
		return nil
	}
	known := 2
	if t := take(a.name+".step", torch.Int64, 1); t != nil {
		steps = int(torch.ToSlice[int64](t)[0])
	}
	if t := take(a.name+".rows", torch.Int64); t != nil {
		touched = torch.ToSlice[int64](t)
		seen := make(map[int64]bool, len(touched))
		for _, r := range touched {
			if r < 0 || int(r) >= a.rows || seen[r] {
				faults = append(faults, fmt.Errorf("%s.rows names row %d twice, or the table of %d rows has none such", a.name, r, a.rows))
				break
			}
			seen[r] = true
		}
		pages := (len(touched) + pageRows - 1) / pageRows
		known += 2 * pages
		for i := range pages {
			take(a.pageName("exp_avg", i), torch.Float32, pageRows, a.size)
			take(a.pageName("exp_avg_sq", i), torch.Float32, pageRows, a.size)
		}
	}
	if len(faults) == 0 && len(state) != known {
		faults = append(faults, fmt.Errorf("%d tensors beside the %d of %s", len(state)-known, known, a.name))
	}
	if len(faults) > 0 {
		return nil, 0, joined(faults)
	}
	if steps < 0 {
		return nil, 0, errors.New(a.name + ".step is negative")
	}
	return touched, steps, nil
}

// owns says whether a tensor of this name belongs to a state of the table: the number of pages differs from state to state.
func (a *RowAdamW) owns(name string) bool {
	rest, ok := strings.CutPrefix(name, a.name+".")
	return ok && (rest == "step" || rest == "rows" || strings.HasPrefix(rest, "exp_avg"))
}

func (a *RowAdamW) freeState() {
	a.touchedState.Free()
	a.stepState.Free()
}

// Free frees the memory.
func (a *RowAdamW) Free() {
	freeAll(a.averages, a.squares)
	a.freeState()
	a.averages, a.squares = nil, nil
}
