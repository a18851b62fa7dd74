package hub

// From a name to a folder: this machine, the cache, the hub, in that order.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// parallelFiles is how many files are downloaded at once.
const parallelFiles = 4

// A Request says what is wanted.
type Request struct {
	// Name is a folder of this machine, or a repository: "org/name".
	Name string
	// Type is the kind of repository; "" stands for Model.
	Type RepoType
	// Revision is a branch, a tag or a commit; "" stands for "main".
	Revision string
	// Allow and Ignore are patterns of file paths as Python's fnmatch has them
	// ("*.safetensors", where * matches slashes too; "folder/" for all in it).
	// Empty lists allow everything and ignore nothing. See [ModelFiles].
	Allow, Ignore []string
	// Refresh asks the hub for the newest commit even when the cache has all
	// that is wanted.
	Refresh bool
	// Progress, when set, is told about the download as it goes on, never from
	// two goroutines at once. It is not called when nothing is downloaded.
	Progress func(Progress)
}

// Progress is the state of a download.
type Progress struct {
	// File is the path of the file that bytes came for.
	File string
	// FileDone of FileSize bytes of it are there. FileDone falls back when
	// bytes were wrong and are asked for again.
	FileDone, FileSize int64
	// Done of Total bytes of all files to download are there.
	Done, Total int64
}

// Fetch gives the folder of a request, with the settings of [FromEnvironment].
func Fetch(ctx context.Context, q Request) (dir string, err error) {
	c, err := FromEnvironment()
	if err != nil {
		return "", err
	}
	return c.Fetch(ctx, q)
}

// Fetch gives the folder that holds the files of a request:
//
//   - Name itself when it is a folder that exists;
//   - the snapshot in the cache, without a question to the hub, when the listing
//     of its files is cached too and proves that nothing wanted is missing;
//   - else what the hub has now, after a download of what is missing. When the
//     hub cannot be reached, or lets nobody in, a snapshot of the revision that
//     is in the cache does.
//
// A download that was broken off, even by a crash, is taken up where it ended.
// Several processes may fetch the same repository at once, Python ones among
// them. Faults are an [Error] or a [NetworkError] and say what to do.
func (c *Client) Fetch(ctx context.Context, q Request) (dir string, err error) {
	if info, err := os.Stat(q.Name); err == nil && info.IsDir() {
		return q.Name, nil
	}
	if err := looksLikePath(q.Name); err != nil {
		return "", err
	}
	if c.http == nil {
		return "", errors.New("hub: a Client must be made by FromEnvironment")
	}
	r, err := newRepo(q.Type, q.Name)
	if err != nil {
		return "", err
	}
	if q.Revision == "" {
		q.Revision = "main"
	}
	if !filepath.IsLocal(filepath.FromSlash(q.Revision)) {
		return "", fmt.Errorf("%s: %q is no name of a branch, tag or commit", r, q.Revision)
	}
	wanted := newMatcher(q.Allow, q.Ignore)
	s := newStore(c.CacheDir, r)

	cached := s.cachedCommit(q.Revision)
	if cached != "" && !q.Refresh {
		if files := s.readTree(cached); files != nil && files.any(wanted) && len(s.missing(cached, files, wanted)) == 0 {
			return s.snapshot(cached), nil
		}
	}
	if c.Offline {
		return c.fromCache(s, r, q, cached, wanted, errors.New("HF_HUB_OFFLINE is set: unset it to download"))
	}
	commit, files, err := c.find(ctx, s, r, q.Revision)
	if unreachable(err) {
		return c.fromCache(s, r, q, cached, wanted, err)
	}
	if err != nil {
		return "", err
	}
	if err := c.bring(ctx, s, r, q, commit, files, wanted); err != nil {
		return "", err
	}
	return s.snapshot(commit), nil
}

// looksLikePath refuses what can only be meant as a folder.
func looksLikePath(name string) error {
	if _, err := os.Stat(name); err == nil {
		return fmt.Errorf("%s is a file: a folder with a model is wanted, or the name of a repository (org/name)", name)
	}
	if name == "" {
		return errors.New("no model is named: give a folder or the name of a repository (org/name)")
	}
	if strings.ContainsAny(name[:1], "./~") || strings.Contains(name, `\`) || filepath.IsAbs(name) || strings.Count(name, "/") > 1 {
		return fmt.Errorf("%s: there is no such folder, and it is not the name of a repository (org/name)", name)
	}
	return nil
}

// unreachable says that the cache may serve in the hub's place.
func unreachable(err error) bool {
	var network *NetworkError
	if errors.As(err, &network) {
		return true
	}
	var answer *Error
	return errors.As(err, &answer) && answer.Code != "RevisionNotFound"
}

// fromCache gives the cached snapshot of a revision although the hub could not
// be asked. cause is why.
func (c *Client) fromCache(s store, r repo, q Request, commit string, wanted matcher, cause error) (string, error) {
	if commit == "" || !exists(s.snapshot(commit)) {
		return "", fmt.Errorf("%s, revision %s, is not in the cache %s: %w", r, q.Revision, c.CacheDir, cause)
	}
	if files := s.readTree(commit); files != nil {
		if missing := s.missing(commit, files, wanted); len(missing) > 0 {
			slices.Sort(missing)
			return "", fmt.Errorf("%s, revision %s: %d of its files are missing in the cache %s, among them %s: %w", r, q.Revision, len(missing), c.CacheDir, missing[0], cause)
		}
	}
	return s.snapshot(commit), nil
}

// find asks for the commit of a revision and for its files.
func (c *Client) find(ctx context.Context, s store, r repo, revision string) (commit string, files listing, err error) {
	commit = revision
	if !commitHash.MatchString(revision) {
		if commit, err = c.commit(ctx, r, revision); err != nil {
			return "", nil, err
		}
	}
	if files = s.readTree(commit); files != nil {
		return commit, files, nil
	}
	if files, err = c.list(ctx, r, commit); err != nil {
		return "", nil, err
	}
	return commit, files, s.writeTree(commit, files)
}

// bring downloads the wanted files that are missing, several at once.
func (c *Client) bring(ctx context.Context, s store, r repo, q Request, commit string, files listing, wanted matcher) error {
	if !files.any(wanted) {
		return fmt.Errorf("%s, revision %s: none of its %d files matches %q (without %q)", r, q.Revision, len(files), q.Allow, q.Ignore)
	}
	s.tag()
	missing := s.missing(commit, files, wanted)
	// The largest first: the small ones fill the gaps at the end.
	slices.SortFunc(missing, func(a, b string) int {
		return cmp.Or(cmp.Compare(files[b].bytes(), files[a].bytes()), strings.Compare(a, b))
	})
	t := tally{tell: q.Progress, done: map[string]int64{}}
	for _, path := range missing {
		t.total += files[path].bytes()
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelFiles)
	for _, path := range missing {
		group.Go(func() error {
			f := files[path]
			return c.download(ctx, s, r, commit, path, f, func(n int64) { t.add(path, f.bytes(), n) })
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return s.setRef(q.Revision, commit)
}

// tally adds up what comes for all files.
type tally struct {
	mu    sync.Mutex
	tell  func(Progress)
	done  map[string]int64
	sum   int64
	total int64
}

func (t *tally) add(path string, size, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done[path] += n
	t.sum += n
	if t.tell != nil {
		t.tell(Progress{File: path, FileDone: t.done[path], FileSize: size, Done: t.sum, Total: t.total})
	}
}
