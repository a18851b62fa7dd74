#!/bin/sh
# The whole job on the models that lie beside this file: from tables to a fine-tuned query parser with its figures, and from
# pairs of texts to a retrieval model with its. Results are in out/demo; README.md beside this file says what they mean.
#
#   examples/demo/run.sh [base_model=DIR] [KEY=VALUE ...]   keys of the fine-tuning, laid over demo.yml
set -eu
cd "$(dirname "$0")/../.."
here=examples/demo
out=out/demo
ajolote=bin/ajolote

base=$here/base
for key in "$@"; do
  shift
  case $key in
    base_model=*) base=${key#base_model=} ;;
    *=*) set -- "$@" --set "$key" ;;
    *)
      echo "run.sh: $key: keys are given as KEY=VALUE" >&2
      exit 2
      ;;
  esac
done

began=$(date +%s)
say() { printf '\n== %s (%d s)\n' "$*" $(($(date +%s) - began)); }

rm -rf "$out"
mkdir -p "$out"

say "1. Questions in Catalan, Spanish and English, and the queries that they mean"
go run ./examples/queryparser/generate -out "$out/data"
$ajolote prepare --input-dir "$out/data/training" --output-file "$out/train.jsonl" --prompt-file "$out/data/prompt.txt" \
  --model BSC-LT/salamandra-7b-instruct-tools --shuffle | grep '✓'

say "2. QLoRA fine-tuning of $base"
$ajolote train $here/demo.yml --set "base_model=$base" "$@"

say "3. Merge of adapter and base"
$ajolote merge --adapter-path "$out/adapter" --output-path "$out/model" --dtype bfloat16

validate() { # name, model, more flags
  name=$1 model=$2
  shift 2
  $ajolote validate --model "$model" --test-file "$out/data/test.json" --output "$out/$name.json" --name "$name" \
    --load-in-4bit --max-new-tokens 640 "$@" >"$out/$name.txt"
}
say "4. The base answers 100 questions that training did not see"
validate base "$base" --prompt-file "$out/data/prompt.txt"
say "5. The fine-tuned model answers them"
validate finetuned "$out/model"

say "6. Floor and ceiling: an empty answer, and the gold answers"
for bound in empty gold; do
  $ajolote eval --test-file "$out/data/test.json" --predictions "$out/data/answers/$bound.jsonl" --output "$out/$bound.json" \
    --name "$bound" >"$out/$bound.txt"
done
reports="$out/empty.json $out/base.json $out/finetuned.json $out/gold.json"
# shellcheck disable=SC2086 # a list of files
go run ./$here/table $reports
$ajolote report "$out/base.json" "$out/finetuned.json" "$out/empty.json" "$out/gold.json" --train "$out/adapter" \
  --title "The demo: query parser before and after" --output "$out/report.html"

say "7. Five questions, parsed by the fine-tuned model"
$ajolote parse --model "$out/model" --load-in-4bit --max-new-tokens 640 --unconstrained --stdin <$here/questions.txt >"$out/parsed.jsonl"
go run ./$here/table -parsed "$out/parsed.jsonl"

say "8. Retrieval"
$here/retrieval.sh

say "Done"
echo "The page is $out/report.html; the models are $out/model and $out/encoder."
