"""Package tokenizer and Hugging Face tokenizers on the same texts, in turn, and the ratio.

    pip install tokenizers==0.23.3
    go build -o /tmp/tokenize ./bench/tokenize
    python bench/tokenize.py /tmp/tokenize texts.jsonl TOKENIZER.json...

texts.jsonl holds one JSON string a line. "one" is one thread, "batch" all cores. Ours is measured with ids alone, as
training uses it, and with tokens, offsets and masks, as the Python library always gives them; the Python library's own
fast batch (without offsets) is measured too.
"""
import json, os, subprocess, sys, time

os.environ["TOKENIZERS_PARALLELISM"] = "true"
from tokenizers import Tokenizer

program, text_file, files = sys.argv[1], sys.argv[2], sys.argv[3:]
texts = [json.loads(line) for line in open(text_file)]
size = sum(len(t.encode()) for t in texts)


def best(f, rounds=5):
    seconds = 9e9
    for _ in range(rounds):
        start = time.perf_counter()
        f()
        seconds = min(seconds, time.perf_counter() - start)
    return size / seconds / 1e6


for file in files:
    ours = json.loads(subprocess.run([program, file, text_file], capture_output=True, check=True, text=True).stdout)
    t = Tokenizer.from_file(file)
    t.no_truncation(), t.no_padding()
    tokens = sum(len(t.encode(x).ids) for x in texts)
    assert tokens == ours["tokens"], (tokens, ours["tokens"])
    theirs = {"one": best(lambda: [t.encode(x) for x in texts]), "batch": best(lambda: t.encode_batch(texts)), "batch_fast": best(lambda: t.encode_batch_fast(texts))}
    print(json.dumps({"tokenizer": os.path.basename(file), "tokens": tokens, "ours": ours, "python_mb_per_s": theirs, "ratio": {
        "one": round(ours["mb_per_s_one"] / theirs["one"], 1), "batch": round(ours["mb_per_s_batch"] / theirs["batch"], 1),
        "batch_over_fast": round(ours["mb_per_s_batch"] / theirs["batch_fast"], 1),
        "one_with_offsets": round(ours["mb_per_s_one_with_offsets"] / theirs["one"], 1), "batch_with_offsets": round(ours["mb_per_s_batch_with_offsets"] / theirs["batch"], 1)}}), flush=True)
