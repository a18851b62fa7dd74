package setup

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeIndex is a package index with one wheel, and faults.
type fakeIndex struct {
	content    []byte
	json       bool
	noRanges   bool
	breakAfter int // the first answers end after this many bytes
	breaks     int // how many answers do

	mu     sync.Mutex
	ranges []string // of the requests for the wheel
}

func (f *fakeIndex) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file := wheelOf("torch", f.content).File
	switch r.URL.Path {
	case "/simple/torch/":
		if f.json {
			w.Header().Set("Content-Type", simpleJSON)
			fmt.Fprintf(w, `{"files":[{"filename":"other.whl","url":"/files/other.whl"},{"filename":%q,"url":"../../files/%s"}]}`, file, file)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<html><a href="/files/other.whl">other</a><a data-x="1" href='/files/%s?a=1&amp;b=2#sha256=00'>%s</a></html>`, file, file)
	case "/files/" + file:
		f.mu.Lock()
		f.ranges = append(f.ranges, r.Header.Get("Range"))
		breaks := f.breaks > 0
		f.breaks--
		f.mu.Unlock()
		if f.noRanges {
			r.Header.Del("Range")
		}
		if breaks {
			w = &breakingWriter{w, f.breakAfter}
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
	default:
		http.NotFound(w, r)
	}
}

// breakingWriter breaks the connection after some bytes.
type breakingWriter struct {
	http.ResponseWriter
	left int
}

func (w *breakingWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		w.ResponseWriter.Write(p[:w.left])
		w.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w.left -= len(p)
	return w.ResponseWriter.Write(p)
}

func noPauses(t *testing.T) {
	pause := retryPause
	retryPause = func(int) time.Duration { return 0 }
	t.Cleanup(func() { retryPause = pause })
}

func serve(t *testing.T, f *fakeIndex) *index {
	t.Helper()
	noPauses(t)
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return &index{settings: pipSettings{indexes: []string{server.URL + "/simple"}}}
}

func TestAWheelIsFoundAndFetched(t *testing.T) {
	content := bytes.Repeat([]byte("wheel "), 50_000)
	for _, json := range []bool{false, true} {
		x := serve(t, &fakeIndex{content: content, json: json})
		dir := t.TempDir()
		var events []Event
		path, err := fetchWheel(context.Background(), x, wheelOf("torch", content), dir, func(e Event) { events = append(events, e) })
		require.NoError(t, err)
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, content, got)
		require.Equal(t, Event{Fetch, "torch", 0, int64(len(content))}, events[0])
		require.Equal(t, Event{Check, "torch", int64(len(content)), int64(len(content))}, events[len(events)-1])
	}
}

func TestABrokenDownloadGoesOnWhereItStopped(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 30_000)
	f := &fakeIndex{content: content, breakAfter: 100_000, breaks: 2}
	_, err := fetchWheel(context.Background(), serve(t, f), wheelOf("torch", content), t.TempDir(), func(Event) {})
	require.NoError(t, err)
	require.Equal(t, []string{"", "bytes=100000-", "bytes=200000-"}, f.ranges)
}

func TestAnotherProcessGoesOnWithAPart(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 30_000)
	w := wheelOf("torch", content)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, w.File+".part"), content[:250_000], 0o644))
	f := &fakeIndex{content: content}
	_, err := fetchWheel(context.Background(), serve(t, f), w, dir, func(Event) {})
	require.NoError(t, err)
	require.Equal(t, []string{"bytes=250000-"}, f.ranges)
}

func TestAServerWithoutRangesSendsAllAgain(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 30_000)
	w := wheelOf("torch", content)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, w.File+".part"), []byte("something else"), 0o644))
	_, err := fetchWheel(context.Background(), serve(t, &fakeIndex{content: content, noRanges: true}), w, dir, func(Event) {})
	require.NoError(t, err)
}

func TestAWheelWithAnotherHashIsRemoved(t *testing.T) {
	content := bytes.Repeat([]byte("wheel "), 1000)
	w := wheelOf("torch", content)
	other := bytes.Clone(content)
	other[17] ^= 1
	dir := t.TempDir()
	_, err := fetchWheel(context.Background(), serve(t, &fakeIndex{content: other}), w, dir, func(Event) {})
	require.ErrorContains(t, err, w.File+": its SHA-256 is "+wheelOf("torch", other).SHA256+", but torch.lock says "+w.SHA256)
	require.Empty(t, filesUnder(t, dir))

	// A part that does not fit is cured by the next attempt, not kept for ever.
	require.NoError(t, os.WriteFile(filepath.Join(dir, w.File+".part"), []byte("of another wheel"), 0o644))
	x := serve(t, &fakeIndex{content: content})
	_, err = fetchWheel(context.Background(), x, w, dir, func(Event) {})
	require.ErrorContains(t, err, "SHA-256")
	_, err = fetchWheel(context.Background(), x, w, dir, func(Event) {})
	require.NoError(t, err)
}

func TestAFileOfAnotherLengthIsRefused(t *testing.T) {
	content := bytes.Repeat([]byte("wheel "), 1000)
	longer := wheelOf("torch", content)
	longer.Bytes -= 10
	dir := t.TempDir()
	_, err := fetchWheel(context.Background(), serve(t, &fakeIndex{content: content}), longer, dir, func(Event) {})
	require.ErrorContains(t, err, "sends more than the 5990 bytes that torch.lock says")
	require.Empty(t, filesUnder(t, dir))

	shorter := wheelOf("torch", content)
	shorter.Bytes += 10
	_, err = fetchWheel(context.Background(), serve(t, &fakeIndex{content: content}), shorter, dir, func(Event) {})
	require.ErrorContains(t, err, "ends after 6000 bytes, but torch.lock says 6010")
	require.Empty(t, filesUnder(t, dir))
}

func TestAServerThatAlwaysBreaksEndsTheAttempts(t *testing.T) {
	content := bytes.Repeat([]byte("wheel "), 1000)
	f := &fakeIndex{content: content, breaks: 1000, breakAfter: 0}
	_, err := fetchWheel(context.Background(), serve(t, f), wheelOf("torch", content), t.TempDir(), func(Event) {})
	require.ErrorContains(t, err, "cannot fetch torch 2.11.0 through the package index of pip's settings")
	require.Len(t, f.ranges, maxFailures)
}

func TestWhatTheIndexDoesNotHaveIsSaid(t *testing.T) {
	x := serve(t, &fakeIndex{content: []byte("x")})
	address := x.settings.indexes[0]
	dir := t.TempDir()
	err := x.get(context.Background(), Wheel{Project: "nvidia-cuda-cupti", File: "n.whl"}, dir, func(Event) {})
	require.EqualError(t, err, address+"/nvidia-cuda-cupti/ answers 404 Not Found")
	err = x.get(context.Background(), Wheel{Project: "torch", File: "torch-9.whl"}, dir, func(Event) {})
	require.EqualError(t, err, address+"/torch/ does not list torch-9.whl")
	x.settings.indexes[0] = strings.Replace(address, "//", "//me:secret@", 1)
	err = x.get(context.Background(), Wheel{Project: "torch", File: "torch-9.whl"}, dir, func(Event) {})
	require.NotContains(t, err.Error(), "secret")
}

func TestFindLinksMayBeADirectory(t *testing.T) {
	content := []byte("wheel")
	w := wheelOf("torch", content)
	links, dir := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(links, w.File), content, 0o644))
	for _, link := range []string{links, "file://" + links} {
		x := &index{settings: pipSettings{findLinks: []string{link}}}
		path, err := fetchWheel(context.Background(), x, w, dir, func(Event) {})
		require.NoError(t, err)
		require.NoError(t, os.Remove(path))
	}
	empty := &index{settings: pipSettings{findLinks: []string{dir}}}
	_, err := fetchWheel(context.Background(), empty, w, dir, func(Event) {})
	require.ErrorContains(t, err, w.File+" is in none of the directories of find-links: "+dir)
}

func TestCancelStopsADownload(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 30_000)
	ctx, cancel := context.WithCancel(context.Background())
	f := &fakeIndex{content: content, breakAfter: 100_000, breaks: 1}
	x := serve(t, f)
	retryPause = func(int) time.Duration { cancel(); return time.Hour }
	dir := t.TempDir()
	w := wheelOf("torch", content)
	_, err := fetchWheel(ctx, x, w, dir, func(Event) {})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []string{w.File + ".part"}, filesUnder(t, dir))
}

func TestADiskWithoutRoomIsRefusedBeforeTheDownload(t *testing.T) {
	dir := t.TempDir()
	const huge = 1 << 60
	w := Wheel{Project: "torch", File: "torch.whl", Bytes: huge}
	err := checkSpace(dir, []Wheel{w}, 0, false)
	require.ErrorContains(t, err, dir+": ")
	require.ErrorContains(t, err, "AJOLOTE_CACHE")
	require.NoError(t, checkSpace(dir, []Wheel{w}, 2*huge-1, false), "what is here already needs no room")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "torch.whl.part"), make([]byte, 1000), 0o644))
	require.EqualValues(t, 1000, bytesHere([]Wheel{w}, dir))
}
