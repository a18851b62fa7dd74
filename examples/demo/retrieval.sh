#!/bin/sh
# The retrieval half of the demo: pairs of questions and abstracts in three languages, the encoder before and after training.
set -eu
cd "$(dirname "$0")/../.."
here=examples/demo
out=out/demo
data=$out/retrieval

rm -rf "$data" "$out/encoder"
go run ./examples/queryparser/pairs -out "$data"

evaluate() { # model, file
  bin/ajolote embed evaluate --model "$1" --queries "$data/queries.jsonl" --corpus "$data/corpus.jsonl" --qrels "$data/qrels/test.tsv" \
    --output "$out/$2.json" >"$out/$2.txt"
}
evaluate $here/encoder retrieval-before
bin/ajolote embed train $here/retrieval.yml
evaluate "$out/encoder" retrieval-after
go run ./$here/table -retrieval "$out/retrieval-before.json" "$out/retrieval-after.json" | tee "$out/retrieval.txt"
