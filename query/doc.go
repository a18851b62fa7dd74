// Package query is what the query parser writes: a question about research projects, in Catalan, Spanish or English, as one JSON object.
//
//	{"doc_type": "projects",
//	 "filters": {"programme": "Horizon Europe", "funding_level": null, "year": ">=2022", "location": null, "location_level": null},
//	 "organisations": [{"type": "university", "name": "Universitat de Vic", "location": null, "location_level": null}],
//	 "semantic_query": "gestió de purins",
//	 "query_rewrite": "Llista de projectes Horizon Europe des de 2022 de la Universitat de Vic sobre gestió de purins",
//	 "meta": {"lang": "CA", "original_query": "projectes d'Horizon Europe …", "notes": null}}
//
// [Query] holds it as a Go struct, [Schema] describes it to other programs, [Query.Canonical] writes the bytes a model is trained on, [FromOutput]
// finds it in the text a model generated. The format is that of the IMPULS query parser (sirisacademic/aina-impulse, Apache-2.0).
package query
