"""llama.cpp: one sequence, a prompt of random tokens and greedy tokens behind it, on the CPU, weights in IQ4_NL.

    python llamacpp_decode.py MODEL [--head f16|q6_k] [--cache f16|f32] [--prompt 1024] [--new 64]
"""

import argparse
import os
import random
import time

from llamacpp import CACHES, HEADS, Model, quantised, report

arguments = argparse.ArgumentParser()
arguments.add_argument("model")
arguments.add_argument("--head", choices=HEADS, default="f16")
arguments.add_argument("--cache", choices=CACHES, default="f16")
arguments.add_argument("--prompt", type=int, default=1024)
arguments.add_argument("--new", type=int, default=64)
arguments.add_argument("--repeat", type=int, default=3, help="runs, of which the best counts")
o = arguments.parse_args()

file = quantised(o.model, o.head)
model = Model(file, o.prompt + o.new + 16, cache=o.cache)
dice = random.Random(1)
prompt = [dice.randrange(10, 1000) for _ in range(o.prompt)]
model.read(prompt[:16])
reading = writing = float("inf")
for _ in range(o.repeat):
    model.forget()
    started = time.perf_counter()
    token = model.read(prompt)
    reading = min(reading, time.perf_counter() - started)
    started = time.perf_counter()
    for i in range(o.new):
        token = model.read([token], o.prompt + i)
    writing = min(writing, time.perf_counter() - started)
report("decode", model, head=o.head, cache=o.cache, prefill_tokens_per_s=o.prompt / reading, decode_tokens_per_s=o.new / writing,
       file_bytes=os.path.getsize(file))
