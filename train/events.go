package train

// Kind is what an [Event] tells.
type Kind int

// The kinds of events.
const (
	Resumed      Kind = iota // Path is the checkpoint, Record.Step its step
	Stepped                  // Record is the step
	Evaluated                // Metrics, Best
	Saved                    // Path is the checkpoint
	Warning                  // Message
	WandBWritten             // Path is the folder of the offline run
	Finished
)

// Event is something that happened in a run.
type Event struct {
	Kind    Kind
	Record      // Step and, for steps, all of it
	Total   int // steps that the run will make
	Metrics map[string]float64
	Best    bool // the metrics are the best so far
	Path    string
	Message string
}

func (l *loop) event(e Event) {
	if l.Events != nil {
		e.Total = l.plan.steps
		l.Events(e)
	}
}

func (l *loop) warn(message string) {
	l.event(Event{Kind: Warning, Record: Record{Step: l.Step0}, Message: message})
}
