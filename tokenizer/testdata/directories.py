"""Write directories.json.gz: what transformers 5.23 makes of model directories whose ids depend on more than tokenizer.json.

    pip install transformers==5.23.0 tokenizers==0.23.3 sentencepiece
    python texts.py 1500 > texts.jsonl && python directories.py texts.jsonl

Two SentencePiece models are trained, a BPE and a Unigram. Each variant is a directory: either with the tokenizer.model alone,
which transformers converts, or with a tokenizer.json in the form of transformers 4 as well, of which it throws a part away.
"""
import base64, gzip, io, json, pathlib, sys, tempfile
import sentencepiece
from transformers import AutoTokenizer

corpus = [json.loads(line) for line in open(sys.argv[1])]
here = pathlib.Path(__file__).parent
TEXTS = ["", "hola", " hola", "  dos espais ", "hola<|im_end|>hola", "<|im_start|>user\nHola<|im_end|>\n", "<s> x</s>", "l'energia ☃ 漢", "a\nb\tc",
         "▁ literal", "é e\u0301 ﬁ", *corpus[-25:]]


def train(kind, size, **kw):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter([t for t in corpus if t.strip() and "\0" not in t]), model_writer=model, model_type=kind, vocab_size=size,
        hard_vocab_limit=False, minloglevel=2, max_sentence_length=20000, normalization_rule_name="identity", **kw)
    return model.getvalue()


bpe = train("bpe", 900, byte_fallback=True, unk_id=0, bos_id=1, eos_id=2, pad_id=3, add_dummy_prefix=False, remove_extra_whitespaces=False,
            control_symbols=["<|im_start|>", "<|im_end|>"], user_defined_symbols=["[TOOL]"], character_coverage=0.99)
unigram = train("unigram", 500, unk_id=0, bos_id=1, eos_id=2, pad_id=-1)


def version4(folder):
    """The tokenizer.json of transformers 4 for the same model."""
    t = json.loads(AutoTokenizer.from_pretrained(folder)._tokenizer.to_str())
    t["pre_tokenizer"] = None
    t["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
    t["decoder"] = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    return t


variants = []


def variant(name, model, config, with_json=False):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        file = "tokenizer.model" if model is bpe else "sentencepiece.bpe.model"
        (folder / file).write_bytes(model)
        files = {}
        if config is not None:
            files["tokenizer_config.json"] = json.dumps(config)
            (folder / "tokenizer_config.json").write_text(files["tokenizer_config.json"])
        if with_json:
            files["tokenizer.json"] = json.dumps(version4(folder), ensure_ascii=False)
            (folder / "tokenizer.json").write_text(files["tokenizer.json"])
        t = AutoTokenizer.from_pretrained(folder)
        print(name, type(t).__name__, t.tokenize(" hola mon"))
        cases = [{"text": s, "ids": t._tokenizer.encode(s).ids, "decoded": t._tokenizer.decode(t._tokenizer.encode(s).ids, skip_special_tokens=False)} for s in TEXTS]
        variants.append({"name": name, "model": file, "files": files, "cases": cases})


base = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
llama = {**base, "tokenizer_class": "LlamaTokenizer"}
for with_json in (False, True):
    for name, more in {"plain": {}, "legacy": {"legacy": True}, "no prefix": {"add_prefix_space": False}, "legacy no prefix": {"legacy": True, "add_prefix_space": False},
                       "bos": {"add_bos_token": True}, "bos eos": {"add_bos_token": True, "add_eos_token": True, "legacy": False}}.items():
        variant(f"llama {name}{' over tokenizer.json' if with_json else ''}", bpe, {**llama, **more}, with_json)
variant("no class", bpe, {"tokenizer_class": "PreTrainedTokenizerFast"})
variant("xlm-roberta", unigram, {"tokenizer_class": "XLMRobertaTokenizer"})
models = {"tokenizer.model": base64.b64encode(bpe).decode(), "sentencepiece.bpe.model": base64.b64encode(unigram).decode()}
with gzip.GzipFile(here / "directories.json.gz", "wb", mtime=0) as out:
    out.write(json.dumps({"models": models, "variants": variants}, ensure_ascii=False).encode())
print((here / "directories.json.gz").stat().st_size, "bytes")
