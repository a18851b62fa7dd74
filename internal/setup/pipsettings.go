package setup

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// pipSettings are the settings of pip that say where packages come from.
type pipSettings struct {
	indexes   []string // addresses of simple indexes: index-url, then extra-index-url
	findLinks []string // directories, or pages with links
	cert      string   // a file of certificates to trust instead of the system's
}

func (s pipSettings) named() bool { return len(s.indexes)+len(s.findLinks) > 0 }

// readPipSettings reads what pip reads, in its order: the files of the machine, the user and the virtual environment, the
// file that PIP_CONFIG_FILE names, then the variables PIP_*. A later one overrides an earlier one key by key. In a file
// the section download overrides global.
func readPipSettings() (pipSettings, error) {
	values := map[string]string{}
	for _, file := range pipConfigFiles() {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // as pip does: a file that is not there or not for us
		}
		if err := parsePipConfig(string(text), values); err != nil {
			return pipSettings{}, fmt.Errorf("%s: %w", file, err)
		}
	}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if rest, ok := strings.CutPrefix(name, "PIP_"); ok && value != "" {
			values[strings.ReplaceAll(strings.ToLower(rest), "_", "-")] = value
		}
	}
	s := pipSettings{findLinks: strings.Fields(values["find-links"]), cert: values["cert"]}
	switch strings.ToLower(values["no-index"]) {
	case "1", "true", "yes", "on", "y", "t":
	default:
		s.indexes = append(strings.Fields(values["index-url"]), strings.Fields(values["extra-index-url"])...)
	}
	for _, address := range s.indexes {
		if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" {
			return s, fmt.Errorf("pip's settings: index-url %q is not an http or https address", address)
		}
	}
	return s, nil
}

func pipConfigFiles() []string {
	named, isNamed := os.LookupEnv("PIP_CONFIG_FILE")
	if isNamed && named == os.DevNull { // pip's way to switch the files off
		return nil
	}
	files := []string{"/etc/pip.conf"}
	if dirs := os.Getenv("XDG_CONFIG_DIRS"); dirs != "" {
		for _, dir := range filepath.SplitList(dirs) {
			files = append(files, filepath.Join(dir, "pip", "pip.conf"))
		}
	} else {
		files = append(files, "/etc/xdg/pip/pip.conf")
	}
	if home, err := os.UserHomeDir(); err == nil {
		files = append(files, filepath.Join(home, ".pip", "pip.conf"))
		if runtime.GOOS == "darwin" {
			files = append(files, filepath.Join(home, "Library", "Application Support", "pip", "pip.conf"))
		}
		config := os.Getenv("XDG_CONFIG_HOME")
		if config == "" {
			config = filepath.Join(home, ".config")
		}
		files = append(files, filepath.Join(config, "pip", "pip.conf"))
	}
	if env := os.Getenv("VIRTUAL_ENV"); env != "" {
		files = append(files, filepath.Join(env, "pip.conf"))
	}
	if named != "" {
		files = append(files, named)
	}
	return files
}

// parsePipConfig adds a file's keys of the sections global and download to values. The form is Python's configparser's:
// "key = value" or "key: value", indented lines continue a value.
func parsePipConfig(text string, values map[string]string) error {
	sections := map[string]map[string]string{"global": {}, "download": {}}
	var section map[string]string
	key := ""
	for i, line := range strings.Split(text, "\n") {
		content := strings.TrimSpace(line)
		switch {
		case content == "" || content[0] == '#' || content[0] == ';':
		case content[0] == '[' && content[len(content)-1] == ']':
			section, key = sections[content[1:len(content)-1]], "" // nil for a section of another command
		case line[0] == ' ' || line[0] == '\t':
			if section != nil && key != "" {
				section[key] += "\n" + content
			}
		default:
			at := strings.IndexAny(content, "=:")
			if at < 0 {
				return fmt.Errorf("line %d: no = in %q", i+1, content)
			}
			key = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(content[:at])), "_", "-")
			key = strings.TrimPrefix(key, "--")
			if section != nil {
				section[key] = strings.TrimSpace(content[at+1:])
			}
		}
	}
	for _, name := range []string{"global", "download"} {
		for key, value := range sections[name] {
			values[key] = value
		}
	}
	return nil
}
