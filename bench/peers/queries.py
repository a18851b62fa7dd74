"""transformers and bitsandbytes: questions of 20 to 60 tokens behind one long prompt, answered greedily one after another with
NF4 weights. As in the reference's validation, each pays for the prompt again. A few are timed, and scaled to a hundred.

    python queries.py MODEL [--prompt 1024] [--new 150] [--count 5] [--dtype bfloat16]
"""

import argparse
import random
import time

import torch

from nf4 import load_nf4, report

arguments = argparse.ArgumentParser()
arguments.add_argument("model")
arguments.add_argument("--prompt", type=int, default=1024)
arguments.add_argument("--new", type=int, default=150)
arguments.add_argument("--count", type=int, default=5)
arguments.add_argument("--dtype", default="bfloat16")
o = arguments.parse_args()

model = load_nf4(o.model, getattr(torch, o.dtype)).eval()
dice = random.Random(1)
prompt = [dice.randrange(10, 1000) for _ in range(o.prompt)]
questions = [[dice.randrange(10, 1000) for _ in range(dice.randint(20, 60))] for _ in range(o.count)]


def answer(question, tokens):
    ids = torch.tensor([prompt + question])
    out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False, pad_token_id=0)
    assert out.shape[1] == ids.shape[1] + tokens


with torch.inference_mode():
    answer(questions[0], 2)
    started = time.perf_counter()
    for question in questions:
        answer(question, o.new)
    seconds = (time.perf_counter() - started) / o.count
report("queries", dtype=o.dtype, seconds_per_query=seconds, seconds_per_100=100 * seconds, answer_tokens_per_s=o.new / seconds)
