"""Loads directories as sentence-transformers and transformers do, and answers with what they compute.

    python read_back.py < request.json > answer.json

Request: {"embed": {name: folder}, "classify": {name: folder}, "texts": [...]}. Answer: {name: [[...], ...]}: vectors, or probabilities.
"""
import json, sys
import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoModelForSequenceClassification, AutoTokenizer

request = json.load(sys.stdin)
answer = {}
for name, folder in request["embed"].items():
    answer[name] = SentenceTransformer(folder, device="cpu").encode(request["texts"]).tolist()
for name, folder in request["classify"].items():
    model, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        rows = [model(**{k: v for k, v in tokenizer(t, return_tensors="pt", truncation=True).items() if k != "token_type_ids"}).logits for t in request["texts"]]
    answer[name] = torch.cat(rows).softmax(-1).tolist()
    answer[name + " labels"] = [model.config.id2label[i] for i in range(model.config.num_labels)]
json.dump(answer, sys.stdout)
