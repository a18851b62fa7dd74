"""Write golden.json.gz: tokenizers of every kind and what tokenizers 0.23.3 makes of some hundred texts with them.

    python texts.py 3000 > texts.jsonl && python train.py small texts.jsonl SMALL
    python golden.py SMALL

The archive holds the tokenizer.json texts themselves: the small ones of train.py, and many more that put each normalizer,
pre-tokenizer, post-processor and decoder around one model.
"""
import gzip, itertools, json, pathlib, random, sys
from tokenizers import Tokenizer
import texts

small = pathlib.Path(sys.argv[1])
here = pathlib.Path(__file__).parent
PROSE = texts.texts(1000)[:len(texts.ODD) + len(texts.SENTENCES)]
r = random.Random(5)
texts_small = PROSE + [texts.random_text(r) for _ in range(60)]
short = [t for t in texts_small if len(t) < 120]


def added(id, content, **kw):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False, **kw}


def letters_bpe(**kw):
    """A BPE over letters with a few merges: whatever comes out of the stages before is visible in its tokens."""
    vocab = ["<unk>", *"abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789 ▁.,'!?-éñçà漢字", "th", "the", "in", "ing", "▁t", "▁the", "an", "on", "en", "er",
             "▁a", "▁▁", "  ", " t", " the", "aa", "aaaa", "la", "de", "▁de", "qu", "que"]
    merges = [("t", "h"), ("th", "e"), ("i", "n"), ("in", "g"), ("▁", "t"), ("▁", "the"), ("a", "n"), ("o", "n"), ("e", "n"),
              ("e", "r"), ("▁", "a"), ("▁", "▁"), (" ", " "), (" ", "t"), (" ", "the"), ("a", "a"), ("aa", "aa"), ("l", "a"), ("d", "e"), ("▁", "de"), ("q", "u"), ("qu", "e")]
    return {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
            "byte_fallback": False, "ignore_merges": False, "vocab": {v: i for i, v in enumerate(vocab)}, "merges": [list(m) for m in merges], **kw}


def file(normalizer=None, pre=None, decoder=None, post=None, model=None, tokens=()):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": list(tokens), "normalizer": normalizer, "pre_tokenizer": pre,
            "post_processor": post, "decoder": decoder, "model": model or letters_bpe()}


S, R = lambda s: {"String": s}, lambda s: {"Regex": s}
replace = lambda p, c: {"type": "Replace", "pattern": p, "content": c}
split = lambda p, b="Isolated", invert=False: {"type": "Split", "pattern": p, "behavior": b, "invert": invert}
seq = lambda key, *parts: {"type": "Sequence", key: list(parts)}
meta = lambda scheme="always", s=True: {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": s}

NORMALIZERS = {
    "nfc": {"type": "NFC"}, "nfd": {"type": "NFD"}, "nfkc": {"type": "NFKC"}, "nfkd": {"type": "NFKD"}, "lowercase": {"type": "Lowercase"},
    "strip": {"type": "Strip", "strip_left": True, "strip_right": True}, "strip-left": {"type": "Strip", "strip_left": True, "strip_right": False},
    "strip-right": {"type": "Strip", "strip_left": False, "strip_right": True}, "strip-accents": seq("normalizers", {"type": "NFD"}, {"type": "StripAccents"}),
    "nmt": {"type": "Nmt"}, "prepend": {"type": "Prepend", "prepend": "▁▁"}, "replace": replace(S("a"), "bb"), "replace-none": replace(S("e"), ""),
    "replace-regex": replace(R(r"\s+|l+"), "t"), "replace-empty": replace(R(r"(?=[aeiou])"), "-"), "replace-start": replace(R("^"), "▁"),
    "bert": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
    "bert-cased": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": False, "strip_accents": True, "lowercase": False},
    "bert-dirty": {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": True, "strip_accents": False, "lowercase": True},
    "byte-level": {"type": "ByteLevel"}, "spm-v4": seq("normalizers", {"type": "Prepend", "prepend": "▁"}, replace(S(" "), "▁")),
    "chain": seq("normalizers", {"type": "NFKC"}, {"type": "Lowercase"}, replace(R(r" {2,}"), " "), {"type": "Strip", "strip_left": True, "strip_right": False}, {"type": "Prepend", "prepend": "t"}),
}
PRE = {
    "whitespace": {"type": "Whitespace"}, "whitespace-split": {"type": "WhitespaceSplit"}, "bert": {"type": "BertPreTokenizer"},
    "punctuation": {"type": "Punctuation", "behavior": "Isolated"}, "digits": {"type": "Digits", "individual_digits": True},
    "digit-runs": {"type": "Digits", "individual_digits": False}, "delimiter": {"type": "CharDelimiterSplit", "delimiter": "a"},
    "scripts": {"type": "UnicodeScripts"}, "fixed": {"type": "FixedLength", "length": 4}, "byte-level": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    "metaspace": meta(), "metaspace-first": meta("first"), "metaspace-never": meta("never"), "metaspace-whole": meta("always", False), "metaspace-first-whole": meta("first", False),
    "metaspace-underscore": {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always", "split": True},
    "split-string": split(S("an")), "split-lookahead": split(R(r"\s+(?!\S)|\s+|[^\s]+")), "split-lookbehind": split(R(r"(?<=[a-z])(?=[A-Z0-9])"), "Removed"),
    "split-possessive": split(R(r"\p{L}++|\p{N}{1,3}+|(?>\s+)|.")), "split-lazy": split(R(r"a.*?e|\w+?\b")), "split-class": split(R(r"[[:punct:]&&[^']]|[^\W\d_]+")),
    "split-case": split(R(r"(?i:the|LA|que)"), "Removed"), "split-han": split(R(r"\p{Han}+|[\p{Hiragana}\p{Katakana}]+|\p{Lu}\p{Ll}*")), "split-lines": split(R(r"^.*$"), "Isolated"),
    "sequence": seq("pretokenizers", {"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "MergedWithPrevious"}, {"type": "Digits", "individual_digits": True}),
    "sequence-meta": seq("pretokenizers", split(S(".")), meta("first")),
    "deepseek": seq("pretokenizers", split(R(r"\p{N}{1,3}")), split(R(r"[一-龥぀-ゟ゠-ヿ]+")), split(R(r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")), {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}),
    **{f"behavior-{b.lower()}{'-inverted' if i else ''}": split(R(r"[aeiou]|\s"), b, i) for b in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous") for i in (False, True)},
}
BYTES = [f"<0x{b:02X}>" for b in range(256)]
fallback_vocab = {v: i for i, v in enumerate(["<unk>", *BYTES, *"abcdefghijklmnopqrstuvwxyz▁ ", "▁a", "th"])}
MODELS = {
    "bpe-fuse": letters_bpe(fuse_unk=True), "bpe-no-unk": letters_bpe(unk_token=None), "bpe-ignore-merges": letters_bpe(ignore_merges=True),
    "bpe-fallback": letters_bpe(byte_fallback=True, fuse_unk=True, vocab=fallback_vocab, merges=[["▁", "a"], ["t", "h"]]),
    "bpe-fallback-partial": letters_bpe(byte_fallback=True, fuse_unk=True, vocab={k: i for i, k in enumerate(k for k in fallback_vocab if k not in BYTES[0x90:0xA8])}, merges=[["▁", "a"], ["t", "h"]]),
    "bpe-suffix": letters_bpe(end_of_word_suffix="</w>", vocab={v: i for i, v in enumerate(["<unk>", *"abcdefghijklmnopqrstuvwxyz", *(c + "</w>" for c in "abcdefghijklmnopqrstuvwxyz"), "th", "the</w>", "on</w>"])}, merges=[["t", "h"], ["th", "e</w>"], ["o", "n</w>"]]),
    "wordlevel": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "the": 1, "a": 2, ".": 3, "de": 4}},
    "wordpiece": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 12, "vocab": {v: i for i, v in enumerate(["[UNK]", *"abcdelo.,", "##a", "##b", "##l", "##o", "##é", "hola", "##la", "the", "é"])}},
    "unigram": {"type": "Unigram", "unk_id": 0, "byte_fallback": False, "vocab": [["<unk>", 0.0], ["▁", -2.5], ["a", -3.0], ["b", -3.0], ["e", -2.0], ["ab", -5.9], ["aa", -6.0], ["▁a", -5.4999999999999999], ["la", -4.25], ["hola", -7.123456789012345678], ["xx", -30.0], ["l", -4.0]]},
    "unigram-fallback": {"type": "Unigram", "unk_id": 0, "byte_fallback": True, "vocab": [["<unk>", 0.0], *([b, 0.0] for b in BYTES), ["▁", -2.5], ["a", -3.0], ["e", -2.0], ["▁a", -5.5]]},
}
TOKENS = [added(200, "<s>", special=True), added(201, "<mask>", special=True, lstrip=True), added(202, "<tok>", rstrip=True, lstrip=True), added(203, "qu", single_word=True),
          added(204, "The", normalized=True), added(205, "col·", normalized=True), added(206, "<unk>", special=True), added(207, " <x", rstrip=True), added(208, "<s>user", special=True)]
DECODERS = {
    "byte-fallback": seq("decoders", replace(S("▁"), " "), {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}),
    "fallback-strip-both": seq("decoders", {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": "a", "start": 2, "stop": 2}),
    "strip": {"type": "Strip", "content": "▁", "start": 1, "stop": 1}, "metaspace": meta(), "metaspace-never": meta("never"), "wordpiece": {"type": "WordPiece", "prefix": "t", "cleanup": True},
    "bpe": {"type": "BPEDecoder", "suffix": "e"}, "ctc": {"type": "CTC", "pad_token": "a", "word_delimiter_token": "▁", "cleanup": True}, "replace-regex": replace(R("[aeiou]+"), "_"),
    "fuse-replace": seq("decoders", {"type": "Fuse"}, replace(S("he"), "HE")), "byte-level": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
}
unigram_fallback = {"type": "BPE", "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, "vocab": fallback_vocab, "merges": [["▁", "a"], ["t", "h"]]}

files = {name: json.loads((small / f"{name}.json").read_text()) for name in sorted(p.stem for p in small.glob("*.json"))}
full = set(files)
for name, n in NORMALIZERS.items():
    files[f"normalizer {name}"] = file(normalizer=n)
for name, p in PRE.items():
    files[f"pre {name}"] = file(pre=p)
for name, m in MODELS.items():
    files[f"model {name}"] = file(model=m, pre=None if m["type"] in ("Unigram",) else {"type": "WhitespaceSplit"})
    files[f"model {name} whole"] = file(model=m, normalizer=replace(S(" "), "▁"))
for name, d in DECODERS.items():
    files[f"decoder {name}"] = file(decoder=d, model=unigram_fallback, normalizer=replace(S(" "), "▁"), tokens=[added(0, "<unk>", special=True)])
for name in ("lowercase", "nfkc", "spm-v4", "strip-left", "byte-level"):
    files[f"added {name}"] = file(normalizer=NORMALIZERS[name], tokens=TOKENS, pre=meta("first") if name == "strip-left" else None)
files["added none"] = file(tokens=TOKENS, pre={"type": "Whitespace"})
files["first behind strip"] = file(normalizer=seq("normalizers", {"type": "Strip", "strip_left": True, "strip_right": True}), pre=meta("first", False))
files["lowered v5"] = file(model=letters_bpe(fuse_unk=True), pre=meta("first", False), tokens=[added(200, "<s>", special=True)])
files["lowered v4"] = file(model=letters_bpe(fuse_unk=True), normalizer=NORMALIZERS["spm-v4"], tokens=[added(200, "<s>", special=True)])

cases = []
for name, f in files.items():
    t = Tokenizer.from_str(json.dumps(f))
    for number, text in enumerate(texts_small if name in full else short):
        if name not in full and number % 3 != len(name) % 3 and len(text) > 60:
            continue
        try:
            e = t.encode(text)
        except BaseException as failure:  # a panic of the library: it has no answer
            continue
        case = {"t": name, "text": text, "ids": e.ids, "tokens": e.tokens, "offsets": [x for o in e.offsets for x in o], "words": [-1 if w is None else w for w in e.word_ids]}
        try:
            case["decoded"], case["skipped"] = t.decode(e.ids, skip_special_tokens=False), t.decode(e.ids)
        except BaseException:
            pass
        cases.append(case)

# ids that no text gives
decodes = []
for name, f in files.items():
    t = Tokenizer.from_str(json.dumps(f))
    for number in range(16):
        ids = [r.randrange(t.get_vocab_size() + 3 if number % 3 else min(t.get_vocab_size(), 270)) for _ in range(r.randint(0, 25))]
        try:
            decodes.append({"t": name, "ids": ids, "decoded": t.decode(ids, skip_special_tokens=False), "skipped": t.decode(ids)})
        except BaseException:
            continue

# pairs, truncation and padding
limits = []
pairs = [(a, b) for a, b in zip(texts.SENTENCES, texts.SENTENCES[1:])] + [("", "a"), ("hola", ""), (texts.SENTENCES[0], "the")]
for name in ("bert-uncased", "roberta", "llama3", "xlm-r", "spm-bpe-v4"):
    for number, (a, b) in enumerate(pairs):
        for pair, special in itertools.product((False, True), (False, True)):
            for limit in (None, (12, 0, "longest_first", "right"), (15, 3, "longest_first", "left"), (20, 2, "only_first", "right"), (24, 5, "only_second", "right")):
                if limit and (number + len(name)) % 3:
                    continue
                for padding in (None, {"direction": "left", "length": 40}, {"direction": "right", "pad_to_multiple_of": 8, "pad_id": 1, "pad_type_id": 2, "pad_token": "[P]"}):
                    if padding and number > 2:
                        continue
                    t = Tokenizer.from_str(json.dumps(files[name]))
                    t.no_truncation()
                    if limit:
                        t.enable_truncation(limit[0], stride=limit[1], strategy=limit[2], direction=limit[3])
                    if padding:
                        t.enable_padding(**padding)
                    row = {"t": name, "text": a, "pair": b if pair else None, "special": special, "limit": limit, "padding": padding}
                    try:
                        e = t.encode(a, b if pair else None, add_special_tokens=special)
                    except BaseException as failure:
                        limits.append({**row, "error": True})
                        continue
                    show = lambda e: {"ids": e.ids, "types": e.type_ids, "tokens": e.tokens, "offsets": [x for o in e.offsets for x in o], "words": [-1 if w is None else w for w in e.word_ids],
                                      "special_mask": e.special_tokens_mask, "attention": e.attention_mask}
                    limits.append({**row, **show(e), "overflow": [show(o) for o in e.overflowing]})

with gzip.GzipFile(here / "golden.json.gz", "wb", mtime=0) as out:
    out.write(json.dumps({"files": {k: json.dumps(v, ensure_ascii=False, separators=(",", ":")) for k, v in files.items()}, "cases": cases, "decodes": decodes, "limits": limits}, ensure_ascii=False, separators=(",", ":")).encode())
print(len(files), "tokenizers", len(cases), "cases", len(decodes), "decodes", len(limits), "limits", (here / "golden.json.gz").stat().st_size, "bytes")
