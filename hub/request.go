package hub

// Requests: what is sent, when it is sent again, and how long it may take.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync"
	"time"
)

// maxPause bounds the wait between two attempts, whatever the server asks for.
const maxPause = 5 * time.Minute

// attempts counts failures in a row.
type attempts struct {
	c      *Client
	failed int
}

// again waits after a failure that may pass, and returns the failure itself when
// it may not, or when it has been tried often enough.
func (a *attempts) again(ctx context.Context, cause error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	pause := time.Second << min(a.failed, 5)
	var answer *Error
	var network *NetworkError
	switch {
	case errors.As(cause, &answer) && answer.temporary():
		pause = max(pause, answer.retryAfter)
	case errors.As(cause, &network):
	default:
		return cause
	}
	a.failed++
	if a.failed >= a.c.Attempts || pause > maxPause {
		return cause
	}
	return a.c.wait(ctx, pause)
}

// send makes one request, once. The body of the response ends with an error
// when the server stays silent for too long; close it.
func (c *Client) send(ctx context.Context, r repo, revision, file, address string, header http.Header) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("User-Agent", userAgent())
	request.Header.Set("Accept-Encoding", "identity") // sizes and ranges are of the file itself
	if c.Token != "" && c.isHub(address) {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	silence := time.AfterFunc(c.IdleTimeout, func() {
		cancel(fmt.Errorf("nothing came for %s", c.IdleTimeout))
	})
	body := &watched{c: c, host: request.URL.Host, ctx: ctx, silence: silence, cancel: cancel}
	response, err := c.http.Do(request)
	if err != nil {
		silence.Stop()
		defer cancel(nil)
		return nil, body.explain(err)
	}
	body.ReadCloser = response.Body
	response.Body = body
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusPartialContent {
		defer response.Body.Close()
		return nil, c.newError(r, revision, file, response)
	}
	return response, nil
}

// watched is a response's body that breaks off after too long a silence.
type watched struct {
	io.ReadCloser
	c       *Client
	host    string
	ctx     context.Context
	silence *time.Timer
	cancel  context.CancelCauseFunc
}

func (b *watched) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.silence.Reset(b.c.IdleTimeout)
	if err != nil && err != io.EOF {
		err = b.explain(err)
	}
	return n, err
}

func (b *watched) Close() error {
	b.silence.Stop()
	b.cancel(nil)
	return b.ReadCloser.Close()
}

// explain turns a broken connection into a NetworkError, and a cancelled
// context into what cancelled it.
func (b *watched) explain(err error) error {
	var address *url.Error
	if errors.As(err, &address) {
		err = address.Err // the address may hold a signature
	}
	switch cause := context.Cause(b.ctx); {
	case cause == nil:
	case errors.Is(cause, context.Canceled), errors.Is(cause, context.DeadlineExceeded):
		return cause
	default:
		err = cause
	}
	return &NetworkError{b.host, err}
}

// getJSON asks the hub's API, with retries, and returns the header.
func (c *Client) getJSON(ctx context.Context, r repo, revision, address string, into any) (http.Header, error) {
	tries := attempts{c: c}
	for {
		header, err := c.getJSONOnce(ctx, r, revision, address, into)
		if err == nil {
			return header, nil
		}
		if err := tries.again(ctx, err); err != nil {
			return nil, err
		}
	}
}

func (c *Client) getJSONOnce(ctx context.Context, r repo, revision, address string, into any) (http.Header, error) {
	response, err := c.send(ctx, r, revision, "", address, nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return nil, fmt.Errorf("%s: the answer of %s is not that of a Hugging Face hub (%w): check HF_ENDPOINT and proxies", r, response.Request.URL.Host, err)
	}
	return response.Header, nil
}

// userAgent names this module and its version.
var userAgent = sync.OnceValue(func() string {
	const module = "github.com/ajolote-ai/ajolote"
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == module && m.Version != "" {
				version = m.Version
			}
		}
	}
	return "ajolote/" + version
})
