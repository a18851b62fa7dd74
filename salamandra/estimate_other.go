//go:build !unix

package salamandra

import (
	"errors"
	"time"
)

// processorTime is what all threads of the process together have had of the processors.
func processorTime() (time.Duration, error) {
	return 0, errors.New("this system does not tell the processor's time")
}
