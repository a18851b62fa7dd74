package hub

// Where the hub and the cache are: settings, and their environment variables
// (constants.py of huggingface_hub).

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// DefaultEndpoint is the hub that is asked unless HF_ENDPOINT names another.
const DefaultEndpoint = "https://huggingface.co"

// A Client knows a hub and a cache. [FromEnvironment] makes one (the zero value
// can't be used); its fields may then be changed before the first use. It can be
// used by many goroutines.
type Client struct {
	// Endpoint is the address of the hub, without a slash at the end.
	Endpoint string
	// Token is sent to the endpoint, and to no other host. It may be empty.
	Token string
	// CacheDir is the folder of all repositories (HF_HUB_CACHE).
	CacheDir string
	// Offline forbids every request: what is not in the cache is an error.
	Offline bool
	// Attempts is how often a request is tried before a fault of the network or
	// the server is reported. Bytes that arrive start the count anew.
	Attempts int
	// IdleTimeout is how long the server may stay silent.
	IdleTimeout time.Duration

	http *http.Client
	wait func(context.Context, time.Duration) error // between attempts
}

// FromEnvironment makes a client from the variables that huggingface_hub reads:
//
//	HF_ENDPOINT                   the hub's address, else DefaultEndpoint
//	HF_HUB_CACHE                  the cache, else $HF_HOME/hub
//	HF_HOME                       else $XDG_CACHE_HOME/huggingface, else ~/.cache/huggingface
//	HF_TOKEN                      else the first line of $HF_TOKEN_PATH, else of $HF_HOME/token
//	HF_HUB_DISABLE_IMPLICIT_TOKEN use no token
//	HF_HUB_OFFLINE                no requests (also TRANSFORMERS_OFFLINE)
//
// An unusable endpoint, or no home directory to put a cache in, is an error.
func FromEnvironment() (*Client, error) {
	home, err := homeFolder()
	if err != nil {
		return nil, err
	}
	c := &Client{
		Endpoint:    strings.TrimRight(first(os.Getenv("HF_ENDPOINT"), DefaultEndpoint), "/"),
		CacheDir:    first(folder("HF_HUB_CACHE"), folder("HUGGINGFACE_HUB_CACHE"), filepath.Join(home, "hub")),
		Offline:     isTrue(first(os.Getenv("HF_HUB_OFFLINE"), os.Getenv("TRANSFORMERS_OFFLINE"))),
		Attempts:    6,
		IdleTimeout: 30 * time.Second,
		wait:        sleep,
	}
	if !isTrue(os.Getenv("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
		c.Token = token(home)
	}
	if at, err := url.Parse(c.Endpoint); err != nil || at.Host == "" || (at.Scheme != "http" && at.Scheme != "https") {
		return nil, fmt.Errorf("HF_ENDPOINT is %q, which is no address of a server: write it like %s", c.Endpoint, DefaultEndpoint)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	c.http = &http.Client{Transport: transport, CheckRedirect: c.checkRedirect}
	return c, nil
}

// checkRedirect keeps the token from other hosts: storage behind the hub has
// signed addresses and refuses a token, and a token is nobody else's business,
// not even a subdomain's, which net/http would trust.
func (c *Client) checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) > 10 {
		return fmt.Errorf("more than 10 redirects, the last to %s", r.URL.Host)
	}
	if !c.isHub(r.URL.String()) {
		r.Header.Del("Authorization")
	}
	return nil
}

// isHub says that an address is the hub's own.
func (c *Client) isHub(address string) bool { return strings.HasPrefix(address, c.Endpoint+"/") }

func homeFolder() (string, error) {
	if dir := folder("HF_HOME"); dir != "" {
		return dir, nil
	}
	if dir := folder("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "huggingface"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for the cache of models: set HF_HOME (%w)", err)
	}
	return filepath.Join(home, ".cache", "huggingface"), nil
}

// folder reads a variable that names a folder: ~ and $VARIABLES are expanded.
func folder(variable string) string {
	path := os.ExpandEnv(os.Getenv(variable))
	if path == "~" || strings.HasPrefix(path, "~/") {
		if home, err := os.UserHomeDir(); err == nil {
			path = home + path[1:]
		}
	}
	return path
}

func token(home string) string {
	for _, text := range []string{os.Getenv("HF_TOKEN"), os.Getenv("HUGGING_FACE_HUB_TOKEN")} {
		if text = strings.TrimSpace(text); text != "" {
			return text
		}
	}
	text, err := os.ReadFile(first(folder("HF_TOKEN_PATH"), filepath.Join(home, "token")))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func isTrue(v string) bool {
	switch strings.ToUpper(v) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
