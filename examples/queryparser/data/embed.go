// Package data embeds the tables from which the query-parser example makes its
// training, development and test queries. README.md beside this file says
// where each table comes from and under which licence.
package data

import "embed"

// Files holds the tables, the system prompt and the finished test set.
//
//go:embed *.tsv *.txt
var Files embed.FS
