"""transformers and bitsandbytes: one sequence, a prompt of random tokens and greedy tokens behind it, on the CPU.

    python decode.py MODEL [--prompt 1024] [--new 64] [--dtype float32]
"""

import argparse
import time

import torch

from nf4 import load_nf4, report

arguments = argparse.ArgumentParser()
arguments.add_argument("model")
arguments.add_argument("--prompt", type=int, default=1024)
arguments.add_argument("--new", type=int, default=64)
arguments.add_argument("--dtype", default="float32")
o = arguments.parse_args()

model = load_nf4(o.model, getattr(torch, o.dtype)).eval()
torch.manual_seed(0)
prompt = torch.randint(model.config.vocab_size, (1, o.prompt))


def seconds(ids, tokens):
    started = time.perf_counter()
    out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False,
                         pad_token_id=0)
    assert out.shape[1] == ids.shape[1] + tokens
    return time.perf_counter() - started


with torch.inference_mode():
    seconds(prompt[:, :16], 2)
    reading = seconds(prompt, 1)
    writing = seconds(prompt, o.new + 1) - reading
report("decode", dtype=o.dtype, prefill_tokens_per_s=o.prompt / reading, decode_tokens_per_s=o.new / writing)
