package setup

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// index fetches from the package index that pip's settings name, for machines without pip. It reads the simple repository
// API (PEP 503 in HTML, PEP 691 in JSON) and the directories and pages of find-links.
type index struct {
	settings pipSettings
	client   *http.Client // made at the first use
}

func (x *index) String() string { return "the package index of pip's settings" }

func (x *index) get(ctx context.Context, w Wheel, dir string, report func(Event)) error {
	if x.client == nil {
		client, err := httpClient(x.settings.cert)
		if err != nil {
			return err
		}
		x.client = client
	}
	for _, link := range x.settings.findLinks {
		if local, ok := localPath(link); ok {
			if err := copyFile(filepath.Join(local, w.File), filepath.Join(dir, w.File)); err == nil {
				return nil
			}
			os.Remove(filepath.Join(dir, w.File))
		}
	}
	var pages []string
	for _, link := range x.settings.findLinks {
		if _, ok := localPath(link); !ok {
			pages = append(pages, link)
		}
	}
	for _, address := range x.settings.indexes {
		pages = append(pages, strings.TrimSuffix(address, "/")+"/"+w.Project+"/")
	}
	var faults []error
	for _, page := range pages {
		address, err := x.find(ctx, page, w.File)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		return download(ctx, x.client, address, w, dir, report)
	}
	if len(faults) == 0 {
		return fmt.Errorf("%s is in none of the directories of find-links: %s", w.File, strings.Join(x.settings.findLinks, ", "))
	}
	return errors.Join(faults...)
}

// localPath is the directory that an entry of find-links names, unless it is a page.
func localPath(link string) (string, bool) {
	if u, err := url.Parse(link); err == nil && u.Scheme != "" {
		return u.Path, u.Scheme == "file"
	}
	return link, true
}

const (
	simpleJSON   = "application/vnd.pypi.simple.v1+json"
	maxIndexPage = 64 << 20 // bytes; the largest known are some 10 MB
)

// find returns the address that a page gives for a file.
func (x *index) find(ctx context.Context, page, file string) (*url.URL, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", simpleJSON+", text/html;q=0.5, */*;q=0.1")
	response, err := x.client.Do(request)
	if err != nil {
		return nil, withoutSecrets(err)
	}
	defer response.Body.Close()
	shown := request.URL.Redacted()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", shown, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxIndexPage))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	links := htmlLinks
	if kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); kind == simpleJSON {
		links = jsonLinks
	}
	addresses, err := links(body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	for _, address := range addresses {
		u, err := response.Request.URL.Parse(address)
		if err == nil && path.Base(u.Path) == file {
			u.Fragment = ""
			if u.User == nil && u.Host == request.URL.Host {
				u.User = request.URL.User
			}
			return u, nil
		}
	}
	return nil, fmt.Errorf("%s does not list %s", shown, file)
}

func jsonLinks(body []byte) ([]string, error) {
	var page struct {
		Files []struct {
			URL string `json:"url"`
		} `json:"files"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, err
	}
	var links []string
	for _, f := range page.Files {
		links = append(links, f.URL)
	}
	return links, nil
}

var anchor = regexp.MustCompile(`(?i)<a\s[^>]*href\s*=\s*(?:"([^"]*)"|'([^']*)')`)

func htmlLinks(body []byte) ([]string, error) {
	var links []string
	for _, m := range anchor.FindAllSubmatch(body, -1) {
		links = append(links, html.UnescapeString(string(m[1])+string(m[2])))
	}
	return links, nil
}

// withoutSecrets removes what net/http would print of an address with a password in it.
func withoutSecrets(err error) error {
	var address *url.Error
	if errors.As(err, &address) {
		if u, parseErr := url.Parse(address.URL); parseErr == nil {
			return fmt.Errorf("%s: %w", u.Redacted(), address.Err)
		}
	}
	return err
}

// httpClient honours the proxy variables, as pip does, and pip's own certificates.
func httpClient(cert string) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = time.Minute
	if cert != "" {
		text, err := os.ReadFile(cert)
		if err != nil {
			return nil, fmt.Errorf("pip's setting cert: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("pip's setting cert: no certificate in %s", cert)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return &http.Client{Transport: transport}, nil
}
