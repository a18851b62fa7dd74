"""Writes offline.wandb: an offline run of W&B, with wandb's own message classes.

    python wandb.py        (wandb 0.31.0)

Two steps and an evaluation; the configuration has a value of 40,000 letters, so that records cross the file's blocks.
`wandb sync --dry-run` lists the file when it lies in wandb/offline-run-20240102_030405-abc.
"""
import json
import pathlib
import struct
import zlib

from wandb.proto import wandb_internal_pb2 as pb

records = []


def record(**parts):
    records.append(pb.Record(num=len(records) + 1, _info={"stream_id": "abc"}, **parts).SerializeToString())


def items(values, key):
    return [{key: [k] if key == "nested_key" else k, "value_json": json.dumps(values[k], separators=(",", ":"))} for k in sorted(values)]


record(header={"version_info": {"producer": "0.31.0", "min_consumer": "0.70.0"}})
record(run={"run_id": "abc", "entity": "me", "project": "demo", "config": {"update": items({"lr": 0.001, "long": "x" * 40000}, "key")},
            "display_name": "first", "host": "host", "start_time": {"seconds": 1704164645}})
rows = [
    {"_step": 1, "train/loss": 3.5, "train/epoch": 0.5},
    {"_step": 2, "train/loss": 2.25, "train/epoch": 1, "eval/loss": 2.5},
]
last = {}
for row in rows:
    last.update(row)
    record(history={"item": items(row, "nested_key"), "step": {"num": row["_step"]}})
record(summary={"update": items(last, "nested_key")})
record(exit={})

out = bytearray(b":W&B" + struct.pack("<HB", 0xBEE1, 0))
for data in records:
    first = True
    while first or data:
        left = 32768 - len(out) % 32768
        if left < 7:
            out += bytes(left)
            left = 32768
        n = min(len(data), left - 7)
        kind = {(True, True): 1, (True, False): 2, (False, False): 3, (False, True): 4}[first, n == len(data)]
        out += struct.pack("<IHB", zlib.crc32(bytes([kind]) + data[:n]), n, kind) + data[:n]
        data, first = data[n:], False
(pathlib.Path(__file__).parent / "offline.wandb").write_bytes(out)
