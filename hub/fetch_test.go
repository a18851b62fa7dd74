package hub

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// layout lists a folder: files, links with their targets; locks are left out.
func layout(t *testing.T, dir string) (lines []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		if filepath.Dir(filepath.Dir(name)) == ".locks" || name == "CACHEDIR.TAG" {
			return nil
		}
		if e.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			require.NoError(t, err)
			name += " -> " + target
		}
		lines = append(lines, filepath.ToSlash(name))
		return nil
	}))
	return lines
}

// requireFiles checks the contents of a snapshot.
func (h *fakeHub) requireFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(h.files[name], content), name)
	}
}

func (h *fakeHub) names() (names []string) {
	for name := range h.files {
		names = append(names, name)
	}
	return names
}

func TestADownloadHasTheLayoutOfPythonsCache(t *testing.T) {
	h := newFakeHub(t)
	c, _ := h.client(t)
	dir, err := c.Fetch(t.Context(), Request{Name: testRepo})
	require.NoError(t, err)
	h.requireFiles(t, dir, h.names()...)
	root := "models--org--tiny.model-1"
	require.Equal(t, filepath.Join(c.CacheDir, root, "snapshots", testCommit), dir)

	var want []string
	for _, content := range h.files {
		want = append(want, root+"/blobs/"+etag(content))
	}
	slices.Sort(want)
	want = slices.Compact(want) // config.json is there twice
	to := "../../blobs/"
	want = append(want, root+"/refs/main",
		root+"/snapshots/"+testCommit+"/README.md -> "+to+etag(h.files["README.md"]),
		root+"/snapshots/"+testCommit+"/config.json -> "+to+etag(h.files["config.json"]),
		root+"/snapshots/"+testCommit+"/copy/config.json -> ../"+to+etag(h.files["config.json"]),
		root+"/snapshots/"+testCommit+"/empty.txt -> "+to+etag(nil),
		root+"/snapshots/"+testCommit+"/model.safetensors -> "+to+etag(h.files["model.safetensors"]),
		root+"/snapshots/"+testCommit+"/onnx/deep/down/model.bin -> ../../../"+to+etag(h.files["onnx/deep/down/model.bin"]),
		root+"/snapshots/"+testCommit+"/pytorch_model.bin -> "+to+etag(h.files["pytorch_model.bin"]),
		root+"/snapshots/"+testCommit+"/sub folder/ñ.json -> ../"+to+etag(h.files["sub folder/ñ.json"]),
		root+"/trees/"+testCommit+".json",
	)
	require.Equal(t, want, layout(t, c.CacheDir))
	ref, err := os.ReadFile(filepath.Join(c.CacheDir, root, "refs/main"))
	require.NoError(t, err)
	require.Equal(t, testCommit, string(ref))
	info, err := os.Stat(filepath.Join(dir, "config.json"))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o644), info.Mode().Perm()&^0o22)
}

// Set AJOLOTE_PEERS to a Python with huggingface_hub to run it.
func TestPythonAndWeShareOneCache(t *testing.T) {
	python := os.Getenv("AJOLOTE_PEERS")
	if python == "" {
		t.Skip("AJOLOTE_PEERS is not set")
	}
	h := newFakeHub(t)
	ours, _ := h.client(t)
	_, err := ours.Fetch(t.Context(), Request{Name: testRepo, Revision: "feature/x"})
	require.NoError(t, err)

	theirs := t.TempDir()
	snapshot := func(cache, offline string) {
		t.Helper()
		run := exec.Command(python, "testdata/snapshot.py", testRepo, "feature/x")
		for _, variable := range os.Environ() {
			if !strings.HasSuffix(variable, "=") { // an empty variable is a setting to Python
				run.Env = append(run.Env, variable)
			}
		}
		run.Env = append(run.Env, "HF_HUB_CACHE="+cache, "HF_HUB_OFFLINE="+offline, "HF_HUB_DISABLE_XET=1")
		out, err := run.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	snapshot(theirs, "0")
	require.Equal(t, layout(t, theirs), layout(t, ours.CacheDir))
	tree := filepath.Join("models--org--tiny.model-1", "trees", testCommit+".json")
	a, err := os.ReadFile(filepath.Join(theirs, tree))
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(ours.CacheDir, tree))
	require.NoError(t, err)
	require.JSONEq(t, string(a), string(b))

	snapshot(ours.CacheDir, "1")
	ours.CacheDir, ours.Offline = theirs, true
	dir, err := ours.Fetch(t.Context(), Request{Name: testRepo, Revision: "feature/x"})
	require.NoError(t, err)
	h.requireFiles(t, dir, h.names()...)
}

func TestAFolderIsItself(t *testing.T) {
	dir := t.TempDir()
	got, err := Fetch(t.Context(), Request{Name: dir})
	require.NoError(t, err)
	require.Equal(t, dir, got)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o666))
	for name, message := range map[string]string{
		filepath.Join(dir, "file"): "is a file: a folder with a model is wanted",
		filepath.Join(dir, "none"): "there is no such folder",
		"./none":                   "there is no such folder",
		"a/b/c":                    "there is no such folder",
		"":                         "no model is named",
		"org/..":                   "neither a folder that exists nor the name of a repository",
		"org/a--b":                 "neither a folder that exists nor the name of a repository",
		"org/a b":                  "neither a folder that exists nor the name of a repository",
	} {
		_, err := Fetch(t.Context(), Request{Name: name})
		require.ErrorContains(t, err, message, name)
	}
	_, err = Fetch(t.Context(), Request{Name: "org/name", Revision: "../../x"})
	require.ErrorContains(t, err, "is no name of a branch")
	_, err = Fetch(t.Context(), Request{Name: "org/name", Type: "space"})
	require.ErrorContains(t, err, `"space" is no type of repository`)
}

func TestOnlyWhatIsWantedIsDownloaded(t *testing.T) {
	h := newFakeHub(t)
	c, _ := h.client(t)
	dir, err := c.Fetch(t.Context(), Request{Name: testRepo, Allow: ModelFiles(), Ignore: []string{"copy/"}})
	require.NoError(t, err)
	h.requireFiles(t, dir, "config.json", "model.safetensors", "empty.txt", "sub folder/ñ.json")
	for _, name := range []string{"pytorch_model.bin", "README.md", "copy/config.json"} {
		require.NoFileExists(t, filepath.Join(dir, name))
	}
	_, err = c.Fetch(t.Context(), Request{Name: testRepo, Allow: []string{"*.gguf"}})
	require.ErrorContains(t, err, "none of its 8 files matches")
}

func TestACompleteSnapshotNeedsNoRequest(t *testing.T) {
	h := newFakeHub(t)
	c, _ := h.client(t)
	some := Request{Name: testRepo, Allow: []string{"*.json"}}
	dir, err := c.Fetch(t.Context(), some)
	require.NoError(t, err)
	before := len(h.paths)
	again, err := c.Fetch(t.Context(), some)
	require.NoError(t, err)
	require.Equal(t, dir, again)
	require.Len(t, h.paths, before)

	t.Run("more is wanted: only that is downloaded", func(t *testing.T) {
		_, err = c.Fetch(t.Context(), Request{Name: testRepo})
		require.NoError(t, err)
		require.Equal(t, 1, h.requests("config.json"), "of two paths with one content")
		h.requireFiles(t, dir, h.names()...)
	})
	t.Run("Refresh finds the new commit", func(t *testing.T) {
		h.commit = "fedcba9876543210fedcba9876543210fedcba98"
		same, err := c.Fetch(t.Context(), Request{Name: testRepo})
		require.NoError(t, err)
		require.Equal(t, dir, same)
		newer, err := c.Fetch(t.Context(), Request{Name: testRepo, Refresh: true})
		require.NoError(t, err)
		require.Equal(t, h.commit, filepath.Base(newer))
		h.requireFiles(t, newer, h.names()...)
		require.Equal(t, 1, h.requests("signed/model.safetensors"), "the blob was there")
		older, err := c.Fetch(t.Context(), Request{Name: testRepo, Revision: testCommit})
		require.NoError(t, err)
		require.Equal(t, dir, older)
	})
}

func TestOfflineUsesTheCacheAlone(t *testing.T) {
	h := newFakeHub(t)
	c, _ := h.client(t)
	c.Offline = true
	_, err := c.Fetch(t.Context(), Request{Name: testRepo})
	require.ErrorContains(t, err, "is not in the cache")
	require.ErrorContains(t, err, "HF_HUB_OFFLINE is set")

	c.Offline = false
	dir, err := c.Fetch(t.Context(), Request{Name: testRepo, Allow: []string{"*.json"}})
	require.NoError(t, err)
	before := len(h.paths)
	c.Offline = true
	_, err = c.Fetch(t.Context(), Request{Name: testRepo})
	require.ErrorContains(t, err, "5 of its files are missing in the cache")
	require.ErrorContains(t, err, "README.md")
	// Older Python libraries keep no listing: what is there must do.
	require.NoError(t, os.RemoveAll(filepath.Join(c.CacheDir, "models--org--tiny.model-1", "trees")))
	got, err := c.Fetch(t.Context(), Request{Name: testRepo})
	require.NoError(t, err)
	require.Equal(t, dir, got)
	require.Len(t, h.paths, before)
}

func TestACachedSnapshotServesWhenTheHubCannot(t *testing.T) {
	h := newFakeHub(t)
	c, _ := h.client(t)
	dir, err := c.Fetch(t.Context(), Request{Name: testRepo})
	require.NoError(t, err)
	for _, status := range []int{401, 403, 503} {
		h.before = func(w http.ResponseWriter, r *http.Request, n int) bool {
			w.WriteHeader(status)
			return true
		}
		got, err := c.Fetch(t.Context(), Request{Name: testRepo, Refresh: true})
		require.NoError(t, err)
		require.Equal(t, dir, got)
	}
	h.Close()
	got, err := c.Fetch(t.Context(), Request{Name: testRepo, Refresh: true})
	require.NoError(t, err)
	require.Equal(t, dir, got)

	require.NoError(t, os.RemoveAll(c.CacheDir))
	_, err = c.Fetch(t.Context(), Request{Name: testRepo})
	var network *NetworkError
	require.ErrorAs(t, err, &network)
	require.ErrorContains(t, err, "check the connection and HF_ENDPOINT")
}

func TestProgressReachesTheTotal(t *testing.T) {
	h := newFakeHub(t)
	c, _ := h.client(t)
	var last Progress
	seen := map[string]bool{}
	_, err := c.Fetch(t.Context(), Request{Name: testRepo, Progress: func(p Progress) {
		last = p
		seen[p.File] = true
		require.LessOrEqual(t, p.FileDone, p.FileSize)
	}})
	require.NoError(t, err)
	var total int64
	for _, content := range h.files {
		total += int64(len(content))
	}
	require.Equal(t, total, last.Total)
	require.Equal(t, total, last.Done)
	require.Len(t, seen, len(h.files))
}

func TestManyProcessesFetchOneRepositoryAtOnce(t *testing.T) {
	h := newFakeHub(t)
	c, _ := h.client(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := c.Fetch(context.Background(), Request{Name: testRepo}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.Equal(t, 1, h.requests("signed/model.safetensors"))
	require.Equal(t, 1, h.requests("resolve/"+testCommit+"/README.md"))
}

func TestACancelledContextEndsTheDownload(t *testing.T) {
	h := newFakeHub(t)
	c, _ := h.client(t)
	ctx, cancel := context.WithCancel(t.Context())
	h.before = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if r.URL.Path != "/signed/model.safetensors" {
			return false
		}
		cancel()
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
			t.Error("the request goes on")
		}
		return true
	}
	_, err := c.Fetch(ctx, Request{Name: testRepo})
	require.ErrorIs(t, err, context.Canceled)
}

func TestADataSetHasItsOwnAddressesAndFolder(t *testing.T) {
	h := newFakeHub(t)
	c, _ := h.client(t)
	_, err := c.Fetch(t.Context(), Request{Name: "org/data", Type: Dataset})
	require.ErrorContains(t, err, "dataset org/data")
	require.ErrorContains(t, err, h.URL)
	require.Equal(t, []string{"/api/datasets/org/data/revision/main"}, h.paths)
	r, err := newRepo(Dataset, "org/data")
	require.NoError(t, err)
	require.Equal(t, "datasets--org--data", r.folder())
	require.Equal(t, "/datasets/org/data", r.page())

	_, err = new(Client).Fetch(t.Context(), Request{Name: "org/data"})
	require.ErrorContains(t, err, "must be made by FromEnvironment")
}

func TestARenamedRepositoryIsFollowed(t *testing.T) {
	h := newFakeHub(t)
	c, _ := h.client(t)
	c.Token = "hf_secret"
	h.before = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if !strings.Contains(r.URL.Path, "org/old") {
			return false
		}
		http.Redirect(w, r, strings.Replace(r.URL.Path, "org/old", testRepo, 1), http.StatusTemporaryRedirect)
		return true
	}
	dir, err := c.Fetch(t.Context(), Request{Name: "org/old"})
	require.NoError(t, err)
	h.requireFiles(t, dir, h.names()...)
	for _, token := range h.tokens {
		require.Equal(t, "Bearer hf_secret", token)
	}
}

func TestPatternsMatchAsFnmatchDoes(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"*.json", "a/b.json", true},
		{"*.json", "a.jsonl", false},
		{"a?c", "a/c", true},
		{"[ab].txt", "b.txt", true},
		{"[!ab].txt", "b.txt", false},
		{"[!ab].txt", "c.txt", true},
		{"[a-c]x", "bx", true},
		{"[]]", "]", true},
		{"[z-a]", "[z-a]", true}, // fnmatch would match nothing; a name with brackets is likelier meant
		{"[", "[", true},
		{"onnx/", "onnx/deep/model", true},
		{"onnx/", "xonnx/model", false},
		{"a.b", "axb", false},
		{"ñ*", "ñandú", true},
		{"x\ny*", "x\nyz", true},
	} {
		require.Equal(t, c.want, newMatcher([]string{c.pattern}, nil).wants(c.path), "%+v", c)
	}
}
