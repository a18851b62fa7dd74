#!/bin/sh
# Makes the demo's encoder from nothing: pairs, initial weights, training. Needs bin/ajolote (./build.sh) and, for the
# tokenizer alone, Python with the tokenizers package; TOKENIZER=DIR takes one that is there, examples/demo/encoder say.
set -eu
cd "$(dirname "$0")/../../.."
here=examples/queryparser
out=out/base
mkdir -p "$out/encoder-start"

go run ./$here/pairs -general 60000 >"$out/general.jsonl"
if [ -n "${TOKENIZER:-}" ]; then
  cp "$TOKENIZER/tokenizer.json" "$TOKENIZER/tokenizer_config.json" "$out/encoder-start/"
else
  python3 $here/testdata/train_encoder_tokenizer.py "$out/general.jsonl" "$out/encoder-start"
fi
go run ./$here/newencoder -out "$out/encoder-start"
bin/ajolote embed train $here/base/encoder.yml
go run ./$here/shrink -from "$out/encoder" -to "$out/encoder-shipped"
