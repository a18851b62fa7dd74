package torch_test

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ajolote-ai/ajolote/torch"
)

func TestJobsOneAfterTheOtherHaveTheSameSystemThread(t *testing.T) {
	thread := func() (id int) {
		require.NoError(t, torch.Run(func() error { id = unix.Gettid(); return nil }))
		return id
	}
	first := thread()
	for range 50 {
		ids := make(chan int)
		go func() { ids <- thread() }() // from whatever goroutine
		require.Equal(t, first, <-ids)
	}
}

func TestJobsAtTheSameTimeLeaveOneThreadBehind(t *testing.T) {
	const n = 8
	ids := make(chan int, n)
	var meet, jobs sync.WaitGroup
	meet.Add(n)
	for range n {
		jobs.Go(func() {
			_ = torch.Run(func() error {
				meet.Done()
				meet.Wait()
				ids <- unix.Gettid()
				return nil
			})
		})
	}
	jobs.Wait()
	close(ids)
	all := make(map[int]bool)
	for id := range ids {
		all[id] = true
	}
	require.Len(t, all, n)
	delete(all, unix.Getpid()) // Go parks the process's first thread instead of ending it
	alive := func() (left int) {
		for id := range all {
			if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", id)); err == nil {
				left++
			}
		}
		return left
	}
	require.Eventually(t, func() bool { return alive() <= 1 }, 10*time.Second, time.Millisecond)
}
