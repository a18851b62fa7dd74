"""Writes what the benchmarks work on: a model of 156 million random weights, an adapter for it, and token files.

    python workload.py FOLDER

llama-small           8 layers of 1024, grouped queries, 32,000 words, bfloat16
adapter               rank 16 on q, k, v and o, both factors random
tokens-shared.jsonl   the query parser's kind of data: 1024 tokens that all examples begin with, then a question of 20 to 60
                      tokens and an answer of 130 to 290, which alone is trained on
tokens-ragged.jsonl   200 to 900 tokens with nothing in common, the last 30 % trained on
"""

import json
import pathlib
import random
import sys

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

WORDS, EXAMPLES = 32000, 64
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(0)
dice = random.Random(0)


def text(low, high):
    return [dice.randrange(WORDS) for _ in range(dice.randint(low, high))]


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
