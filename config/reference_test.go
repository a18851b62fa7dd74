package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/config"
)

type documented struct {
	Rate  float64  `yaml:"rate" accept:"(0,)" section:"Training"`
	Steps *int     `yaml:"steps"`
	Mode  string   `yaml:"mode" accept:"|a|b" section:"Data"`
	Sets  []inside `yaml:"sets"`
}

type inside struct {
	Path string         `yaml:"path"`
	Some config.Strings `yaml:"some"`
}

const documentedSource = `package p

type documented struct {
	// Rate of learning,
	// at its top.
	Rate float64
	// Steps | in all.
	Steps *int
	// How.
	Mode string
	// What to read.
	Sets []inside
}

type inside struct {
	// Where.
	Path string
	// Parts of it.
	Some []string
}
`

func TestReferenceDocumentsEveryKeyFromItsComment(t *testing.T) {
	var b strings.Builder
	rules := []config.Rule{
		{Key: "b", Do: config.Refuse, Only: []string{"true"}, Why: "it cannot be done"},
		{Key: "a", Do: config.Refuse, Why: "neither can this"},
		{Key: "speed", Do: config.Rename, To: "rate"},
	}
	require.NoError(t, config.Reference(&b, documented{Rate: 2e-4, Mode: "a"}, rules, []byte(documentedSource)))
	require.Equal(t, `
## Training

| key | accepts | default | meaning |
| --- | --- | --- | --- |
| `+"`rate`"+` | a number above 0 | `+"`0.0002`"+` | Rate of learning, at its top. |
| `+"`steps`"+` | a whole number | — | Steps \| in all. |

## Data

| key | accepts | default | meaning |
| --- | --- | --- | --- |
| `+"`mode`"+` | a, b or nothing | `+"`a`"+` | How. |
| `+"`sets`"+` | a list, each item a mapping (key: value) | — | What to read. |

## Inside `+"`sets`"+`

| key | accepts | default | meaning |
| --- | --- | --- | --- |
| `+"`path`"+` | a text | — | Where. |
| `+"`some`"+` | a text or a list of texts | — | Parts of it. |

## Renamed keys

| key | |
| --- | --- |
| `+"`speed`"+` | now `+"`rate`"+` |

## Refused keys

| key | |
| --- | --- |
| `+"`a`"+` | neither can this |
| `+"`b`"+` | when true: it cannot be done |
`, b.String())
}

func TestReferenceNamesFieldsWithoutComment(t *testing.T) {
	var b strings.Builder
	err := config.Reference(&b, documented{}, nil, []byte("package p\ntype documented struct {\n\tRate float64\n\t// x\n\tMode string\n}"))
	require.ErrorContains(t, err, "documented.Rate has no comment")
	require.ErrorContains(t, err, "inside.Path has no comment")
	require.NotContains(t, err.Error(), "Mode")
	require.Error(t, config.Reference(&b, documented{}, nil, []byte("no Go")))
}
