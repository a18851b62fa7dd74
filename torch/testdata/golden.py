"""What ops.py and fused.py share: a recorder of cases, which goldens_test.go replays.

A case has inputs, arguments, outputs, and for each differentiable input the gradient of sum(output * seed). A view is
taken of an input before the operation: "t" swaps its last two dimensions, "half" takes every second place of the last one.
"""

import json

import torch
from safetensors.torch import save_file

torch.set_num_threads(1)

cases, tensors = [], {}


def store(name, t):
    tensors[name] = t.detach().clone().contiguous()
    return name


VIEWS = {"": lambda t: t, "t": lambda t: t.transpose(-1, -2), "half": lambda t: t[..., ::2]}


def case(op, f, *inputs, views=None, grad=True, constant=(), i=(), f_=(), b=False, note=""):
    number = len(cases)
    views = views or [""] * len(inputs)
    leaves = [t.detach().clone().requires_grad_(grad and t.is_floating_point() and j not in constant) for j, t in enumerate(inputs)]
    outs = f(*[VIEWS[v](t) for v, t in zip(views, leaves)])
    outs = list(outs) if isinstance(outs, (tuple, list)) else [outs]
    c = {"op": op, "note": note, "ints": list(i), "floats": list(f_), "flag": b, "in": [], "views": views, "out": [], "seed": [], "grad": []}
    for j, t in enumerate(leaves):
        c["in"].append(store(f"{number}.in.{j}", t))
    roots, seeds = [], []
    for j, t in enumerate(outs):
        c["out"].append(store(f"{number}.out.{j}", t))
        if t.requires_grad:
            seed = torch.randn(t.shape).to(t.dtype)
            c["seed"].append(store(f"{number}.seed.{j}", seed))
            roots.append(t), seeds.append(seed)
        else:
            c["seed"].append("")
    if roots:
        torch.autograd.backward(roots, seeds)
    for j, t in enumerate(leaves):
        c["grad"].append(store(f"{number}.grad.{j}", t.grad) if t.grad is not None else "")
    cases.append(c)


def save(name):
    with open(name + ".json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c) for c in cases).replace("-Infinity", '"-inf"') + "\n]\n")
    save_file(tensors, name + ".safetensors")
    print(len(cases), "cases")
