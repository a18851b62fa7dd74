package mroberta_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/eval"
	"github.com/ajolote-ai/ajolote/models/bert"
	"github.com/ajolote-ai/ajolote/mroberta"
	"github.com/ajolote-ai/ajolote/sbert"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
	"github.com/ajolote-ai/ajolote/train"
)

const model = "../sbert/testdata/model"

func readRetrieval(t *testing.T) *mroberta.Retrieval {
	t.Helper()
	r, err := mroberta.ReadRetrieval("testdata/queries.jsonl", "testdata/corpus.jsonl", "testdata/qrels.tsv")
	require.NoError(t, err)
	return r
}

func TestRetrievalMetricsEqualThoseOfInformationRetrievalEvaluator(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	m, err := sbert.Load(context.Background(), model, bert.LoadOptions{})
	require.NoError(t, err)
	defer m.Free()
	e, err := mroberta.Evaluate(context.Background(), m, readRetrieval(t), sbert.EncodeOptions{}, eval.DefaultRetrievalAt())
	require.NoError(t, err)
	var want map[string]float64
	text, err := os.ReadFile("testdata/metrics.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &want))
	got := e.Keys("")
	for key, value := range want {
		require.InDelta(t, value, got[key], 1e-9, key)
	}
	require.Greater(t, want["cosine_recall@10"], 0.0)

	// The languages apart: the evaluator on the documents of each.
	var directions map[string]map[string]float64
	text, err = os.ReadFile("testdata/directions.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &directions))
	require.Len(t, e.Directions, len(directions))
	for direction, metrics := range directions {
		for key, value := range metrics {
			require.InDelta(t, value, got[direction+"_"+key], 1e-9, "%s %s", direction, key)
		}
	}
	for name, pair := range map[string][2]string{"monolingual": {"ca-ca", "en-en"}, "crosslingual": {"ca-en", "en-ca"}} {
		for key := range want {
			require.InDelta(t, (got[pair[0]+"_"+key]+got[pair[1]+"_"+key])/2, got[name+"_"+key], 1e-12)
		}
	}
	require.Len(t, got, 7*len(want))
	require.Contains(t, e.Keys("dev"), "dev_ca-en_cosine_mrr@10")
}

func TestWithoutLanguagesThereAreNoDirections(t *testing.T) {
	torchtest.Need(t)
	m, err := sbert.Load(context.Background(), model, bert.LoadOptions{})
	require.NoError(t, err)
	defer m.Free()
	r := readRetrieval(t)
	r.QueryLangs, r.DocLangs = nil, nil
	e, err := mroberta.Evaluate(context.Background(), m, r, sbert.EncodeOptions{}, eval.DefaultRetrievalAt())
	require.NoError(t, err)
	require.Empty(t, e.Directions)
	require.Nil(t, e.Mean(true))
	m.Similarity = "euclidean"
	_, err = mroberta.Evaluate(context.Background(), m, r, sbert.EncodeOptions{}, eval.DefaultRetrievalAt())
	require.ErrorContains(t, err, "euclidean")
}

func TestFilesThatDoNotBelongTogetherAreNamed(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	header := "query-id\tcorpus-id\tscore\n"
	for _, c := range []struct{ name, qrels, want string }{
		{"an unknown document", header + "q0\tnowhere\t1\n", `the first is "nowhere"`},
		{"an unknown query", header + "nobody\td1\t1\n", "1 queries have a right document, 0 of them"},
		{"no columns", "a\tb\n1\t2\n", "there is \"a, b\""},
		{"no whole score", header + "q0\td1\thigh\n", "judgement 1"},
		{"no right document", header + "q0\td1\t0\n", "no query has a relevant document"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mroberta.ReadRetrieval("testdata/queries.jsonl", "testdata/corpus.jsonl", write("qrels.tsv", c.qrels))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestAConfigurationsFaultsAreAllReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.yml")
	require.NoError(t, os.WriteFile(path, []byte("base_model: x\nbatch_sise: 4\nscale: 0\nduplicates: drop\neval_queries: q.jsonl\n"), 0o644))
	_, _, err := mroberta.LoadConfig(path)
	for _, fault := range []string{"did you mean batch_size?", "scale", "duplicates", "train_data.path", "output_path", "belong together"} {
		require.ErrorContains(t, err, fault)
	}
}

// run is a small training with dropout, evaluation and checkpoints.
func run(t *testing.T, dir string) *mroberta.Config {
	t.Helper()
	words := strings.Fields("energia solar hidrogen verd recerca salut bateries clima aigua universitat")
	var rows strings.Builder
	for i, a := range words {
		for j, b := range words[:4] {
			line, err := json.Marshal(map[string]any{"id": i, "query": a + " " + b, "passage": fmt.Sprintf("institut de %s i %s", b, a), "wrong": words[(i+j+1)%10]})
			require.NoError(t, err)
			rows.Write(append(line, '\n'))
		}
	}
	rows.WriteString(`{"id": 99, "query": " ", "passage": "x", "wrong": ""}` + "\n")
	data := filepath.Join(dir, "train.jsonl")
	require.NoError(t, os.WriteFile(data, []byte(rows.String()), 0o644))
	c := mroberta.DefaultConfig()
	c.BaseModel, c.OutputPath = model, filepath.Join(dir, "out")
	c.TrainData = mroberta.TrainData{Path: data, Query: "query", Passage: "passage", Negatives: []string{"wrong"}}
	c.EvalQueries, c.EvalCorpus, c.EvalQrels = "testdata/queries.jsonl", "testdata/corpus.jsonl", "testdata/qrels.tsv"
	c.BatchSize, c.NumEpochs, c.WarmupSteps, c.LearningRate, c.EvaluationSteps, c.LoadBest = 8, 3, 2, 3e-3, 4, true
	return c
}

func weights(t *testing.T, c *mroberta.Config) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(c.OutputPath, "model.safetensors"))
	require.NoError(t, err)
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

func TestPromptsThatTrainingDoesNotSeeAreTold(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	notices := func(base string) (all []string) {
		c := run(t, t.TempDir())
		c.BaseModel, c.MaxSteps, c.LoadBest, c.EvalQueries, c.EvalCorpus, c.EvalQrels = base, 1, false, "", "", ""
		_, err := mroberta.Train(context.Background(), c, nil, mroberta.TrainOptions{Notice: func(text string) { all = append(all, text) }})
		require.NoError(t, err)
		return all
	}
	told := notices(model)
	require.Len(t, told, 2)
	require.Contains(t, told[0], "1 rows without a query or a passage")
	require.Contains(t, told[1], "the base model has prompts (document, query)")
	require.Len(t, notices("../sbert/testdata/old"), 1, "which has none")
}

func TestATrainingThatIsBrokenOffAndResumedEndsWithTheSameBytes(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for _, change := range []struct {
		name string
		do   func(c *mroberta.Config)
	}{
		{"mnrl", func(*mroberta.Config) {}},
		{"cached, masked duplicates", func(c *mroberta.Config) { c.Loss, c.MiniBatchSize, c.Duplicates = "cached_mnrl", 5, "mask" }},
		{"matryoshka", func(c *mroberta.Config) { c.MatryoshkaDims = []int{16, 8} }},
		{"batches without duplicates", func(c *mroberta.Config) { c.Duplicates = "resample" }},
	} {
		t.Run(change.name, func(t *testing.T) {
			plain, broken := run(t, t.TempDir()), run(t, t.TempDir())
			change.do(plain)
			change.do(broken)
			var losses []float64
			result, err := mroberta.Train(context.Background(), plain, nil, mroberta.TrainOptions{Events: func(e train.Event) {
				if e.Kind == train.Stepped {
					losses = append(losses, e.Loss)
				}
			}})
			require.NoError(t, err)
			require.Equal(t, 15, result.Steps)
			require.Less(t, losses[14], losses[0])
			require.Contains(t, result.Metrics, "cosine_ndcg@10")

			for _, stop := range []int{3, 7, 12} {
				ctx, cancel := context.WithCancel(context.Background())
				_, err = mroberta.Train(ctx, broken, nil, mroberta.TrainOptions{Events: func(e train.Event) {
					if e.Kind == train.Stepped && e.Step >= stop {
						cancel()
					}
				}})
				require.ErrorIs(t, err, context.Canceled)
				cancel()
			}
			_, err = mroberta.Train(context.Background(), broken, nil, mroberta.TrainOptions{})
			require.NoError(t, err)
			require.Equal(t, weights(t, plain), weights(t, broken))

			trained, err := sbert.Load(context.Background(), plain.OutputPath, bert.LoadOptions{})
			require.NoError(t, err)
			defer trained.Free()
			_, err = trained.Encode(context.Background(), []string{"energia"}, sbert.EncodeOptions{})
			require.NoError(t, err)
			csv, err := os.ReadFile(filepath.Join(plain.OutputPath, "eval", "Information-Retrieval_evaluation_results.csv"))
			require.NoError(t, err)
			reference, err := os.ReadFile("testdata/Information-Retrieval_evaluation_results.csv")
			require.NoError(t, err)
			head, _, _ := strings.Cut(string(reference), "\n")
			require.Equal(t, strings.TrimSpace(head), strings.Split(string(csv), "\n")[0])
		})
	}
}

// Texts with scores or labels, for the losses that learn from them.
func scored(t *testing.T, dir string) string {
	t.Helper()
	var rows strings.Builder
	for i, word := range strings.Fields("energia solar hidrogen verd recerca salut bateries clima aigua universitat institut") {
		for j, other := range strings.Fields("energia solar aigua clima") {
			score := 0.1
			if i%2 == j%2 {
				score = 0.9
			}
			fmt.Fprintf(&rows, "%s,%s,%v,%d\n", word+" "+other, other, score, j%2)
		}
	}
	path := filepath.Join(dir, "scored.csv")
	require.NoError(t, os.WriteFile(path, []byte("a,b,alike,kind\n"+rows.String()), 0o644))
	return path
}

func TestLossesOverScoresAndLabelsTrain(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for _, loss := range []string{"cosine", "cosent", "batch_all_triplet"} {
		t.Run(loss, func(t *testing.T) {
			dir := t.TempDir()
			c := run(t, dir)
			c.Loss, c.NumEpochs, c.LearningRate = loss, 10, 3e-3
			c.TrainData = mroberta.TrainData{Path: scored(t, dir), Query: "a", Passage: "b", Score: "alike", Label: "kind"}
			zero := 0.0
			c.Dropout = &zero
			var losses []float64
			_, err := mroberta.Train(context.Background(), c, nil, mroberta.TrainOptions{Events: func(e train.Event) {
				if e.Kind == train.Stepped {
					losses = append(losses, e.Loss)
				}
			}})
			require.NoError(t, err)
			n := len(losses)
			require.Less(t, losses[n-1]+losses[n-2]+losses[n-3], 0.8*(losses[0]+losses[1]+losses[2]))
		})
	}
}

func TestWhatALossMissesIsSaid(t *testing.T) {
	dir := t.TempDir()
	path := scored(t, dir)
	d := mroberta.TrainData{Path: path, Query: "a", Passage: "b"}
	for _, c := range []struct {
		name   string
		change func(*mroberta.Config)
		want   string
	}{
		{"no score column", func(c *mroberta.Config) { c.Loss = "cosent" }, "train_data.score: is missing; loss cosent learns from scores"},
		{"no label column", func(c *mroberta.Config) { c.Loss = "batch_all_triplet" }, "train_data.label: is missing"},
		{"a key of another loss", func(c *mroberta.Config) { c.Loss, c.TrainData.Score, c.Symmetric = "cosine", "alike", true }, "symmetric: does nothing with loss cosine"},
		{"a score that is none", func(c *mroberta.Config) { c.Loss, c.TrainData.Score = "cosine", "b" }, `scored.csv: row 1 has "energia" in the column b: a number is needed`},
		{"an unknown column", func(c *mroberta.Config) { c.TrainData.Passage = "c" }, `scored.csv: row 1 has no column "c"; its columns are a, alike, b, kind`},
		{"a folder that is no BEIR folder", func(c *mroberta.Config) { c.TrainData.Path = dir }, "corpus.jsonl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := mroberta.DefaultConfig()
			config.BaseModel, config.OutputPath, config.TrainData = model, filepath.Join(dir, "out"), d
			c.change(config)
			_, err := mroberta.Train(context.Background(), config, nil, mroberta.TrainOptions{})
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestAnotherConfigurationIsNotResumedAndAnotherPlaceIs(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	c := run(t, dir)
	c.MaxSteps = 4
	_, err := mroberta.Train(context.Background(), c, nil, mroberta.TrainOptions{})
	require.NoError(t, err)
	moved := filepath.Join(dir, "moved.jsonl")
	require.NoError(t, os.Rename(c.TrainData.Path, moved))
	c.TrainData.Path, c.SaveTotalLimit, c.TensorBoard = moved, 9, false
	result, err := mroberta.Train(context.Background(), c, nil, mroberta.TrainOptions{})
	require.NoError(t, err)
	require.True(t, result.AlreadyFinished)
	c.LearningRate = 1e-4
	_, err = mroberta.Train(context.Background(), c, nil, mroberta.TrainOptions{})
	require.ErrorContains(t, err, `learning_rate was "0.003" and is "0.0001"`)

	var about struct {
		About struct{ Config, Versions any }
		Kept  map[string]string
	}
	text, err := os.ReadFile(filepath.Join(c.OutputPath, "run.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &about))
	require.Contains(t, about.About.Config, "learning_rate: 0.003")
	require.NotEmpty(t, about.Kept["threads"])
	board, err := filepath.Glob(filepath.Join(c.OutputPath, "runs", "events.out.tfevents.*"))
	require.NoError(t, err)
	require.Len(t, board, 1)
}
