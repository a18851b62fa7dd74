package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Lock is what third_party/torch.lock pins: for every platform the wheels that make up libtorch.
type Lock struct {
	Wheels []Wheel
}

// Wheel is one line of the lock file.
type Wheel struct {
	Platform string // GOOS/GOARCH
	CUDA     bool   // needed on a CUDA device alone
	Project  string // as the package index names it
	Version  string
	File     string
	Bytes    int64
	SHA256   string // in hexadecimal
}

var (
	platformForm = regexp.MustCompile(`^[a-z0-9]+/[a-z0-9]+$`)
	projectForm  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	versionForm  = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*$`)
	fileForm     = regexp.MustCompile(`^[A-Za-z0-9_.]+-[0-9.]+(-[A-Za-z0-9_.]+){3}\.whl$`)
	sha256Form   = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// ParseLock reads the text of a lock file: one wheel a line, in seven fields, with # for comments. It reports every faulty
// line.
func ParseLock(text string) (Lock, error) {
	var lock Lock
	var faults []error
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		wheel, err := parseWheel(strings.Fields(line))
		if err != nil {
			faults = append(faults, fmt.Errorf("torch.lock:%d: %w", i+1, err))
			continue
		}
		lock.Wheels = append(lock.Wheels, wheel)
	}
	if len(faults) == 0 && len(lock.Wheels) == 0 {
		faults = append(faults, errors.New("torch.lock: no wheel in it"))
	}
	return lock, errors.Join(faults...)
}

func parseWheel(fields []string) (Wheel, error) {
	const want = "platform, cpu or cuda, project, version, file, bytes, sha256:..."
	if len(fields) != 7 {
		return Wheel{}, fmt.Errorf("%d fields, want 7: %s", len(fields), want)
	}
	w := Wheel{
		Platform: fields[0], CUDA: fields[1] == "cuda", Project: fields[2], Version: fields[3], File: fields[4],
		SHA256: strings.TrimPrefix(fields[6], "sha256:"),
	}
	var err error
	switch w.Bytes, err = strconv.ParseInt(fields[5], 10, 64); {
	case !platformForm.MatchString(fields[0]):
		return w, fmt.Errorf("platform %q is not of the form linux/amd64", fields[0])
	case fields[1] != "cpu" && fields[1] != "cuda":
		return w, fmt.Errorf("%q is neither cpu nor cuda", fields[1])
	case !projectForm.MatchString(w.Project):
		return w, fmt.Errorf("project %q is not a normalised project name", w.Project)
	case !versionForm.MatchString(w.Version):
		return w, fmt.Errorf("version %q is not made of numbers and dots", w.Version)
	case !fileForm.MatchString(w.File):
		return w, fmt.Errorf("%q is not the file name of a wheel", w.File)
	case !strings.HasPrefix(w.File, strings.ReplaceAll(w.Project, "-", "_")+"-"+w.Version+"-"):
		return w, fmt.Errorf("file %s is not of project %s %s", w.File, w.Project, w.Version)
	case err != nil || w.Bytes <= 0:
		return w, fmt.Errorf("size %q is not a number of bytes", fields[5])
	case !sha256Form.MatchString(fields[6]):
		return w, fmt.Errorf("%q is not sha256: and 64 lower-case hexadecimal digits", fields[6])
	}
	return w, nil
}

// For returns the wheels of a platform (GOOS/GOARCH), libtorch's own first. With cuda those of a CUDA device are among
// them.
func (l Lock) For(platform string, cuda bool) ([]Wheel, error) {
	var wheels []Wheel
	var platforms []string
	hasCUDA := false
	for _, w := range l.Wheels {
		if w.Project == "torch" {
			platforms = append(platforms, w.Platform)
		}
		if w.Platform != platform {
			continue
		}
		hasCUDA = hasCUDA || w.CUDA
		if cuda || !w.CUDA {
			wheels = append(wheels, w)
		}
	}
	if len(wheels) == 0 {
		return nil, fmt.Errorf("no libtorch is pinned for %s, only for %s", platform, strings.Join(platforms, ", "))
	}
	if cuda && !hasCUDA {
		return nil, fmt.Errorf("no CUDA libraries are pinned for %s", platform)
	}
	return wheels, nil
}

// TorchVersion is the pinned version of libtorch: the same on every platform.
func (l Lock) TorchVersion() string {
	for _, w := range l.Wheels {
		if w.Project == "torch" {
			return w.Version
		}
	}
	return ""
}

// digest identifies a set of wheels by their contents, in 12 hexadecimal digits.
func digest(wheels []Wheel) string {
	h := sha256.New()
	for _, w := range wheels {
		fmt.Fprintln(h, w.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
