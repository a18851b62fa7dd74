// Package pretrain makes the text on which the embedded base model of the
// query-parser example is trained from nothing: extraction of fields into JSON
// under other key names and skeletons, copying, restating, telling languages
// apart, and repeating random tokens. Its domains are books, flats, concerts
// and the like; it never speaks of projects and knows nothing of the query
// parser's schema, prompt, topics or organisations.
package pretrain
