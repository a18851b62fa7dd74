#!/bin/sh
# Makes the demo's base model from nothing, as docs/demo-base.md says: data, initial weights, seven trainings, gate. Needs
# bin/ajolote (./build.sh) and, for the tokenizer alone, Python with the tokenizers package; TOKENIZER=DIR takes one that is
# there, examples/demo/base say. Started again, it goes on where it was.
set -eu
cd "$(dirname "$0")/../../.."
here=examples/queryparser
out=out/base
mkdir -p "$out"

# make runs a program into a file, once.
make() {
  file=$1
  shift
  [ -s "$file" ] || { "$@" >"$file.part" && mv "$file.part" "$file"; }
}

if [ ! -s "$out/start/model.safetensors" ]; then
  if [ -n "${TOKENIZER:-}" ]; then
    mkdir -p "$out/start"
    cp "$TOKENIZER/tokenizer.json" "$TOKENIZER/tokenizer_config.json" "$out/start/"
  else
    make "$out/text.jsonl" go run ./$here/pretext -seed 1 -n 20000
    python3 $here/testdata/train_tokenizer.py "$out/text.jsonl" "$out/start"
  fi
  go run ./$here/newbase -out "$out/start"
fi

stream="go run ./$here/pretext -tokenizer $out/start"
make "$out/phase1.jsonl" $stream -seed 1 -n 26000 -alone 26000 -settled 26000
make "$out/phase2.jsonl" $stream -seed 2 -n 90000 -settled 10000
make "$out/phase3.jsonl" $stream -seed 3 -n 32000 -settled 1
make "$out/phase4.jsonl" $stream -seed 4 -n 60000 -settled 1 -named .5
make "$out/phase5.jsonl" $stream -seed 5 -n 30000 -settled 1 -named .5 -spoken .65
make "$out/phase6.jsonl" $stream -seed 6 -n 45000 -settled 1 -named .5 -spoken .8
make "$out/phase7.jsonl" $stream -seed 7 -n 34000 -settled 1 -named .4 -spoken .8
for phase in 1 2 3 4 5 6 7; do
  if [ $phase = 7 ] && [ ! -s "$out/grown/model.safetensors" ]; then
    go run ./$here/grow -from "$out/phase6" -to "$out/grown" -behind 1,2
  fi
  [ -s "$out/phase$phase/model.safetensors" ] || bin/ajolote train $here/base/phase$phase.yml
done

go run ./$here/gate -model "$out/phase7" || echo "make.sh: the base falls short of the gate" >&2
go run ./$here/shrink -from "$out/phase7" -to "$out/shipped"
