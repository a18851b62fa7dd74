package hub

// The files of a repository at a commit: asked from the hub, kept in the cache
// as trees/<commit>.json (huggingface_hub's _tree_cache.py).

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// listed is one file of a listing, in the cache's form.
type listed struct {
	Size    int64  `json:"size"`
	BlobID  string `json:"blob_id"` // git's own hash
	SHA256  string `json:"lfs_sha256,omitempty"`
	LFSSize *int64 `json:"lfs_size,omitempty"`
	XetHash string `json:"xet_hash,omitempty"`
}

// blob is the name of the file's content in the cache, which is also its hash:
// the ETag that the hub sends.
func (f listed) blob() string {
	if f.SHA256 != "" {
		return f.SHA256
	}
	return f.BlobID
}

// bytes is the size of the content.
func (f listed) bytes() int64 {
	if f.LFSSize != nil {
		return *f.LFSSize
	}
	return f.Size
}

// listing maps the paths of files, with slashes, to what is known of them.
type listing map[string]listed

// check refuses names that would leave the cache.
func (l listing) check() error {
	for path, f := range l {
		if !filepath.IsLocal(filepath.FromSlash(path)) {
			return fmt.Errorf("the hub lists a file with the impossible path %q", path)
		}
		if !blobName.MatchString(f.blob()) || f.bytes() < 0 {
			return fmt.Errorf("the hub lists %s with the impossible hash %q or size %d", path, f.blob(), f.bytes())
		}
	}
	return nil
}

// any says whether any file is wanted.
func (l listing) any(m matcher) bool {
	for path := range l {
		if m.wants(path) {
			return true
		}
	}
	return false
}

const treeFormat = 1

type treeFile struct {
	FormatVersion int     `json:"format_version"`
	Files         listing `json:"files"`
}

// readTree reads a cached listing; nil when there is none that can be used.
func (s store) readTree(commit string) listing {
	text, err := os.ReadFile(s.tree(commit))
	if err != nil {
		return nil
	}
	var tree treeFile
	if json.Unmarshal(text, &tree) != nil || tree.FormatVersion != treeFormat || tree.Files.check() != nil {
		return nil
	}
	return tree.Files
}

func (s store) writeTree(commit string, files listing) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(treeFile{treeFormat, files}); err != nil {
		return err
	}
	return writeFile(s.tree(commit), bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// commit asks which commit a revision is.
func (c *Client) commit(ctx context.Context, r repo, revision string) (string, error) {
	var info struct{ SHA string }
	address := fmt.Sprintf("%s/api/%ss/%s/revision/%s", c.Endpoint, r.kind, r.id, url.PathEscape(revision))
	if _, err := c.getJSON(ctx, r, revision, address, &info); err != nil {
		return "", err
	}
	if !commitHash.MatchString(info.SHA) {
		return "", fmt.Errorf("%s: the answer of %s names no commit: check HF_ENDPOINT and proxies", r, c.Endpoint)
	}
	return info.SHA, nil
}

var nextPage = regexp.MustCompile(`<([^>]+)>\s*;[^,]*rel="?next"?`)

// list asks for all files of a commit, page by page.
func (c *Client) list(ctx context.Context, r repo, commit string) (listing, error) {
	files := listing{}
	address := fmt.Sprintf("%s/api/%ss/%s/tree/%s?recursive=true&expand=false", c.Endpoint, r.kind, r.id, commit)
	for address != "" {
		var page []struct {
			Type, OID, Path, XetHash string
			Size                     int64
			LFS                      *struct {
				OID  string
				Size int64
			}
		}
		header, err := c.getJSON(ctx, r, commit, address, &page)
		if err != nil {
			return nil, err
		}
		for _, entry := range page {
			if entry.Type != "file" {
				continue
			}
			f := listed{Size: entry.Size, BlobID: entry.OID, XetHash: entry.XetHash}
			if entry.LFS != nil {
				f.SHA256 = strings.TrimPrefix(entry.LFS.OID, "sha256:")
				f.LFSSize = &entry.LFS.Size
			}
			files[entry.Path] = f
		}
		address = ""
		if next := nextPage.FindStringSubmatch(header.Get("Link")); next != nil {
			address = next[1]
		}
	}
	if err := files.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", r, err)
	}
	return files, nil
}
