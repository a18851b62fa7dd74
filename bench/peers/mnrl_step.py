"""What a step of sentence-transformers with MultipleNegativesRankingLoss computes, on the CPU: both sides padded and encoded, the
mean of their tokens, cosines times 20, cross-entropy, the whole backward pass, clipping, AdamW. Pairs come as tokens.

    python mnrl_step.py MODEL PAIRS.jsonl [--batch 32] [--steps 2]
"""

import argparse
import json
import statistics
import time

import torch
from torch.nn import functional
from transformers import RobertaModel

from nf4 import report

arguments = argparse.ArgumentParser()
arguments.add_argument("model")
arguments.add_argument("pairs")
arguments.add_argument("--batch", type=int, default=32)
arguments.add_argument("--steps", type=int, default=2)
o = arguments.parse_args()

torch.manual_seed(0)
model = RobertaModel.from_pretrained(o.model, add_pooling_layer=False).train()
adam = torch.optim.AdamW(model.parameters(), lr=2e-5)
with open(o.pairs) as file:
    pairs = [json.loads(line) for line in file]
assert len(pairs) >= o.batch * o.steps, f"{o.pairs} has too few pairs"


def vectors(rows):
    width = max(map(len, rows))
    ids = torch.tensor([row + [model.config.pad_token_id] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1.0] * len(row) + [0.0] * (width - len(row)) for row in rows])
    hidden = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    means = (hidden * mask.unsqueeze(2)).sum(1) / mask.sum(1, keepdim=True)
    return functional.normalize(means, dim=1)


times = []
for step in range(o.steps):
    part = pairs[step * o.batch : (step + 1) * o.batch]
    started = time.perf_counter()
    scores = 20 * vectors([p["query"] for p in part]) @ vectors([p["passage"] for p in part]).T
    functional.cross_entropy(scores, torch.arange(o.batch)).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    adam.step()
    adam.zero_grad()
    times.append(time.perf_counter() - started)
each = statistics.median(times)
report("mnrl_step", seconds_per_step=each, pairs_per_s=o.batch / each)
