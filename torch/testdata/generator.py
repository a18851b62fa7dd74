"""Writes generator.safetensors: numbers that torch's CPU generator makes from the seed 42, in the order of random_test.go.

    pip install torch==2.11.0 safetensors==0.8.0
    python generator.py
"""

import torch
from safetensors.torch import save_file

g = torch.Generator().manual_seed(42)
out = {"randn": torch.randn(3, 7, generator=g), "uniform": torch.empty(20).uniform_(-2, 3, generator=g), "perm": torch.randperm(12, generator=g)}
out["p"] = torch.arange(1, 21).view(2, 10).float()
out["multinomial"] = torch.multinomial(out["p"], 3, generator=g)
out["normal"] = torch.empty(40, dtype=torch.bfloat16).normal_(1, 0.5, generator=g)
save_file(out, "generator.safetensors")
