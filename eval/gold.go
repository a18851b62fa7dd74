// The gold queries of a test file.

package eval

import (
	"fmt"
	"os"
	"strings"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

// Gold is one record of a test file: a question and the query that it should become.
type Gold struct {
	ID       string // meta.id, as text
	Lang     string // meta.lang as it stands; "null" when it is null
	Intent   string // meta.intent, "Discover" or "Quantify"; "" when the file does not say
	Question string // meta.original_query

	Record *pyjson.Object // the record as read
}

// ReadGold reads a test file: a JSON list of query records, each with meta.id, meta.lang and meta.original_query. The error names every
// record that lacks one of them, and every id that occurs twice.
func ReadGold(path string) ([]Gold, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	gold, err := ParseGold(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return gold, nil
}

// ParseGold is [ReadGold] for the contents of a file.
func ParseGold(data []byte) ([]Gold, error) {
	v, err := pyjson.UnmarshalFile(data)
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("a list of query records is needed, not %s", pyjson.Kind(v))
	}
	gold := make([]Gold, 0, len(list))
	seen := make(map[string]int, len(list))
	var faults faultList
	for i, item := range list {
		g, err := goldOf(item)
		if err != nil {
			faults.addf("record %d: %s", i+1, err)
			continue
		}
		if first, twice := seen[g.ID]; twice {
			faults.addf("record %d: the id %s is that of record %d too", i+1, g.ID, first)
		}
		seen[g.ID] = i + 1
		gold = append(gold, g)
	}
	return gold, faults.err()
}

func goldOf(item any) (Gold, error) {
	record, ok := item.(*pyjson.Object)
	if !ok {
		return Gold{}, fmt.Errorf("an object is needed, not %s", pyjson.Kind(item))
	}
	meta, ok := record.Value("meta").(*pyjson.Object)
	if !ok {
		return Gold{}, fmt.Errorf("meta is %s: an object with id, lang and original_query is needed", pyjson.Kind(record.Value("meta")))
	}
	var missing []string
	for _, key := range []string{"id", "lang", "original_query"} {
		if _, ok := meta.Get(key); !ok {
			missing = append(missing, "meta."+key)
		}
	}
	if missing != nil {
		return Gold{}, fmt.Errorf("no %s", strings.Join(missing, ", no "))
	}
	g := Gold{
		ID:       pyjson.Text(meta.Value("id")),
		Question: pyjson.Text(meta.Value("original_query")),
		Lang:     keyText(meta.Value("lang")),
		Record:   record,
	}
	g.Intent, _ = meta.Value("intent").(string)
	return g, nil
}

// keyText is a value as the key of a JSON object, as json.dumps writes the keys of a dict.
func keyText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, err := pyjson.Marshal(v, pyjson.Options{})
	if err != nil {
		return pyjson.Text(v)
	}
	return string(text)
}

func (g *Gold) meta(key string) any {
	meta, _ := g.Record.Value("meta").(*pyjson.Object)
	return meta.Value(key)
}

// faultList gathers everything that is wrong with a file before it is reported, so that one run shows it all.
type faultList []string

// shownFaults keeps the message readable when every line of a large file is wrong.
const shownFaults = 20

func (f *faultList) addf(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

func (f faultList) err() error {
	if len(f) == 0 {
		return nil
	}
	shown := f[:min(len(f), shownFaults)]
	text := strings.Join(shown, "; ")
	if more := len(f) - len(shown); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return fmt.Errorf("%s", text)
}
