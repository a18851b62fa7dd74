//go:build unix

package salamandra

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is what all threads of the process together have had of the processors: while other programs run it stands
// still.
func processorTime() (time.Duration, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
