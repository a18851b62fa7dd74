"""Train tokenizers of every kind with the Python library, for the comparison.

    pip install tokenizers==0.23.3 transformers==5.23.0 sentencepiece
    python texts.py 20000 > texts.jsonl
    python train.py large texts.jsonl OUT      # 8,000 to 256,000 words
    python train.py small texts.jsonl OUT      # some hundred words: what lies in this folder, in golden.py's archive

A tokenizer is one file OUT/NAME.json.
"""
import io, json, pathlib, sys
import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

size, corpus, out = sys.argv[1], [json.loads(line) for line in open(sys.argv[2])], pathlib.Path(sys.argv[3])
out.mkdir(parents=True, exist_ok=True)
LARGE = size == "large"
if not LARGE:
    corpus = corpus[:3000]
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BYTES = [f"<0x{b:02X}>" for b in range(256)]


def save(name, t):
    t.save(str(out / f"{name}.json"), pretty=False)
    print(name, t.get_vocab_size(), flush=True)


def trained(t, trainer):
    t.train_from_iterator(corpus, trainer)
    return t


def words(large, small):
    return large if LARGE else small


def spm_bpe(name, n, style):
    """The two Hugging Face forms of a SentencePiece BPE model."""
    t = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=True)  # words, for the training alone
    trainer = trainers.BpeTrainer(vocab_size=n, special_tokens=["<unk>", "<s>", "</s>"] + BYTES, limit_alphabet=100, show_progress=False)
    t.train_from_iterator([x for x in corpus if "<0x" not in x], trainer)  # a SentencePiece model never merges into byte tokens
    state = json.loads(t.to_str())
    state["added_tokens"] = [a for a in state["added_tokens"] if a["content"] not in BYTES]
    if style == 4:
        state["pre_tokenizer"] = None
        state["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
        strip = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}]
        state["model"]["merges"] = [" ".join(m) for m in state["model"]["merges"]]
    else:
        state["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
        strip = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}]
    state["decoder"] = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}] + strip}
    t = Tokenizer.from_str(json.dumps(state))
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    t.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    save(name, t)


def byte_level(name, n, pattern=None, normalizer=None, **model):
    t = Tokenizer(models.BPE(**model))
    t.normalizer = normalizer
    if pattern:
        t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    else:
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    t.decoder = decoders.ByteLevel()
    trained(t, trainers.BpeTrainer(vocab_size=n, special_tokens=["<s>", "</s>", "<mask>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    if pattern:
        t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(single="<s> $A", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 0), ("</s>", 1)])])
        t.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    else:
        t.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0), trim_offsets=True, add_prefix_space=True)
        t.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    save(name, t)


def wordpiece(name, n, lowercase):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    trained(t, trainers.WordPieceTrainer(vocab_size=n, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], limit_alphabet=words(1000, 90), show_progress=False))
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    save(name, t)


def unigram(name, n, fallback):
    """An XLM-R: SentencePiece trains, transformers converts; the character map is SentencePiece's own."""
    from transformers import XLMRobertaTokenizer
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(corpus), model_writer=model, model_type="unigram", vocab_size=n, hard_vocab_limit=False,
        unk_id=0, bos_id=1, eos_id=2, pad_id=-1, minloglevel=2, character_coverage=0.999, byte_fallback=fallback, max_sentence_length=20000)
    folder = out / f"{name}.model"
    folder.mkdir(exist_ok=True)
    (folder / "sentencepiece.bpe.model").write_bytes(model.getvalue())
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "XLMRobertaTokenizer"}))
    t = XLMRobertaTokenizer.from_pretrained(folder)._tokenizer
    if fallback:
        state = json.loads(t.to_str())
        state["model"]["byte_fallback"] = True
        t = Tokenizer.from_str(json.dumps(state))
    save(name, t)


def word_level(name, n):
    t = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True)])
    trained(t, trainers.WordLevelTrainer(vocab_size=n, special_tokens=["[UNK]", "[SEP]"], show_progress=False))
    t.add_tokens([AddedToken("<tok>", lstrip=True, rstrip=True), AddedToken("Sírbolo", single_word=True, normalized=True)])
    save(name, t)


def clip(name, n):
    t = Tokenizer(models.BPE(continuing_subword_prefix="", end_of_word_suffix="</w>", unk_token="<unk>", fuse_unk=False))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Replace("</w>", " ")])
    trained(t, trainers.BpeTrainer(vocab_size=n, special_tokens=["<unk>"], end_of_word_suffix="</w>", initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    save(name, t)


def affixes(name, n):
    t = Tokenizer(models.BPE(continuing_subword_prefix="##", unk_token="[UNK]", fuse_unk=True))
    t.normalizer = normalizers.NFKD()
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.decoder = decoders.WordPiece(cleanup=False)
    trained(t, trainers.BpeTrainer(vocab_size=n, special_tokens=["[UNK]"], continuing_subword_prefix="##", limit_alphabet=60, show_progress=False))
    save(name, t)


wanted = sys.argv[4:]  # names, for some of them only
if wanted:
    globals().update({name: (lambda f: lambda name, *a, **k: f(name, *a, **k) if name in wanted else None)(globals()[name])
                      for name in ("spm_bpe", "byte_level", "wordpiece", "unigram", "word_level", "clip", "affixes")})
spm_bpe("spm-bpe-v4", words(256000, 1200), 4)
spm_bpe("spm-bpe-v5", words(32000, 1000), 5)
byte_level("roberta", words(50000, 600))
byte_level("llama3", words(100000, 700), LLAMA3, ignore_merges=True)
byte_level("qwen2", words(30000, 600), QWEN2, normalizers.NFC())
byte_level("o200k", words(30000, 600), O200K)
wordpiece("bert-uncased", words(30000, 700), True)
wordpiece("bert-cased", words(8000, 700), False)
unigram("xlm-r", words(16000, 600), False)
if LARGE:
    unigram("unigram-bytes", 8000, True)
word_level("word-level", words(20000, 500))
clip("clip", words(8000, 600))
affixes("affixes", words(8000, 500))
