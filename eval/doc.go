// Package eval measures models: the query parser against gold queries, embedding models on retrieval, classifiers.
//
// [QueryParser] computes the numbers of the IMPULS reference scripts (sirisacademic/aina-impulse, Apache-2.0), odd behaviour included, and beside
// them the share of outputs that really parse and validate. Where the reference would stop on an odd output, the query is scored as wrong and its
// [Result.EvalError] says why. [Report.WriteReferenceFiles] writes the files that the reference writes, the same bytes.
//
// [Retrieval] agrees with sentence-transformers' InformationRetrievalEvaluator, [Classification] with scikit-learn.
//
// With a hundred test queries, chance moves an accuracy by several points. Every share comes with a bootstrap interval, and [Compare] tells whether
// two runs over the same queries differ by more than chance (McNemar's exact test).
//
// Pages and plots are made by the package report below this one.
package eval
