"""llama.cpp: questions of 20 to 60 tokens behind one long prompt, which is computed once, and an answer to each, weights in
IQ4_NL. With --parallel 1 the questions are answered one after another, the prompt's keys and values kept (its prompt cache);
with more, so many are decoded as one batch and the next ones enter as they end.

    python llamacpp_queries.py MODEL [--head f16|q6_k] [--parallel 1] [--prompt 1024] [--new 150] [--count 100]
"""

import argparse
import random
import time

from llamacpp import CACHES, HEADS, Model, quantised, report

arguments = argparse.ArgumentParser()
arguments.add_argument("model")
arguments.add_argument("--head", choices=HEADS, default="f16")
arguments.add_argument("--cache", choices=CACHES, default="f16")
arguments.add_argument("--parallel", type=int, default=1)
arguments.add_argument("--prompt", type=int, default=1024)
arguments.add_argument("--new", type=int, default=150)
arguments.add_argument("--count", type=int, default=100)
o = arguments.parse_args()

dice = random.Random(1)
prompt = [dice.randrange(10, 1000) for _ in range(o.prompt)]
questions = [[dice.randrange(10, 1000) for _ in range(dice.randint(20, 60))] for _ in range(o.count + 1)]
model = Model(quantised(o.model, o.head), o.prompt + o.parallel * (60 + o.new) + 16, o.parallel + 1, cache=o.cache)
started = time.perf_counter()
model.read(prompt)
prompt_seconds = time.perf_counter() - started


def answer(questions):
    """The time to the first token of the first question, and to the end of all answers."""
    started = time.perf_counter()
    waiting, active, first, free = list(questions), {}, 0.0, list(range(1, o.parallel + 1))
    while waiting or active:
        rows, order = [], []
        for sequence, (position, token, _) in active.items():
            rows.append((token, position, sequence, True))
            order.append(sequence)
        while waiting and free:
            question, sequence = waiting.pop(0), free.pop()
            model.share(0, sequence, o.prompt)
            rows += [(t, o.prompt + i, sequence, i == len(question) - 1) for i, t in enumerate(question)]
            order.append(sequence)
            active[sequence] = (o.prompt + len(question) - 1, 0, 0)
        best = model.feed(rows)
        first = first or time.perf_counter() - started
        for sequence, token in zip(order, best):
            position, _, written = active[sequence]
            if written + 1 == o.new:
                del active[sequence]
                model.forget(0, sequence)
                free.append(sequence)
            else:
                active[sequence] = (position + 1, token, written + 1)
    return first, time.perf_counter() - started


answer(questions[-1:])
first, seconds = answer(questions[: o.count])
report("queries", model, head=o.head, cache=o.cache, parallel=o.parallel, seconds_per_query=seconds / o.count, seconds_per_100=100 * seconds / o.count,
       first_token_s=first, prompt_s=prompt_seconds, answer_tokens_per_s=o.count * o.new / seconds)
