"""Writes what the benchmarks work on: models of random weights, and files of tokens and texts.

    python workload.py FOLDER

llama-small           8 layers of 1024, grouped queries, 32,000 words, bfloat16: 156 million weights
adapter               for it: rank 16 on q, k, v and o, both factors random
tokens-shared.jsonl   the query parser's kind of data: 1024 tokens that all examples begin with, then a question of 20 to 60
                      tokens and an answer of 130 to 290, which alone is trained on
tokens-ragged.jsonl   200 to 900 tokens with nothing in common, the last 30 % trained on
roberta-256k          12 layers of 768, 256,000 words: the shape of mRoBERTa
pairs.jsonl           a query of 4 to 16 tokens and a passage of 80 to 256
bert                  6 layers of 384 behind a WordPiece vocabulary of 30,000 made words: the shape of all-MiniLM-L6
texts.json(l)         sentences of such words, a fifth of them unknown to it as wholes
"""

import json
import pathlib
import random
import sys

import torch
from peft import LoraConfig, get_peft_model
from sentence_transformers import SentenceTransformer, models
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece
from transformers import BertConfig, BertModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, RobertaConfig, RobertaModel

WORDS, EXAMPLES = 32000, 64
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(0)
dice = random.Random(0)


def text(low, high, words=WORDS):
    return [dice.randrange(4, words) for _ in range(dice.randint(low, high))]


def write(name, examples):
    with open(folder / name, "w") as file:
        for ignored, trained in examples:
            file.write(json.dumps({"input_ids": ignored + trained, "labels": [-100] * len(ignored) + trained}) + "\n")


prompt = text(1024, 1024)
write("tokens-shared.jsonl", ((prompt + text(20, 60), text(130, 290)) for _ in range(EXAMPLES)))
ragged = (text(200, 900) for _ in range(EXAMPLES))
write("tokens-ragged.jsonl", ((t[: len(t) * 7 // 10], t[len(t) * 7 // 10 :]) for t in ragged))

config = LlamaConfig(vocab_size=WORDS, hidden_size=1024, intermediate_size=2816, num_hidden_layers=8, num_attention_heads=16,
                     num_key_value_heads=4, max_position_embeddings=8192, rms_norm_eps=1e-5, tie_word_embeddings=False)
model = LlamaForCausalLM(config).to(torch.bfloat16)
model.save_pretrained(folder / "llama-small")
lora = LoraConfig(r=16, lora_alpha=32, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"], task_type="CAUSAL_LM",
                  init_lora_weights=False)
get_peft_model(model, lora).save_pretrained(folder / "adapter")

roberta = RobertaConfig(vocab_size=256000, max_position_embeddings=514, type_vocab_size=1, pad_token_id=1)
RobertaModel(roberta, add_pooling_layer=False).save_pretrained(folder / "roberta-256k")
with open(folder / "pairs.jsonl", "w") as file:
    for _ in range(256):
        file.write(json.dumps({"query": text(4, 16, 256000), "passage": text(80, 256, 256000)}) + "\n")

SYLLABLES = [a + b for a in "bcdfglmnprstvz" for b in "aeiou"]
marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
words = marks + sorted("abcdefghijklmnopqrstuvwxyz") + ["##" + c for c in "abcdefghijklmnopqrstuvwxyz"] + ["##" + s for s in SYLLABLES]
known = {w: None for w in words}
while len(known) < 30000:
    known["".join(dice.choices(SYLLABLES, k=dice.randint(1, 4)))] = None
words = list(known)
wordpiece = Tokenizer(WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
wordpiece.normalizer, wordpiece.pre_tokenizer, wordpiece.decoder = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), decoders.WordPiece()
wordpiece.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)])
bert = folder / "bert.parts"
BertModel(BertConfig(vocab_size=len(words), hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)).save_pretrained(bert)
PreTrainedTokenizerFast(tokenizer_object=wordpiece, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",
                        model_max_length=256).save_pretrained(bert)
transformer = models.Transformer(str(bert), max_seq_length=256)
SentenceTransformer(modules=[transformer, models.Pooling(384)], device="cpu").save(str(folder / "bert"))


def sentence():
    n = dice.randint(4, 120)
    return " ".join(dice.choice(words[5:]).removeprefix("##") if dice.random() < 0.8 else "".join(dice.choices(SYLLABLES, k=6)) for _ in range(n)) + "."


texts = [sentence() for _ in range(1024)]
(folder / "texts.json").write_text(json.dumps(texts))
(folder / "texts.jsonl").write_text("".join(json.dumps(t) + "\n" for t in texts))
