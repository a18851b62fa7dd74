package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	testCommit = "0123456789abcdef0123456789abcdef01234567"
	testRepo   = "org/tiny.model-1"
)

// fakeHub is a hub with one repository. Its files above 1000 bytes are kept
// "large": behind a redirect to another server, as LFS files are.
type fakeHub struct {
	*httptest.Server
	storage *httptest.Server
	files   map[string][]byte
	tokens  []string // that came to the hub, in order
	paths   []string // of requests to hub and storage
	ranges  []string
	mu      sync.Mutex

	// before may answer a request in the hub's place; n counts the requests for
	// this path from 1 on. It returns whether it has answered.
	before func(w http.ResponseWriter, r *http.Request, n int) bool
	// noRange makes the storage ignore Range.
	noRange bool
	commit  string
}

func newFakeHub(t *testing.T) *fakeHub {
	t.Helper()
	large := make([]byte, 3_000_000)
	rand.New(rand.NewSource(1)).Read(large)
	h := &fakeHub{commit: testCommit, files: map[string][]byte{
		"config.json":              []byte(`{"model_type": "llama"}`),
		"README.md":                []byte("# tiny\n"),
		"model.safetensors":        large,
		"empty.txt":                {},
		"sub folder/ñ.json":        []byte("{}"),
		"copy/config.json":         []byte(`{"model_type": "llama"}`),
		"pytorch_model.bin":        make([]byte, 2000),
		"onnx/deep/down/model.bin": []byte("x"),
	}}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	h.storage = httptest.NewServer(http.HandlerFunc(h.store))
	t.Cleanup(h.Close)
	t.Cleanup(h.storage.Close)
	return h
}

func isLarge(content []byte) bool { return len(content) > 1000 }

func gitHash(content []byte) string {
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", len(content))
	h.Write(content)
	return fmt.Sprintf("%x", h.Sum(nil))
}

func etag(content []byte) string {
	if isLarge(content) {
		return fmt.Sprintf("%x", sha256.Sum256(content))
	}
	return gitHash(content)
}

// count notes a request and lets before answer it.
func (h *fakeHub) count(w http.ResponseWriter, r *http.Request) (answered bool) {
	h.mu.Lock()
	h.paths = append(h.paths, r.URL.Path)
	h.ranges = append(h.ranges, r.Header.Get("Range"))
	n := 0
	for _, path := range h.paths {
		if path == r.URL.Path {
			n++
		}
	}
	h.mu.Unlock()
	return h.before != nil && h.before(w, r, n)
}

func (h *fakeHub) requests(part string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, path := range h.paths {
		if strings.Contains(path, part) {
			n++
		}
	}
	return n
}

func (h *fakeHub) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.tokens = append(h.tokens, r.Header.Get("Authorization"))
	h.mu.Unlock()
	if h.count(w, r) {
		return
	}
	api := "/api/models/" + testRepo
	switch path := r.URL.Path; {
	case path == api+"/revision/main" || path == api+"/revision/feature/x" || path == api+"/revision/"+h.commit:
		json.NewEncoder(w).Encode(map[string]any{"id": testRepo, "sha": h.commit, "siblings": []any{}})
	case path == api+"/tree/"+h.commit || path == api+"/tree/"+h.commit+"/":
		h.tree(w, r)
	case strings.HasPrefix(path, "/"+testRepo+"/resolve/"+h.commit+"/"):
		name := strings.TrimPrefix(path, "/"+testRepo+"/resolve/"+h.commit+"/")
		content, ok := h.files[name]
		if !ok {
			refuse(w, 404, "EntryNotFound", "")
			return
		}
		w.Header().Set("X-Repo-Commit", h.commit)
		w.Header().Set("ETag", `"`+etag(content)+`"`)
		if isLarge(content) {
			w.Header().Set("X-Linked-Etag", `"`+etag(content)+`"`)
			w.Header().Set("X-Linked-Size", fmt.Sprint(len(content)))
			http.Redirect(w, r, h.storage.URL+"/signed/"+name, http.StatusFound)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(content)))
	case strings.HasPrefix(path, api+"/revision/"):
		refuse(w, 404, "RevisionNotFound", "Invalid rev id: x")
	default:
		refuse(w, 401, "RepoNotFound", "")
	}
}

// tree lists two files a page.
func (h *fakeHub) tree(w http.ResponseWriter, r *http.Request) {
	names := []string{"README.md", "config.json", "copy/config.json", "empty.txt", "model.safetensors", "onnx/deep/down/model.bin", "pytorch_model.bin", "sub folder/ñ.json"}
	from := 0
	fmt.Sscan(r.URL.Query().Get("cursor"), &from)
	page := []map[string]any{{"type": "directory", "path": "sub folder", "oid": "x", "size": 0}}
	for _, name := range names[from:min(from+2, len(names))] {
		content, ok := h.files[name]
		if !ok {
			continue
		}
		entry := map[string]any{"type": "file", "path": name, "oid": gitHash(content), "size": len(content)}
		if isLarge(content) {
			entry["oid"] = gitHash([]byte("pointer of " + name))
			entry["lfs"] = map[string]any{"oid": etag(content), "size": len(content), "pointerSize": 134}
		}
		page = append(page, entry)
	}
	if from+2 < len(names) {
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?recursive=true&expand=false&cursor=%d>; rel="next"`, h.URL, r.URL.EscapedPath(), from+2))
	}
	json.NewEncoder(w).Encode(page)
}

// store is the storage behind the redirects; like S3 it refuses tokens.
func (h *fakeHub) store(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		http.Error(w, "Only one auth mechanism allowed", http.StatusBadRequest)
		return
	}
	if h.count(w, r) {
		return
	}
	content := h.files[strings.TrimPrefix(r.URL.Path, "/signed/")]
	if h.noRange {
		r.Header.Del("Range")
	}
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(content)))
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	if code != "" {
		w.Header().Set("X-Error-Code", code)
	}
	if message != "" {
		w.Header().Set("X-Error-Message", message)
	}
	w.WriteHeader(status)
}

// breakOff sends the beginning of the content and cuts the connection.
func breakOff(w http.ResponseWriter, content []byte, after int) {
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	w.Write(content[:after])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// client is a client of the fake hub with an empty cache, whose waits take no
// time and are noted.
func (h *fakeHub) client(t *testing.T) (c *Client, waits *[]time.Duration) {
	t.Helper()
	for _, name := range []string{"HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_IMPLICIT_TOKEN"} {
		t.Setenv(name, "")
	}
	t.Setenv("HF_HOME", t.TempDir())
	t.Setenv("HF_ENDPOINT", h.URL+"/")
	c, err := FromEnvironment()
	require.NoError(t, err)
	waits = new([]time.Duration)
	var mu sync.Mutex
	c.wait = func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		*waits = append(*waits, d)
		return ctx.Err()
	}
	return c, waits
}
