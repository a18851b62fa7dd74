"""Writes adamw_rows.safetensors: a table of 40 rows trained for 400 steps by torch's dense AdamW, of which each step reads a few.

    pip install torch==2.11.0 safetensors==0.8.0
    python adamw_rows.py
"""

import torch
from safetensors.torch import save_file

STEPS, ROWS, SIZE = 400, 40, 24
torch.manual_seed(2)
torch.set_num_threads(1)
start = torch.randn(ROWS, SIZE)
words = torch.randint(0, 5, (STEPS, 6)) * torch.randint(0, 7, (STEPS, 6))  # the last rows are never read
words = torch.cat([words, words[:, :1]], 1)  # one of them twice
words[100:250] = words[100:250].clamp(max=3)  # most rows rest for a long time

table = torch.nn.Parameter(start.clone())
optimizer = torch.optim.AdamW([table], weight_decay=0.01, fused=True)
tables, norms = [], []
for step in range(STEPS):
    optimizer.param_groups[0]["lr"] = 2e-2 * (step % 10 + 1) / 10
    optimizer.zero_grad()
    torch.nn.functional.embedding(words[step], table).pow(3).sum().backward()
    norms.append(torch.nn.utils.clip_grad_norm_([table], 1.0))
    optimizer.step()
    if step % 100 == 99:
        tables.append(table.detach().clone())

save_file({"start": start, "words": words, "tables": torch.stack(tables), "norms": torch.stack(norms)}, "adamw_rows.safetensors")
