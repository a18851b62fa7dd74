"""Writes optimizers.safetensors: parameters after each of 100 steps of torch's optimizers under given gradients.

    pip install torch==2.11.0 safetensors==0.8.0
    python optimizers.py
"""

import torch
from safetensors.torch import save_file

STEPS = 100
torch.manual_seed(1)
torch.set_num_threads(1)
shapes = {"a.weight": (6, 9), "b.weight": (12, 5), "a.bias": (6,), "norm.weight": (5,)}
start = {name: torch.randn(shape) for name, shape in shapes.items()}
gradients = {name: torch.randn(STEPS, *shape) * torch.logspace(-3, 1, STEPS).view(-1, *[1] * len(shape)) for name, shape in shapes.items()}
gradients["b.weight"][10:20] = 0  # no gradient there: the test leaves it out, here it is None

out = {f"start.{n}": t for n, t in start.items()} | {f"grad.{n}": t for n, t in gradients.items()}


def rate(step):
    return 3e-2 * min(1, (step + 1) / 10)


def run(name, make, names, dtype=torch.float32):
    parameters = {n: torch.nn.Parameter(start[n].clone().to(dtype)) for n in names}
    optimizer = make(parameters)
    history = {n: [] for n in names}
    for step in range(STEPS):
        for n, p in parameters.items():
            skip = n == "b.weight" and 10 <= step < 20
            p.grad = None if skip else gradients[n][step].to(dtype)
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        optimizer.step()
        for n, p in parameters.items():
            history[n].append(p.detach().float().clone())
    for n in names:
        out[f"{name}.{n}"] = torch.stack(history[n])


def groups(parameters):
    return [
        {"params": [p for n, p in parameters.items() if n.endswith("weight") and "norm" not in n], "weight_decay": 0.1},
        {"params": [p for n, p in parameters.items() if not n.endswith("weight") or "norm" in n], "weight_decay": 0.0},
    ]


run("adamw", lambda p: torch.optim.AdamW(groups(p), betas=(0.9, 0.99), eps=1e-6, fused=True), shapes)
run("adamw_bf16", lambda p: torch.optim.AdamW(groups(p), fused=True), shapes, torch.bfloat16)
matrices = [n for n, s in shapes.items() if len(s) == 2]
run("muon", lambda p: torch.optim.Muon(p.values(), weight_decay=0.1), matrices)
run("muon_plain", lambda p: torch.optim.Muon(p.values(), weight_decay=0.0, momentum=0.9, nesterov=False, adjust_lr_fn="match_rms_adamw"),
    matrices)

for max_norm in (0.5, 1e6):
    parameters = [torch.nn.Parameter(t.clone()) for t in start.values()]
    for p, g in zip(parameters, gradients.values()):
        p.grad = g[50].clone()
    out[f"clip.{max_norm}.norm"] = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    for n, p in zip(start, parameters):
        out[f"clip.{max_norm}.{n}"] = p.grad

save_file({n: t.contiguous() for n, t in out.items()}, "optimizers.safetensors")
