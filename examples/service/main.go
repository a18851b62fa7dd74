// Command service trains and parses behind HTTP, in one binary: the library is called where another program would be started.
//
//	go run ./examples/service -dir out/service
//	curl --data-binary @examples/finetune/finetune.yml localhost:8080/jobs
//
// Jobs live in a folder each. A service that was stopped, or killed, goes on with those that were not finished, each from its
// last checkpoint.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	address := flag.String("addr", "localhost:8080", "address to listen on; there is no authentication")
	dir := flag.String("dir", "out/service", "folder of the jobs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", *address)
	if err == nil {
		fmt.Println("listening on http://" + listener.Addr().String())
		err = serve(ctx, listener, *dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

// serve answers until ctx is done. Then it lets requests end, and the job under way write its checkpoint.
func serve(ctx context.Context, listener net.Listener, dir string) error {
	jobs, err := openJobs(dir)
	if err != nil {
		return err
	}
	working, stopWork := context.WithCancel(ctx)
	defer stopWork()
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		jobs.work(working)
	}()
	parsers := &parsers{jobs: jobs}
	server := &http.Server{Handler: handler(jobs, parsers), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	select {
	case <-ctx.Done():
		ending, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		close(jobs.closing)
		err = server.Shutdown(ending)
	case err = <-failed:
	}
	stopWork()
	<-worked // its checkpoint is written
	parsers.close()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
