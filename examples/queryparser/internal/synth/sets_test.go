package synth

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func sets(t *testing.T) (train, dev, test []Record) {
	t.Helper()
	train, err := Train(42)
	require.NoError(t, err)
	dev, err = Dev(42)
	require.NoError(t, err)
	test, err = Test()
	require.NoError(t, err)
	return train, dev, test
}

func TestSameSeedGivesTheSameBytes(t *testing.T) {
	train, _, _ := sets(t)
	text, err := EncodeRecords(train)
	require.NoError(t, err)
	sum := sha256.Sum256(text)
	assert.Equal(t, trainingHash, hex.EncodeToString(sum[:]), "the training set has changed: look at it, then update the hash")
	other, err := Train(43)
	require.NoError(t, err)
	assert.NotEqual(t, train, other)
}

func TestSetsHaveThePublishedProportions(t *testing.T) {
	train, dev, test := sets(t)
	require.Len(t, train, 682)
	require.Len(t, dev, 100)
	require.Len(t, test, 100)
	for name, set := range map[string][]Record{"train": train, "dev": dev, "test": test} {
		lang, quantify := map[string]int{}, 0
		for _, r := range set {
			lang[r.Meta.Lang]++
			if r.Meta.Intent == "Quantify" {
				quantify++
			}
		}
		for _, l := range Languages {
			assert.InDelta(t, 1./3, float64(lang[string(l)])/float64(len(set)), .01, "%s %s", name, l)
		}
		assert.InDelta(t, .12, float64(quantify)/float64(len(set)), .015, name)
	}
}

func TestEvaluationRecognisesTheLanguageOfEveryGoldAnswer(t *testing.T) {
	train, dev, test := sets(t)
	for _, set := range [][]Record{train, dev, test} {
		for _, r := range set {
			assert.True(t, languageRecognised(r), r.QueryRewrite)
		}
	}
}

func TestSetsShareNoOrganisationAndNoTopic(t *testing.T) {
	train, dev, test := sets(t)
	names, err := synonyms()
	require.NoError(t, err)
	seen := map[string]string{}
	for _, set := range []struct {
		name    string
		records []Record
	}{{"train", train}, {"dev", dev}, {"test", test}} {
		for _, r := range set.records {
			for _, o := range r.Organisations {
				if o.Name == nil {
					continue
				}
				key := "organisation " + names.of(*o.Name)
				if before, ok := seen[key]; ok {
					assert.Equal(t, before, set.name, "%s: %s", r.Meta.ID, *o.Name)
				}
				seen[key] = set.name
			}
			if r.SemanticQuery != nil {
				key := "topic " + strings.ToLower(*r.SemanticQuery)
				if before, ok := seen[key]; ok {
					assert.Equal(t, before, set.name, "%s: %s", r.Meta.ID, *r.SemanticQuery)
				}
				seen[key] = set.name
			}
		}
	}
}

func TestTestQuestionsFollowNoTemplate(t *testing.T) {
	_, _, test := sets(t)
	blank := regexp.MustCompile(`\\\{[^{}]*\\\}`)
	for lang, book := range trainingBooks {
		for _, forms := range book.frames {
			for _, form := range forms {
				if form == "{N}" {
					continue // the bare noun phrase, which begins with the noun
				}
				whole := regexp.MustCompile("(?i)^" + blank.ReplaceAllString(regexp.QuoteMeta(form), book.nouns[0]+".*") + "$")
				for _, r := range test {
					if r.Meta.Lang == string(lang) {
						assert.False(t, whole.MatchString(r.Meta.OriginalQuery), "%q is worded by %q", r.Meta.OriginalQuery, form)
					}
				}
			}
		}
	}
}

func TestDevelopmentBooksShareNoWordingWithTheTrainingBooks(t *testing.T) {
	wordings := func(b *phrasebook) map[string]bool {
		all := map[string]bool{}
		for _, list := range slices.Concat(slices.Collect(maps.Values(b.level)), slices.Collect(maps.Values(b.year)),
			[][]string{b.programme, b.place, b.province, b.city, b.topic, b.org, b.orgKind, b.orgs}) {
			for _, form := range list {
				all[form] = true
			}
		}
		for _, list := range b.frames {
			for _, form := range list {
				all[strings.ToLower(form)] = true
			}
		}
		return all
	}
	for lang, dev := range devBooks {
		training := wordings(trainingBooks[lang])
		for form := range wordings(dev) {
			assert.False(t, training[form], "%s: %q", lang, form)
		}
	}
}

func TestTopicStandsInTheQuestion(t *testing.T) {
	train, dev, _ := sets(t)
	for _, set := range [][]Record{train, dev} {
		for _, r := range set {
			if r.SemanticQuery != nil {
				assert.Contains(t, strings.ToLower(r.Meta.OriginalQuery), strings.ToLower(*r.SemanticQuery))
			}
			for _, o := range r.Organisations {
				if o.Name != nil {
					assert.Contains(t, strings.ToLower(r.Meta.OriginalQuery), strings.ToLower(*o.Name))
				}
			}
		}
	}
}

func TestCommittedFilesAreTheGeneratedOnes(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, Write(folder, 42))
	for _, name := range []string{"test.json", "prompt.txt", "equivalences/org_equivalences.json", "equivalences/org_type_equivalences.json",
		"equivalences/programme_equivalences.json", "equivalences/location_equivalences.json", "equivalences/semantic_equivalences.json"} {
		made, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		committed, err := os.ReadFile(filepath.Join("../../data", name))
		require.NoError(t, err)
		assert.Equal(t, string(committed), string(made), name)
	}
	var batch []Record
	text, err := os.ReadFile(filepath.Join(folder, "training/batch_07.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &batch))
	assert.Len(t, batch, 82)
}

func TestNoTermHasTwoEquivalents(t *testing.T) {
	files, err := AllEquivalences()
	require.NoError(t, err)
	require.Len(t, files, 5)
	for name, file := range files {
		seen := map[string]bool{}
		for _, set := range file.Sets {
			assert.Greater(t, len(set), 1, name)
			for _, term := range set {
				key := strings.ToLower(term)
				assert.False(t, seen[key], "%s: %s", name, term)
				seen[key] = true
			}
		}
	}
}

// synonymTable maps every name of an organisation to one of them.
type synonymTable map[string]string

func (s synonymTable) of(name string) string {
	if first, ok := s[strings.ToLower(name)]; ok {
		return first
	}
	return strings.ToLower(name)
}

func synonyms() (synonymTable, error) {
	files, err := AllEquivalences()
	table := synonymTable{}
	for _, set := range files["org_equivalences.json"].Sets {
		for _, name := range set {
			table[strings.ToLower(name)] = set[0]
		}
	}
	return table, err
}

// trainingHash is the SHA-256 of the training set of seed 42.
const trainingHash = "972500c8112248ed62c255a4a2000c0fd40ee1e8c2dde1c6811fb6b7184ea852"
