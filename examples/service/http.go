package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// handler is the service's interface:
//
//	POST   /jobs            submit a configuration (YAML)
//	GET    /jobs            list the jobs
//	GET    /jobs/ID         one job
//	GET    /jobs/ID/watch   one line of JSON at every change, until the job has ended
//	DELETE /jobs/ID         cancel
//	POST   /jobs/ID/parse   parse the questions {"questions": […]} with what a finished job has trained
func handler(jobs *Jobs, parsers *parsers) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /jobs", func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		job, err := jobs.submit(text)
		if err != nil {
			refuse(w, http.StatusUnprocessableEntity, err)
			return
		}
		w.Header().Set("Location", "/jobs/"+job.ID)
		answer(w, http.StatusAccepted, job)
	})
	mux.HandleFunc("GET /jobs", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, jobs.all()) })
	mux.HandleFunc("GET /jobs/{id}", known(jobs, func(w http.ResponseWriter, _ *http.Request, job Job) { answer(w, http.StatusOK, job) }))
	mux.HandleFunc("GET /jobs/{id}/watch", known(jobs, func(w http.ResponseWriter, r *http.Request, job Job) { watch(w, r, jobs, job.ID) }))
	mux.HandleFunc("DELETE /jobs/{id}", known(jobs, func(w http.ResponseWriter, _ *http.Request, job Job) {
		if err := jobs.stop(job.ID); err != nil {
			refuse(w, http.StatusInternalServerError, err)
			return
		}
		job, _, _ = jobs.get(job.ID)
		answer(w, http.StatusOK, job)
	}))
	mux.HandleFunc("POST /jobs/{id}/parse", known(jobs, func(w http.ResponseWriter, r *http.Request, job Job) { parse(w, r, parsers, job) }))
	return mux
}

// known looks the job up, and answers for one that does not exist.
func known(jobs *Jobs, handle func(http.ResponseWriter, *http.Request, Job)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		job, _, ok := jobs.get(r.PathValue("id"))
		if !ok {
			refuse(w, http.StatusNotFound, fmt.Errorf("no job %q", r.PathValue("id")))
			return
		}
		handle(w, r, job)
	}
}

func watch(w http.ResponseWriter, r *http.Request, jobs *Jobs, id string) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines, out := json.NewEncoder(w), http.NewResponseController(w)
	var last Job
	for {
		job, changed, _ := jobs.get(id)
		if job != last {
			if last = job; errors.Join(lines.Encode(job), out.Flush()) != nil || job.ended() {
				return
			}
		}
		select {
		case <-changed:
		case <-jobs.closing:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func parse(w http.ResponseWriter, r *http.Request, parsers *parsers, job Job) {
	var request struct{ Questions []string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&request); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	if len(request.Questions) == 0 {
		refuse(w, http.StatusBadRequest, errors.New("give questions"))
		return
	}
	if job.State != Finished {
		refuse(w, http.StatusConflict, fmt.Errorf("job %s is %s, not finished", job.ID, job.State))
		return
	}
	answers, err := parsers.parse(r.Context(), job.ID, request.Questions)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, http.StatusOK, answers)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client has gone
}

func refuse(w http.ResponseWriter, status int, err error) {
	answer(w, status, map[string]string{"error": err.Error()})
}
