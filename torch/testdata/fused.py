"""Writes fused.safetensors and fused.json: this project's own operations as the plain formulas of PyTorch programs.

    pip install torch==2.11.0 safetensors==0.8.0
    python fused.py
"""

import torch
import torch.nn.functional as F
from golden import case, save

torch.manual_seed(4)
f32, bf16 = torch.float32, torch.bfloat16


def r(*shape, dtype=f32):
    return torch.randn(shape).to(dtype)


# --- RMSNorm: LlamaRMSNorm of transformers ---
def rms_norm(x, w, eps=1e-5):
    wide = x.float()
    return w * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps)).to(x.dtype)


def add_rms_norm(x, residual, w):
    s = x + residual
    return s, rms_norm(s, w)


for dtype in (f32, bf16):
    for size in (2, 5, 16, 67, 192):
        case("RMSNorm", rms_norm, r(6, size, dtype=dtype), r(size, dtype=dtype), f_=[1e-5])
    case("AddRMSNorm", add_rms_norm, r(6, 67, dtype=dtype), r(6, 67, dtype=dtype), r(67, dtype=dtype), f_=[1e-5])
case("RMSNorm", rms_norm, r(2, 3, 4, 32) * 1e-3, r(32), f_=[1e-5], note="small, four dimensions")
case("RMSNorm", rms_norm, r(40, 8), r(8), f_=[1e-5], note="more rows than parts")
case("RMSNorm", rms_norm, r(32, 7), r(32), views=["t", ""], f_=[1e-5], note="view")
case("RMSNorm", rms_norm, r(4, 32, dtype=bf16), r(32), f_=[1e-5], note="float32 weight")
case("RMSNorm", rms_norm, r(0, 32), r(32), f_=[1e-5], note="no rows")


# --- Rotary: apply_rotary_pos_emb of transformers, for one row of tokens ---
def rotary(x, cos, sin):
    half = x.size(-1) // 2
    cos, sin = (torch.cat([t, t], -1).unsqueeze(1) for t in (cos, sin))
    turned = torch.cat([-x[..., half:], x[..., :half]], -1)
    return (x.float() * cos + turned.float() * sin).to(x.dtype)


def angles(tokens, half):
    a = torch.arange(3, 3 + tokens).view(-1, 1) * 10000.0 ** (-torch.arange(half) / half)
    return a.cos(), a.sin()


for dtype in (f32, bf16):
    for heads, size in ((1, 2), (3, 10), (2, 64)):
        case("Rotary", rotary, r(7, heads, size, dtype=dtype), *angles(7, size // 2), constant=[1, 2])
case("Rotary", rotary, r(7, 8, 3), *angles(7, 4), views=["t", "", ""], constant=[1, 2], note="view")
case("Rotary", rotary, r(5, 2, 16), *angles(5, 4), views=["half", "", ""], constant=[1, 2], note="view")

# --- SwiGLU ---
for dtype in (f32, bf16):
    for shape in ((1,), (3, 7), (2, 5, 33)):
        case("SwiGLU", lambda gate, up: F.silu(gate) * up, r(*shape, dtype=dtype) * 4, r(*shape, dtype=dtype))
case("SwiGLU", lambda gate, up: F.silu(gate) * up, torch.tensor([-200.0, -89, -88, -20, 0, 20, 88, 89, 200]), r(9), note="far from zero")
case("SwiGLU", lambda gate, up: F.silu(gate) * up, r(7, 5), r(5, 7), views=["t", ""], note="view")
case("SwiGLU", lambda gate, up: F.silu(gate) * up, r(0, 5), r(0, 5), note="empty")


# --- LinearCrossEntropy: the logits, then cross_entropy ---
def linear_cross_entropy(scale):
    def f(x, w, y):
        return F.cross_entropy(F.linear(x.float(), w.float()), y, reduction="sum") * scale
    return f


for budget in (1, 3 * 50 * 4, 0):  # bytes: one row at a time, three rows, all
    y = torch.randint(0, 50, (11,))
    case("LinearCrossEntropy", linear_cross_entropy(0.25), r(11, 16), r(50, 16), y, f_=[0.25], i=[budget])
    case("LinearCrossEntropy", linear_cross_entropy(0.25), r(11, 16), r(50, 16), y, f_=[0.25], i=[budget], constant=[1], note="frozen head")
    case("LinearCrossEntropy", linear_cross_entropy(2), r(11, 16), r(50, 16), y, f_=[2], i=[budget], constant=[0], note="head alone")
    case("LinearCrossEntropy", linear_cross_entropy(0.25), r(11, 16), r(50, 16, dtype=bf16), y, f_=[0.25], i=[budget], constant=[1],
         note="frozen bfloat16 head")
    case("LinearCrossEntropy", linear_cross_entropy(0.25), r(11, 16, dtype=bf16), r(50, 16, dtype=bf16), y, f_=[0.25], i=[budget],
         note="bfloat16")
case("LinearCrossEntropy", linear_cross_entropy(1), r(3, 4) * 30, r(9000, 4, dtype=bf16), torch.tensor([0, 8999, 8192]), f_=[1], i=[0],
     constant=[1], note="large logits, more than a band of words")
case("LinearCrossEntropy", linear_cross_entropy(1), r(0, 4), r(9, 4), torch.zeros(0, dtype=torch.int64), f_=[1], i=[0], note="no rows")


# --- SegmentAttention: every segment alone, with a dense mask ---
def segment_attention(bounds, prefix=False, causal=True, window=0, scale=None):
    def f(q, k, v, pk=None, pv=None):
        outs = []
        repeat = q.size(1) // k.size(1)
        for a, b in zip(bounds, bounds[1:]):
            keys, values = k[a:b], v[a:b]
            if prefix:
                keys, values = torch.cat([pk, keys]), torch.cat([pv, values])
            keys, values = (t.transpose(0, 1).repeat_interleave(repeat, 0) for t in (keys, values))
            s = q[a:b].transpose(0, 1) @ keys.transpose(1, 2) * (q.size(-1) ** -0.5 if scale is None else scale)
            if causal:
                at = torch.arange(keys.size(1))
                mine = at[keys.size(1) - (b - a):].view(-1, 1)
                hidden = at > mine
                if window:
                    hidden = hidden | (at <= mine - window)
                s = s.masked_fill(hidden, float("-inf"))
            outs.append((s.softmax(-1) @ values).transpose(0, 1))
        return torch.cat(outs)
    return f


def qkv(tokens, heads, groups, size, prefix=0, dtype=f32):
    shapes = [(tokens, heads), (tokens, groups), (tokens, groups)] + ([(prefix, groups)] * 2 if prefix else [])
    return [r(a, b, size, dtype=dtype) for a, b in shapes]


def attention(bounds, *, heads=4, groups=2, size=8, prefix=0, causal=True, window=0, scale=None, dtype=f32, views=None, note=""):
    f = segment_attention(bounds, prefix > 0, causal, window, scale)
    inputs = qkv(bounds[-1], heads, groups, size, prefix, dtype)
    case("SegmentAttention", f, *inputs, views=views, i=[window, *bounds], f_=[scale or 0], b=causal, note=note)


for causal in (True, False):
    for prefix in (0, 5):
        attention([0, 6], prefix=prefix, causal=causal)
        attention([0, 3, 4, 9], prefix=prefix, causal=causal, note="three segments")
        attention([0, 3, 3, 7], prefix=prefix, causal=causal, note="an empty segment")
        attention([0, 4, 9], prefix=prefix, causal=causal, heads=3, groups=3, note="a key head for each query head")
        attention([0, 4, 9], prefix=prefix, causal=causal, heads=6, groups=1, note="one key head")
attention([0, 40, 77], prefix=70, heads=2, groups=1, size=16, note="longer than a block of the kernel")
attention([0, 4, 9], prefix=3, scale=0.7, note="scale")
attention([0, 6, 11], window=3, note="window")
attention([0, 6, 11], window=3, prefix=4, note="window into the prefix")
attention([0, 6], window=100, note="a window wider than the row")
attention([0, 4, 8], groups=4, views=["t"] * 3, size=4, note="views")
attention([0, 3, 8], prefix=4, size=16, views=["half"] * 5, note="views")
attention([0, 4, 9], prefix=3, dtype=bf16, note="bfloat16")


# --- CounterDropout: Philox4x32-10 written out in Python's integers ---
def mix(z):
    z = (z + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def philox(counter, key):
    c, k = list(counter), [key % 2**32, key >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b % 2**32, (a >> 32) ^ c[3] ^ k[1], a % 2**32]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return c


# The known answer of Random123's test file for an all-ones counter and key.
assert philox([2**32 - 1] * 4, 2**64 - 1) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def counter_dropout(p, seed, stream, first_row):
    def f(x):
        key, rows = mix(seed ^ mix(stream)), x.reshape(-1, x.size(-1))
        mask = torch.tensor([
            [0.0 if philox([c // 4, (first_row + r) % 2**32, (first_row + r) >> 32, 0], key)[c % 4] < int(p * 2**32) else 1 / (1 - p)
             for c in range(rows.size(1))] for r in range(rows.size(0))
        ])
        return x * mask.view(x.shape).to(x.dtype)
    return f


for p, seed, stream, first, shape, dtype in (
    (0.1, 42, 7, 0, (5, 30), f32), (0.5, 1, 2**40 + 3, 1000, (2, 3, 9), f32), (0.9, 0, 0, 2**33, (3, 4), f32), (0.25, 9, 1, 0, (4, 16), bf16),
    (0, 3, 3, 3, (2, 5), f32),
):
    case("CounterDropout", counter_dropout(p, seed, stream, first), r(*shape, dtype=dtype), f_=[p], i=[seed, stream, first])

save("fused")
