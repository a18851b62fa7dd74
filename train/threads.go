package train

import (
	"strconv"

	"github.com/ajolote-ai/ajolote/torch"
)

// KeepThreads sets the number of threads of a run, which decides the order of its sums: those that are asked for, else those
// that the run in dir had when it was first started (see [KeptOf]), else every core. The result goes into [Options.Kept].
func KeepThreads(dir, resume string, threads int) (map[string]string, error) {
	earlier, err := KeptOf(dir, resume)
	if err != nil {
		return nil, err
	}
	if n, err := strconv.Atoi(earlier["threads"]); err == nil && n > 0 && threads == 0 {
		threads = n
	}
	if threads > 0 {
		if err := torch.SetThreads(threads); err != nil {
			return nil, err
		}
	}
	if threads, err = torch.Threads(); err != nil {
		return nil, err
	}
	runtime, err := torch.Describe()
	if err != nil {
		return nil, err
	}
	return map[string]string{"threads": strconv.Itoa(threads), "kernels": runtime.KernelLevel}, nil
}
