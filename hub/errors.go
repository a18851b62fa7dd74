package hub

// What can go wrong, in words that say what to do.

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// An Error is an answer of the hub that is no success.
type Error struct {
	// Repo and File name what was asked for; File may be empty.
	Repo, File string
	// Status is the HTTP status.
	Status int
	// Code is what the hub says in X-Error-Code: "GatedRepo", "RepoNotFound",
	// "RevisionNotFound", "EntryNotFound", or nothing.
	Code string
	// Advice says what is wrong and what to do.
	Advice string

	retryAfter time.Duration
}

func (e *Error) Error() string {
	what := e.Repo
	if e.File != "" {
		what += ": " + e.File
	}
	return fmt.Sprintf("%s: %s (HTTP %d)", what, e.Advice, e.Status)
}

// temporary says that asking again may help.
func (e *Error) temporary() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// newError reads the fault out of a response. The body is not read.
func (c *Client) newError(r repo, revision, file string, response *http.Response) *Error {
	e := &Error{Repo: r.String(), File: file, Status: response.StatusCode, Code: response.Header.Get("X-Error-Code")}
	said := response.Header.Get("X-Error-Message")
	page := c.Endpoint + r.page()
	token := "set HF_TOKEN to a token of an account that may read it"
	if c.Token != "" {
		token = "the token in use (HF_TOKEN, or the one stored by `hf auth login`) may not read it: use one of an account that may"
	}
	switch status := response.StatusCode; {
	case e.Code == "GatedRepo":
		e.Advice = fmt.Sprintf("its licence must be accepted first: log in at %s, accept the conditions there, and %s", page, token)
	case e.Code == "RevisionNotFound":
		e.Advice = fmt.Sprintf("there is no revision %q; the branches and commits are listed at %s/tree/main", revision, page)
	case e.Code == "EntryNotFound":
		e.Advice = fmt.Sprintf("there is no such file at revision %s; the files are listed at %s/tree/%s", revision, page, revision)
	case status == http.StatusUnauthorized && c.Token != "" && strings.Contains(said, "Invalid credentials"):
		e.Advice = "the token in use (HF_TOKEN, or the one stored by `hf auth login`) is invalid or has expired: make a new one, or unset it"
	case e.Code == "RepoNotFound", status == http.StatusUnauthorized, status == http.StatusNotFound:
		e.Advice = fmt.Sprintf("no such repository at %s, or it is private: check the name; if it is private, %s", c.Endpoint, token)
	case status == http.StatusForbidden:
		e.Advice = fmt.Sprintf("access is forbidden: see %s whether its conditions must be accepted, and %s", page, token)
	case status == http.StatusTooManyRequests:
		e.retryAfter = retryAfter(response.Header)
		e.Advice = "the hub takes no more requests for now: wait some minutes"
		if e.retryAfter > 0 {
			e.Advice = fmt.Sprintf("the hub takes no more requests for now: try again in %s", e.retryAfter)
		}
		if c.Token == "" {
			e.Advice += "; with HF_TOKEN set it allows more"
		}
	case status >= 500:
		e.retryAfter = retryAfter(response.Header)
		e.Advice = fmt.Sprintf("the server %s failed: try again later", response.Request.URL.Host)
	default:
		e.Advice = "the hub refused the request"
	}
	if said != "" {
		e.Advice += "; it says: " + said
	}
	return e
}

// retryAfter reads how long the server asks to wait: Retry-After in seconds or
// as a date, else the "t" of the RateLimit header.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if text == "" {
		for part := range strings.SplitSeq(h.Get("RateLimit"), ";") {
			if t, ok := strings.CutPrefix(strings.TrimSpace(part), "t="); ok {
				text = t
			}
		}
	}
	var seconds int
	if _, err := fmt.Sscanf(text, "%d", &seconds); err == nil && seconds >= 0 && seconds < 1<<30 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at)).Round(time.Second)
	}
	return 0
}

// A NetworkError says that no answer came.
type NetworkError struct {
	Host string
	Err  error
}

func (e *NetworkError) Error() string {
	return fmt.Sprintf("no answer from %s (%v): check the connection and HF_ENDPOINT; a folder of this machine, or HF_HUB_OFFLINE=1 with a filled cache, needs no network", e.Host, e.Err)
}

func (e *NetworkError) Unwrap() error { return e.Err }
