package hub

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestABrokenDownloadResumesWhereItEnded(t *testing.T) {
	h := newFakeHub(t)
	c, waits := h.client(t)
	large := h.files["model.safetensors"]
	h.before = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if r.URL.Path != "/signed/model.safetensors" || n > 3 {
			return false
		}
		from := 0
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(large)-1, len(large)))
		if from > 0 {
			w.Header().Set("Content-Length", fmt.Sprint(len(large)-from))
			w.WriteHeader(http.StatusPartialContent)
		}
		breakOff(w, large[from:], 500_000)
		return true
	}
	dir, err := c.Fetch(t.Context(), Request{Name: testRepo, Allow: []string{"model.safetensors"}})
	require.NoError(t, err)
	h.requireFiles(t, dir, "model.safetensors")
	require.Equal(t, 4, h.requests("signed/model.safetensors"))
	require.Equal(t, "bytes=1500000-", h.ranges[len(h.ranges)-1])
	require.Equal(t, []time.Duration{time.Second, time.Second, time.Second}, *waits, "bytes that come start the count anew")
}

func TestALaterProcessResumesTheDownload(t *testing.T) {
	for _, noRange := range []bool{false, true} {
		t.Run(fmt.Sprintf("server ignores ranges: %v", noRange), func(t *testing.T) {
			h := newFakeHub(t)
			h.noRange = noRange
			c, _ := h.client(t)
			large := h.files["model.safetensors"]
			blobs := filepath.Join(c.CacheDir, "models--org--tiny.model-1", "blobs")
			require.NoError(t, os.MkdirAll(blobs, 0o777))
			require.NoError(t, os.WriteFile(filepath.Join(blobs, etag(large)+".incomplete"), large[:1_234_567], 0o666))
			dir, err := c.Fetch(t.Context(), Request{Name: testRepo, Allow: []string{"model.safetensors"}})
			require.NoError(t, err)
			h.requireFiles(t, dir, "model.safetensors")
			require.Equal(t, "bytes=1234567-", h.ranges[len(h.ranges)-1])
			require.NoFileExists(t, filepath.Join(blobs, etag(large)+".incomplete"))
		})
	}
}

func TestWrongBytesAreNeverNamed(t *testing.T) {
	for _, test := range []struct {
		name    string
		partial []byte // left by an earlier process
		wrong   func(n int) bool
		err     string
		asked   int
	}{
		{name: "the rest of another file", partial: []byte("what an older version left"), asked: 2, wrong: func(int) bool { return false }},
		{name: "a partial file that is too long", partial: make([]byte, 4_000_000), asked: 1, wrong: func(int) bool { return false }},
		{name: "wrong once", asked: 2, wrong: func(n int) bool { return n == 1 }},
		{name: "wrong always", asked: 2, wrong: func(int) bool { return true }, err: "the server sent wrong bytes twice: their hash is"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newFakeHub(t)
			c, _ := h.client(t)
			large := h.files["model.safetensors"]
			blobs := filepath.Join(c.CacheDir, "models--org--tiny.model-1", "blobs")
			require.NoError(t, os.MkdirAll(blobs, 0o777))
			if test.partial != nil {
				require.NoError(t, os.WriteFile(filepath.Join(blobs, etag(large)+".incomplete"), test.partial, 0o666))
			}
			h.before = func(w http.ResponseWriter, r *http.Request, n int) bool {
				if r.URL.Path != "/signed/model.safetensors" || !test.wrong(n) {
					return false
				}
				w.Write(make([]byte, len(large)))
				return true
			}
			var last Progress
			dir, err := c.Fetch(t.Context(), Request{Name: testRepo, Allow: []string{"model.safetensors"}, Progress: func(p Progress) { last = p }})
			require.Equal(t, test.asked, h.requests("signed/model.safetensors"))
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				require.NoFileExists(t, filepath.Join(blobs, etag(large)))
				require.Zero(t, last.Done)
				return
			}
			require.NoError(t, err)
			h.requireFiles(t, dir, "model.safetensors")
			require.Equal(t, last.Total, last.Done)
		})
	}
}

func TestTooManyBytesAreRefused(t *testing.T) {
	h := newFakeHub(t)
	c, _ := h.client(t)
	h.before = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if filepath.Base(r.URL.Path) != "README.md" {
			return false
		}
		fmt.Fprint(w, "<html>Please log in to the proxy</html>")
		return true
	}
	_, err := c.Fetch(t.Context(), Request{Name: testRepo, Allow: []string{"README.md"}})
	require.ErrorContains(t, err, "README.md: the server sends more than the 7 bytes of the file; a proxy or a mirror")
}

func TestATokenGoesToTheHubAlone(t *testing.T) {
	h := newFakeHub(t)
	_, _ = h.client(t) // clears the environment
	t.Setenv("HF_TOKEN", " hf_secret\n")
	c, err := FromEnvironment()
	require.NoError(t, err)
	_, err = c.Fetch(t.Context(), Request{Name: testRepo}) // the storage refuses requests with a token
	require.NoError(t, err)
	for _, token := range h.tokens {
		require.Equal(t, "Bearer hf_secret", token)
	}
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	for _, test := range []struct {
		name          string
		token         string
		status        int
		code, message string
		header        http.Header
		want          []string
		asked         int
	}{
		{name: "private or missing", status: 401, code: "RepoNotFound", asked: 1,
			want: []string{"no such repository at ", "or it is private", "set HF_TOKEN", "HTTP 401"}},
		{name: "private or missing, with a token", token: "x", status: 404, code: "RepoNotFound", asked: 1,
			want: []string{"the token in use", "may not read it", "HTTP 404"}},
		{name: "licence, no token", status: 401, code: "GatedRepo", message: "Access to model org/x is restricted.", asked: 1,
			want: []string{"its licence must be accepted first: log in at http", "/org/tiny.model-1, accept the conditions there, and set HF_TOKEN", "it says: Access to model"}},
		{name: "licence, with a token", token: "x", status: 403, code: "GatedRepo", asked: 1,
			want: []string{"its licence must be accepted", "the token in use"}},
		{name: "bad token", token: "x", status: 401, message: "Invalid credentials in Authorization header", asked: 1,
			want: []string{"is invalid or has expired"}},
		{name: "forbidden", status: 403, asked: 1, want: []string{"access is forbidden", "HTTP 403"}},
		{name: "no such revision", status: 404, code: "RevisionNotFound", asked: 1, want: []string{`there is no revision "main"`}},
		{name: "too many requests", status: 429, header: http.Header{"Retry-After": {"7"}}, asked: 6,
			want: []string{"takes no more requests for now: try again in 7s", "with HF_TOKEN set it allows more", "HTTP 429"}},
		{name: "too many requests for an hour", status: 429, header: http.Header{"Ratelimit": {`"api";r=0;t=3600`}}, asked: 1,
			want: []string{"try again in 1h0m0s"}},
		{name: "server error", status: 502, asked: 6, want: []string{"failed: try again later", "HTTP 502"}},
		{name: "teapot", status: 418, asked: 1, want: []string{"the hub refused the request (HTTP 418)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newFakeHub(t)
			c, waits := h.client(t)
			c.Token = test.token
			h.before = func(w http.ResponseWriter, r *http.Request, n int) bool {
				for name, values := range test.header {
					w.Header()[name] = values
				}
				refuse(w, test.status, test.code, test.message)
				return true
			}
			_, err := c.Fetch(t.Context(), Request{Name: testRepo})
			var answer *Error
			require.ErrorAs(t, err, &answer)
			require.Equal(t, test.status, answer.Status)
			require.Equal(t, test.code, answer.Code)
			for _, part := range test.want {
				require.ErrorContains(t, err, part)
			}
			require.Len(t, h.paths, test.asked)
			require.Len(t, *waits, test.asked-1)
			for _, wait := range *waits {
				if test.header.Get("Retry-After") != "" {
					require.GreaterOrEqual(t, wait, 7*time.Second)
				}
			}
		})
	}
}

func TestFaultsThatPassAreSurvived(t *testing.T) {
	h := newFakeHub(t)
	c, waits := h.client(t)
	h.before = func(w http.ResponseWriter, r *http.Request, n int) bool {
		switch n {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			w.Header().Set("Retry-After", time.Now().Add(90*time.Second).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusTooManyRequests)
		case 3:
			breakOff(w, []byte(`{"model_type": "llama"}`), 3)
		default:
			return false
		}
		return true
	}
	dir, err := c.Fetch(t.Context(), Request{Name: testRepo, Allow: []string{"config.json"}})
	require.NoError(t, err)
	h.requireFiles(t, dir, "config.json")
	require.Len(t, *waits, 9) // three for the revision, the tree and the file
	require.Equal(t, time.Second, (*waits)[0])
	require.InDelta(t, 90, (*waits)[1].Seconds(), 3)
}

func TestASilentServerIsGivenUp(t *testing.T) {
	h := newFakeHub(t)
	c, _ := h.client(t)
	c.IdleTimeout, c.Attempts = 100*time.Millisecond, 2
	h.before = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if r.URL.Path == "/signed/model.safetensors" {
			w.Header().Set("Content-Length", "3000000")
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return true
		}
		return false
	}
	_, err := c.Fetch(t.Context(), Request{Name: testRepo})
	var network *NetworkError
	require.ErrorAs(t, err, &network)
	require.ErrorContains(t, err, "nothing came for 100ms")
	require.Equal(t, 2, h.requests("signed/model.safetensors"))
}

func TestAnAnswerThatIsNoHubsIsSaidToBe(t *testing.T) {
	for _, test := range []struct {
		part, body, want string
	}{
		{"/revision/", "<html>Welcome</html>", "is not that of a Hugging Face hub"},
		{"/revision/", `{"sha": "main"}`, "names no commit"},
		{"/tree/", `[{"type": "file", "path": "../../x", "oid": "0123456789012345678901234567890123456789"}]`, `the impossible path "../../x"`},
		{"/tree/", `[{"type": "file", "path": "x", "oid": "../../../x"}]`, "the impossible hash"},
	} {
		h := newFakeHub(t)
		c, _ := h.client(t)
		h.before = func(w http.ResponseWriter, r *http.Request, n int) bool {
			if filepath.Base(filepath.Dir(r.URL.Path)) != filepath.Base(test.part) {
				return false
			}
			fmt.Fprint(w, test.body)
			return true
		}
		_, err := c.Fetch(t.Context(), Request{Name: testRepo})
		require.ErrorContains(t, err, test.want)
	}
}

func TestSettingsComeFromTheEnvironment(t *testing.T) {
	h := newFakeHub(t)
	c, _ := h.client(t)
	require.Equal(t, filepath.Join(os.Getenv("HF_HOME"), "hub"), c.CacheDir)
	require.Equal(t, h.URL, c.Endpoint)
	require.Empty(t, c.Token)

	require.NoError(t, os.WriteFile(filepath.Join(os.Getenv("HF_HOME"), "token"), []byte("stored\n"), 0o600))
	t.Setenv("HF_HUB_CACHE", "~/$SUB/cache")
	t.Setenv("SUB", "sub")
	t.Setenv("HOME", "/users/me")
	t.Setenv("HF_HUB_OFFLINE", "yes")
	t.Setenv("HF_ENDPOINT", "")
	c, err := FromEnvironment()
	require.NoError(t, err)
	require.Equal(t, "/users/me/sub/cache", c.CacheDir)
	require.Equal(t, DefaultEndpoint, c.Endpoint)
	require.Equal(t, "stored", c.Token)
	require.True(t, c.Offline)

	t.Setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
	t.Setenv("HF_HUB_OFFLINE", "0")
	c, err = FromEnvironment()
	require.NoError(t, err)
	require.Empty(t, c.Token)
	require.False(t, c.Offline)

	t.Setenv("HF_ENDPOINT", "huggingface.co")
	_, err = FromEnvironment()
	require.ErrorContains(t, err, `HF_ENDPOINT is "huggingface.co", which is no address of a server`)
}
