package eval_test

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/eval"
)

func ExampleQueryParser() {
	gold, err := eval.ParseGold([]byte(`[
		{"filters": {"year": "2020"}, "organisations": [], "semantic_query": "sleep disorders", "meta": {"id": "a", "lang": "EN", "original_query": "sleep disorder projects of 2020"}},
		{"filters": {}, "organisations": [], "semantic_query": "energia", "meta": {"id": "b", "lang": "CA", "original_query": "projectes d'energia"}}]`))
	if err != nil {
		panic(err)
	}
	r, err := eval.QueryParser(gold, []eval.Prediction{
		{ID: "b", Output: "Ho sento, no ho sé."},
		{ID: "a", Output: `{"doc_type": "projects", "filters": {"year": 2020}, "organisations": [], "semantic_query": "Sleep disorders", "query_rewrite": "List of projects"}`},
	}, nil, eval.Options{})
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"schema_valid", "valid_json", "all_correct_strict"} {
		fmt.Println(name, r.Metric(name).Count, "of", r.Metric(name).Total)
	}
	// Output:
	// schema_valid 1 of 2
	// valid_json 2 of 2
	// all_correct_strict 1 of 2
}

func ExampleMcNemar() {
	// Of 100 queries one run gets 51 right and the other 49: they disagree on 20.
	fmt.Printf("p = %.2f\n", eval.McNemar(11, 9))
	// Output: p = 0.82
}

func ExampleRetrieval() {
	r, err := eval.NewRetrieval(eval.RetrievalAt{MRR: []int{10}, NDCG: []int{10}})
	if err != nil {
		panic(err)
	}
	r.Add([]eval.Hit{{ID: "d1", Score: 0.4}, {ID: "d2", Score: 0.9}, {ID: "d3", Score: 0.7}}, map[string]bool{"d3": true})
	metrics, err := r.Metrics()
	if err != nil {
		panic(err)
	}
	for _, m := range metrics {
		fmt.Printf("%s %.4f\n", m.Name, m.Value)
	}
	// Output:
	// mrr@10 0.5000
	// ndcg@10 0.6309
}
