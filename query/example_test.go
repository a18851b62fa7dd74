package query_test

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/query"
)

func ExampleParse() {
	q, err := query.Parse("```json\n" + `{"doc_type": "projects", "filters": {"year": ">=2022"}, "organisations": [],
		"semantic_query": "gestió de purins", "query_rewrite": "Llista de projectes des de 2022 sobre gestió de purins"}` + "\n```")
	if err != nil {
		panic(err)
	}
	first, last, _ := q.Filters.Year.Bounds()
	fmt.Println(*q.SemanticQuery, first, last)
	// Output: gestió de purins 2022 0
}

func ExampleQuery_Canonical() {
	topic := "sleep disorders"
	q := query.Query{DocType: "projects", SemanticQuery: &topic, QueryRewrite: "List of projects on sleep disorders"}
	q.Meta = query.Meta{Lang: "EN", OriginalQuery: "sleep disorders projects"}
	fmt.Println(string(q.Canonical()))
	// Output:
	// {
	//   "doc_type": "projects",
	//   "filters": {
	//     "programme": null,
	//     "funding_level": null,
	//     "year": null,
	//     "location": null,
	//     "location_level": null
	//   },
	//   "organisations": [],
	//   "semantic_query": "sleep disorders",
	//   "query_rewrite": "List of projects on sleep disorders",
	//   "meta": {
	//     "lang": "EN",
	//     "original_query": "sleep disorders projects",
	//     "notes": null
	//   }
	// }
}

func ExampleFromOutput() {
	fmt.Println(query.FromOutput("Ho sento, no ho sé.").Error)
	// Output: No JSON found in output
}
