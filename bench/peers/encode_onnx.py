"""onnxruntime: texts a second that become vectors, on the CPU, in float32.

    python encode_onnx.py MODEL TEXTS.json [--batch 64]

The encoder is exported first. Texts go as sentence-transformers sends them to its ONNX backend: sorted by length, in padded
batches; the states are averaged and normalised.
"""

import argparse
import json
import tempfile
import time

import numpy
import onnxruntime
import torch
from transformers import AutoModel, AutoTokenizer

from nf4 import report

NAMES = ["input_ids", "attention_mask", "token_type_ids"]


class States(torch.nn.Module):
    """The last hidden states, as a plain tensor."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state


def export(directory, path):
    model = AutoModel.from_pretrained(directory, attn_implementation="eager", dtype=torch.float32).eval()
    ids = torch.randint(5, 1000, (2, 9))
    axes = {name: {0: "texts", 1: "tokens"} for name in [*NAMES, "states"]}
    with torch.no_grad():
        torch.onnx.export(
            States(model), (ids, torch.ones_like(ids), torch.zeros_like(ids)), path, input_names=NAMES, output_names=["states"],
            dynamic_axes=axes, opset_version=17, dynamo=False,
        )


def encode(session, tokenizer, texts, batch, longest):
    vectors = [None] * len(texts)
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    for at in range(0, len(order), batch):
        rows = order[at : at + batch]
        inputs = tokenizer([texts[i] for i in rows], padding=True, truncation=True, max_length=longest, return_tensors="np", return_token_type_ids=True)
        inputs = {name: inputs[name] for name in NAMES}
        states, mask = session.run(None, inputs)[0], inputs["attention_mask"][..., None]
        means = (states * mask).sum(1) / mask.sum(1)
        for i, vector in zip(rows, means / numpy.linalg.norm(means, axis=1, keepdims=True)):
            vectors[i] = vector
    return numpy.stack(vectors)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("model")
    arguments.add_argument("texts")
    arguments.add_argument("--batch", type=int, default=64)
    o = arguments.parse_args()

    tokenizer = AutoTokenizer.from_pretrained(o.model)
    with open(f"{o.model}/sentence_bert_config.json") as file:
        longest = json.load(file).get("max_seq_length") or tokenizer.model_max_length
    with open(o.texts) as file:
        texts = json.load(file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        export(o.model, file.name)
        session = onnxruntime.InferenceSession(file.name, options, providers=["CPUExecutionProvider"])
    encode(session, tokenizer, texts[: o.batch], o.batch, longest)
    started = time.perf_counter()
    vectors = encode(session, tokenizer, texts, o.batch, longest)
    report("encode", texts_per_s=len(texts) / (time.perf_counter() - started), dim=vectors.shape[1])
