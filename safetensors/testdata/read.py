"""Prints shape and bytes of every tensor of a directory of shards, in the form of bytes.json.   python read.py DIR"""
import json, pathlib, sys

import torch
from safetensors.torch import load_file

folder = pathlib.Path(sys.argv[1])
index = json.loads((folder / "model.safetensors.index.json").read_text())
found = {}
for file in sorted(set(index["weight_map"].values())):
    for name, t in load_file(folder / file).items():
        assert index["weight_map"][name] == file, name
        data = t.reshape(-1).view(torch.uint8).numpy().tobytes() if t.numel() else b""
        found[name] = {"shape": list(t.shape), "hex": data.hex()}
print(json.dumps(found))
