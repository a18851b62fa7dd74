"""Writes mlp.safetensors: a small classifier's first weights, its data, and the loss of each of 100 steps of training.

    pip install torch==2.11.0 safetensors==0.8.0
    python mlp.py
"""

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(5)
torch.set_num_threads(1)
model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.GELU(), torch.nn.LayerNorm(32), torch.nn.Linear(32, 4))
x = torch.randn(256, 8)
y = (x[:, :4] * x[:, 4:]).argmax(1)
out = {n: t.clone() for n, t in model.state_dict().items()} | {"x": x, "y": y}
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1, fused=True)
losses = []
for step in range(100):
    batch = slice(step % 8 * 32, step % 8 * 32 + 32)
    loss = F.cross_entropy(model(x[batch]), y[batch])
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    losses.append(loss.item())
print(losses[0], losses[-1])
save_file(out | {"losses": torch.tensor(losses, dtype=torch.float64)}, "mlp.safetensors")
