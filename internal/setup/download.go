package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// partSuffix ends the name of a file that is not whole.
const partSuffix = ".part"

const (
	// maxFailures is how many times in a row a connection may break without a byte gained.
	maxFailures = 5
	// stallTimeout is how long a connection may be silent.
	stallTimeout = time.Minute
)

// retryPause is how long the n-th attempt in a row waits; a variable for tests.
var retryPause = func(n int) time.Duration { return time.Duration(n) * time.Second }

// download gets address into dir as w.File. The bytes gather in w.File.part, and an interrupted download goes on from its
// end, also in another process. That the parts fit is seen by the hash, which the caller checks.
func download(ctx context.Context, client *http.Client, address *url.URL, w Wheel, dir string, report func(Event)) error {
	part := filepath.Join(dir, w.File+partSuffix)
	for failures := 0; ; {
		gained, err := downloadPart(ctx, client, address, part, w, report)
		if err == nil {
			return os.Rename(part, filepath.Join(dir, w.File))
		}
		var final *finalError
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failures++
		if gained > 0 {
			failures = 1
		}
		if errors.As(err, &final) || failures == maxFailures {
			return fmt.Errorf("%s: %w", address.Redacted(), err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retryPause(failures)):
		}
	}
}

// finalError is an answer that asking again does not change.
type finalError struct{ error }

// downloadPart appends to part until it is whole, or the connection breaks. It returns how many bytes it added.
func downloadPart(ctx context.Context, client *http.Client, address *url.URL, part string, w Wheel, report func(Event)) (gained int64, err error) {
	file, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return 0, &finalError{err}
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	have, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, &finalError{err}
	}
	if have > w.Bytes {
		have = 0
	}
	if have == w.Bytes {
		return 0, nil
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(stallTimeout, func() { cancel(fmt.Errorf("no byte for %s", stallTimeout)) })
	defer stalled.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return 0, &finalError{err}
	}
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, withoutSecrets(err)
	}
	defer response.Body.Close()
	switch code := response.StatusCode; {
	case code == http.StatusPartialContent:
	case code == http.StatusOK: // a server that knows no ranges sends all of it
		have = 0
	case code == http.StatusRequestedRangeNotSatisfiable: // nothing comes after what is here
		err := fmt.Errorf("ends after %d bytes, but torch.lock says %d", have, w.Bytes)
		return 0, &finalError{errors.Join(err, os.Remove(part))}
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return 0, fmt.Errorf("answers %s", response.Status)
	default:
		return 0, &finalError{fmt.Errorf("answers %s", response.Status)}
	}
	if err := file.Truncate(have); err != nil {
		return 0, &finalError{err}
	}
	if _, err := file.Seek(have, io.SeekStart); err != nil {
		return 0, &finalError{err}
	}
	m := &meter{ctx: ctx, report: report, event: Event{Stage: Fetch, Name: w.Project, Done: have, Total: w.Bytes}}
	alive := writerFunc(func(p []byte) (int, error) { stalled.Reset(stallTimeout); return len(p), nil })
	body := io.LimitReader(response.Body, w.Bytes-have+1) // one more, to notice a file that is too long
	gained, err = io.Copy(io.MultiWriter(file, m, alive), body)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	switch total := have + gained; {
	case err != nil:
		return gained, fmt.Errorf("after %d of %d bytes: %w", total, w.Bytes, err)
	case total > w.Bytes:
		return gained, &finalError{errors.Join(fmt.Errorf("sends more than the %d bytes that torch.lock says", w.Bytes), os.Remove(part))}
	case total < w.Bytes:
		return gained, fmt.Errorf("after %d of %d bytes: %w", total, w.Bytes, io.ErrUnexpectedEOF)
	}
	return gained, nil
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
