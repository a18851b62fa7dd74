"""The demo base's tokenizer: SentencePiece-style BPE of 1,024 words with byte fallback, where a space never joins a word.

    go run ./examples/queryparser/pretext -seed 1 > pretext.jsonl
    python train_tokenizer.py pretext.jsonl OUT_DIR

A word so has the same pieces behind a quotation mark as inside a sentence, which copying needs. Made for tokenizers 0.23.3.
"""
import itertools, json, pathlib, sys
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

source, out = sys.argv[1], pathlib.Path(sys.argv[2])
special = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
words = 1024
letters = "abcdefghijklmnopqrstuvwxyz"
alphabet = "▁\n0123456789" + letters + letters.upper() + "àáèéíïòóúüçñÀÁÈÉÍÒÓÚÇÑ·'’¿?¡!.,;:-_+()[]{}\"/&%<>=@#*«»|\\"


def texts(examples):
    with open(source) as lines:
        for line in itertools.islice(lines, examples):
            for message in json.loads(line).get("messages", []):
                yield message["content"]


def bpe(**kw):
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>", **kw))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    return tokenizer


learner = bpe()
learner.pre_tokenizer = pre_tokenizers.Split(Regex(r"▁+|\n|\p{N}|\p{L}+|[^\p{L}\p{N}▁\n]+"), "isolated")
learner.train_from_iterator(texts(20000), trainers.BpeTrainer(
    vocab_size=words, special_tokens=special + [f"<0x{i:02X}>" for i in range(256)], min_frequency=2,
    show_progress=False, initial_alphabet=list(alphabet)))
learnt = json.loads(learner.to_str())["model"]

# The file itself has no pre-tokenizer: the merges alone keep spaces and words apart.
tokenizer = bpe(vocab=learnt["vocab"], merges=[tuple(m) for m in learnt["merges"]])
tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in special])
out.mkdir(parents=True, exist_ok=True)
tokenizer.save(str(out / "tokenizer.json"))
chatml = ("{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
          "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
(out / "tokenizer_config.json").write_text(json.dumps(
    {"bos_token": "<s>", "eos_token": "<|im_end|>", "unk_token": "<unk>", "tokenizer_class": "PreTrainedTokenizerFast",
     "chat_template": chatml}, indent=2))
