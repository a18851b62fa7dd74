package hub

// One file: downloaded in as many pieces as the connection makes of it, hashed
// on the way, named when it is right.

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// download brings one file of a commit into the snapshot. Progress is told as
// bytes that came (or that were there from an earlier try).
func (c *Client) download(ctx context.Context, s store, r repo, commit, path string, f listed, came func(int64)) error {
	unlock, err := s.lock(ctx, f.blob())
	if err != nil {
		return err
	}
	defer unlock()
	blob := s.blob(f.blob())
	if exists(blob) {
		came(f.bytes())
		return s.link(commit, path, f.blob())
	}
	if err := os.MkdirAll(filepath.Dir(blob), 0o777); err != nil {
		return err
	}
	part := &partial{c: c, r: r, commit: commit, path: path, listed: f, came: came}
	if part.File, err = os.OpenFile(blob+".incomplete", os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return err
	}
	err = part.complete(ctx)
	err = errors.Join(err, part.Close())
	if err == nil {
		err = os.Rename(part.Name(), blob)
	}
	if err != nil {
		return err // what has come stays for the next try
	}
	return s.link(commit, path, f.blob())
}

// partial is the beginning of a file.
type partial struct {
	*os.File
	listed
	c            *Client
	r            repo
	commit, path string
	came         func(int64)

	have int64
	sum  hash.Hash
}

// complete downloads what is missing and checks the whole. Bytes that prove
// wrong are thrown away and asked for once more, from the beginning.
func (p *partial) complete(ctx context.Context) error {
	if err := p.resume(); err != nil {
		return err
	}
	for again := range 2 {
		if err := p.fill(ctx); err != nil {
			return err
		}
		got := fmt.Sprintf("%x", p.sum.Sum(nil))
		if got == p.blob() {
			return p.Sync()
		}
		if err := p.restart(); err != nil {
			return err
		}
		if again == 1 {
			return fmt.Errorf("%s: %s: the server sent wrong bytes twice: their hash is %s, not %s; a proxy or a mirror (HF_ENDPOINT) may be at fault", p.r, p.path, got, p.blob())
		}
	}
	panic("unreachable")
}

// newSum is the hash that names the blob: SHA-256 of a large file, else git's
// SHA-1 of a blob with its header.
func (p *partial) newSum() hash.Hash {
	if p.SHA256 != "" {
		return sha256.New()
	}
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", p.bytes())
	return h
}

// resume takes over what an earlier try left.
func (p *partial) resume() error {
	p.sum = p.newSum()
	n, err := io.Copy(p.sum, p.File)
	if err != nil {
		return err
	}
	p.have = n
	p.came(n)
	if n > p.bytes() {
		return p.restart()
	}
	return nil
}

// restart forgets what has come.
func (p *partial) restart() error {
	p.came(-p.have)
	p.have = 0
	p.sum = p.newSum()
	_, err := p.Seek(0, io.SeekStart)
	return errors.Join(err, p.Truncate(0))
}

// fill asks for the rest until it is all there.
func (p *partial) fill(ctx context.Context) error {
	tries := attempts{c: p.c}
	for p.have < p.bytes() {
		before := p.have
		err := p.ask(ctx)
		if err == nil && p.have < p.bytes() {
			err = &NetworkError{p.c.Endpoint, fmt.Errorf("%s: only %d of %d bytes came", p.path, p.have, p.bytes())}
		}
		if err == nil {
			return nil
		}
		if p.have > before {
			tries.failed = 0
		}
		if err := tries.again(ctx, err); err != nil {
			return err
		}
	}
	return nil
}

// ask makes one request for the rest.
func (p *partial) ask(ctx context.Context) error {
	segments := strings.Split(p.path, "/")
	for i := range segments {
		segments[i] = url.PathEscape(segments[i])
	}
	address := fmt.Sprintf("%s%s/resolve/%s/%s", p.c.Endpoint, p.r.page(), p.commit, strings.Join(segments, "/"))
	header := http.Header{}
	if p.have > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", p.have))
	}
	response, err := p.c.send(ctx, p.r, p.commit, p.path, address, header)
	if err != nil {
		var answer *Error
		if errors.As(err, &answer) && answer.Status == http.StatusRequestedRangeNotSatisfiable && p.have > 0 {
			return p.restart()
		}
		return err
	}
	defer response.Body.Close()
	if p.have > 0 && !continues(response, p.have) {
		if err := p.restart(); err != nil { // the server sends the whole
			return err
		}
	}
	return p.take(response.Body)
}

// continues says that a response begins at byte have of the file.
func continues(response *http.Response, have int64) bool {
	var from int64
	_, err := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes %d-", &from)
	return response.StatusCode == http.StatusPartialContent && err == nil && from == have
}

// take appends what comes.
func (p *partial) take(body io.Reader) error {
	buffer := make([]byte, 1<<20)
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			if p.have+int64(n) > p.bytes() {
				return errors.Join(p.restart(), fmt.Errorf("%s: %s: the server sends more than the %d bytes of the file; a proxy or a mirror (HF_ENDPOINT) may be at fault", p.r, p.path, p.bytes()))
			}
			if _, err := p.Write(buffer[:n]); err != nil {
				return fmt.Errorf("%s: %s: %w", p.r, p.path, err)
			}
			p.sum.Write(buffer[:n])
			p.have += int64(n)
			p.came(int64(n))
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
