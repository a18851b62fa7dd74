// The record as a struct.

package query

import (
	"strconv"
	"strings"
)

// Query is one parsed question. Nullable texts are pointers; nil is null.
type Query struct {
	DocType       string         // "projects", the only value in use
	Filters       Filters        // conditions on the project itself
	Organisations []Organisation // one for each organisation or kind of organisation asked for, in order of mention
	SemanticQuery *string        // the topic alone, in the question's language; null when there is none
	QueryRewrite  string         // the interpretation as a sentence, in the question's language
	Meta          Meta
}

// Filters are conditions on the project.
type Filters struct {
	Programme     *string // funding programme by name: "Horizon 2020", "ERC", "FEDER"; an open set
	FundingLevel  *string // "european", "national" or "regional"
	Year          *Year
	Location      *string // place of the project, in the question's language
	LocationLevel *string // "city", "province", "region", "country" or "other"; null when Location is
}

// Organisation is one organisation, or kind of organisation, that takes part.
type Organisation struct {
	Type          *string // "university", "company", "research_center", "hospital", "ngo" or "public_entity"
	Name          *string // null when only a kind or a place was given
	Location      *string
	LocationLevel *string // as in Filters
}

// Meta says where the query comes from.
type Meta struct {
	Lang          string  // "CA", "ES" or "EN"
	OriginalQuery string  // the question, unchanged
	Notes         *string // what the format cannot express
}

// Year is a year as the parser writes it: a whole number or a text, one of 2023, "2023", "2018-2020", ">=2020", "<=2020", ">2020", "<2020".
// The two spellings of a single year mean the same; the number is kept as a number.
type Year struct {
	Text    string // the digits, when it is a number
	Integer bool   // written without quotes
}

// Bounds reads the year as the first and last year that it allows; 0 leaves that side open. ok is false for a text of another form.
func (y *Year) Bounds() (first, last int, ok bool) {
	if y == nil {
		return 0, 0, false
	}
	text, shift := y.Text, 0
	for _, bound := range []string{">=", "<=", ">", "<"} {
		rest, found := strings.CutPrefix(text, bound)
		if !found {
			continue
		}
		n, ok := fourDigits(rest)
		if !ok {
			return 0, 0, false
		}
		if len(bound) == 1 {
			shift = 1
		}
		if bound[0] == '>' {
			return n + shift, 0, true
		}
		return 0, n - shift, true
	}
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	first, ok1 := fourDigits(from)
	last, ok2 := fourDigits(to)
	if !ok1 || !ok2 || first > last {
		return 0, 0, false
	}
	return first, last, true
}

func fourDigits(s string) (int, bool) {
	if len(s) != 4 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
