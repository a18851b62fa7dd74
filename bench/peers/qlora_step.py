"""transformers, peft and bitsandbytes: optimizer steps of QLoRA training, on the CPU.

    python qlora_step.py MODEL TOKENS.jsonl [--batch 8] [--steps 2] [--micro 2] [--dtype float32]

The same work as `ajolote bench qlora-step`: NF4, rank 16 on q, k, v and o, AdamW, the loss a mean over the labels of the step.
"""

import argparse
import json
import statistics
import time

import torch
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

from nf4 import load_nf4, report

arguments = argparse.ArgumentParser()
arguments.add_argument("model")
arguments.add_argument("tokens")
arguments.add_argument("--batch", type=int, default=8)
arguments.add_argument("--steps", type=int, default=2)
arguments.add_argument("--micro", type=int, default=2)
arguments.add_argument("--dtype", default="float32")
o = arguments.parse_args()

torch.manual_seed(0)
model = prepare_model_for_kbit_training(load_nf4(o.model, getattr(torch, o.dtype)), use_gradient_checkpointing=False)
targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules=targets, task_type="CAUSAL_LM")).train()
adam = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-4)
with open(o.tokens) as lines:
    rows = [json.loads(line) for line in lines]


def padded(examples, key, fill):
    longest = max(len(e[key]) for e in examples)
    return torch.tensor([e[key] + [fill] * (longest - len(e[key])) for e in examples])


times, losses, tokens = [], [], 0
for step in range(o.steps):
    batch = rows[step * o.batch : (step + 1) * o.batch]
    assert len(batch) == o.batch, f"{o.tokens} has too few rows for {o.steps} steps"
    labels = sum(label != -100 for e in batch for label in e["labels"][1:])
    tokens = sum(len(e["input_ids"]) for e in batch)
    started, total = time.perf_counter(), 0.0
    for at in range(0, o.batch, o.micro):
        part = batch[at : at + o.micro]
        mask = padded([{"mask": [1] * len(e["input_ids"])} for e in part], "mask", 0)
        loss = model(input_ids=padded(part, "input_ids", 0), attention_mask=mask, labels=padded(part, "labels", -100),
                     num_items_in_batch=labels).loss
        loss.backward()
        total += loss.item()
    adam.step()
    adam.zero_grad()
    times.append(time.perf_counter() - started)
    losses.append(total)
each = statistics.median(times)
report("qlora_step", dtype=o.dtype, seconds_per_step=each, examples_per_s=o.batch / each, tokens_per_s=tokens / each, losses=losses)
