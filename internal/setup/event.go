package setup

// Stage is a part of the work of [Run].
type Stage string

// The stages in the order they come. Those with nothing to do are left out.
const (
	Wait    Stage = "wait"    // for another set-up; Name says which
	Fetch   Stage = "fetch"   // a wheel; counted in bytes
	Check   Stage = "check"   // a wheel's SHA-256; counted in bytes
	Unpack  Stage = "unpack"  // a wheel; counted in bytes
	Compile Stage = "compile" // the C++ sources; counted in files
	Link    Stage = "link"    // the shim
)

// Event reports progress. A stage at Name ends with Done equal to Total; it begins with Done 0, or with what an earlier
// set-up has done of it. A Total of 0 means that nothing is to be done.
type Event struct {
	Stage       Stage
	Name        string // of the wheel's project, of the library
	Done, Total int64
}
