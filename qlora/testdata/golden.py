"""Quantises tensors with bitsandbytes 0.50.2 (torch 2.11.0, one thread) and writes them as a checkpoint holds them.

    python golden.py STORIES260K_DIRECTORY

golden.safetensors: for every case the tensor as "<case>.input" and what bitsandbytes' QuantState stores for it, under the name
"<case>.weight". large.json: the same for a tensor too large to keep, made by a formula, as SHA-256 of each stored tensor.
dequantized.json: SHA-256 of what bitsandbytes' generic kernel gives back, for each case and type.
"""
import hashlib, json, pathlib, sys

import bitsandbytes, bitsandbytes.functional as F, numpy, torch
from bitsandbytes.backends.default.ops import _dequantize_4bit_compute
from safetensors.torch import load_file, save_file

assert bitsandbytes.__version__ == "0.50.2", bitsandbytes.__version__
torch.set_num_threads(1)
torch.manual_seed(7)
here = pathlib.Path(__file__).parent
levels = F.get_4bit_type("nf4", device="cpu")
middles = (levels[:-1] + levels[1:]) / 2


def quantize(w, block=64, double=False):
    packed, state = F.quantize_4bit(w, blocksize=block, compress_statistics=double, quant_type="nf4")
    return {"": packed} | {"." + k: v for k, v in state.as_dict(packed=True).items()}, (packed, state)


def plain(packed, state, dtype):
    """Dequantised by bitsandbytes' generic kernel: level times scale in float32, rounded once."""
    scales = F.dequantize_blockwise(state.absmax, state.state2) + state.offset if state.nested else state.absmax
    return _dequantize_4bit_compute(packed.reshape(-1), scales, levels, state.blocksize, state.shape, dtype)


around = lambda x: torch.cat([torch.nextafter(x, torch.full_like(x, s)) for s in (-9.0, 9.0)] + [x])
cases = {
    "ramp": (torch.linspace(-1, 1, 64), {}),
    "ties": (torch.cat([middles, levels, torch.zeros(32), torch.ones(1)]), {}),
    "around_ties": (torch.cat([around(middles), torch.zeros(18), -torch.ones(1)]), {}),
    "scaled_ties": (torch.cat([torch.cat([around(middles * s), torch.full((19,), s)]) for s in (0.3, 1.7e-3, 3.1e7)]).view(3, 64), {}),
    "zeros": (torch.zeros(2, 64), {}),
    "zeros_double": (torch.zeros(2, 64), {"double": True}),
    "negative_zeros": (torch.cat([-torch.zeros(63), -torch.ones(1)]), {}),
    "partial": (torch.randn(100), {}),
    "partial_zeros": (torch.cat([torch.randn(64), torch.zeros(36)]), {"double": True}),
    "one": (torch.tensor([-0.25]), {}),
    "odd": (torch.randn(7), {}),
    "odd_blocks": (torch.randn(3, 65), {"double": True}),
    "subnormal": (torch.randn(2, 64) * 1e-40, {}),
    "subnormal_partial": (torch.randn(3, 21) * 1e-39, {}),
    "huge": (torch.rand(2, 96).mul(2).sub(1) * 3.4e38, {}),
    "bfloat16": (torch.randn(8, 128).bfloat16(), {"double": True}),
    "bfloat16_ties": (around(middles * 0.5).repeat(3)[:128].bfloat16(), {}),
    "float16": (torch.randn(3, 96).half(), {"double": True}),
    "float16_subnormal": (torch.randn(2, 64).mul(1e-7).half(), {}),
    "nested_blocks": (torch.randn(257, 64) * torch.rand(257, 1), {"double": True}),
    "nested_wide": (torch.randn(300, 64) * 10 ** (-6 * torch.rand(300, 1)), {"double": True}),
    "one_block_double": (torch.randn(64), {"double": True}),
    "three_dimensions": (torch.randn(3, 5, 64), {"double": True}),
} | {f"block{b}": (torch.randn(5, 1000), {"block": b, "double": b % 3 == 2}) for b in (32, 128, 256, 512, 1024, 2048, 4096)}

real = load_file(pathlib.Path(sys.argv[1]) / "model.safetensors")
for name in ("self_attn.q_proj", "self_attn.k_proj", "mlp.gate_proj", "mlp.down_proj"):
    cases["stories260k." + name] = (real[f"model.layers.2.{name}.weight"], {"double": True})

stored, restored = {}, {}
for name, (w, options) in cases.items():
    stored[name + ".input"] = w.contiguous()
    tensors, (packed, state) = quantize(w, **options)
    for end, t in tensors.items():
        stored[name + ".weight" + end] = t.contiguous().clone()
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        data = plain(packed, state, dtype).contiguous().view(torch.uint8 if dtype == torch.float32 else torch.int16).numpy().tobytes()
        restored.setdefault(name, {})[str(dtype).split(".")[1]] = hashlib.sha256(data).hexdigest()
save_file(stored, here / "golden.safetensors", metadata={"format": "pt"})
json.dump(restored, open(here / "dequantized.json", "w"), indent=1)

# Element i is ((i * 2654435761 mod 2^32) >> 8) / 2^24 - 0.5, times 1 + (block mod 97): exact in float32 in any language.
n = 4096 * 1024 + 64 * 5
i = numpy.arange(n, dtype=numpy.uint64)
x = ((i * 2654435761 % 2**32) >> 8).astype(numpy.float32) / numpy.float32(2**24) - numpy.float32(0.5)
x *= (1 + (i // 64) % 97).astype(numpy.float32)
large = {end: hashlib.sha256(t.contiguous().numpy().tobytes()).hexdigest() for end, t in quantize(torch.from_numpy(x), double=True)[0].items()}
json.dump(large, open(here / "large.json", "w"), indent=1)
