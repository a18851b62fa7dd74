"""Writes chat.parquet and tokens.parquet: rows as Hugging Face data sets store them.

    python make_parquet.py        (pyarrow 20 or later)
"""
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
rows = [
    {"id": "a", "messages": [{"role": "user", "content": "Quins projectes?"}, {"role": "assistant", "content": '{"a": 1}'}], "lang": "CA"},
    {"id": "b", "messages": [{"role": "system", "content": "Parse."}, {"role": "user", "content": "¿Y 2020?"}, {"role": "assistant", "content": '{"a": 2}'}], "lang": None},
    {"id": "c", "messages": [], "lang": "ES"},
]
message = pa.struct([("role", pa.string()), ("content", pa.string())])
schema = pa.schema([("id", pa.string()), ("messages", pa.list_(message)), ("lang", pa.string())])
pq.write_table(pa.Table.from_pylist(rows, schema), HERE / "chat.parquet", compression="zstd", row_group_size=2)

tokens = [{"input_ids": [1, 5, 7], "labels": [-100, 5, 7]}, {"input_ids": [2, 9], "labels": [-100, 9]}]
schema = pa.schema([("input_ids", pa.list_(pa.int32())), ("labels", pa.list_(pa.int64()))])
pq.write_table(pa.Table.from_pylist(tokens, schema), HERE / "tokens.parquet", compression="snappy")
