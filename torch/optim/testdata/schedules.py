"""Writes schedules.json: the learning rates of 100 steps under every schedule, as the references compute them.

    pip install torch==2.11.0 transformers==5.23.0; pip install --no-deps axolotl==0.19.0
    python schedules.py
"""

import json
import warnings

import torch
from axolotl.utils import schedulers as axolotl
from torch.optim.lr_scheduler import OneCycleLR
from transformers import get_scheduler

warnings.simplefilter("ignore")
STEPS = 100


def run(config, make):
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=config["LR"])
    scheduler = make(optimizer)
    rates, momenta = [], []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["betas"][0])
        optimizer.step()
        try:
            scheduler.step()
        except ValueError:  # one_cycle refuses to go past its last step
            break
    case = {"config": config, "rates": rates}
    if config["Kind"] == "one_cycle":
        case["momenta"] = momenta
    return case


def hf(kind, *, lr=3e-4, steps=90, warmup=7, ours=None, **kwargs):
    config = {"Kind": kind, "LR": lr, "Steps": steps, "WarmupSteps": warmup} | (ours or {})
    return run(config, lambda o: get_scheduler(kind, o, warmup, steps, kwargs or None))


def other(kind, make, *, lr=3e-4, steps=90, warmup=7, **ours):
    config = {"Kind": kind, "LR": lr, "Steps": steps, "WarmupSteps": warmup} | ours
    return run(config, lambda o: make(o, lr, steps, warmup))


cases = []
for warmup in (0, 7):
    for kind in ("linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt"):
        cases.append(hf(kind, warmup=warmup))
    cases.append(hf("cosine", warmup=warmup, num_cycles=1.75, ours={"Cycles": 1.75}))
    cases.append(hf("cosine_with_restarts", warmup=warmup, num_cycles=3, ours={"Cycles": 3}))
    cases.append(hf("polynomial", warmup=warmup, power=2.5, lr_end=1e-5, ours={"Power": 2.5, "EndLR": 1e-5}))
    cases.append(hf("cosine_with_min_lr", warmup=warmup, min_lr=2e-5, ours={"MinLR": 2e-5}))
    cases.append(hf("cosine_with_min_lr", warmup=warmup, min_lr_rate=0.1, num_cycles=1, ours={"MinLRRate": 0.1, "Cycles": 1}))
    cases.append(hf("cosine_warmup_with_min_lr", warmup=warmup, min_lr_rate=0.1, ours={"MinLRRate": 0.1}))
    cases.append(
        hf("cosine_warmup_with_min_lr", warmup=warmup, min_lr=2e-5, warmup_lr_rate=0.2, ours={"MinLR": 2e-5, "WarmupLRRate": 0.2})
    )
    for shape in ("linear", "cosine", "1-sqrt"):
        cases.append(
            hf(
                "warmup_stable_decay", warmup=warmup, num_decay_steps=30, warmup_type=shape, decay_type=shape, min_lr_ratio=0.05,
                ours={"DecaySteps": 30, "WarmupType": shape, "DecayType": shape, "MinLRRate": 0.05},
            )
        )
    cases.append(
        other("rex", lambda o, lr, steps, warmup: axolotl.RexLR(o, max_lr=lr, min_lr=0, total_steps=steps, num_warmup_steps=warmup),
              warmup=warmup)
    )
    cases.append(
        other("rex", lambda o, lr, steps, warmup: axolotl.RexLR(o, max_lr=lr, min_lr=lr * 0.1, total_steps=steps, num_warmup_steps=warmup),
              warmup=warmup, MinLRRate=0.1)
    )
    cases.append(
        other("cosine", lambda o, lr, steps, warmup: axolotl.get_cosine_schedule_with_min_lr(o, warmup, steps, min_lr_ratio=0.1),
              warmup=warmup, MinLRRate=0.1)
    )
    cases.append(
        other("cosine", lambda o, lr, steps, warmup: axolotl.get_cosine_schedule_with_warmup_decay_constant(o, warmup, steps, 0.6, 0.1),
              warmup=warmup, MinLRRate=0.1, ConstantRatio=0.6)
    )
    cases.append(
        other("cosine", lambda o, lr, steps, warmup: axolotl.get_cosine_schedule_with_quadratic_warmup(o, warmup, steps),
              warmup=warmup, QuadraticWarmup=True)
    )
    # As axolotl's create_scheduler sets it up: the rise takes the warmup's part, along cosines.
    cases.append(
        other("one_cycle", lambda o, lr, steps, warmup: OneCycleLR(o, max_lr=lr, total_steps=steps, pct_start=warmup / steps), warmup=warmup)
    )
    cases.append(
        other("one_cycle", lambda o, lr, steps, warmup: OneCycleLR(o, max_lr=lr, total_steps=steps, pct_start=0.3, div_factor=10.0,
                                                                   final_div_factor=100.0, anneal_strategy="linear"),
              warmup=warmup, PctStart=0.3, DivFactor=10, FinalDivFactor=100, LinearAnneal=True)
    )
cases.append(hf("inverse_sqrt", timescale=31, ours={"Timescale": 31}))
cases.append(hf("warmup_stable_decay", num_stable_steps=20, num_decay_steps=40, ours={"StableSteps": 20, "DecaySteps": 40}))
cases.append(hf("linear", steps=1, warmup=1))
cases.append(hf("cosine", steps=5, warmup=20))

with open("schedules.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
