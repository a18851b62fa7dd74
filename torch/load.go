package torch

import (
	"encoding/json"
	"fmt"

	"github.com/ajolote-ai/ajolote/internal/ctorch"
)

// Load opens libtorch, once per process; making a tensor or a scope does it too, and panics with [*Error] where Load
// returns the error. The error lists every place looked at and the command that mends it.
func Load() error {
	_, err := ctorch.Load()
	return err
}

func mustLoad() {
	if _, err := ctorch.Load(); err != nil {
		fail(err, "Load")
	}
}

// Runtime says what was loaded and how it computes.
type Runtime struct {
	Version     string // of libtorch: "2.11.0"
	ABI         int    // of the shim's table
	Library     string // file of the shim
	Threads     int    // of one operation
	CUDADevices int    // that libtorch sees
	Capability  string // of ATen's CPU kernels: "AVX2", "AVX512"
	KernelLevel string // of this project's CPU kernels in use: composite, portable, avx2, avx512 or avx512bf16
	CPULevel    string // the highest kernel level that this CPU has
}

// Describe reports on the loaded library.
func Describe() (Runtime, error) {
	lib, err := ctorch.Load()
	if err != nil {
		return Runtime{}, err
	}
	text, err := ctorch.Describe()
	if err != nil {
		return Runtime{}, err
	}
	var d struct {
		Capability string `json:"cpu_capability"`
		Level      string `json:"kernel_level"`
		CPULevel   string `json:"cpu_kernel_level"`
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return Runtime{}, fmt.Errorf("torch: the library's description of itself: %w", err)
	}
	r := Runtime{Version: lib.TorchVersion, ABI: lib.ABI, Library: lib.Shim, Capability: d.Capability, KernelLevel: d.Level, CPULevel: d.CPULevel}
	if r.Threads, err = ctorch.Threads(); err != nil {
		return r, err
	}
	r.CUDADevices, err = ctorch.CUDADeviceCount()
	return r, err
}

// SetKernelLevel forces this project's own CPU kernels down to a level: composite (plain ATen operations), portable, avx2,
// avx512, avx512bf16; "" lets the CPU decide again. Asking for more than the CPU has is an error. Tests compare the levels
// on one machine with it. It holds for the whole process.
func SetKernelLevel(level string) error {
	if err := Load(); err != nil {
		return err
	}
	return ctorch.SetKernelLevel(level)
}

// SetThreads sets how many threads one operation uses, in the whole process from the next operation on. Default: the number
// of cores. Results may differ in the last bits between thread counts, never between runs with the same.
func SetThreads(n int) error {
	if err := Load(); err != nil {
		return err
	}
	return ctorch.SetThreads(n)
}

// Threads returns how many threads one operation uses.
func Threads() (int, error) {
	if err := Load(); err != nil {
		return 0, err
	}
	return ctorch.Threads()
}

// LiveTensors counts the tensors that Go holds in all goroutines. It is back at its start when every scope of a job is
// closed: what tests of leaks look at.
func LiveTensors() int {
	if Load() != nil {
		return 0
	}
	n, _ := ctorch.LiveHandles()
	return n
}

// Memory returns the bytes of main memory that the process holds now and the most it has held.
func Memory() (now, peak int64, err error) {
	if err := Load(); err != nil {
		return 0, 0, err
	}
	return ctorch.Memory(int(CPU))
}

// ReleaseMemory gives the system back what the allocator keeps of freed tensors on the CPU (at most an eighth more than was lately in
// use, csrc/allocator.cc). A model's Free does so too. Tensors that are in use stay; those that come next cost fresh pages.
func ReleaseMemory() {
	if Load() == nil {
		_ = ctorch.ReleaseMemory() // it cannot fail
	}
}
