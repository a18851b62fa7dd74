"""sentence-transformers: texts a second that become vectors, on the CPU.

    python encode.py MODEL TEXTS.json [--batch 64]
"""

import argparse
import json
import time

from sentence_transformers import SentenceTransformer

from nf4 import report

arguments = argparse.ArgumentParser()
arguments.add_argument("model")
arguments.add_argument("texts")
arguments.add_argument("--batch", type=int, default=64)
o = arguments.parse_args()

model = SentenceTransformer(o.model, device="cpu")
with open(o.texts) as file:
    texts = json.load(file)
model.encode(texts[: o.batch], batch_size=o.batch)
started = time.perf_counter()
vectors = model.encode(texts, batch_size=o.batch, normalize_embeddings=True)
report("encode", texts_per_s=len(texts) / (time.perf_counter() - started), dim=vectors.shape[1])
