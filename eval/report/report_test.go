package report

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/eval"
)

// sample evaluates the reference's sample of 24 queries as it is, and once more with a few outputs made better and one made worse.
func sample(t *testing.T) (before, after *eval.Report) {
	t.Helper()
	const dir = "../testdata/sample/"
	gold, err := eval.ReadGold(dir + "test_file.json")
	require.NoError(t, err)
	predictions, err := eval.ReadPredictions(dir + "predictions.jsonl")
	require.NoError(t, err)
	equivalences, err := eval.ReadEquivalences(dir + "equivalences")
	require.NoError(t, err)
	before, err = eval.QueryParser(gold, predictions, equivalences, eval.Options{Name: "before", Configuration: map[string]string{"model": "base <7b>"}})
	require.NoError(t, err)
	for i := range predictions {
		switch predictions[i].ID {
		case "DEV_016", "DEV_017", "DEV_023":
			topic := gold[i].Record.Value("semantic_query")
			predictions[i].Output = fmt.Sprintf(`{"doc_type": "projects", "filters": {}, "organisations": [], "semantic_query": %q, "query_rewrite": "Llista de projectes amb"}`, topic)
		case "DEV_001":
			predictions[i].Output = `{"semantic_query": "<script>alert('x')</script> & \"vacunes\""}`
		}
	}
	after, err = eval.QueryParser(gold, predictions, equivalences, eval.Options{Name: "after", Configuration: map[string]string{"model": "tuned", "rank": "16"}})
	require.NoError(t, err)
	return before, after
}

func document(t *testing.T, train ...*TrainLog) *Document {
	t.Helper()
	before, after := sample(t)
	d, err := New("", []*eval.Report{before, after}, train)
	require.NoError(t, err)
	return d
}

func logOf(n int) *TrainLog {
	log := &TrainLog{Name: "run"}
	for i := range n {
		loss, rate, epoch := 2/float64(i+1), 1e-4, float64(i)/10
		log.Steps = append(log.Steps, Step{Step: i + 1, Loss: &loss, LearningRate: &rate, Epoch: &epoch})
	}
	return log
}

func render(t *testing.T, d *Document) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, d.WriteHTML(&out))
	return out.String()
}

func TestThePageIsSelfContained(t *testing.T) {
	html := render(t, document(t, logOf(50)))
	assert.NotContains(t, html, "<script", "no JavaScript, not even from a model")
	assert.NotRegexp(t, `(?i)(src|href)\s*=\s*["']?(https?:)?//`, html)
	assert.NotRegexp(t, `@import|url\(`, html)
	assert.Contains(t, html, `default-src 'none'`, "and the browser is told so")
	assert.Contains(t, html, "prefers-color-scheme: dark")
	assert.Contains(t, html, `name="viewport"`)
	assert.NotContains(t, html, "ZgotmplZ", "nothing that the template engine took for an attack")
}

func TestThePageShowsWhatTheReportsHold(t *testing.T) {
	html := render(t, document(t, logOf(50)))
	plain := strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html, " ")), " ")
	for _, want := range []string{
		"24 queries (CA 7, ES 7, EN 10), 2 runs, compared with before",
		"Lost 1", "Gained 3", "Wrong in both",
		"Ho sento, no ho sé.",
		"no JSON found in output",
		"&lt;script&gt;alert",
		"base &lt;7b&gt;", "rank",
		"Loss", "Learning rate", "50 steps, 4.9 epochs, loss 2 → 0.04 (lowest 0.04 at step 50)",
		"may be chance p =",
		"95 % bootstrap intervals from 10000 resamples, seed 42",
	} {
		assert.True(t, strings.Contains(plain, want), want)
	}
	assert.Contains(t, html, `<del>`)
	assert.Contains(t, html, `<ins>`)
	assert.NotContains(t, plain, "Evaluation loss", "a quantity that no run has logged is left out")
}

func TestAReportOfOneRunHasNoComparison(t *testing.T) {
	before, _ := sample(t)
	d, err := New("One run", []*eval.Report{before}, nil)
	require.NoError(t, err)
	html := render(t, d)
	assert.Contains(t, html, "<h1>One run</h1>")
	assert.NotContains(t, html, "may be chance")
	assert.NotContains(t, html, `id="training"`)
	assert.Contains(t, html, "Wrong answers")

	d, err = New("", nil, []*TrainLog{logOf(1)})
	require.NoError(t, err)
	html = render(t, d)
	assert.Contains(t, html, "<h1>Training</h1>")
	assert.NotContains(t, html, `id="metrics"`)
	_, err = New("", nil, nil)
	assert.ErrorContains(t, err, "nothing to report")
}

func TestRunsOverOtherQueriesAreShownButNotCompared(t *testing.T) {
	before, after := sample(t)
	after.Results = after.Results[1:]
	d, err := New("", []*eval.Report{before, after}, nil)
	require.NoError(t, err)
	html := render(t, d)
	assert.Contains(t, html, "before and after cannot be compared query by query: the reports are not over the same queries: DEV_001 is in before alone")
	assert.NotRegexp(t, `p [=<] [0-9]`, html)
}

func TestALongListOfWrongAnswersIsCut(t *testing.T) {
	before, _ := sample(t)
	wrong := before.Results[1]
	for i := range 500 {
		r := wrong
		r.ID = fmt.Sprint("more", i)
		before.Results = append(before.Results, r)
	}
	d, err := New("", []*eval.Report{before}, nil)
	require.NoError(t, err)
	groups := d.answerGroups()
	require.Len(t, groups, 1)
	assert.Len(t, groups[0].Answers, shownAnswers)
	assert.Equal(t, 513, groups[0].Total())
	assert.Contains(t, render(t, d), "363 more are in the report files.")
}

func TestDifferencesAreMarkedWordByWord(t *testing.T) {
	cases := []struct{ a, b, left, right string }{
		{"wind energy", "wind power", "wind [energy]", "wind [power]"},
		{"nothing", "2020", "[nothing]", "[2020]"},
		{"same", "same", "same", "same"},
		{"", "x", "", "[x]"},
		{"a b c", "b c d", "[a ]b c", "b c[ d]"},
		{"l'aigua", "l’aigua", "l[']aigua", "l[’]aigua"},
	}
	show := func(pieces []piece) (s string) {
		for _, p := range pieces {
			if p.Differs {
				s += "[" + p.Text + "]"
			} else {
				s += p.Text
			}
		}
		return s
	}
	for _, c := range cases {
		left, right := diff(c.a, c.b)
		assert.Equal(t, []string{c.left, c.right}, []string{show(left), show(right)})
	}
	long := strings.Repeat("word ", 5000)
	left, _ := diff(long, "x")
	assert.Equal(t, []piece{{long, true}}, left, "long texts are not compared word by word")
}

// contrast is the ratio of WCAG 2.
func contrast(a, b [3]float64) float64 {
	luminance := func(c [3]float64) float64 {
		for i, v := range c {
			if v <= 0.04045 {
				c[i] = v / 12.92
			} else {
				c[i] = math.Pow((v+0.055)/1.055, 2.4)
			}
		}
		return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
	}
	x, y := luminance(a)+0.05, luminance(b)+0.05
	return max(x, y) / min(x, y)
}

func TestTextContrastIsSoundInLightAndDark(t *testing.T) {
	css, err := pageFiles.ReadFile("page.css")
	require.NoError(t, err)
	schemes := regexp.MustCompile(`:root \{([^}]*)\}`).FindAllStringSubmatch(string(css), -1)
	require.Len(t, schemes, 2)
	for i, scheme := range schemes {
		colours := map[string][3]float64{}
		for _, m := range regexp.MustCompile(`--([a-z0-9-]+): #([0-9a-f]{6})`).FindAllStringSubmatch(scheme[1], -1) {
			n, err := strconv.ParseUint(m[2], 16, 32)
			require.NoError(t, err)
			colours[m[1]] = [3]float64{float64(n>>16) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}
		}
		check := func(text, on string, least float64) {
			require.Contains(t, colours, text)
			require.Contains(t, colours, on)
			assert.GreaterOrEqual(t, contrast(colours[text], colours[on]), least, "scheme %d: %s on %s", i, text, on)
		}
		for _, on := range []string{"bg", "card"} {
			for _, text := range []string{"ink", "muted", "good", "bad", "run0", "run1", "run2", "run3", "run4", "run5"} {
				check(text, on, 4.5)
			}
		}
		check("good", "good-bg", 4.5)
		check("bad", "bad-bg", 4.5)
		for n := range 6 {
			check("run"+strconv.Itoa(n), "track", 3) // a bar on its track
		}
	}
}

func TestMarkdownAndTSV(t *testing.T) {
	d := document(t, logOf(3))
	var md bytes.Buffer
	require.NoError(t, d.WriteMarkdown(&md))
	assert.Contains(t, md.String(), "|  | before | after | change |\n| --- | ---: | ---: | ---: |\n")
	assert.Regexp(t, `\| Relaxed \| 58\.3 % \([0-9. –]+\) \| [0-9.]+ % \([0-9. –]+\) \| [+−±][0-9.]+, may be chance \(p = 0\.\d{3}\) \|`, md.String())
	assert.Contains(t, md.String(), "| critical | wrong programme | 2 | 2 |")
	assert.Contains(t, md.String(), "- run: 3 steps")
	var tsv bytes.Buffer
	require.NoError(t, d.WriteTSV(&tsv))
	lines := strings.Split(strings.TrimSuffix(tsv.String(), "\n"), "\n")
	assert.Equal(t, len(lines), 1+2*15*(1+3+2), "a header, and each metric of both runs for all, three languages and two intents")
	for _, line := range lines {
		assert.Equal(t, 10, strings.Count(line, "\t"), line)
	}
	assert.Contains(t, tsv.String(), "before\tall\t\tall_correct_relaxed\t14\t24\t0.583333\t")
}

func TestThePictureIsAPNG(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, document(t, logOf(300)).WritePNG(&out))
	img, err := png.Decode(&out)
	require.NoError(t, err)
	assert.Equal(t, 1296, img.Bounds().Dx())
	assert.Greater(t, img.Bounds().Dy(), 1500, "the shares, and two curves")
	colours := map[string]bool{}
	for x := range img.Bounds().Dx() {
		for y := 0; y < img.Bounds().Dy(); y += 3 {
			r, g, b, _ := img.At(x, y).RGBA()
			colours[fmt.Sprintf("%02x%02x%02x", r>>8, g>>8, b>>8)] = true
		}
	}
	assert.True(t, colours["0062a3"] && colours["b34700"], "both runs are drawn in their colours")
}

func TestTrainingLogsAreReadAsRunsLeaveThem(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "my run")
	require.NoError(t, os.Mkdir(dir, 0o755))
	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, TrainLogFile), []byte(text), 0o644))
	}
	write(`{"step": 1, "loss": 2.5, "learning_rate": 0.0001, "tokens": 10}
{"step": 2, "loss": 2.0}

{"step": 3, "loss": 9}
{"step": 3, "loss": 1.5, "epoch": 0.5}
{"step": 3, "eval_loss": 1.7}
{"step": 4, "lo`)
	log, err := ReadTrainLog(dir)
	require.NoError(t, err)
	assert.Equal(t, "my run", log.Name)
	require.Len(t, log.Steps, 3)
	assert.Equal(t, []point{{1, 2.5}, {2, 2}, {3, 1.5}}, log.series(curves[0].value), "a step logged again counts as logged last")
	assert.Equal(t, []point{{3, 1.7}}, log.series(curves[1].value))
	write("{\"step\": 1}\nnonsense\n{\"step\": 2}\n")
	_, err = ReadTrainLog(dir)
	assert.ErrorContains(t, err, "train_log.jsonl: line 2: ")
	write("")
	_, err = ReadTrainLog(dir)
	assert.ErrorContains(t, err, "no steps yet")
	_, err = ReadTrainLog(t.TempDir())
	assert.ErrorContains(t, err, "give the folder of a training run")
}

func TestThinnedCurvesKeepTheirSpikes(t *testing.T) {
	var points []point
	for i := range 10_000 {
		points = append(points, point{float64(i), math.Sin(float64(i) / 100)})
	}
	points[4321].y = 50
	out := thin(points, 800)
	assert.LessOrEqual(t, len(out), 800)
	assert.Contains(t, out, point{4321, 50})
	for i := 1; i < len(out); i++ {
		assert.Greater(t, out[i].x, out[i-1].x)
	}
}

func TestTicksAreRoundAndCoverTheRange(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   []float64
	}{
		{0, 2.1, []float64{0, 0.5, 1, 1.5, 2, 2.5}},
		{1, 194, []float64{0, 50, 100, 150, 200}},
		{-1, 1, []float64{-1, -0.5, 0, 0.5, 1}},
	} {
		got := niceTicks(c.lo, c.hi, 5)
		require.Len(t, got, len(c.want), "%v", got)
		for i := range got {
			assert.InDelta(t, c.want[i], got[i], 1e-12)
		}
	}
	assert.Equal(t, "2e-04", tickText(2e-4))
	assert.Equal(t, "6e-04", tickText(3*2e-4))
	assert.Equal(t, "0.25", tickText(0.25))
	assert.Equal(t, "0", tickText(0))
}
