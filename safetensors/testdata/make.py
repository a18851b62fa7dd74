"""Makes the golden files of this folder, with the Python library.

    python make.py            (safetensors 0.8.0, torch 2.11.0, huggingface_hub 2.4.0, transformers 5.23.0)

dtypes.safetensors      a tensor of every element type torch can save, scalars and empty ones, in the writer's own order
sharded/                the same tensors cut at 40 bytes, with the index as transformers writes it
bytes.json              the bytes of each tensor, in hexadecimal
faulty.json             files of every kind of fault, and whether the Python reader takes them
shards.json             random tensor sizes and how huggingface_hub assigns them to files
names.json              tensor names as transformers 5 sorts them
"""
import base64, json, pathlib, random, struct

import torch
from huggingface_hub import split_torch_state_dict_into_shards
from huggingface_hub.serialization._base import split_state_dict_into_shards_factory
from safetensors import safe_open
from safetensors.torch import save_file
from transformers.core_model_loading import dot_natural_key

here = pathlib.Path(__file__).parent
random.seed(7)


def dump(name, value):
    (here / name).write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


# --- files the Python library writes ------------------------------------------------------------------------------
tensors = {
    "model.layers.10.norm.weight": torch.tensor([1.5, -2.0, 0.25], dtype=torch.bfloat16),
    "model.layers.2.norm.weight": torch.tensor([3.5, 1.0], dtype=torch.bfloat16),
    "codes": torch.arange(5, dtype=torch.uint8),
    "scale": torch.tensor([[1.0, 2.0], [3.0, -4.0]]),
    "step": torch.tensor(7, dtype=torch.int64),
    "empty": torch.zeros(0, 4, dtype=torch.float16),
    "half": torch.tensor([0.5], dtype=torch.float16),
    "mask": torch.tensor([True, False, True]),
    "double": torch.tensor([3.141592653589793], dtype=torch.float64),
    "i8": torch.tensor([-1, 2], dtype=torch.int8),
    "i16": torch.tensor([-300], dtype=torch.int16),
    "i32": torch.tensor([1 << 20, -1], dtype=torch.int32),
    "u16": torch.tensor([65535], dtype=torch.uint16),
    "u32": torch.tensor([4294967295], dtype=torch.uint32),
    "u64": torch.tensor([18446744073709551615], dtype=torch.uint64),
    "e4m3": torch.tensor([1.0, 448.0], dtype=torch.float8_e4m3fn),
    "e5m2": torch.tensor([1.0, -2.0, 0.5], dtype=torch.float8_e5m2),
    "e4m3fnuz": torch.tensor([1.0], dtype=torch.float8_e4m3fnuz),
    "e5m2fnuz": torch.tensor([1.0], dtype=torch.float8_e5m2fnuz),
    "e8m0": torch.tensor([2.0], dtype=torch.float8_e8m0fnu),
    "complex": torch.tensor([1 + 2j], dtype=torch.complex64),
    'name "quoted" ñ <&>': torch.tensor([1], dtype=torch.uint8),
}
save_file(tensors, here / "dtypes.safetensors", metadata={"format": "pt"})


def raw(t):
    return t.reshape(-1).view(torch.uint8).numpy().tobytes() if t.numel() else b""


dump("bytes.json", {k: {"shape": list(t.shape), "hex": raw(t).hex()} for k, t in tensors.items()})

folder = here / "sharded"
folder.mkdir(exist_ok=True)
ascii_only = {k: t for k, t in tensors.items() if k.isascii()}
split = split_torch_state_dict_into_shards(ascii_only, max_shard_size=40, filename_pattern="model{suffix}.safetensors")
for file, names in split.filename_to_tensors.items():
    save_file({n: tensors[n] for n in names}, folder / file, metadata={"format": "pt"})
# transformers' save_pretrained: modeling_utils.py
index = {"metadata": {"total_parameters": 123, **split.metadata}, "weight_map": split.tensor_to_filename}
(folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")
dump("order.json", list(ascii_only))

# --- faulty files -------------------------------------------------------------------------------------------------
cases = []


def case(name, header, data=b"", pad=True, length=None):
    h = header if isinstance(header, bytes) else json.dumps(header).encode()
    if pad:
        h += b" " * (-len(h) % 8)
    whole(name, struct.pack("<Q", len(h) if length is None else length) + h + data)


def whole(name, content):
    path = here / "faulty.tmp"
    path.write_bytes(content)
    try:
        with safe_open(path, "np") as f:
            found, error = sorted(f.keys()), ""
    except Exception as e:
        found, error = None, str(e)
    path.unlink()
    cases.append({"name": name, "file": base64.b64encode(content).decode(), "python": found, "error": error})


def t(shape, a, b, dtype="F32", **more):
    return {"dtype": dtype, "shape": shape, "data_offsets": [a, b], **more}


one, entry = {"x": t([1], 0, 4)}, b'{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
four = b"\0" * 4
case("plain", one, four)
case("header not padded", one, four, pad=False)
case("leading blanks", b'  {"x":' + entry + b"}", four)
case("order reversed", {"y": t([1], 4, 8), "x": t([1], 0, 4)}, b"\0" * 8)
case("unaligned", {"a": t([1], 0, 1, "U8"), "x": t([1], 1, 5)}, b"\0" * 5)
case("no tensors", {"__metadata__": {"format": "pt"}})
case("no metadata, no tensors", {})
case("metadata null", b'{"__metadata__":null,"x":' + entry + b"}", four)
case("unknown key in an entry", {"x": t([1], 0, 4, note="?")}, four)
case("scalar", {"x": t([], 0, 4)}, four)
case("empty tensor", {"x": t([0, 3], 0, 0), "y": t([1], 0, 4)}, four)
case("empty tensor last", {"y": t([1], 0, 4), "x": t([0, 3], 4, 4)}, four)
case("two F4 in a byte", {"x": t([2], 0, 1, "F4")}, b"\0")
case("name escaped", b'{"\\u00f1\\n":' + entry + b"}", four)
case("trailing bytes", one, b"\0" * 8)
case("hole", {"x": t([1], 0, 4), "y": t([1], 8, 12)}, b"\0" * 12)
case("hole at the beginning", {"x": t([1], 4, 8)}, b"\0" * 8)
case("overlap", {"x": t([2], 0, 8), "y": t([1], 4, 8)}, b"\0" * 8)
case("shared bytes", {"x": t([1], 0, 4), "y": t([1], 0, 4)}, four)
case("size differs from shape", {"x": t([3], 0, 8)}, b"\0" * 8)
case("file cut", {"x": t([3], 0, 12)}, b"\0" * 8)
case("offsets turned around", {"x": t([1], 4, 0)}, four)
case("three offsets", b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}', four)
case("one offset", b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}}', four)
case("offset negative", b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}', four)
case("offset with a fraction", b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4.0]}}', four)
case("offset beyond 64 bits", b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}}', four)
case("offset at the end of 63 bits", b'{"x":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}', four)
case("shape overflows", {"x": t([1 << 40, 1 << 40], 0, 4)}, four)
case("shape overflows in bytes", {"x": t([1 << 62], 0, 4)}, four)
case("shape overflows, then 0", {"x": t([1 << 40, 1 << 40, 0], 0, 0)})
case("shape negative", {"x": t([-1], 0, 4)}, four)
case("shape is a number", b'{"x":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}', four)
case("shape is null", b'{"x":{"dtype":"F32","shape":null,"data_offsets":[0,4]}}', four)
case("half a byte", {"x": t([1], 0, 1, "F4")}, b"\0")
case("dtype unknown", {"x": t([1], 0, 4, "Q4")}, four)
case("dtype in small letters", {"x": t([1], 0, 4, "f32")}, four)
case("dtype is a number", {"x": t([1], 0, 4, 5)}, four)
case("dtype missing", b'{"x":{"shape":[1],"data_offsets":[0,4]}}', four)
case("shape missing", b'{"x":{"dtype":"F32","data_offsets":[0,4]}}', four)
case("offsets missing", b'{"x":{"dtype":"F32","shape":[1]}}', four)
case("dtype twice", b'{"x":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', four)
case("entry is a list", b'{"x":[1]}', four)
case("entry is null", b'{"x":null}', four)
case("metadata number", {"__metadata__": {"a": 1}, **one}, four)
case("metadata value null", {"__metadata__": {"a": None}, **one}, four)
case("metadata list", {"__metadata__": [], **one}, four)
case("metadata twice", b'{"__metadata__":{},"__metadata__":{},"x":' + entry + b"}", four)
case("name twice", b'{"x":' + entry + b',"x":' + entry + b"}", four)
case("header is a list", b"[]")
case("header is no JSON", b"{nonsense")
case("header cut", b'{"x":{"dtype":"F32"', four)
case("text after the header", b'{"x":' + entry + b"} x", four)
case("NUL after the header", b'{"x":' + entry + b"}\0\0\0", four, pad=False)
case("header not UTF-8", b'{"\xff":' + entry + b"}", four)
case("header longer than the file", one, four, length=1000)
case("header length of 2^63", one, four, length=1 << 63)
case("header length of 100,000,001", one, four, length=100_000_001)
whole("nothing", b"")
whole("seven bytes", b"\0" * 7)
whole("length 0", struct.pack("<Q", 0))
whole("pointer of Git LFS", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n")
dump("faulty.json", cases)

# --- rules --------------------------------------------------------------------------------------------------------
shards = []
for _ in range(60):
    sizes = {f"t{i}": random.choice([0, 1, 3, 10, 30, 31, 64, 100]) for i in range(random.randint(1, 14))}
    limit = random.choice([1, 10, 30, 64, 99, 1000])
    cut = split_state_dict_into_shards_factory(sizes, get_storage_size=lambda n: n, filename_pattern="model{suffix}.safetensors", max_shard_size=limit)
    shards.append({"sizes": list(sizes.values()), "limit": limit, "files": [cut.tensor_to_filename[k] for k in sizes]})
dump("shards.json", shards)

parts = ["layers", "2", "10", "02", "shard_2", "shard_11", "shard", "a", "weight", "0", "norm1", "norm", "9norm"]
names = sorted({".".join(random.choices(parts, k=random.randint(1, 4))) for _ in range(300)})
names = [n for n in names if not any(p == "02" for p in n.split("."))]  # 2 and 02 are equal keys
random.shuffle(names)
dump("names.json", sorted(names, key=dot_natural_key))
