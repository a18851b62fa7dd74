"""Writes retrieval.jsonl and classification.jsonl and mcnemar.json: what the Python libraries say of made-up scores and labels.

    python metrics.py       (sentence-transformers 6.2.0, scikit-learn, scipy, torch)

The scores are eighths, so that ties abound; the evaluator is sentence-transformers' own, fed with a model that returns row numbers.
"""

import json
import os
import random
import tempfile

import torch
from scipy.stats import binomtest
from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

HERE = os.path.dirname(os.path.abspath(__file__))
RNG = random.Random(7)


class Rows:
    """Stands for a model: an embedding is the number of a row or column of the score matrix."""

    similarity_fn_name = "cosine"

    class model_card_data:
        @staticmethod
        def set_evaluation_metrics(*_):
            pass

    def encode_query(self, texts, **_):
        return torch.tensor([float(t) for t in texts])

    encode_document = encode_query


def retrieval(queries, documents, levels, chunk, cut_offs, shuffled):
    query_ids = [f"q{i}" for i in range(queries)]
    doc_ids = [str(i) if i % 3 else f"d{i}" for i in range(documents)]
    if shuffled:
        RNG.shuffle(doc_ids)
    scores = [[RNG.randrange(levels) for _ in doc_ids] for _ in query_ids]
    relevant = {}
    for q in query_ids:
        relevant[q] = RNG.sample(doc_ids + ["not in the corpus"], RNG.randint(0, min(6, documents)))
    if not any(relevant.values()):
        relevant[query_ids[0]] = [doc_ids[0]]
    matrix = torch.tensor(scores, dtype=torch.float32) / 8
    evaluator = InformationRetrievalEvaluator(
        {q: str(i) for i, q in enumerate(query_ids)}, {d: str(i) for i, d in enumerate(doc_ids)},
        {q: set(r) for q, r in relevant.items()}, corpus_chunk_size=chunk, name="t",
        score_functions={"cosine": lambda a, b: matrix[a.long()][:, b.long()]}, **cut_offs)
    with tempfile.TemporaryDirectory() as folder:
        metrics = evaluator(Rows(), output_path=folder)
        with open(os.path.join(folder, evaluator.csv_file), encoding="utf-8") as f:
            csv = f.read()
    return {"queries": query_ids, "documents": doc_ids, "scores": scores, "relevant": relevant, "at": cut_offs,
            "metrics": {k: float(v) for k, v in metrics.items()}, "csv": csv}


small = dict(accuracy_at_k=[1, 2], precision_recall_at_k=[2, 7], mrr_at_k=[1, 5], ndcg_at_k=[3, 10], map_at_k=[2, 4])
with open(os.path.join(HERE, "retrieval.jsonl"), "w", encoding="ascii", newline="\n") as f:
    for args in [(8, 30, 3, 50000, {}, False), (8, 30, 3, 7, {}, True), (12, 40, 200, 50000, small, True), (6, 5, 2, 2, small, True),
                 (10, 25, 1, 4, {}, True), (1, 1, 2, 1, {}, False), (9, 150, 5, 40, {}, True), (9, 60, 4, 60, small, True)]:
        f.write(json.dumps(retrieval(*args)) + "\n")

with open(os.path.join(HERE, "classification.jsonl"), "w", encoding="utf-8", newline="\n") as f:
    for n, labels in [(1, "a"), (7, "ab"), (50, "abc"), (200, ["CA", "ES", "EN", "è", "none"]), (30, [str(i) for i in range(12)])]:
        gold = [RNG.choice(labels) for _ in range(n)]
        predicted = [RNG.choice(list(labels) + ["only predicted"]) if RNG.random() < 0.5 else g for g in gold]
        names = sorted(set(gold) | set(predicted))
        p, r, f1, s = precision_recall_fscore_support(gold, predicted, labels=names, zero_division=0)
        f.write(json.dumps({
            "gold": gold, "predicted": predicted, "labels": names, "accuracy": accuracy_score(gold, predicted),
            "macro_f1": f1_score(gold, predicted, average="macro", zero_division=0),
            "weighted_f1": f1_score(gold, predicted, average="weighted", zero_division=0),
            "precision": p.tolist(), "recall": r.tolist(), "f1": f1.tolist(), "support": [int(n) for n in s],
            "confusion": confusion_matrix(gold, predicted, labels=names).tolist()}, ensure_ascii=False) + "\n")

with open(os.path.join(HERE, "mcnemar.json"), "w", encoding="ascii", newline="\n") as f:
    pairs = [(0, 0), (1, 0), (0, 1), (5, 5), (3, 9), (10, 2), (0, 12), (51, 49), (200, 260), (1, 40), (5000, 5200), (30000, 29000)]
    json.dump([[b, c, binomtest(b, b + c, 0.5).pvalue if b + c else 1.0] for b, c in pairs], f)
