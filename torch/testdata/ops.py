"""Writes ops.safetensors and ops.json: every operation of package torch under Python torch, forward and gradient.

    pip install torch==2.11.0 safetensors==0.8.0
    python ops.py
"""

import torch
import torch.nn.functional as F
from golden import case, save

torch.manual_seed(3)
f32, f64, f16, bf16 = torch.float32, torch.float64, torch.float16, torch.bfloat16
i64, i32, i8, u8 = torch.int64, torch.int32, torch.int8, torch.uint8


def r(*shape, dtype=f32):
    return torch.randn(shape).to(dtype)


def ints(*shape, high=10, dtype=i64):
    return torch.randint(0, high, shape).to(dtype)


# --- element by element ---
binary = {
    "Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Div": torch.div, "Maximum": torch.maximum, "Minimum": torch.minimum,
}
for name, f in binary.items():
    case(name, f, r(3, 4), r(3, 4))
    case(name, f, r(2, 3, 4), r(3, 1), note="broadcast")
    case(name, f, r(4), r(3, 4), note="broadcast of the first")
    case(name, f, r(3, 4), r(), note="scalar")
    case(name, f, r(), r(), note="two scalars")
    case(name, f, r(0, 4), r(4), note="empty")
    case(name, f, r(4, 3), r(3, 8), views=["t", "half"], note="views")
    for dtype in (f64, f16, bf16):
        case(name, f, r(3, 5, dtype=dtype), r(3, 5, dtype=dtype))
    case(name, f, r(3, 5, dtype=bf16), r(3, 5), note="promotion")
    if name != "Div":
        for dtype in (i64, i32, i8, u8):
            case(name, f, ints(3, 4, dtype=dtype), ints(4, dtype=dtype))
        case(name, f, ints(3, 4), r(4), note="int and float")
    else:
        case(name, f, ints(3, 4), ints(4) + 1, note="ints give float32")
for dtype in (f32, f64, bf16):
    case("AddScaled", lambda a, b: a.add(b, alpha=-0.75), r(3, 4, dtype=dtype), r(4, dtype=dtype), f_=[-0.75])
case("AddScaled", lambda a, b: a.add(b, alpha=3), ints(3, 4), ints(4), f_=[3])

for dtype in (f32, f64, f16, bf16):
    case("AddScalar", lambda a: a + 1.5, r(3, 4, dtype=dtype), f_=[1.5])
    case("MulScalar", lambda a: a * -2.5, r(3, 4, dtype=dtype), f_=[-2.5])
    case("PowScalar", lambda a: a**3, r(3, 4, dtype=dtype), f_=[3])
    case("Clamp", lambda a: a.clamp(-0.5, 0.75), r(3, 4, dtype=dtype), f_=[-0.5, 0.75])
    case("ClampMin", lambda a: a.clamp(min=0.1), r(3, 4, dtype=dtype), f_=[0.1])
case("PowScalar", lambda a: a**0.5, r(3, 4).abs(), f_=[0.5])
case("PowScalar", lambda a: a**-1.5, r(3, 4).abs() + 0.1, f_=[-1.5])
for dtype in (i64, i32):
    case("AddScalar", lambda a: a + 3, ints(3, 4, dtype=dtype), f_=[3], note="ints stay ints")
    case("AddScalar", lambda a: a + 0.5, ints(3, 4, dtype=dtype), f_=[0.5], note="a fraction makes floats")
    case("MulScalar", lambda a: a * -2, ints(3, 4, dtype=dtype), f_=[-2])
    case("PowScalar", lambda a: a**2, ints(3, 4, dtype=dtype), f_=[2])
    case("Clamp", lambda a: a.clamp(2, 5), ints(3, 4, dtype=dtype), f_=[2, 5])
case("AddScalar", lambda a: a + 1, torch.tensor([2**53 + 2, -(2**40)]), f_=[1], note="large ints")
case("AddScalar", lambda a: a + 1, r(0), f_=[1], note="empty")
case("MulScalar", lambda a: a * 2, r(), f_=[2], note="scalar")


def in_place(f):
    def g(a, *rest):
        a = a.clone()
        f(a, *rest)
        return a
    return g


case("AddInPlace", in_place(lambda a, b: a.add_(b, alpha=0.5)), r(3, 4), r(4), f_=[0.5])
case("AddInPlace", in_place(lambda a, b: a.add_(b, alpha=2)), ints(3, 4), ints(4), f_=[2])
case("MulInPlace", in_place(lambda a, b: a.mul_(b)), r(3, 4), r(4))
case("MulScalarInPlace", in_place(lambda a: a.mul_(1.25)), r(3, 4, dtype=bf16), f_=[1.25])
case("MulScalarInPlace", in_place(lambda a: a.mul_(3)), ints(3, 4), f_=[3])
case("Copy", in_place(lambda a, b: a.copy_(b)), r(3, 4, dtype=bf16), r(4), note="broadcast and converted")
case("Fill", in_place(lambda a: a.fill_(2.5)), r(3, 4), f_=[2.5])
case("Fill", in_place(lambda a: a.fill_(7)), ints(3, 4), f_=[7])

unary = {
    "Neg": torch.neg, "Abs": torch.abs, "Exp": torch.exp, "Sin": torch.sin, "Cos": torch.cos, "Tanh": torch.tanh,
    "Sigmoid": torch.sigmoid, "Relu": torch.relu, "Silu": F.silu, "Gelu": F.gelu,
    "GeluTanh": lambda x: F.gelu(x, approximate="tanh"), "Round": torch.round, "Floor": torch.floor, "Sign": torch.sign,
}
positive = {"Log": torch.log, "Sqrt": torch.sqrt, "Rsqrt": torch.rsqrt, "Reciprocal": torch.reciprocal}
for name, f in (unary | positive).items():
    shift = (lambda x: x.abs() + 0.2) if name in positive else (lambda x: x)
    for dtype in (f32, f64, f16, bf16):
        case(name, f, shift(r(3, 7) * 2).to(dtype))
    case(name, f, shift(r(5, 4)), views=["t"], note="view")
    case(name, f, r(0), note="empty")
    case(name, f, shift(r()), note="scalar")
special = torch.tensor([0.0, -0.0, float("inf"), float("-inf"), float("nan"), 1e30, -1e30, 2.5, -2.5, 3.5])
for name, f in (unary | positive).items():
    case(name, f, special, grad=False, note="specials")
case("Neg", torch.neg, ints(3, 4))
case("Abs", torch.abs, -ints(3, 4))

# --- comparison ---
for name in ("Eq", "Ne", "Lt", "Le", "Gt", "Ge"):
    f = getattr(torch, name.lower())
    case(name, f, ints(3, 4, high=3), ints(4, high=3))
    case(name, f, r(3, 4).round(), r(3, 4).round())
    case(name, f, special, special.roll(1), note="specials")
    case(name + "Scalar", lambda a: f(a, 1), ints(3, 4, high=3), f_=[1])
    case(name + "Scalar", lambda a: f(a, 0.5), r(3, 4, dtype=bf16), f_=[0.5])
    case(name + "Scalar", lambda a: f(a, 2**24 + 1), torch.tensor([2**24, 2**24 + 1, 2**24 + 2]), f_=[2**24 + 1], note="not by way of float32")
mask = torch.tensor([[True, False, True], [False, False, True]])
case("And", torch.logical_and, mask, mask.roll(1))
case("Or", torch.logical_or, mask, mask.roll(1))
case("Not", torch.logical_not, mask)
case("IsFinite", torch.isfinite, special)
case("IsFinite", torch.isfinite, ints(3))

# --- reductions ---
reductions = {
    "Sum": torch.sum, "Mean": torch.mean, "Amax": torch.amax, "Amin": torch.amin,
    "Norm": lambda a, dim=None, keepdim=False: torch.linalg.vector_norm(a, 2, dim, keepdim),
}
for name, f in reductions.items():
    for dtype in (f32, f64, bf16):
        x = r(3, 4, 5, dtype=dtype)
        case(name, f, x)
        case(name, lambda a: f(a, dim=[1]), x, i=[1])
        case(name, lambda a: f(a, dim=[-1, 0]), x, i=[-1, 0])
        case(name + "Keep", lambda a: f(a, dim=[1], keepdim=True), x, i=[1])
        case(name + "Keep", lambda a: f(a, dim=[0, 2], keepdim=True), x, i=[0, 2])
    case(name, lambda a: f(a, dim=[0]), r(5, 3), views=["t"], i=[0], note="view")
    case(name, f, r(), note="scalar")
for name in ("Sum", "Mean", "Norm"):
    case(name, reductions[name], r(0), note="empty")
    case(name, lambda a: reductions[name](a, dim=[1]), r(3, 0), i=[1], note="empty rows")
case("Sum", torch.sum, ints(3, 4, dtype=i32), note="ints add up in int64")
case("Sum", torch.sum, mask, note="bools count")
case("Amax", lambda a: torch.amax(a, dim=[1]), torch.tensor([[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]]), i=[1], note="equal ones share the gradient")
for unbiased in (True, False):
    case("Var", lambda a: a.var(1, unbiased=unbiased), r(3, 6), i=[1], b=unbiased)
    case("Var", lambda a: a.var(-1, unbiased=unbiased), r(3, 6, dtype=f64), i=[-1], b=unbiased)
case("Argmax", lambda a: a.argmax(1), r(4, 7), i=[1])
case("Argmax", lambda a: a.argmax(-1), torch.tensor([[1.0, 5.0, 5.0], [2.0, 2.0, 2.0]]), i=[-1], note="the first of equal ones")
case("TopK", lambda a: a.topk(3, 1), r(4, 7), i=[3, 1])
case("TopK", lambda a: a.topk(2, 0), r(5, 3), i=[2, 0])
for down in (False, True):
    case("Sort", lambda a: a.sort(stable=True, dim=1, descending=down), r(4, 7), i=[1], b=down)
    case("Sort", lambda a: a.sort(stable=True, dim=0, descending=down), ints(9, 2, high=3), i=[0], b=down, note="equal ones keep their order")
case("CumSum", lambda a: a.cumsum(1), r(3, 6), i=[1])
case("CumSum", lambda a: a.cumsum(0), ints(5), i=[0])
case("Any", torch.any, mask)
case("Any", torch.any, torch.zeros(3, dtype=torch.bool))
case("Any", torch.any, torch.zeros(0, dtype=torch.bool), note="of nothing")
case("All", torch.all, mask)
case("All", torch.all, torch.ones(0, dtype=torch.bool), note="of nothing")

# --- shape ---
case("Reshape", lambda a: a.reshape(2, -1, 3), r(4, 6), i=[2, -1, 3])
case("Reshape", lambda a: a.reshape(8, 3), r(4, 6), views=["t"], i=[8, 3], note="a copy")
case("Reshape", lambda a: a.reshape([]), r(1), i=[], note="to a scalar")
case("Reshape", lambda a: a.reshape(0, 5), r(5, 0), i=[0, 5], note="empty")
case("Expand", lambda a: a.expand(4, -1, 3), r(2, 1), i=[4, -1, 3])
case("Permute", lambda a: a.permute(2, 0, 1), r(2, 3, 4), i=[2, 0, 1])
case("Transpose", lambda a: a.transpose(0, -1), r(2, 3, 4), i=[0, -1])
case("T", lambda a: a.t(), r(2, 3))
case("Squeeze", lambda a: a.squeeze(1), r(2, 1, 3), i=[1])
case("Squeeze", lambda a: a.squeeze(0), r(2, 1, 3), i=[0], note="size 2 stays")
case("Unsqueeze", lambda a: a.unsqueeze(-1), r(2, 3), i=[-1])
case("Narrow", lambda a: a.narrow(1, 2, 3), r(2, 6), i=[1, 2, 3])
case("Narrow", lambda a: a.narrow(0, 1, 0), r(2, 6), i=[0, 1, 0], note="empty")
case("Slice", lambda a: a[:, 1:6:2], r(2, 7), i=[1, 1, 6, 2])
case("Slice", lambda a: a[-2:100], r(5, 2), i=[0, -2, 100, 1], note="ends are cut")
case("Rows", lambda a: a[1:3], r(4, 3), i=[1, 3])
case("Select", lambda a: a.select(1, -1), r(2, 3, 4), i=[1, -1])
case("Cat", lambda *a: torch.cat(a, 1), r(2, 3), r(2, 1), r(2, 0), i=[1])
case("Cat", lambda *a: torch.cat(a, 0), r(2, 3), r(1, 3, dtype=f64), i=[0], note="promotion")
case("Stack", lambda *a: torch.stack(a, -1), r(2, 3), r(2, 3), i=[-1])
case("Split", lambda a: a.split([1, 4, 0, 2], 1), r(2, 7), i=[1, 1, 4, 0, 2])
case("Flip", lambda a: a.flip(1), r(2, 3), i=[1])
case("RepeatInterleave", lambda a: a.repeat_interleave(3, 1), r(2, 2), i=[3, 1])
case("Tril", lambda a: a.tril(-1), r(4, 5), i=[-1])
case("Triu", lambda a: a.triu(1), r(2, 4, 4), i=[1])
case("Clone", torch.clone, r(3, 4), views=["t"])
case("Contiguous", torch.Tensor.contiguous, r(3, 4), views=["t"])
case("Detach", torch.detach, r(3, 4))
DTYPES = {0: u8, 1: i8, 3: i32, 4: i64, 5: f16, 6: f32, 7: f64, 11: torch.bool, 15: bf16}
for number, dtype in DTYPES.items():
    case("To", lambda a: a.to(dtype), (r(3, 4) * 3).abs(), i=[number])
    case("To", lambda a: a.to(dtype), ints(3, 4), i=[number])
    case("To", lambda a: a.to(dtype), ints(3, 4, dtype=bf16), i=[number])

# --- indexing ---
case("IndexSelect", lambda a, n: a.index_select(0, n), r(4, 3), torch.tensor([2, 0, 2]), i=[0])
case("IndexSelect", lambda a, n: a.index_select(1, n), r(4, 3), torch.tensor([], dtype=i64), i=[1], note="nothing")
case("Gather", lambda a, n: a.gather(1, n), r(3, 4), ints(3, 2, high=4), i=[1])
case("Scatter", lambda a, n, s: a.scatter(1, n, s), r(3, 4), torch.tensor([[0, 2], [1, 3], [3, 0]]), r(3, 2), i=[1])
case("ScatterAdd", lambda a, n, s: a.scatter_add(0, n, s), r(3, 4), ints(5, 4, high=3), r(5, 4), i=[0])
case("IndexAdd", lambda a, n, s: a.index_add(0, n, s), r(3, 4), torch.tensor([2, 0, 2]), r(3, 4), i=[0])
case("MaskedSelect", torch.masked_select, r(2, 3), mask)
case("MaskedSelect", torch.masked_select, r(2, 3), torch.zeros_like(mask), note="nothing")
case("MaskedFill", lambda a, m: a.masked_fill(m, float("-inf")), r(2, 3), mask, f_=[float("-inf")], note="infinity")
case("MaskedFill", lambda a, m: a.masked_fill(m, -100), ints(2, 3), mask, f_=[-100])
case("Where", torch.where, mask, r(2, 3), r(3))
case("Where", torch.where, mask, ints(2, 3), ints(2, 3))
case("Nonzero", torch.nonzero, ints(3, 4, high=2))
case("Nonzero", torch.nonzero, torch.zeros(2, 2), note="nothing")
case("Embedding", lambda w, n: F.embedding(n, w), r(6, 3), torch.tensor([[5, 0, 5], [1, 1, 2]]))
case("Embedding", lambda w, n: F.embedding(n, w), r(6, 3, dtype=bf16), torch.tensor([5, 0, 5]))

# --- products and layers ---
for dtype in (f32, f64, bf16, f16):
    case("MatMul", torch.matmul, r(3, 4, dtype=dtype), r(4, 5, dtype=dtype))
case("MatMul", torch.matmul, r(2, 3, 4), r(4, 5))
case("MatMul", torch.matmul, r(2, 1, 3, 4), r(3, 4, 2))
case("MatMul", torch.matmul, r(4), r(4, 2), note="vector")
case("MatMul", torch.matmul, r(4), r(4), note="dot product")
case("MatMul", torch.matmul, r(4, 3), r(5, 4), views=["t", "t"], note="views")
case("MatMul", torch.matmul, r(0, 4), r(4, 5), note="no rows")
case("MatMul", torch.matmul, r(3, 0), r(0, 5), note="nothing to add up")
case("AddMM", lambda c, a, b: torch.addmm(c, a, b, beta=0.5, alpha=-2), r(5), r(3, 4), r(4, 5), f_=[0.5, -2])
for dtype in (f32, f64, bf16):
    case("Linear", F.linear, r(2, 3, 4, dtype=dtype), r(5, 4, dtype=dtype), r(5, dtype=dtype))
    case("Linear", F.linear, r(3, 4, dtype=dtype), r(5, 4, dtype=dtype))
    case("Softmax", lambda a: a.softmax(-1), r(3, 6, dtype=dtype), i=[-1])
    case("Softmax", lambda a: a.softmax(0), r(3, 6, dtype=dtype), i=[0])
    case("LogSoftmax", lambda a: a.log_softmax(1), r(3, 6, dtype=dtype), i=[1])
    case("LogSumExp", lambda a: a.logsumexp(1), r(3, 6, dtype=dtype), i=[1])
    case("LayerNorm", lambda x, w, b: F.layer_norm(x, (6,), w, b, 1e-5), r(2, 3, 6, dtype=dtype), r(6, dtype=dtype), r(6, dtype=dtype), f_=[1e-5])
    case("LayerNorm", lambda x, w: F.layer_norm(x, (6,), w, None, 1e-12), r(2, 3, 6, dtype=dtype), r(6, dtype=dtype), f_=[1e-12])
    case("LayerNorm", lambda x: F.layer_norm(x, (6,), None, None, 1e-5), r(2, 3, 6, dtype=dtype), f_=[1e-5])
case("Softmax", lambda a: a.softmax(-1), torch.tensor([[0.0, float("-inf"), 1.0], [1e4, -1e4, 0.0]]), i=[-1], note="masked and large")
case("CrossEntropy", lambda z, y: F.cross_entropy(z, y), r(4, 7), torch.tensor([0, 6, 3, 3]), i=[-100])
case("CrossEntropy", lambda z, y: F.cross_entropy(z, y), r(4, 7), torch.tensor([0, -100, 3, -100]), i=[-100], note="ignored rows")
case("CrossEntropy", lambda z, y: F.cross_entropy(z, y, ignore_index=2), r(4, 7), torch.tensor([0, 2, 3, 2]), i=[2], note="ignored rows")


def sdpa(causal=False, scale=None):
    def f(q, k, v, m=None):
        if k.size(1) != q.size(1):
            k, v = (t.repeat_interleave(q.size(1) // k.size(1), 1) for t in (k, v))
        s = (q @ k.transpose(-1, -2)) * (q.size(-1) ** -0.5 if scale is None else scale)
        if causal:
            s = s.masked_fill(torch.ones(s.shape[-2:]).triu(1).bool(), float("-inf"))
        if m is not None:
            s = s.masked_fill(~m, float("-inf")) if m.dtype == torch.bool else s + m
        return s.softmax(-1) @ v
    return f


case("Attention", sdpa(), r(2, 3, 4, 8), r(2, 3, 5, 8), r(2, 3, 5, 8))
case("Attention", sdpa(causal=True), r(1, 2, 6, 8), r(1, 2, 6, 8), r(1, 2, 6, 8), b=True)
case("Attention", sdpa(causal=True), r(1, 4, 6, 8), r(1, 2, 6, 8), r(1, 2, 6, 8), b=True, note="grouped queries")
case("Attention", sdpa(scale=0.3), r(1, 2, 3, 8), r(1, 2, 5, 8), r(1, 2, 5, 8), f_=[0.3])
case("Attention", sdpa(), r(1, 2, 3, 8), r(1, 2, 5, 8), r(1, 2, 5, 8), torch.tensor([[True, True, False, True, False]] * 3), note="bool mask")
case("Attention", sdpa(), r(1, 2, 3, 8), r(1, 2, 5, 8), r(1, 2, 5, 8), r(3, 5), note="added mask")

save("ops")
